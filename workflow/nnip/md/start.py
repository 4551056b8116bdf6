"""Whether MD can start from a frame: its bonds, and the rules of failure on it; without torch, so that it is known before any training."""

import numpy as np
from ase import Atoms
from ase.neighborlist import natural_cutoffs, neighbor_list

from nnip.data.stiffness import without_cell
from nnip.jobs.errors import InputError

MULTIPLIER = 1.3


def bonds(frame: Atoms) -> tuple[np.ndarray, np.ndarray]:
    """Pairs closer than 1.3 times the sum of their covalent radii (ASE's natural_cutoffs); InputError if there are none.

    Returns atoms [m, 2] int64, and shifts [m, 3] in Å that bring the second atom beside the first across a periodic boundary.
    """
    i, j, cells = neighbor_list("ijS", without_cell(frame), natural_cutoffs(frame, mult=MULTIPLIER))
    # each pair is listed from both sides; the distance of an atom to its own image never changes
    once = i < j
    if not once.any():
        raise InputError(f"{name_of(frame)} ({frame.symbols}) has no bonds, so 'md.max_bond_A' means nothing: set it to null, and md.min_distance_A")
    return np.stack((i[once], j[once]), axis=1), cells[once] @ frame.cell.array


def name_of(frame: Atoms) -> str:
    """The start frame with its file and number, as far as they are known."""
    return f"the start frame, {frame.info['origin']}," if "origin" in frame.info else "the start frame"


def check_start(frame: Atoms, max_bond_A: float | None, min_distance_A: float | None) -> None:
    """InputError naming the frame and its atoms if MD with these rules of failure (None: no such rule) cannot start from it.

    It cannot if there is no rule, if max_bond_A is given and the frame has no bonds, if min_distance_A is given and the frame has one atom or
    images of one atom closer than that, which no dynamics can change, and if the frame breaks a rule.
    """
    if max_bond_A is None and min_distance_A is None:
        raise InputError("'md.max_bond_A' and 'md.min_distance_A' are both null, so no replica could fail: set at least one")
    at_once = "so every replica would fail at 0 fs"
    if max_bond_A is not None:
        atoms, shifts_A = bonds(frame)
        lengths_A = np.linalg.norm(frame.positions[atoms[:, 1]] + shifts_A - frame.positions[atoms[:, 0]], axis=1)
        if (length_A := lengths_A.max()) > max_bond_A:
            raise InputError(
                f"'md.max_bond_A' is {max_bond_A:g}, but in {name_of(frame)} the bond {_pair(frame, atoms[lengths_A.argmax()])} is {length_A:.3f} Å "
                f"long, {at_once}: set it well above that, to {1.3 * length_A:.1f} say; or, where nothing is bonded (a metal), to null, and "
                "md.min_distance_A instead"
            )
    if min_distance_A is not None:
        if len(frame) < 2:
            raise InputError(f"{name_of(frame)} ({frame.symbols}) has one atom, so no pair that could come too close")
        i, j, apart_A = neighbor_list("ijd", without_cell(frame), min_distance_A)
        if (i == j).any():
            raise InputError(
                f"'md.min_distance_A' is {min_distance_A:g}, but in {name_of(frame)} the images of an atom are {apart_A[i == j].min():.3f} Å apart "
                f"in its small cell, {at_once}: set it below that"
            )
        if len(apart_A):
            closest = apart_A.argmin()
            raise InputError(
                f"'md.min_distance_A' is {min_distance_A:g}, but in {name_of(frame)} the atoms {_pair(frame, sorted((i[closest], j[closest])))} are "
                f"{apart_A[closest]:.3f} Å apart, {at_once}: set it well below that, to {0.6 * apart_A[closest]:.1f} say"
            )


def _pair(frame: Atoms, atoms: list[int] | np.ndarray) -> str:
    return "-".join(f"{frame.symbols[atom]}{atom}" for atom in atoms) + " (counted from 0)"
