"""Errors of a potential on labelled frames: energy per atom and force components, RMSE and MAE."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from ase import Atoms

from nnip.frames import read_labelled
from nnip.manifest import Stopwatch
from nnip.potentials.base import Graph, Potential
from nnip.stages import load_trained, names, write_measured
from nnip.tables import write_table


@dataclass(frozen=True)
class Errors:
    """Errors over all frames and all force components; infinite where a prediction is not finite, so that a table can hold them."""

    energy_rmse_eV_per_atom: float
    forces_rmse_eV_per_A: float
    energy_mae_eV_per_atom: float
    forces_mae_eV_per_A: float
    n_frames: int


def batches(potential: Potential, frames: Sequence[Atoms], frames_per_batch: int) -> list[Graph]:
    """Frames as graphs of at most frames_per_batch frames, built once; they stay valid while the weights change."""
    return [potential.graph(frames[start : start + frames_per_batch]) for start in range(0, len(frames), frames_per_batch)]


def errors(potential: Potential, graphs: Sequence[Graph]) -> Errors:
    """Errors over all frames of labelled graphs in one pass, sums in float64.

    Every frame counts alike in the energy errors, every force component alike in the force errors, whatever batch it is in.
    """
    sums = torch.zeros(4, dtype=torch.float64, device=potential.device)
    n_frames = n_components = 0
    for graph in graphs:
        energies, forces = potential.energies_forces(graph)
        assert graph.energies_eV is not None and graph.forces_eV_per_A is not None, "graphs of frames without labels have no errors"
        energy_errors = ((energies - graph.energies_eV) / graph.n_atoms).double()
        force_errors = (forces - graph.forces_eV_per_A).double()
        sums += torch.stack((energy_errors.pow(2).sum(), force_errors.pow(2).sum(), energy_errors.abs().sum(), force_errors.abs().sum()))
        n_frames += energy_errors.numel()
        n_components += force_errors.numel()
    energy_square, force_square, energy_abs, force_abs = (value if math.isfinite(value) else math.inf for value in sums.tolist())
    return Errors(
        energy_rmse_eV_per_atom=math.sqrt(energy_square / n_frames),
        forces_rmse_eV_per_A=math.sqrt(force_square / n_components),
        energy_mae_eV_per_atom=energy_abs / n_frames,
        forces_mae_eV_per_A=force_abs / n_components,
        n_frames=n_frames,
    )


def evaluate(
    settings: dict[str, Any],
    options: dict[str, Any],
    train_directory: str | os.PathLike[str],
    splits: dict[str, str],
    directory: str | os.PathLike[str],
) -> None:
    """Write errors.csv (one row per split, a file of labelled frames) and manifest.json of one trained model.

    options: frames_per_batch. A training without a model gives a table without rows and a manifest that says why.
    InputError for files that are not labelled frames.
    """
    watch = Stopwatch()
    potential, reason = load_trained(train_directory, settings["device"])
    who = names(settings) | {"n_train": settings["n_train"], "noise": settings["noise"]}
    rows = []
    if potential:
        for split, path in splits.items():
            graphs = batches(potential, read_labelled(path), options["frames_per_batch"])
            rows.append(who | {"split": split} | vars(errors(potential, graphs)))
    write_table("errors", rows, f"{directory}/errors.csv")
    write_measured(directory, "evaluate", settings | {"evaluation": options}, {}, potential, reason, watch, splits=splits)
