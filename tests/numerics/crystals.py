"""An ASE calculator behind the study's framework interface, its energies multiplied by a factor, and EMT's own defects as the reference."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from analytic import SETTINGS
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.calculators.emt import EMT

from nnip.crystal.reference import reference_frames
from nnip.jobs.checkpoints import Progress
from nnip.measure.base import Job
from nnip.potentials.base import Graph


class Factor(torch.nn.Module):
    """One weight, the factor of all energies."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(factor, dtype=torch.float64))


class CalculatorPotential:
    """nnip.potentials.base.Potential of a calculator, as far as measurements of crystals use it; n_frames counts what it evaluated."""

    device = torch.device("cpu")
    not_compiled = "a calculator has no code to compile"

    def __init__(self, factor: float = 1.0, make: Callable[[], Calculator] = EMT, cutoff_A: float = 5.0) -> None:
        self.module = Factor(factor).requires_grad_(False)
        self.make = make
        self.cutoff_A = cutoff_A

    def graph(self, frames: Sequence[Atoms]) -> Graph:
        n_atoms = torch.tensor([len(frame) for frame in frames])
        graph = Graph({}, n_atoms, torch.arange(len(frames)).repeat_interleave(n_atoms))
        graph.add_labels(frames)
        graph.inputs = [frame.copy() for frame in frames]  # type: ignore[assignment]
        return graph

    def replicas(self, frame: Atoms, n: int) -> Graph:
        bare = frame.copy()
        return self.graph([bare] * n)

    def set_positions(self, graph: Graph, positions_A: torch.Tensor) -> None:
        for frame, positions in zip(graph.inputs, positions_A, strict=True):
            frame.positions = positions.numpy()  # type: ignore[attr-defined]

    def energies_forces(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor]:
        energies, forces, _ = self.energies_forces_stress(graph, stress=False)
        return energies, forces

    def energies_forces_stress(self, graph: Graph, stress: bool = True) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        results: list[tuple[Any, Any, Any]] = []
        for frame in graph.inputs:
            frame.calc = self.make()  # type: ignore[attr-defined]
            tensor = frame.get_stress(voigt=False) if stress else 0.0  # type: ignore[attr-defined]
            results.append((frame.get_potential_energy(), torch.tensor(frame.get_forces()), torch.tensor(tensor)))  # type: ignore[attr-defined]
            frame.calc = None  # type: ignore[attr-defined]
        energies, forces, stresses = zip(*results, strict=True)
        factor = self.module.factor
        return factor * torch.tensor(energies), factor * torch.cat(forces), factor * torch.stack(stresses)


def job(folder: Any, of: Any, part: str, options: dict[str, Any], reference: list[Atoms] | None = None) -> Job:
    """A job of one measurement of crystals, beside EMT."""
    made = Job(SETTINGS, options, {"reference_crystal": "none"}, of, Progress.of_measurement(folder, "test", 5.0))
    frames = reference or reference_frames({part: options}, EMT)
    made.frames = lambda split, at_most=None: frames[:at_most]  # type: ignore[method-assign,misc]
    return made
