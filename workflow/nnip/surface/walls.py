"""Pairs of atoms pushed closer than they ever are: whether a model's surface has a wall there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.geometry import get_distances
from ase.neighborlist import neighbor_list
from scipy.sparse import coo_array
from scipy.sparse.csgraph import shortest_path

from nnip.surface.barriers import Bond, bonds_of
from nnip.surface.scatter import jackknife_ratio
from nnip.surface.stretching import pair_weights, radial_force, stretched
from nnip.surface.surface import Surface

REACH_A = 5.0
CLOSEST_THIRD_A = 0.9
BONDS_BETWEEN = 3
# of the sum of the covalent radii: no bond is at rest below (N2: 0.77, CO: 0.79, C-C of acetylene: 0.79, H2: 1.2)
INSIDE = 0.75


@dataclass(frozen=True)
class Push:
    """A pair that is pushed together, and whether it is bonded."""

    pair: Bond
    bonded: bool


def pushes(frame: Atoms, positions_A: np.ndarray, bonded: bool, n_pairs: int, distances_A: np.ndarray) -> list[Push]:
    """The bonds of a frame (if it has bonds), and its n_pairs nearest pairs of atoms with BONDS_BETWEEN bonds or more between them.

    Pairs are chosen in the frame, so that they are the same for all models; their vectors are those at positions [n_atoms, 3]. A pair that meets a
    third atom on its way (closer than CLOSEST_THIRD_A at the first or last of the distances) is left out.
    """
    bonds = bonds_of(frame, positions_A) if bonded else []
    far = _many_bonds_between(len(frame), [bond.atoms for bond in bonds])
    i, j, cells, lengths = neighbor_list("ijSd", frame, REACH_A)
    found: list[Bond] = []
    for place in np.argsort(lengths, kind="stable"):
        first, second, shift = int(i[place]), int(j[place]), cells[place] @ frame.cell.array
        if first < second and far[first, second] and len(found) < n_pairs:
            apart = frame.positions[second] + shift - frame.positions[first]
            if _free(frame, Bond((first, second), apart, pair_weights(len(frame), first, second)), distances_A[[0, -1]]):
                found.append(Bond((first, second), positions_A[second] + shift - positions_A[first], pair_weights(len(frame), first, second)))
    return [Push(bond, True) for bond in bonds] + [Push(pair, False) for pair in found]


def _many_bonds_between(n_atoms: int, bonds: Sequence[tuple[int, int]]) -> np.ndarray:
    """Whether two atoms [n_atoms, n_atoms] have BONDS_BETWEEN bonds or more between them, or are not connected."""
    if not bonds:
        return np.ones((n_atoms, n_atoms), dtype=bool)
    graph = coo_array((np.ones(len(bonds)), np.array(bonds).T), shape=(n_atoms, n_atoms))
    return shortest_path(graph.tocsr(), directed=False, unweighted=True) >= BONDS_BETWEEN


def _free(frame: Atoms, pair: Bond, distances_A: np.ndarray) -> bool:
    """Whether no third atom is in the way at these distances of a pair."""
    others = np.delete(np.arange(len(frame)), pair.atoms)
    if not len(others):
        return True
    for moved in stretched(frame.positions, pair.weights, pair.apart_A, distances_A):
        if get_distances(moved[list(pair.atoms)], moved[others], cell=frame.cell, pbc=frame.pbc)[1].min() < CLOSEST_THIRD_A:
            return False
    return True


def wall(surface: Surface, positions_A: np.ndarray, start_eV: float, push: Push, distances_A: np.ndarray) -> dict[str, Any]:
    """A row of table repulsion_pairs: a pair at those of the distances at which it must repel; positions_A [n_atoms, 3] have the energy start_eV.

    These are below its own distance there, and at most INSIDE times the sum of its covalent radii.
    """
    (i, j), symbols, pair = push.pair.atoms, surface.frame.symbols, push.pair
    inside_A = INSIDE * covalent_radii[surface.frame.numbers[[i, j]]].sum()
    pushed = distances_A[(distances_A < pair.length_A) & (distances_A <= inside_A)]
    row = {"atom_i": i, "atom_j": j, "element_i": symbols[i], "element_j": symbols[j], "bonded": push.bonded, "n_distances": len(pushed)}
    if not len(pushed):
        return row | {"n_attracting": 0}
    energies, forces = surface.energies_forces(stretched(positions_A, pair.weights, pair.apart_A, pushed))
    radial = radial_force(forces, pair.weights, pair.apart_A)
    if not (np.isfinite(energies).all() and np.isfinite(radial).all()):
        return row | {"reason": "an energy or force is not finite"}
    return row | {"n_attracting": int((radial < 0).sum()), "lowest_energy_eV": float(energies.min() - start_eV)}


def summary(pairs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Columns of table repulsion from the rows of repulsion_pairs; values are blank if one of them has none."""
    counted = [pair for pair in pairs if pair["n_distances"]]
    row: dict[str, Any] = {"n_pairs": len(counted)}
    if undefined := next((pair for pair in counted if "reason" in pair), None):
        return row | {"reason": f"{undefined['element_i']}{undefined['atom_i']}-{undefined['element_j']}{undefined['atom_j']}: {undefined['reason']}"}
    if not counted:
        return row | {"reason": f"no pair of atoms within {REACH_A:g} A that could be pushed together"}
    attracting, distances = (np.array([pair[name] for pair in counted], dtype=float) for name in ("n_attracting", "n_distances"))
    share, error = jackknife_ratio(attracting, distances)
    return row | {"attracting": share, "attracting_error": error, "lowest_energy_eV": min(pair["lowest_energy_eV"] for pair in counted)}
