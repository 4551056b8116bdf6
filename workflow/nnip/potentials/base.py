"""The seam between the study and a framework: all that landscapes, MD and evaluation know of a trained potential."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from ase import Atoms
from ase.calculators.calculator import Calculator


@dataclass
class Graph:
    """Frames as one batch on the device, built once and reusable while weights change.

    inputs:      what the framework's model reads, by its own names
    n_atoms:     [n_frames] int64, atoms of each frame
    frame_of:    [sum n_atoms] int64, the frame each atom belongs to
    energies_eV, forces_eV_per_A: the frames' labels, float64 [n_frames] and [sum n_atoms, 3]; None where a frame has none
    """

    inputs: dict[str, torch.Tensor]
    n_atoms: torch.Tensor
    frame_of: torch.Tensor
    energies_eV: torch.Tensor | None = None
    forces_eV_per_A: torch.Tensor | None = None
    cell_A: torch.Tensor | None = field(default=None)
    pbc: tuple[bool, bool, bool] = (False, False, False)


class Potential(Protocol):
    """A trained potential. `module` holds the weights that training changes as its parameters, and nothing else as parameters."""

    module: torch.nn.Module
    cutoff_A: float
    energy_shift_eV_per_atom: float
    device: torch.device

    def graph(self, frames: Sequence[Atoms]) -> Graph:
        """One batch of frames by the framework's own neighbour lists; pbc False means a molecule, whatever its cell says."""

    def replicas(self, frame: Atoms, n: int) -> Graph:
        """n copies of one frame as a batch; call set_positions before each evaluation."""

    def set_positions(self, graph: Graph, positions_A: torch.Tensor) -> None:
        """Move a replica graph to positions float64 [n, n_atoms, 3] and find its neighbours anew, on the device.

        A replica with non-finite positions gets no neighbours and disturbs no other.
        """

    def energies_forces(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor]:
        """Energies [n_frames] in eV (energy_shift_eV_per_atom added) and forces [sum n_atoms, 3] in eV/A, float64, detached."""

    def filters(self) -> dict[str, torch.Tensor]:
        """For each parameter name an int64 tensor of its shape: entries with one id (0, 1, ...) form one filter (output channel)."""

    def calculator(self) -> Calculator:
        """The framework's own ASE calculator, with the same energy shift."""
