"""The Gauss-Newton trace against all columns of the Jacobian, and what multiplying one layer and dividing the next does to it."""

import numpy as np
import pytest
import torch
from analytic import SETTINGS, MorsePotential, ethanol, labelled

from nnip.jobs.checkpoints import Progress
from nnip.landscape.training_loss import TrainingLoss
from nnip.landscape.weights import weight_vector
from nnip.measure.base import Job
from nnip.measure.gauss_newton import measure
from nnip.potentials.evaluation import Batches

OPTIONS = {"n_probes": 400, "split": "train", "n_frames": 2, "frames_per_batch": 1}


class TwoLayers(torch.nn.Module):
    """A Morse network whose energy goes through two layers of one number each: only their product matters."""

    def __init__(self) -> None:
        super().__init__()
        self.morse = MorsePotential(ethanol()).module
        self.first = torch.nn.Parameter(torch.tensor([1.1], dtype=torch.float64), requires_grad=False)
        self.second = torch.nn.Parameter(torch.tensor([0.9], dtype=torch.float64), requires_grad=False)

    def forward(self, positions: torch.Tensor) -> torch.Tensor:
        return self.first * self.second * self.morse(positions)


def measured(module: torch.nn.Module, tmp_path) -> tuple[dict, TrainingLoss]:
    """The row of the table, and the loss it is of."""
    potential, frames = MorsePotential(ethanol()), labelled(MorsePotential(ethanol()), 2, seed=1)
    potential.module = module
    job = Job(SETTINGS, OPTIONS, {}, potential, Progress.of_measurement(tmp_path, "test", 5.0))
    job.frames = lambda split, at_most: frames[:at_most]
    weights = SETTINGS["hyperparameters"]
    (row,) = measure(job)["gauss_newton"]
    return row, TrainingLoss(Batches(potential, frames, 2), weights["energy_weight"], weights["forces_weight"])


def test_the_mean_over_probes_is_the_trace(tmp_path):
    row, loss = measured(TwoLayers(), tmp_path)
    theta = weight_vector(loss.batches.potential.module)
    columns = torch.stack([loss.output_gradient(unit) for unit in torch.eye(loss.n_outputs, dtype=torch.float64)])
    exact, adaptive = float(columns.pow(2).sum()), float((theta * columns).pow(2).sum())
    assert 0 < row["trace_error"] < 0.2 * exact
    assert row["trace"] == pytest.approx(exact, abs=4 * row["trace_error"])
    assert row["adaptive_trace"] == pytest.approx(adaptive, abs=4 * row["adaptive_trace_error"])
    assert row["n_probes"] == 400


def test_the_standard_error_shrinks_as_the_root_of_the_probes(tmp_path, monkeypatch):
    many, _ = measured(TwoLayers(), tmp_path / "many")
    monkeypatch.setitem(OPTIONS, "n_probes", 100)
    few, _ = measured(TwoLayers(), tmp_path / "few")
    assert few["trace_error"] / many["trace_error"] == pytest.approx(2.0, rel=0.4)


def test_only_the_adaptive_trace_is_a_property_of_the_function(tmp_path):
    """The first layer times 3, the next divided by 3: the same function, and the same signs."""
    before, _ = measured(TwoLayers(), tmp_path / "before")
    other = TwoLayers()
    other.first *= 3
    other.second /= 3
    after, _ = measured(other, tmp_path / "after")
    assert after["adaptive_trace"] == pytest.approx(before["adaptive_trace"], rel=1e-9)
    assert not np.isclose(after["trace"], before["trace"], rtol=0.01)
