"""The bonds of a start frame and their lengths in many replicas at once."""

from dataclasses import dataclass

import torch
from ase import Atoms

from nnip.md import start


@dataclass(frozen=True)
class Bonds:
    """m bonds: atoms [m, 2] int64, and the shift [m, 3] in Å that brings the second atom beside the first across a periodic boundary."""

    atoms: torch.Tensor
    shifts_A: torch.Tensor

    def lengths_A(self, positions_A: torch.Tensor) -> torch.Tensor:
        """Bond lengths [n, m] of positions [n, n_atoms, 3] that are not wrapped into the cell."""
        return (positions_A[:, self.atoms[:, 1]] + self.shifts_A - positions_A[:, self.atoms[:, 0]]).norm(dim=-1)


def find_bonds(frame: Atoms, device: torch.device | str = "cpu") -> Bonds:
    """The bonds of nnip.md.start.bonds; InputError if there are none."""
    atoms, shifts_A = start.bonds(frame)
    return Bonds(torch.tensor(atoms).to(device), torch.tensor(shifts_A, dtype=torch.float64, device=device))
