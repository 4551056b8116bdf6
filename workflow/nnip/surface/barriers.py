"""Barriers of stretched bonds on a model's surface."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms, units

from nnip.md.bonds import find_bonds
from nnip.surface.stretching import bond_weights, stretched
from nnip.surface.surface import Surface


@dataclass(frozen=True)
class Bond:
    """A bond (i, j) of a relaxed frame: the vector from i to j in Å [3], and how far each atom moves when it is stretched [n_atoms]."""

    atoms: tuple[int, int]
    apart_A: np.ndarray
    weights: np.ndarray

    @property
    def length_A(self) -> float:
        return float(np.linalg.norm(self.apart_A))

    @property
    def in_ring(self) -> bool:
        """Whether its two atoms move, instead of two fragments."""
        return bool(self.weights.min() < 0)


def bonds_of(frame: Atoms, positions_A: np.ndarray) -> list[Bond]:
    """The bonds of a frame (nnip.md.bonds) at other positions of its atoms [n_atoms, 3]; InputError if there are none."""
    found = find_bonds(frame)
    pairs, shifts = found.atoms.numpy(), found.shifts_A.numpy()
    apart = positions_A[pairs[:, 1]] + shifts - positions_A[pairs[:, 0]]
    weights = bond_weights(len(frame), pairs)
    return [Bond((int(i), int(j)), vector, moved) for (i, j), vector, moved in zip(pairs, apart, weights, strict=True)]


def lengths(first_A: float, last_A: float, step_A: float) -> np.ndarray:
    """Lengths in Å from the first to the last, both included; all steps but the last are step_A."""
    return np.append(np.arange(first_A, last_A - 1e-9, step_A), last_A)


def barrier(surface: Surface, positions_A: np.ndarray, bond: Bond, failure_A: float, step_A: float) -> dict[str, Any]:
    """A row of table bond_barriers: the scan of one bond from its length at positions [n_atoms, 3] to the failure distance."""
    scanned = lengths(bond.length_A, failure_A, step_A)
    energies, _ = surface.energies_forces(stretched(positions_A, bond.weights, bond.apart_A, scanned))
    (i, j), symbols = bond.atoms, surface.frame.symbols
    row = {"atom_i": i, "atom_j": j, "element_i": symbols[i], "element_j": symbols[j], "in_ring": bond.in_ring, "length_A": bond.length_A}
    if not np.isfinite(energies).all():
        return row | {"reason": f"the energy at {scanned[~np.isfinite(energies)][0]:.2f} A is not finite"}
    above, highest = energies - energies[0], int(energies.argmax())
    return row | {"barrier_eV": float(above[highest]), "barrier_at_A": float(scanned[highest]), "height_eV": float(above[-1])}


def summary(bonds: Sequence[dict[str, Any]], temperature_K: float) -> dict[str, Any]:
    """Columns of table bond_scans from the rows of bond_barriers; values are blank if one of them has no barrier."""
    undefined = next((bond for bond in bonds if "reason" in bond), None)
    if undefined or not bonds:
        reason = f"bond {_name(undefined)}: {undefined['reason']}" if undefined else None
        return {"n_bonds": len(bonds), "reason": reason}
    lowest = min(bonds, key=lambda bond: bond["barrier_eV"])
    escapes = math.fsum(math.exp(-bond["barrier_eV"] / (units.kB * temperature_K)) for bond in bonds)
    return {"n_bonds": len(bonds), "lowest_barrier_eV": lowest["barrier_eV"], "lowest_bond": _name(lowest), "escape_sum": escapes}


def _name(bond: dict[str, Any]) -> str:
    return "-".join(f"{bond[f'element_{end}']}{bond[f'atom_{end}']}" for end in "ij")
