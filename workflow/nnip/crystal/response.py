"""The response of a perfect crystal to small displacements of an atom and to small strains."""

from collections.abc import Iterator

import numpy as np
from ase import Atoms

STRAINS = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))  # Voigt's order


def displaced(crystal: Atoms, h_A: float) -> Iterator[Atoms]:
    """The crystal with its first atom moved by +h and by -h along x, y and z."""
    for axis in range(3):
        for sign in (1, -1):
            frame = crystal.copy()
            frame.positions[0, axis] += sign * h_A
            yield frame


def strained(crystal: Atoms, strain: float) -> Iterator[Atoms]:
    """The crystal under +strain and -strain of each component of a symmetric tensor, in Voigt's order."""
    for i, j in STRAINS:
        for sign in (1, -1):
            tensor = np.eye(3)
            tensor[i, j] += sign * strain
            tensor[j, i] = tensor[i, j]
            frame = crystal.copy()
            frame.set_cell(frame.cell.array @ tensor, scale_atoms=True)
            yield frame


def force_constants(forces_eV_per_A: np.ndarray, h_A: float) -> np.ndarray:
    """Phi(a; j b) = -(F_jb(+h e_a) - F_jb(-h e_a)) / 2h, [3, n_atoms, 3] in eV/Å², from forces [6, n_atoms, 3] on the frames of `displaced`."""
    return -(forces_eV_per_A[0::2] - forces_eV_per_A[1::2]) / (2 * h_A)


def elastic_constants_eV_per_A3(stresses: np.ndarray, strain: float) -> dict[str, float]:
    """C11 and C44 of a cubic crystal in eV/Å³ from stresses [12, 3, 3] of the frames of `strained`, as means over the axes."""
    slopes = (stresses[0::2] - stresses[1::2]) / (2 * strain)
    along = [float(slopes[k, i, j]) for k, (i, j) in enumerate(STRAINS)]
    return {"C11": float(np.mean(along[:3])), "C44": float(np.mean(along[3:]) / 2)}
