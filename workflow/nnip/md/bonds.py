"""The bonds of a start frame and their lengths in many replicas at once."""

from dataclasses import dataclass

import numpy as np
import torch
from ase import Atoms
from ase.neighborlist import natural_cutoffs, neighbor_list

from nnip.jobs.errors import InputError

MULTIPLIER = 1.3


@dataclass(frozen=True)
class Bonds:
    """m bonds: atoms [m, 2] int64, and the shift [m, 3] in Å that brings the second atom beside the first across a periodic boundary."""

    atoms: torch.Tensor
    shifts_A: torch.Tensor

    def lengths_A(self, positions_A: torch.Tensor) -> torch.Tensor:
        """Bond lengths [n, m] of positions [n, n_atoms, 3] that are not wrapped into the cell."""
        return (positions_A[:, self.atoms[:, 1]] + self.shifts_A - positions_A[:, self.atoms[:, 0]]).norm(dim=-1)


def find_bonds(frame: Atoms, device: torch.device | str = "cpu") -> Bonds:
    """Pairs closer than 1.3 times the sum of their covalent radii (ASE's natural_cutoffs); InputError if there are none."""
    i, j, cells = neighbor_list("ijS", frame, natural_cutoffs(frame, mult=MULTIPLIER))
    # each pair is listed from both sides; the distance of an atom to its own image never changes
    once = i < j
    if not once.any():
        raise InputError(f"the start frame ({frame.symbols}) has no bonds, so 'md.max_bond_A' means nothing: set it to null, and md.min_distance_A")
    atoms = torch.tensor(np.stack((i[once], j[once]), axis=1))
    return Bonds(atoms.to(device), torch.tensor(cells[once] @ frame.cell.array, dtype=torch.float64, device=device))
