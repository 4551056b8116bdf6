"""Pairs of similar frames: the difference of their energies, and what their forces say it is.

The mean of both frames' forces, times the displacements, is the difference exactly where the energy is quadratic (trapezoidal rule).
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from ase import Atoms
from ase.geometry import find_mic

MOST_FRAMES = 40
MOST_DISPLACEMENTS = 1_000_000  # of atoms, over all pairs of frames that are compared
LARGEST_DISPLACEMENT_A = 1.0  # of any atom; beyond this the forces say little about the difference


class Pair(NamedTuple):
    """Two frames, by index, and the difference of their energies, second less first.

    from_forces: the same from the forces (in their unit times Å); bound: three standard deviations of what forces of this size explain, if the
    directions of the atoms' are independent
    """

    first: int
    second: int
    difference: float
    from_forces: float
    bound: float


def kind(frame: Atoms) -> Hashable:
    """Equal for frames that can be compared: the same molecule, the same atoms in the same order, the same periodic cell, charge and spin."""
    cell = frame.cell.array[frame.pbc].round(6)
    return frame.info.get("molecule"), frame.numbers.tobytes(), frame.pbc.tobytes(), cell.tobytes(), state(frame)


def state(frame: Atoms) -> Hashable:
    """The charge and spin that a frame states, if it does."""
    return tuple((key, repr(frame.info[key])) for key in sorted(frame.info) if "charge" in key or "spin" in key)


def similar_pairs(first: Sequence[Atoms], second: Sequence[Atoms]) -> list[Pair]:
    """Each frame of `second` with the most similar frame of `first`, among MOST_FRAMES of each (fewer of many atoms).

    Both sequences may be one: then every pair comes once, and no frame with itself. Frames without energy or forces, single atoms, and frames with no
    similar one are left out.
    """
    candidates = _spread(first)
    if first is second:  # successive frames of a trajectory are alike
        candidates = sorted({*candidates, *(i + 1 for i in candidates if i + 1 < len(first))})
    kinds = {i: kind(first[i]) for i in candidates if _is_usable(first[i])}
    pairs: dict[tuple[int, int], Pair] = {}
    for j in _spread(second):
        if not _is_usable(second[j]):
            continue
        of_kind = kind(second[j])
        best, least = None, LARGEST_DISPLACEMENT_A
        for i, kind_of_first in kinds.items():
            if kind_of_first != of_kind or first[i] is second[j]:
                continue
            moved, forces, strength = _displacements(first[i], second[j])
            path = np.linalg.norm(moved, axis=1)
            if (largest := float(path.max())) < least:
                difference = float(second[j].calc.results["energy"]) - float(first[i].calc.results["energy"])
                best, least = Pair(i, j, difference, -float((forces * moved).sum()), 3 * float(np.linalg.norm(strength * path))), largest
        if best and (first is not second or (best.second, best.first) not in pairs):
            pairs[best.first, best.second] = best
    return list(pairs.values())


def _spread(frames: Sequence[Atoms]) -> list[int]:
    most = min(len(frames), MOST_FRAMES, max(3, int((MOST_DISPLACEMENTS / max(map(len, frames), default=1)) ** 0.5)))
    return sorted({int(i) for i in np.linspace(0, len(frames) - 1, most)})


def _is_usable(frame: Atoms) -> bool:
    return len(frame) > 1 and frame.calc is not None and {"energy", "forces"} <= set(frame.calc.results)


def _displacements(first: Atoms, second: Atoms) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Displacements from the first to the second frame and the mean of their forces, [n_atoms, 3], and the larger norms of the forces, [n_atoms].

    A molecule is turned onto the first (Kabsch, Acta Cryst. A 32, 922, 1976).
    """
    forces, others = first.calc.results["forces"], second.calc.results["forces"]
    strength = np.maximum(np.linalg.norm(forces, axis=1), np.linalg.norm(others, axis=1))
    if first.pbc.any():
        moved, _ = find_mic(second.positions - first.positions, first.cell, first.pbc)
        return moved - moved.mean(axis=0), (forces + others) / 2, strength
    start, end = (frame.positions - frame.positions.mean(axis=0) for frame in (first, second))
    u, _, vt = np.linalg.svd(end.T @ start)
    u[:, -1] *= np.sign(np.linalg.det(u @ vt))
    rotation = u @ vt
    return end @ rotation - start, (forces + others @ rotation) / 2, strength
