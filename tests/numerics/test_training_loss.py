"""The training loss of a potential whose derivatives are known, and their consistency with finite differences."""

import numpy as np
import pytest
import torch
from analytic import MorsePotential, ethanol, labelled
from ase.calculators.singlepoint import SinglePointCalculator

from nnip.jobs.errors import InputError
from nnip.landscape.training_loss import TrainingLoss
from nnip.landscape.weights import displaced, trainable, weight_vector
from nnip.potentials.evaluation import Batches, errors

ENERGY_WEIGHT, FORCES_WEIGHT = 3.0, 40.0


@pytest.fixture
def frames():
    return labelled(MorsePotential(ethanol()), 6, seed=2)


@pytest.fixture
def potential(frames):
    """A potential that is not the labels', with another shift of energies."""
    potential = MorsePotential(ethanol(), energy_shift_eV_per_atom=0.01)
    random = torch.Generator().manual_seed(3)
    for parameter in potential.module.parameters():
        parameter.mul_(1 + 0.02 * torch.randn(parameter.shape, generator=random, dtype=torch.float64))
    return potential


def loss_of(potential, frames, frames_per_batch=4):
    return TrainingLoss(Batches(potential, frames, frames_per_batch), ENERGY_WEIGHT, FORCES_WEIGHT)


def directions(potential, n):
    random = np.random.default_rng(8)
    return [torch.tensor(random.standard_normal(len(weight_vector(potential.module)))) for _ in range(n)]


def difference(loss, function, vector, step):
    """The central difference of a function of the weights along a vector."""
    with displaced(loss.batches.potential.module) as weights:
        weights.displace(step * vector)
        up = function()
        weights.displace(-step * vector)
        down = function()
    return (up - down) / (2 * step)


def jacobian(loss):
    """J, float64 [n_outputs, n_weights], row by row."""
    return torch.stack([loss.output_gradient(unit) for unit in torch.eye(loss.n_outputs, dtype=torch.float64)])


@pytest.mark.parametrize("frames_per_batch", [1, 4, 50])
def test_the_loss_is_the_weighted_sum_of_squared_rmse(potential, frames, frames_per_batch):
    loss = loss_of(potential, frames, frames_per_batch)
    found = errors(loss.batches)
    expected = ENERGY_WEIGHT * found.energy_rmse_eV_per_atom**2 + FORCES_WEIGHT * found.forces_rmse_eV_per_A**2
    assert loss.value() == pytest.approx(expected, rel=1e-13)
    assert expected > 0.1


def test_batches_do_not_change_any_of_it(potential, frames):
    one, other = loss_of(potential, frames, 50), loss_of(potential, frames, 1)
    (vector,) = directions(potential, 1)
    assert torch.allclose(one.outputs(), other.outputs(), rtol=1e-12, atol=1e-13)
    assert torch.allclose(one.gradient(), other.gradient(), rtol=1e-10, atol=1e-12)
    assert torch.allclose(one.hessian_product(vector), other.hessian_product(vector), rtol=1e-10, atol=1e-10)
    probe = torch.arange(one.n_outputs, dtype=torch.float64)
    assert torch.allclose(one.output_gradient(probe), other.output_gradient(probe), rtol=1e-10, atol=1e-9)


def test_at_the_weights_that_made_the_labels_all_but_the_curvature_is_zero(frames):
    potential = MorsePotential(ethanol())
    loss = loss_of(potential, frames)
    assert loss.value() < 1e-25
    assert loss.gradient().abs().max() < 1e-11
    (vector,) = directions(potential, 1)
    of_outputs = jacobian(loss)
    assert torch.allclose(loss.hessian_product(vector), of_outputs.T @ (of_outputs @ vector), rtol=1e-9, atol=1e-9)


def test_the_gradient_of_an_energy_is_the_morse_functions(potential, frames):
    """dE/d depth is (1 - exp(-a s))^2 of each pair, here of the third frame."""
    loss = loss_of(potential, frames)
    probe = torch.zeros(loss.n_outputs, dtype=torch.float64)
    probe[2] = 1
    module = potential.module
    first, second = module.pairs.numpy()
    stretch = torch.tensor(frames[2].get_all_distances()[first, second]) - module.shape[1]
    morse = (1 - torch.exp(-module.shape[0] * stretch)).pow(2)
    expected = np.sqrt(2 * ENERGY_WEIGHT / 6) / 9 * morse
    assert torch.allclose(loss.output_gradient(probe)[: len(morse)], expected, rtol=1e-11, atol=1e-14)


def test_a_loss_that_is_quadratic_has_the_gradient_of_a_parabola(frames):
    """Energies and forces are linear in the depths: displaced from the labels' own by d alone, L is d.Hd / 2 and its gradient there Hd."""
    potential = MorsePotential(ethanol())
    loss = loss_of(potential, frames)
    n_depths = potential.module.depth.numel()
    displacement = torch.zeros_like(weight_vector(potential.module))
    displacement[:n_depths] = 0.1
    curvature = loss.hessian_product(displacement)
    with displaced(potential.module) as weights:
        weights.displace(displacement)
        assert loss.value() == pytest.approx(float(displacement @ curvature) / 2, rel=1e-10)
        assert torch.allclose(loss.gradient()[:n_depths], curvature[:n_depths], rtol=1e-9, atol=1e-10)


