"""How atoms move when one pair of them is stretched: a fragment as a whole, or the two atoms alone."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def bond_weights(n_atoms: int, bonds: np.ndarray) -> np.ndarray:
    """Weights [m, n_atoms] of m bonds [m, 2] of a molecule: how far each atom moves along a bond (i, j) that becomes 1 Å longer.

    A bond in no ring separates the molecule into two rigid fragments: the one with j moves by 1, the other stays. In a ring there are no such
    fragments: i moves by -1/2 and j by 1/2, all other atoms stay.
    """
    return np.array([_weights(n_atoms, bond, np.delete(bonds, place, axis=0)) for place, bond in enumerate(bonds)])


def _weights(n_atoms: int, bond: np.ndarray, others: np.ndarray) -> np.ndarray:
    fragment = connected_components(coo_array((np.ones(len(others)), others.T), shape=(n_atoms, n_atoms)), directed=False)[1]
    first, second = bond
    return pair_weights(n_atoms, first, second) if fragment[first] == fragment[second] else (fragment == fragment[second]).astype(float)


def pair_weights(n_atoms: int, first: int, second: int) -> np.ndarray:
    """Weights [n_atoms] of a pair of atoms that move symmetrically while all others stay."""
    weights = np.zeros(n_atoms)
    weights[first], weights[second] = -0.5, 0.5
    return weights


def stretched(positions_A: np.ndarray, weights: np.ndarray, apart_A: np.ndarray, lengths_A: np.ndarray) -> np.ndarray:
    """Positions [k, n_atoms, 3] in which a pair that is apart by the vector apart_A has each of k lengths; positions_A: [n_atoms, 3]."""
    length = np.linalg.norm(apart_A)
    return positions_A + (lengths_A[:, None, None] - length) * weights[:, None] * (apart_A / length)


def radial_force(forces_eV_per_A: np.ndarray, weights: np.ndarray, apart_A: np.ndarray) -> np.ndarray:
    """-dE/d(length) in eV/Å [k] from forces [k, n_atoms, 3] of stretched frames; positive: the pair repels."""
    return np.einsum("kac,a,c->k", forces_eV_per_A, weights, apart_A / np.linalg.norm(apart_A))
