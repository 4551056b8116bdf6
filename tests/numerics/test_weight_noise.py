"""Weight noise at a fixed rise of the loss: in closed form where the loss is quadratic in the weights."""

import numpy as np
import pytest
import torch
from analytic import SETTINGS, MorseCalculator
from ase.calculators.singlepoint import SinglePointCalculator
from known_losses import Known, Layered, Linear, design, frames_of, measured, rescaled

from nnip.measure import weight_noise
from nnip.study.seeds import derive

OPTIONS = {"n_pairs": 60, "loss_factor": 2, "forces_rise_eV_per_A": 0.04}
THETA = Linear().readout[:, 0]


def close_to_its_labels() -> list:
    """Frames for which the linear model is the best, but for a small rest."""
    frames = frames_of(8)
    X, y = design(frames)
    residual = y - X @ torch.linalg.lstsq(X, y).solution
    for frame, energy, forces in zip(frames, (X @ THETA + 0.05 * residual)[:8], (X @ THETA + 0.05 * residual)[8:].view(8, 9, 3), strict=True):
        frame.calc.results["energy"] = float(energy) * 9 / (2 * 1.0 / 8) ** 0.5
        frame.calc.results["forces"] = (forces / (2 * 100.0 / 216) ** 0.5).numpy()
    return frames


def drawn(pair: int) -> torch.Tensor:
    seed = derive(SETTINGS["root_seed"], "weight_noise", SETTINGS["model"], SETTINGS["seed"], pair)
    return THETA.abs() * torch.from_numpy(np.random.default_rng(seed).standard_normal(6))


def test_the_loss_has_doubled_where_a_parabola_has(tmp_path):
    frames = close_to_its_labels()
    loss, forces = measured(weight_noise, Linear(), OPTIONS, tmp_path, frames)["weight_noise"]
    X, y = design(frames)
    before = float((X @ THETA - y).pow(2).sum()) / 2
    assert loss["before"] == pytest.approx(before, rel=1e-9)
    assert loss["rise"] == pytest.approx(before, rel=1e-9)
    curvatures = np.array([float((X @ drawn(pair)).pow(2).sum()) for pair in range(60)])
    # odd powers of sigma cancel in a pair: the mean rise is sigma^2 / 2 times the mean curvature
    exact = np.sqrt(2 * before / curvatures.mean())
    assert loss["sigma"] == pytest.approx(exact, rel=1e-3)
    assert loss["sigma_error"] == pytest.approx(exact * curvatures.std(ddof=1) / curvatures.mean() / np.sqrt(60) / 2, rel=1e-2)
    closed_form = np.sqrt(2 * before / float((THETA.pow(2) * X.pow(2).sum(dim=0)).sum()))
    assert loss["sigma"] == pytest.approx(closed_form, abs=4 * loss["sigma_error"])
    assert loss["sigma_error"] < 0.15 * closed_form
    of_forces = X[8:] / (2 * 100.0 / 216) ** 0.5
    start = (X @ THETA - y)[8:] / (2 * 100.0 / 216) ** 0.5
    assert forces["before"] == pytest.approx(float(start.pow(2).mean().sqrt()), rel=1e-8)
    both = [(start + sign * forces["sigma"] * of_forces @ drawn(pair)).pow(2).mean().sqrt() for pair in range(60) for sign in (1, -1)]
    assert float(np.mean(both)) - forces["before"] == pytest.approx(0.04, rel=5e-3)
    assert loss["reason"] is forces["reason"] is None


def test_its_cost_is_what_was_evaluated(tmp_path, monkeypatch):
    from nnip.landscape import losses

    passes = []
    monkeypatch.setattr(losses, "errors", lambda batches, own=losses.errors: (passes.append(1), own(batches))[1])
    loss, forces = measured(weight_noise, Linear(), OPTIONS | {"n_pairs": 4}, tmp_path, close_to_its_labels())["weight_noise"]
    assert max(loss["n_passes"], forces["n_passes"]) <= len(passes) < loss["n_passes"] + forces["n_passes"]
    assert len(passes) * 8 <= weight_noise.cost({"n_pairs": 4, "n_frames": 100}, 8)
    assert (loss["n_passes"] - 1) % 8 == 0
    assert loss["n_passes"] <= 1 + 8 * 8


def test_the_noise_is_relative_to_each_weight(tmp_path):
    options = OPTIONS | {"n_pairs": 5, "forces_rise_eV_per_A": 1e-4}
    frames, labels = frames_of(8), Layered()
    labels.readout *= 1.02
    for frame in frames:
        frame.calc = MorseCalculator(Known(labels))
        frame.calc = SinglePointCalculator(frame, energy=frame.get_potential_energy(), forces=frame.get_forces())
    one, other = (measured(weight_noise, module, options, tmp_path, frames)["weight_noise"] for module in (Layered(), rescaled(Layered())))
    for row, same in zip(one, other, strict=True):
        assert same["sigma"] == pytest.approx(row["sigma"], rel=1e-9)


def test_what_does_not_rise_is_blank_with_a_reason(tmp_path):
    module = Linear()
    module.readout *= 1e-6
    loss, forces = measured(weight_noise, module, OPTIONS | {"n_pairs": 3}, tmp_path)["weight_noise"]
    for row in (loss, forces):
        assert "sigma" not in row
        assert row["reason"] == "it has not risen so far at a weight noise of 0.8"


def test_at_no_loss_there_is_no_double(tmp_path):
    frames = frames_of(8)
    module = Linear()
    module.readout.fill_(0)
    for frame in frames:
        frame.calc.results = {"energy": 0.0, "forces": np.zeros((9, 3))}
    loss, _ = measured(weight_noise, module, OPTIONS | {"n_pairs": 3}, tmp_path, frames)["weight_noise"]
    assert loss["reason"] == "loss at the trained weights is 0"
