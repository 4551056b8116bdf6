"""Cells of fcc aluminium with and without a point defect, before relaxation."""

import numpy as np
from ase import Atoms
from ase.build import bulk

LATTICE_CONSTANT_A = 3.99429  # EMT aluminium at rest
NEIGHBOUR_A = LATTICE_CONSTANT_A / np.sqrt(2)
SPLIT = 0.3  # of the lattice constant: half the length of a dumbbell before relaxation
DEFECTS = ("none", "vacancy", "dumbbell")


def perfect(repeats: int, primitive: bool = False) -> Atoms:
    """The crystal of repeats^3 cubic cells with 4 atoms each, or of as many primitive cells with one."""
    return bulk("Al", "fcc", a=LATTICE_CONSTANT_A, cubic=not primitive) * (repeats, repeats, repeats)


def vacancy(crystal: Atoms) -> Atoms:
    """A crystal without its first atom."""
    defect = crystal.copy()
    del defect[0]
    return defect


def dumbbell(crystal: Atoms) -> Atoms:
    """A crystal with a self-interstitial: its first atom and one more share a site along [100], the last atom is the added one."""
    defect = crystal.copy()
    apart = np.array([SPLIT * LATTICE_CONSTANT_A, 0, 0])
    defect.positions[0] += apart
    return defect + Atoms(crystal.symbols[:1], [crystal.positions[0] - apart])


def defective(crystal: Atoms, defect: str) -> Atoms:
    """A crystal with one of DEFECTS."""
    return {"none": Atoms.copy, "vacancy": vacancy, "dumbbell": dumbbell}[defect](crystal)


def hop(crystal: Atoms) -> tuple[Atoms, Atoms, int]:
    """A crystal with a vacancy, the same after a neighbour has hopped into it, and the number of that atom; positions are not wrapped."""
    first = vacancy(crystal)
    apart = crystal.get_distances(0, range(1, len(crystal)), mic=True, vector=True)
    # at a tie the first of the neighbours counts, whatever the rounding
    atom = int(np.argmin(np.linalg.norm(apart, axis=1).round(6)))
    last = first.copy()
    last.positions[atom] -= apart[atom]
    return first, last, atom


def thickness_A(frame: Atoms) -> float:
    """The smallest distance between opposite faces of a cell: nearer than that no atom meets its own image."""
    return float(1 / np.linalg.norm(np.linalg.inv(frame.cell.array), axis=0).max())
