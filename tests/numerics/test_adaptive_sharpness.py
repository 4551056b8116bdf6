"""Worst-case adaptive sharpness: the highest point of a parabola on a ball, and what rescaling does to it."""

import numpy as np
import pytest
import torch
from known_losses import Layered, Linear, design, frames_of, measured, rescaled, standard_error
from scipy.optimize import brentq

from nnip.measure import adaptive_sharpness

OPTIONS = {"rho": 0.05, "n_steps": 20, "m": 3}
THETA = Linear().readout[:, 0]


def highest(X: torch.Tensor, y: torch.Tensor, rho: float) -> tuple[float, torch.Tensor]:
    """The largest rise of |X (theta + |theta| u) - y|^2 / 2 over |u| <= rho and its u: (c - A) u = b with |u| = rho, above A's largest eigenvalue."""
    scaled = X * THETA.abs()
    A, b = scaled.T @ scaled, scaled.T @ (X @ THETA - y)
    top = float(torch.linalg.eigvalsh(A)[-1])

    def u(c: float) -> torch.Tensor:
        return torch.linalg.solve(c * torch.eye(6, dtype=torch.float64) - A, b)

    c = brentq(lambda c: float(u(c).norm()) - rho, top * (1 + 1e-12), top + float(b.norm()) / rho + 1)
    return float(b @ u(c) + u(c) @ A @ u(c) / 2), u(c)


@pytest.mark.parametrize("rho", [0.05, 0.5])
def test_of_a_parabola_it_is_the_highest_point_on_the_ball(tmp_path, rho):
    row, in_batches = measured(adaptive_sharpness, Linear(), OPTIONS | {"rho": rho}, tmp_path)["adaptive_sharpness"]
    X, y = design(frames_of(8))
    expected, u = highest(X, y, rho)
    assert row["sharpness"] == pytest.approx(expected, rel=1e-3)
    r, moved = X @ THETA - y, X @ (THETA + THETA.abs() * u) - y
    owner = [*range(8), *np.repeat(np.arange(8), 27)]
    shares = np.bincount(owner, 4 * (moved**2 - r**2).numpy())
    assert row["sharpness_error"] == pytest.approx(standard_error(shares), rel=0.02)
    assert (row["over"], row["n_batches"], row["n_passes"], row["reason"]) == ("all", 1, 42, None)
    frames = frames_of(8)
    batches = [highest(*design(frames[start : start + 3]), rho)[0] for start in (0, 3)]
    assert in_batches["sharpness"] == pytest.approx(np.mean(batches), rel=1e-3)
    assert in_batches["sharpness_error"] == pytest.approx(standard_error(batches), rel=0.02)
    assert in_batches["sharpness"] > row["sharpness"]
    assert (in_batches["over"], in_batches["n_batches"], in_batches["n_passes"]) == ("batches", 2, 42)


def test_one_step_is_the_step_along_the_scaled_gradient(tmp_path):
    """On a diagonal: L = sum a_i theta_i^2 / 2 has the scaled gradient a_i theta_i^2, all by hand."""
    row, _ = measured(adaptive_sharpness, Linear(), OPTIONS | {"n_steps": 1}, tmp_path)["adaptive_sharpness"]
    X, y = design(frames_of(8))
    r = X @ THETA - y
    ascent = THETA.abs() * (X.T @ r)
    # the step is twice as long as the ball's radius and is cut
    moved = X @ (THETA + THETA.abs() * 0.05 * ascent / ascent.norm()) - y
    assert row["sharpness"] == pytest.approx(float(moved.pow(2).sum() - r.pow(2).sum()) / 2, rel=1e-9)


def test_it_is_a_property_of_the_function(tmp_path):
    one, other = (measured(adaptive_sharpness, module, OPTIONS, tmp_path)["adaptive_sharpness"] for module in (Layered(), rescaled(Layered())))
    for row, same in zip(one, other, strict=True):
        assert row["sharpness"] > 0
        assert same["sharpness"] == pytest.approx(row["sharpness"], rel=1e-9)


def test_without_a_gradient_or_a_whole_batch_it_is_blank(tmp_path):
    frames = frames_of(2)
    module = Linear()
    module.readout.fill_(0)
    row, in_batches = measured(adaptive_sharpness, module, OPTIONS, tmp_path, frames)["adaptive_sharpness"]
    assert row["sharpness"] is row["sharpness_error"] is in_batches["sharpness"] is None
    assert row["reason"].startswith("no gradient to ascend, or a loss that is not finite")
    assert in_batches["reason"].startswith("0 batches of 3 frames")
