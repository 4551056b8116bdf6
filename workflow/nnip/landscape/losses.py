"""The loss around trained weights: energy and force RMSE along lines and over planes."""

from collections.abc import Iterable, Sequence

import torch

from nnip.landscape.weights import displaced
from nnip.potentials.evaluation import Batches, errors


def positions(mode: str, n_points: int, distance: float) -> list[float]:
    """The values of t along a line, ascending.

    isotropic: from -distance/2 to distance/2, both included; with odd n_points the middle one is exactly 0.
    paper: ip_explorer's (i - floor(n/2)) distance / n, so 81 points with distance 0.5 end at -0.2469 and 0.2469.
    """
    if mode == "paper":
        return [(i - n_points // 2) * distance / n_points for i in range(n_points)]
    return [(2 * i - (n_points - 1)) / (2 * (n_points - 1)) * distance for i in range(n_points)]


def losses(batches: Batches, displacements: Iterable[torch.Tensor]) -> list[dict[str, float | None]]:
    """Energy and force RMSE over the frames of the batches, at the trained weights plus each displacement, float64 [n_weights].

    The keys are the table columns energy_rmse_eV_per_atom and forces_rmse_eV_per_A, from one pass; inf if a prediction is not
    finite, None if the frames have no such label.
    The weights are restored at the end, bit for bit (RuntimeError if not).
    """
    rows = []
    with displaced(batches.potential.module) as weights:
        for displacement in displacements:
            weights.displace(displacement)
            rmse = errors(batches)
            rows.append({"energy_rmse_eV_per_atom": rmse.energy_rmse_eV_per_atom, "forces_rmse_eV_per_A": rmse.forces_rmse_eV_per_A})
    return rows


def line(batches: Batches, direction: torch.Tensor, points: Sequence[float]) -> list[dict[str, float | None]]:
    """The loss at theta + t * direction for each t of points: rows with t and both RMSE."""
    return [{"t": t, **row} for t, row in zip(points, losses(batches, (t * direction for t in points)), strict=True)]


def plane_row(batches: Batches, directions: torch.Tensor, t1: float, points: Sequence[float]) -> list[dict[str, float | None]]:
    """The loss at theta + t1 * directions[0] + t2 * directions[1] for each t2 of points (one row of a plane): rows with t1, t2 and both RMSE."""
    rows = losses(batches, (t1 * directions[0] + t2 * directions[1] for t2 in points))
    return [{"t1": t1, "t2": t2, **row} for t2, row in zip(points, rows, strict=True)]