def test_derivatives_are_those_of_finite_differences(potential, frames):
    loss = loss_of(potential, frames)
    gradient = loss.gradient()
    assert gradient.dtype == torch.float64
    for vector in directions(potential, 4):
        assert difference(loss, loss.value, vector, 3e-6) == pytest.approx(float(gradient @ vector), rel=1e-7)
        expected = difference(loss, loss.gradient, vector, 3e-6)
        assert torch.linalg.norm(loss.hessian_product(vector) - expected) < 1e-7 * expected.norm()


def test_the_hessian_is_symmetric(potential, frames):
    loss = loss_of(potential, frames)
    u, v = directions(potential, 2)
    assert float(u @ loss.hessian_product(v)) == pytest.approx(float(v @ loss.hessian_product(u)), rel=1e-11)


def test_gradients_of_outputs_are_the_adjoint_of_their_change(potential, frames):
    loss = loss_of(potential, frames)
    assert torch.allclose(loss.output_gradient(loss.outputs()), loss.gradient(), rtol=1e-10, atol=1e-11)
    random = torch.Generator().manual_seed(2)
    for vector in directions(potential, 3):
        probe = torch.randn(loss.n_outputs, generator=random, dtype=torch.float64)
        change = difference(loss, loss.outputs, vector, 3e-6)
        assert float(probe @ change) == pytest.approx(float(loss.output_gradient(probe) @ vector), rel=1e-7)


def test_random_signs_give_the_gauss_newton_trace(potential, frames):
    loss = loss_of(potential, frames[:2])
    exact = float(jacobian(loss).pow(2).sum())
    random = np.random.default_rng(1)
    found = [float(loss.output_gradient(torch.tensor(random.choice([-1.0, 1.0], loss.n_outputs))).pow(2).sum()) for _ in range(300)]
    assert np.mean(found) == pytest.approx(exact, abs=4 * np.std(found) / np.sqrt(len(found)))
    assert np.std(found) / np.sqrt(len(found)) < 0.05 * exact


def test_either_part_may_be_left_out(potential, frames):
    batches = Batches(potential, frames, 4)
    energy, force, both = (TrainingLoss(batches, *weights) for weights in ((ENERGY_WEIGHT, 0), (0, FORCES_WEIGHT), (ENERGY_WEIGHT, FORCES_WEIGHT)))
    assert energy.value() + force.value() == pytest.approx(both.value(), rel=1e-12)
    assert torch.allclose(energy.gradient() + force.gradient(), both.gradient(), rtol=1e-10, atol=1e-12)


def test_outputs_are_in_the_order_of_the_frames(potential, frames):
    """Energies first, then force components, whatever batch they are in."""
    loss = loss_of(potential, frames, 4)
    graph = potential.graph(frames[4:])
    energies, forces = potential.energies_forces(graph)
    outputs = loss.outputs()
    assert torch.allclose(outputs[4:6], np.sqrt(2 * ENERGY_WEIGHT / 6) * (energies - graph.energies_eV) / 9)
    assert torch.allclose(outputs[-54:].view(-1, 3), np.sqrt(2 * FORCES_WEIGHT / 162) * (forces - graph.forces_eV_per_A))


class Small(MorsePotential):
    """Has memory for two frames alone where derivatives are asked for."""

    def differentiable_energies_forces(self, graph):
        if len(graph.n_atoms) > 2:
            raise MemoryError("out of memory")
        return super().differentiable_energies_forces(graph)


def test_where_memory_runs_out_derivatives_go_on_with_half_as_many_frames(frames):
    potential, enough = Small(ethanol(), 0.01), MorsePotential(ethanol(), 0.01)
    loss = loss_of(potential, frames, 6)
    assert torch.allclose(loss.gradient(), loss_of(enough, frames, 2).gradient(), rtol=1e-12, atol=1e-14)
    assert loss.batches.frames_per_batch == 2


def test_weights_and_what_requires_gradients_are_as_before(potential, frames):
    potential.module.depth.requires_grad_(True)
    before = [(parameter.detach().clone(), parameter.requires_grad) for parameter in potential.module.parameters()]
    loss = loss_of(potential, frames)
    loss.hessian_product(loss.gradient())
    loss.output_gradient(loss.outputs())
    with pytest.raises(ZeroDivisionError), trainable(potential.module) as parameters:
        assert all(parameter.requires_grad for parameter in parameters)
        1 / 0  # noqa: B018
    for parameter, (start, required) in zip(potential.module.parameters(), before, strict=True):
        assert torch.equal(parameter, start)
        assert parameter.requires_grad == required
        assert parameter.grad is None


def test_a_loss_that_is_not_finite_has_no_finite_derivatives(potential, frames):
    potential.module.depth[0] = torch.inf
    loss = loss_of(potential, frames)
    assert not np.isfinite(loss.value())
    assert not loss.gradient().isfinite().all()


def test_a_label_with_a_weight_must_be_there_and_one_without_need_not(frames):
    """Energies alone: the value is w_E mean((dE / n)^2), as of the frames with both labels and no weight on the forces."""
    potential = MorsePotential(ethanol())
    potential.module.depth.mul_(1.1)
    bare = [frame.copy() for frame in frames]
    for frame, whole in zip(bare, frames, strict=True):
        frame.calc = SinglePointCalculator(frame, energy=whole.get_potential_energy())
    expected = TrainingLoss(Batches(potential, frames, 4), 3.0, 0.0).value()
    assert expected > 0
    assert TrainingLoss(Batches(potential, bare, 4), 3.0, 0.0).value() == expected
    with pytest.raises(InputError, match="the loss has a weight on the label 'forces', which the frames lack"):
        TrainingLoss(Batches(potential, bare, 4), 3.0, 1.0).value()
