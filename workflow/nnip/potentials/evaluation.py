"""Errors of a potential on labelled frames: energy per atom and force components, RMSE and MAE."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from ase import Atoms

from nnip.jobs.memory import AtOnce
from nnip.potentials.base import Graph, Potential

T = TypeVar("T")


@dataclass(frozen=True)
class Errors:
    """Errors over all frames and all force components; infinite if a prediction is not finite (tables hold no NaN)."""

    energy_rmse_eV_per_atom: float
    forces_rmse_eV_per_A: float
    energy_mae_eV_per_atom: float
    forces_mae_eV_per_A: float
    n_frames: int
    n_components: int


class Batches:
    """Frames as graphs of at most frames_per_batch frames, built once; they stay valid while the weights change.

    If memory runs out while they are built or used, they are built again with half as many frames (nnip.jobs.memory). frames_per_batch is the
    current number.
    """

    def __init__(self, potential: Potential, frames: Sequence[Atoms], frames_per_batch: int) -> None:
        self.potential = potential
        self.frames = frames
        self._at_once = AtOnce(frames_per_batch, f"{len(frames)} frames (the largest of {max(map(len, frames))} atoms)")
        self._graphs: list[Graph] = []
        self._built_of = 0

    @property
    def frames_per_batch(self) -> int:
        return self._at_once.n

    def use(self, work: Callable[[list[Graph]], T]) -> T:
        """The result of `work` on all graphs; it is called again with smaller graphs if memory runs out."""

        def work_with(frames_per_batch: int) -> T:
            if self._built_of != frames_per_batch:
                self._graphs, self._built_of = [], 0
                starts = range(0, len(self.frames), frames_per_batch)
                self._graphs = [self.potential.graph(self.frames[start : start + frames_per_batch]) for start in starts]
                self._built_of = frames_per_batch
            return work(self._graphs)

        return self._at_once.run(work_with, len(self.frames))


def predicted_forces(batches: Batches) -> list[np.ndarray]:
    """Forces [n_atoms, 3] in eV/Å of each frame, in one pass."""
    forces = batches.use(lambda graphs: torch.cat([batches.potential.energies_forces(graph)[1] for graph in graphs])).cpu().numpy()
    return np.split(forces, np.cumsum([len(frame) for frame in batches.frames])[:-1])


def errors(batches: Batches) -> Errors:
    """Errors over all frames of labelled batches in one pass, sums in float64.

    All frames have equal weight in the energy errors, all force components in the force errors, whatever their batch.
    """
    return batches.use(lambda graphs: _errors(batches.potential, graphs))


def _errors(potential: Potential, graphs: Sequence[Graph]) -> Errors:
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
        n_components=n_components,
    )
