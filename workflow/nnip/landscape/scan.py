"""The loss around trained weights: energy and force RMSE along lines and over planes."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

import torch

from nnip.errors import InputError
from nnip.evaluation import batches, errors
from nnip.frames import read_labelled
from nnip.landscape.directions import cosines, isotropic_directions, paper_directions
from nnip.landscape.weights import displaced
from nnip.manifest import Stopwatch
from nnip.potentials.base import Graph, Potential
from nnip.seeds import derive
from nnip.stages import load_trained, names, write_measured
from nnip.tables import write_table

MODES = ("isotropic", "paper")


def positions(mode: str, n_points: int, distance: float) -> list[float]:
    """The t of a line's points, ascending.

    isotropic: both ends included, from -distance/2 to distance/2; the middle one is exactly 0 when n_points is odd.
    paper: ip_explorer's (i - floor(n/2)) distance / n, so 81 points of distance 0.5 end at -0.2469 and 0.2469.
    """
    if mode == "paper":
        return [(i - n_points // 2) * distance / n_points for i in range(n_points)]
    return [(2 * i - (n_points - 1)) / (2 * (n_points - 1)) * distance for i in range(n_points)]


def draw_directions(potential: Potential, mode: str, seeds: Sequence[int]) -> torch.Tensor:
    """One direction per seed, float64 [n_directions, n_weights], by a mode's definition; InputError for an unknown mode."""
    if mode == "paper":
        return paper_directions(potential.module, seeds)
    if mode == "isotropic":
        return isotropic_directions(potential.module, potential.filters(), seeds)
    raise InputError(f"landscape mode '{mode}' is unknown: one of {', '.join(MODES)}")


def losses(potential: Potential, graphs: Sequence[Graph], displacements: Iterable[torch.Tensor]) -> list[dict[str, float]]:
    """Energy and force RMSE over the frames of the graphs at the trained weights plus each displacement, float64 [n_weights].

    The table columns energy_rmse_eV_per_atom and forces_rmse_eV_per_A, one pass for both; inf where a prediction is not finite.
    The weights are put back afterwards, bit by bit (RuntimeError if not).
    """
    rows = []
    with displaced(potential.module) as weights:
        for displacement in displacements:
            weights.displace(displacement)
            found = errors(potential, graphs)
            rows.append({"energy_rmse_eV_per_atom": found.energy_rmse_eV_per_atom, "forces_rmse_eV_per_A": found.forces_rmse_eV_per_A})
    return rows


def line(potential: Potential, graphs: Sequence[Graph], direction: torch.Tensor, points: Sequence[float]) -> list[dict[str, float]]:
    """The loss at theta + t * direction for each t of points: rows of t and both RMSE."""
    return [{"t": t} | row for t, row in zip(points, losses(potential, graphs, (t * direction for t in points)), strict=True)]


def plane(potential: Potential, graphs: Sequence[Graph], directions: torch.Tensor, points: Sequence[float]) -> list[dict[str, float]]:
    """The loss at theta + t1 * directions[0] + t2 * directions[1] for all pairs of points: rows of t1, t2 and both RMSE, t2 running faster."""
    grid = [(t1, t2) for t1 in points for t2 in points]
    found = losses(potential, graphs, (t1 * directions[0] + t2 * directions[1] for t1, t2 in grid))
    return [{"t1": t1, "t2": t2} | row for (t1, t2), row in zip(grid, found, strict=True)]


def scan(
    settings: dict[str, Any],
    options: dict[str, Any],
    mode: str,
    train_directory: str | os.PathLike[str],
    frames_file: str | os.PathLike[str],
    directory: str | os.PathLike[str],
) -> None:
    """Write landscape.csv, directions.csv (pairwise cosines) and manifest.json of one trained model in one mode.

    options: the config's landscape block; frames_file: the frames of its split. A training without a model gives tables without rows
    and a manifest that says why. InputError for frames without labels and for more directions than the model's filters allow.
    """
    watch = Stopwatch()
    potential, reason = load_trained(train_directory, settings["device"])
    n_directions = options["n_directions"]
    seeds = [derive(settings["root_seed"], "landscape", settings["model"], settings["seed"], mode, number) for number in range(n_directions)]
    who = names(settings) | {"mode": mode}
    rows: list[dict[str, Any]] = []
    pairs: list[dict[str, Any]] = []
    n_frames = 0
    if potential:
        frames = read_labelled(frames_file, options["n_frames"])
        n_frames = len(frames)
        graphs = batches(potential, frames, options["frames_per_batch"])
        directions = draw_directions(potential, mode, seeds)
        points = positions(mode, options["n_points"], options["distance"])
        for number, direction in enumerate(directions):
            rows += [who | {"split": options["split"], "direction": number} | row for row in line(potential, graphs, direction, points)]
        cosine = cosines(directions).tolist()
        pairs = [who | {"direction_a": a, "direction_b": b, "cosine": cosine[a][b]} for a in range(n_directions) for b in range(a + 1, n_directions)]
    write_table("landscape", rows, f"{directory}/landscape.csv")
    write_table("directions", pairs, f"{directory}/directions.csv")
    used = {f"direction {number}": seed for number, seed in enumerate(seeds)}
    write_measured(directory, "landscape", settings | {"landscape": options}, used, potential, reason, watch, mode=mode, n_frames=n_frames)
