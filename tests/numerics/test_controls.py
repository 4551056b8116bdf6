"""Loss, gradient, distance from convergence and noise scale of a linear model, against the normal equations."""

import numpy as np
import pytest
import torch
from known_losses import Layered, Linear, design, frames_of, measured, rescaled

from nnip.measure import controls


def test_of_a_linear_model_all_is_known(tmp_path):
    rows = measured(controls, Linear(), {}, tmp_path)
    theta = Linear().readout[:, 0]
    X, y = design(frames_of(8))
    r = X @ theta - y
    gradients = []
    for frame in range(8):
        own = [frame, *range(8 + 27 * frame, 8 + 27 * (frame + 1))]
        gradients.append(8 * X[own].T @ r[own])
    gradients = torch.stack(gradients)
    g = X.T @ r
    assert torch.allclose(gradients.mean(dim=0), g)
    (row,) = rows["gradients"]
    loss, norm = float(r @ r) / 2, float(theta.norm())
    scale = float(gradients.var(dim=0).sum() / g.pow(2).sum())
    assert row["loss"] == pytest.approx(loss, rel=1e-10)
    assert row["gradient_norm"] == pytest.approx(float(g.norm()), rel=1e-10)
    assert row["convergence_distance"] == pytest.approx(float(g.norm()) * norm / loss, rel=1e-10)
    assert row["gradient_noise_scale"] == pytest.approx(scale, rel=1e-9)
    assert row["reason"] is None
    # 1 loss, a gradient of all frames together and of each alone
    assert (row["n_frames"], row["n_passes"]) == (8, 5)
    assert row["wall_s"] > 0
    (row,) = rows["controls"]
    assert (row["n_weights"], row["best_epoch"], row["n_passes"]) == (6, 12, 0)
    assert row["weight_norm"] == pytest.approx(np.sqrt(1 + 4 + 0.25 + 0.09 + 0.49 + 0.81), rel=1e-12)


def test_standard_errors_are_those_of_frames_left_out(tmp_path):
    """The jackknife by the measurement itself, of all frames but one."""
    frames = frames_of(5)
    (whole,) = measured(controls, Linear(), {}, tmp_path, frames)["gradients"]
    rest = [measured(controls, Linear(), {}, tmp_path, frames[:k] + frames[k + 1 :])["gradients"][0] for k in range(5)]
    for name in ("loss", "gradient_norm", "convergence_distance", "gradient_noise_scale"):
        values = np.array([row[name] for row in rest])
        assert whole[f"{name}_error"] == pytest.approx(np.sqrt(4 / 5 * ((values - values.mean()) ** 2).sum()), rel=1e-8)


def test_what_one_frame_cannot_tell_is_blank(tmp_path):
    (row,) = measured(controls, Linear(), {}, tmp_path, frames_of(1))["gradients"]
    assert row["loss"] > 0 and row["gradient_norm"] > 0
    blank = {name for name, value in row.items() if value is None}
    assert blank == {"loss_error", "gradient_norm_error", "convergence_distance_error", "gradient_noise_scale", "gradient_noise_scale_error"}
    assert row["reason"].startswith("not defined or not finite at these weights and frames: gradient_noise_scale, loss_error")


def test_none_of_it_is_a_property_of_the_function(tmp_path):
    one, other = (measured(controls, module, {}, tmp_path) for module in (Layered(), rescaled(Layered())))
    assert other["gradients"][0]["loss"] == pytest.approx(one["gradients"][0]["loss"], rel=1e-10)
    for table, name in (("controls", "weight_norm"), ("gradients", "gradient_norm"), ("gradients", "convergence_distance")):
        assert abs(other[table][0][name] / one[table][0][name] - 1) > 0.05
