"""Errors of a potential on labelled frames: energy per atom, force and stress components, RMSE and MAE."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from ase import Atoms

from nnip.data.frames import have
from nnip.jobs.memory import AtOnce
from nnip.potentials.base import Graph, Potential

T = TypeVar("T")


@dataclass(frozen=True)
class Errors:
    """Errors over all frames and all components; infinite if a prediction is not finite (tables hold no NaN), None without the label."""

    energy_rmse_eV_per_atom: float | None
    forces_rmse_eV_per_A: float | None
    energy_mae_eV_per_atom: float | None
    forces_mae_eV_per_A: float | None
    n_frames: int
    n_components: int | None
    stress_rmse_eV_per_A3: float | None = None
    stress_mae_eV_per_A3: float | None = None


class Batches:
    """Frames as graphs of at most frames_per_batch frames, on a GPU of all frames, built once; they stay valid while the weights change.

    If memory runs out while they are built or used, they are built again with half as many frames (nnip.jobs.memory). frames_per_batch is the
    current number. A GPU that its frames do not fill takes as long for one as for all (docs/performance.md, curves of cost).
    """

    def __init__(self, potential: Potential, frames: Sequence[Atoms], frames_per_batch: int) -> None:
        self.potential = potential
        self.frames = frames
        at_once = len(frames) if potential.device.type == "cuda" else frames_per_batch
        self._at_once = AtOnce(at_once, f"{len(frames)} frames (the largest of {max(map(len, frames))} atoms)")
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


def errors(batches: Batches, of_stress: bool = False) -> Errors:
    """Errors over all frames of labelled batches in one pass, sums in float64; a label counts if all frames have it.

    All frames have equal weight in the energy errors, all components in the errors of forces and of stress, whatever their batch. The stress,
    nine components a frame, is computed only if it is asked for.
    """
    known = [label for label in ("energy", "forces", "stress") if have(batches.frames, label) and (of_stress or label != "stress")]
    return batches.use(lambda graphs: _errors(batches.potential, graphs, known))


def _errors(potential: Potential, graphs: Sequence[Graph], known: Sequence[str]) -> Errors:
    sums = {label: torch.zeros(2, dtype=torch.float64, device=potential.device) for label in known}
    counts = dict.fromkeys(known, 0)
    for graph in graphs:
        energies, forces, *stresses = potential.energies_forces_stress(graph) if "stress" in known else potential.energies_forces(graph)
        deviations = {}
        if graph.energies_eV is not None and "energy" in known:
            deviations["energy"] = (energies - graph.energies_eV) / graph.n_atoms
        if graph.forces_eV_per_A is not None and "forces" in known:
            deviations["forces"] = forces - graph.forces_eV_per_A
        if graph.stresses_eV_per_A3 is not None and stresses:
            deviations["stress"] = stresses[0] - graph.stresses_eV_per_A3
        for label, deviation in deviations.items():
            sums[label] += torch.stack((deviation.double().pow(2).sum(), deviation.double().abs().sum()))
            counts[label] += deviation.numel()
    rmse, mae = {}, {}
    for label, (square, absolute) in ((label, both.tolist()) for label, both in sums.items()):
        rmse[label] = math.sqrt(square / counts[label]) if math.isfinite(square) else math.inf
        mae[label] = absolute / counts[label] if math.isfinite(absolute) else math.inf
    return Errors(
        energy_rmse_eV_per_atom=rmse.get("energy"),
        forces_rmse_eV_per_A=rmse.get("forces"),
        energy_mae_eV_per_atom=mae.get("energy"),
        forces_mae_eV_per_A=mae.get("forces"),
        n_frames=sum(len(graph.n_atoms) for graph in graphs),
        n_components=counts.get("forces"),
        stress_rmse_eV_per_A3=rmse.get("stress"),
        stress_mae_eV_per_A3=mae.get("stress"),
    )
