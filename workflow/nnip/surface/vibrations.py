"""Normal modes of a frame from central differences of a model's forces."""

import numpy as np
from ase import units

from nnip.surface.surface import Surface

# energy of a vibration in eV for an eigenvalue of 1 eV/Å²/u
EV = units._hbar * units.m / np.sqrt(units._e * units._amu)


def hessian_rows(surface: Surface, positions_A: np.ndarray, coordinates: np.ndarray, h_A: float) -> np.ndarray:
    """Rows [k, 3 n_atoms] in eV/Å² of the matrix of second derivatives for k of the 3 n_atoms coordinates: -(F(x + h) - F(x - h)) / 2h."""
    steps = h_A * np.eye(positions_A.size)[coordinates].reshape(-1, *positions_A.shape)
    _, forces = surface.energies_forces(np.concatenate((positions_A + steps, positions_A - steps)))
    ahead, behind = forces.reshape(2, len(coordinates), -1)
    return -(ahead - behind) / (2 * h_A)


def rigid_motions(positions_A: np.ndarray, masses: np.ndarray, rotations: bool) -> np.ndarray:
    """Mass-weighted translations (and rotations) of atoms as columns [3 n_atoms, 3 or 6]; the columns of a linear molecule are dependent."""
    about = positions_A - masses @ positions_A / masses.sum()
    moves = [np.tile(axis, (len(masses), 1)) for axis in np.eye(3)] + ([np.cross(axis, about) for axis in np.eye(3)] if rotations else [])
    return np.stack([(np.sqrt(masses)[:, None] * move).ravel() for move in moves], axis=1)


def wavenumbers(hessian: np.ndarray, positions_A: np.ndarray, masses: np.ndarray, rotations: bool) -> np.ndarray:
    """Wavenumbers in 1/cm of all vibrations, ascending, imaginary ones negative; from the lower triangle of a matrix [3 n_atoms, 3 n_atoms].

    Translations, and rotations where asked for, are projected out. masses: [n_atoms] in u.
    """
    left, sizes, _ = np.linalg.svd(rigid_motions(positions_A, masses, rotations))
    vibrations = left[:, int((sizes > 1e-6 * sizes.max()).sum()) :]
    weights = 1 / np.sqrt(np.repeat(masses, 3))
    eigenvalues = np.linalg.eigvalsh(vibrations.T @ (weights[:, None] * symmetric(hessian) * weights) @ vibrations)
    return np.sign(eigenvalues) * EV * np.sqrt(np.abs(eigenvalues)) / units.invcm


def symmetric(lower: np.ndarray) -> np.ndarray:
    """The symmetric matrix with the lower triangle of another."""
    return np.tril(lower) + np.tril(lower, -1).T
