"""Candidates in weight space of really trained models of both frameworks, before and after layers are rescaled without an effect on the function."""

import importlib

import ase.build
import numpy as np
import pytest
import torch
from conftest import ethanol, labelled

from nnip.declare.registry import measurements
from nnip.jobs.checkpoints import Progress
from nnip.landscape.training_loss import TrainingLoss
from nnip.landscape.weights import weight_vector
from nnip.measure.base import Job
from nnip.potentials.evaluation import Batches
from nnip.potentials.loading import load

OPTIONS = {
    "controls": {},
    "gauss_newton": {"n_probes": 4},
    "weight_noise": {"n_pairs": 4, "loss_factor": 1.5, "forces_rise_eV_per_A": 0.02},
    "adaptive_sharpness": {"rho": 0.05, "n_steps": 5, "m": 2},
    "hessian_eigenvalues": {"n_eigenvalues": 2},
    "initial_distance": {},
}
# the last layer of a radial network, and the linear layer after its products with features
PAIR = {
    "nequip": ("layer0_convnet.conv.edge_mlp.mlp.4.weight", "layer0_convnet.conv.linear_2.weight"),
    "mace": ("interactions.0.conv_tp_weights.layer2.weight", "interactions.0.linear.weight"),
}
INVARIANT = {
    "controls": ["loss"],
    "gauss_newton": ["adaptive_trace", "relative_flatness", "fisher_rao_norm"],
    "weight_noise": ["sigma"],
    "adaptive_sharpness": ["sharpness"],
    "hessian_eigenvalues": [],
    "initial_distance": [],
}
RAW = {
    "controls": ["weight_norm", "gradient_norm"],
    "gauss_newton": ["trace"],
    "hessian_eigenvalues": ["eigenvalue"],
    "initial_distance": ["distance"],
}


def rescaled(potential, framework):
    """The same potential with one layer times 3 and the next divided by 3."""
    parameters = dict(potential.module.named_parameters())
    first, second = (next(value for name, value in parameters.items() if name.endswith(ending)) for ending in PAIR[framework])
    first.mul_(3)
    second.div_(3)
    return potential


@pytest.fixture
def measured(trained, settings_of, frame_files, tmp_path):
    """measured(name, potential): the values of the rows of all tables, by table, row and column; the weights must stay the same bits."""

    def measure(name, potential):
        before = [parameter.clone() for parameter in potential.module.parameters()]
        progress = Progress.of_measurement(tmp_path / "checkpoints", "test", 5.0)
        options = {"split": "train", "n_frames": 6, "frames_per_batch": 4} | OPTIONS[name]
        job = Job(settings_of(), options, {"train": frame_files["molecule"][0]}, potential, progress, trained("molecule"))
        tables = importlib.import_module(f"nnip.measure.{name}").measure(job)
        assert set(tables) == set(measurements()[name].tables)
        assert all(torch.equal(*pair) for pair in zip(potential.module.parameters(), before, strict=True))
        assert not any(parameter.requires_grad for parameter in potential.module.parameters())
        return {(table, place, column): value for table, rows in tables.items() for place, row in enumerate(rows) for column, value in row.items()}

    return measure


@pytest.mark.parametrize("name", OPTIONS)
def test_what_a_rescaling_of_layers_changes(measured, trained, framework, name):
    one = measured(name, load(trained("molecule")))
    other = measured(name, rescaled(load(trained("molecule")), framework))
    assert one.keys() == other.keys()
    for key, value in one.items():
        if key[2] in INVARIANT[name]:
            assert value is not None and value > 0
            assert other[key] == pytest.approx(value, rel=1e-3), key
        elif key[2] in RAW.get(name, []):
            assert abs(other[key] / value - 1) > 0.05, key
    assert not any(value for key, value in one.items() if key[2] == "reason"), one


def test_they_are_measured_in_float32_too(measured, trained):
    for name, column in (("gauss_newton", "fisher_rao_norm"), ("hessian_eigenvalues", "eigenvalue"), ("weight_noise", "sigma")):
        found = measured(name, load(trained("molecule", dtype="float32")))
        values = [value for key, value in found.items() if key[2] == column]
        assert values and all(value > 0 for value in values), name


def test_the_shares_of_frames_of_different_sizes(trained, framework):
    """Their mean is the loss, and each is a loss of its own, whatever the frames' sizes."""
    water = labelled(ase.build.molecule("H2O"), np.random.default_rng(3), 0.05)
    potential = load(trained("molecule"))
    frames = [*ethanol(3, seed=4), water, water]
    loss = TrainingLoss(Batches(potential, frames, 2), 50.0, 10.0)
    shares = loss.of_frames(loss.outputs())
    assert float(shares.mean()) == pytest.approx(loss.value(), rel=1e-12)
    parts = [loss.part(frame, frame + 1) for frame in range(5)]
    assert [part.value() for part in parts] == pytest.approx(shares.tolist(), rel=1e-9)
    assert loss.part(1, 4).value() == pytest.approx(float(shares[1:4].mean()), rel=1e-9)
    mean = torch.stack([part.gradient() for part in parts]).mean(dim=0)
    assert torch.allclose(mean, loss.gradient(), rtol=1e-8, atol=1e-9 * float(mean.norm()))
    assert len(mean) == len(weight_vector(potential.module))
