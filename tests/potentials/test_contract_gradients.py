"""What every framework's potential must offer for measurements in weight space: differentiable energies and forces, and features of atoms.

Derivatives are compared with central differences, in units of what a random direction gives. A difference of float64 weights over 1e-6 of their norm
is good to 6e-10 with both frameworks, so 1e-8 is asked for; one of float32 weights over 1e-3 is good to 2e-4 (smaller steps drown in rounding, larger
ones are no derivative), so 1e-3 is.
"""

import numpy as np
import pytest
import torch
from conftest import DEVICE, load

from nnip.landscape.training_loss import TrainingLoss
from nnip.landscape.weights import displaced, trainable, weight_vector
from nnip.potentials.evaluation import Batches

STEP = {"float64": 1e-6, "float32": 1e-3}
TOLERANCE = {"float64": 1e-8, "float32": 1e-3}
# of what should be the same number but for rounding
ROUNDING = {"float64": 1e-11, "float32": 1e-5}
DTYPES = list(STEP)


@pytest.fixture(params=DTYPES)
def dtype(request):
    return request.param


@pytest.fixture
def loss(trained, kind, frames, dtype):
    """The loss of four frames in batches of three."""
    potential = load(trained(kind, dtype=dtype))
    assert {str(parameter.dtype) for parameter in potential.module.parameters()} == {f"torch.{dtype}"}
    return TrainingLoss(Batches(potential, frames, 3), energy_weight=50.0, forces_weight=10.0)


def directions(loss, n, seed=3):
    """Random vectors in weight space of the weights' norm."""
    theta = weight_vector(loss.batches.potential.module)
    random = np.random.default_rng(seed)
    drawn = [torch.tensor(random.standard_normal(len(theta))) for _ in range(n)]
    return [theta.norm() * vector / vector.norm() for vector in drawn]


def difference(loss, function, vector, step):
    """The central difference of a function of the weights along a vector."""
    with displaced(loss.batches.potential.module) as weights:
        weights.displace(step * vector)
        up, end = function(), weight_vector(loss.batches.potential.module)
        weights.displace(-step * vector)
        down, start = function(), weight_vector(loss.batches.potential.module)
    # displaced weights are rounded: what counts is how far they have gone along the vector
    return (up - down) / float((end - start) @ vector) * float(vector @ vector)


def relative(found, expected):
    return float((found - expected).norm() / expected.norm())


def test_differentiable_energies_and_forces_are_the_others(loss, frames, dtype):
    potential = loss.batches.potential
    graph = potential.graph(frames)
    expected = potential.energies_forces(graph)
    plain = potential.differentiable_energies_forces(graph)
    with trainable(potential.module) as parameters:
        energies, forces = potential.differentiable_energies_forces(graph)
        assert energies.requires_grad
        assert forces.requires_grad
        (gradient,) = torch.autograd.grad(forces.pow(2).sum(), [parameters[-1]], create_graph=True)
        assert gradient.dtype == parameters[-1].dtype
        assert gradient.requires_grad
    for found in ((energies, forces), plain):
        assert found[0].dtype == found[1].dtype == torch.float64
        assert relative(found[0].detach(), expected[0]) < ROUNDING[dtype]
        assert relative(found[1].detach(), expected[1]) < ROUNDING[dtype]
    after = potential.energies_forces(graph)
    for found, before in zip(after, expected, strict=True):
        assert torch.equal(found, before) if DEVICE == "cpu" else relative(found, before) < ROUNDING[dtype]


def test_the_gradient_is_that_of_finite_differences(loss, dtype):
    gradient = loss.gradient()
    scale = gradient.norm() * weight_vector(loss.batches.potential.module).norm() / len(gradient) ** 0.5
    for vector in directions(loss, 4):
        expected = difference(loss, loss.value, vector, STEP[dtype])
        assert expected == pytest.approx(float(gradient @ vector), abs=TOLERANCE[dtype] * float(scale))


def test_hessian_products_are_finite_differences_of_gradients(loss, dtype):
    for vector in directions(loss, 2):
        found = loss.hessian_product(vector)
        expected = difference(loss, loss.gradient, vector, STEP[dtype])
        assert relative(found, expected) < TOLERANCE[dtype]


def test_the_hessian_is_symmetric(loss, dtype):
    u, v = directions(loss, 2)
    of_u, of_v = loss.hessian_product(u), loss.hessian_product(v)
    size = float(u.norm() * of_v.norm()) / len(u) ** 0.5
    assert float(u @ of_v) == pytest.approx(float(v @ of_u), abs=ROUNDING[dtype] * size)


def test_gradients_of_outputs_are_the_adjoint_of_their_change(loss, dtype):
    random = torch.Generator().manual_seed(2)
    assert relative(loss.output_gradient(loss.outputs()), loss.gradient()) < ROUNDING[dtype]
    for vector in directions(loss, 2):
        change = difference(loss, loss.outputs, vector, STEP[dtype])
        for _ in range(2):
            probe = torch.randn(loss.n_outputs, generator=random, dtype=torch.float64)
            scale = float(probe.norm() * change.norm()) / len(probe) ** 0.5
            assert float(loss.output_gradient(probe) @ vector) == pytest.approx(float(probe @ change), abs=TOLERANCE[dtype] * scale)


def test_weights_and_what_requires_gradients_are_as_before(loss):
    potential = loss.batches.potential
    before = {name: value.clone() for name, value in potential.module.state_dict().items()}
    modes = [module.training for module in potential.module.modules()]
    loss.hessian_product(loss.gradient())
    loss.output_gradient(loss.outputs())
    after = potential.module.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert not any(parameter.requires_grad for parameter in potential.module.parameters())
    assert all(parameter.grad is None for parameter in potential.module.parameters())
    assert [module.training for module in potential.module.modules()] == modes


def test_features_are_scalars_of_atoms(potential, frames):
    """They stay the same where a frame is turned, moved, mirrored or its atoms are listed in another order, and change with its geometry."""
    graph = potential.graph(frames)
    features = potential.node_features(graph)
    assert features.dtype == torch.float64
    assert not features.requires_grad
    assert features.shape[0] == sum(map(len, frames))
    assert features.shape[1] >= 4
    frame = frames[0]
    own = potential.node_features(potential.graph([frame]))
    assert torch.allclose(features[: len(frame)], own, atol=1e-10)
    turned = frame.copy()
    turned.rotate(40, (1, 2, 3), rotate_cell=True)
    turned.positions += [0.3, -2.0, 1.1]
    assert torch.allclose(potential.node_features(potential.graph([turned])), own, atol=1e-9)
    mirrored = frame.copy()
    mirrored.positions *= -1
    mirrored.cell = -mirrored.cell.array
    assert torch.allclose(potential.node_features(potential.graph([mirrored])), own, atol=1e-9)
    order = np.random.default_rng(1).permutation(len(frame))
    assert torch.allclose(potential.node_features(potential.graph([frame[order]])), own[order], atol=1e-10)
    assert torch.allclose(potential.node_features(potential.replicas(frame, 2)), own.repeat(2, 1), atol=1e-9)
    stretched = frame.copy()
    stretched.positions[0] += [0.1, 0, 0]
    changed = potential.node_features(potential.graph([stretched]))
    assert (changed - own).abs().max() > 1e-3 * own.abs().max()
    # a feature that is the same for all atoms would tell nothing
    assert ((features - features.mean(dim=0)).abs().amax(dim=0) > 0).all()
