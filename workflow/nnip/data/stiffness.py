"""How the force along a bond grows with its length, for each pair of elements: its sign and size are known for right labels."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols, covalent_radii
from ase.neighborlist import natural_cutoffs, neighbor_list
from scipy.stats import linregress

MOST_FRAMES = 60
BOND_MULTIPLIER = 1.3  # of the covalent radii, as in nnip.md.bonds
FEW_FRAMES = 20
MOST_ATOMS = 30_000  # of all these frames together
FEWEST = 10  # bonds of a pair of elements
LEAST_T = 5.0  # slope in units of its standard error
LIGHT = frozenset((1, 6, 7, 8, 9))  # a covalent bond has one of these, and no metal: bulk silicon is softer
NONMETALS = frozenset(chemical_symbols.index(symbol) for symbol in ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I"))
NOBLE = [chemical_symbols.index(symbol) for symbol in ("He", "Ne", "Ar", "Kr", "Xe", "Rn")]


@dataclass(frozen=True)
class Stiffness:
    """The slope of the reduced force along the bonds of two elements against their lengths, in units of force per Å.

    covalent: whether the bond's stiffness is known by its size; certain: whether the slope is far from zero
    """

    name: str
    slope: float
    covalent: bool
    certain: bool


def stiffnesses(frames: Sequence[Atoms]) -> list[Stiffness]:
    """The slopes of all pairs of elements with enough bonds among MOST_FRAMES frames with forces.

    The reduced force is the reduced mass times the relative acceleration along the bond, positive where it pulls together: for a diatomic molecule
    the slope is the force constant. Atoms without bonds, such as argon's, give no slope.
    """
    lengths: dict[tuple[int, int], list[np.ndarray]] = defaultdict(list)
    pulls: dict[tuple[int, int], list[np.ndarray]] = defaultdict(list)
    labelled = [frame for frame in frames if frame.calc is not None and "forces" in frame.calc.results and len(frame) > 1]
    for frame in some(labelled, MOST_FRAMES):
        for pair, length, pull in _bonds(frame):
            lengths[pair].append(length)
            pulls[pair].append(pull)
    found = []
    for pair in sorted(lengths):
        x, y = np.concatenate(lengths[pair]), np.concatenate(pulls[pair])
        if len(x) < FEWEST or np.ptp(x) < 1e-3 or np.ptp(y) == 0:
            continue
        fit = linregress(x, y)
        name = "-".join(sorted(chemical_symbols[number] for number in pair))
        covalent = set(pair) <= NONMETALS and not LIGHT.isdisjoint(pair)
        found.append(Stiffness(name, float(fit.slope), covalent, bool(abs(fit.slope) > LEAST_T * fit.stderr)))
    return found


def _bonds(frame: Atoms) -> Iterator[tuple[tuple[int, int], np.ndarray, np.ndarray]]:
    """Lengths and reduced forces of a frame's bonds, by pair of elements."""
    i, j, length, apart = neighbor_list("ijdD", without_cell(frame), natural_cutoffs(frame, mult=BOND_MULTIPLIER))
    once = (i < j) & (length > 0)
    i, j, length, apart = i[once], j[once], length[once], apart[once]
    masses, forces = frame.get_masses(), frame.calc.results["forces"]
    acceleration = ((forces[i] / masses[i, None] - forces[j] / masses[j, None]) * apart).sum(axis=1) / length
    pull = acceleration * masses[i] * masses[j] / (masses[i] + masses[j])
    low, high = np.minimum(frame.numbers[i], frame.numbers[j]), np.maximum(frame.numbers[i], frame.numbers[j])
    for pair in sorted(set(zip(low.tolist(), high.tolist(), strict=True))):
        of_pair = (low == pair[0]) & (high == pair[1])
        yield pair, length[of_pair], pull[of_pair]


def neighbour_distances(frames: Sequence[Atoms], farthest: float) -> np.ndarray:
    """The distance of each atom's nearest neighbour over the sum of covalent radii; infinity beyond `farthest`, and noble gases are left out."""
    found = [np.empty(0)]
    for frame in some(frames, FEW_FRAMES):
        bonding = without_cell(frame)[~np.isin(frame.numbers, NOBLE)]
        if len(frame) < 2:
            continue
        i, j, length = neighbor_list("ijd", bonding, natural_cutoffs(bonding, mult=farthest))
        radii = covalent_radii[bonding.numbers]
        nearest = np.full(len(bonding), np.inf)
        np.minimum.at(nearest, i, length / (radii[i] + radii[j]))
        found.append(nearest)
    return np.concatenate(found)


def some(frames: Sequence[Atoms], most: int) -> Sequence[Atoms]:
    """About so many frames, evenly spread; fewer if they have many atoms."""
    most = max(1, min(most, MOST_ATOMS // max(map(len, frames), default=1)))
    return frames[:: max(len(frames) // most, 1)]


def without_cell(frame: Atoms) -> Atoms:
    """A bare copy of the frame; a molecule's has no cell, all of which ASE would search."""
    return Atoms(frame.numbers, frame.positions, cell=frame.cell if frame.pbc.any() else None, pbc=frame.pbc)
