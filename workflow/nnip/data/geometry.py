"""Frames whose geometry is impossible are refused: a cell without volume, atoms on one another, positions that are not in Å."""

from collections.abc import Iterable, Sequence

import ase.geometry
import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.geometry.minkowski_reduction import minkowski_reduce
from scipy.spatial import cKDTree

from nnip.jobs.errors import InputError

CLOSEST_A = 0.3
CLOSEST = 0.25  # of the sum of covalent radii; pairs in training sets for repulsion at short range reach 0.4
FLATTEST = 1e-6  # volume of the periodic vectors over the product of their lengths
SHORTEST_CELL_A = 1.0  # hydrogen's atoms are 1 Å apart at the pressures of a planet's core
UNITS = "positions and Lattice should be in Å, not in nm or in fractions of the cell"


def check(splits: Iterable[tuple[str, Sequence[Atoms]]]) -> None:
    """InputError naming split, frame and atoms for the first frame whose geometry no matter has; frames have info["origin"]."""
    shortest: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
    for split, frames in splits:
        for frame in frames:
            where = f"{split}: {frame.info['origin']}"
            key = frame.cell.array.tobytes() + frame.pbc.tobytes()
            if key not in shortest:
                shortest[key] = check_cell(frame, where)
            check_distances(frame, *shortest[key], where)


def check_cell(frame: Atoms, where: str) -> tuple[np.ndarray, np.ndarray]:
    """The reduced periodic vectors and their completion [3, 3], with which of them are periodic; InputError if they span nothing or are too short."""
    pbc = frame.pbc
    periodic = frame.cell.array[pbc]
    lengths = np.linalg.norm(periodic, axis=1)
    if not pbc.any():
        return np.eye(3), pbc
    volume = np.sqrt(max(np.linalg.det(periodic @ periodic.T), 0.0))
    if not volume > FLATTEST * lengths.prod():
        words = " and ".join(str([float(f"{x:.6g}") for x in vector]) for vector in periodic)
        raise InputError(
            f"{where}: the periodic cell vectors {words} Å span no {('length', 'area', 'volume')[len(periodic) - 1]}; correct Lattice or pbc"
        )
    cell = ase.geometry.complete_cell(np.where(pbc[:, None], frame.cell.array, 0.0))
    reduced, _ = minkowski_reduce(cell, pbc)
    if (shortest := np.linalg.norm(reduced[pbc], axis=1).min()) < SHORTEST_CELL_A:
        raise InputError(f"{where}: the cell repeats every {shortest:.3g} Å, closer than any two atoms are; {UNITS}")
    return reduced, pbc


def check_distances(frame: Atoms, cell: np.ndarray, pbc: np.ndarray, where: str) -> None:
    """InputError for two atoms closer than CLOSEST_A or CLOSEST of the sum of their covalent radii, periodic images included."""
    radii = covalent_radii[frame.numbers]
    reach = max(CLOSEST_A, 2 * CLOSEST * float(radii.max()))
    positions, atoms = with_images(frame.positions, cell, pbc, reach)
    pairs = cKDTree(positions).query_pairs(reach, output_type="ndarray")
    first, second = atoms[pairs[:, 0]], atoms[pairs[:, 1]]
    distances = np.linalg.norm(positions[pairs[:, 0]] - positions[pairs[:, 1]], axis=1)
    allowed = np.maximum(CLOSEST_A, CLOSEST * (radii[first] + radii[second]))
    if not (distances < allowed).any():
        return
    worst = int(np.argmin(distances / allowed))
    i, j = sorted((int(first[worst]), int(second[worst])))
    inside = i != j and np.linalg.norm(frame.positions[i] - frame.positions[j]) <= distances[worst] + 1e-6
    apart = "at the same place" if distances[worst] < 1e-3 else f"{distances[worst]:.3g} Å apart"
    border = "" if inside else " across the cell's border"
    names = f"atoms {i} ({frame.symbols[i]}) and {j} ({frame.symbols[j]}) are" if i != j else f"atom {i} ({frame.symbols[i]}) and its image are"
    raise InputError(f"{where}: {names} {apart}{border}, closer than {allowed[worst]:.2g} Å; {UNITS}")


def with_images(positions: np.ndarray, cell: np.ndarray, pbc: np.ndarray, reach_A: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions wrapped into the cell, followed by those of images within reach of it, [n, 3], and the atom each belongs to."""
    atoms = np.arange(len(positions))
    if not pbc.any():
        return positions, atoms
    inverse = np.linalg.inv(cell)
    scaled = positions @ inverse
    scaled[:, pbc] -= np.floor(scaled[:, pbc])
    margins = reach_A * np.linalg.norm(inverse, axis=0)
    for axis in np.flatnonzero(pbc):
        shifts = range(-int(np.ceil(margins[axis])), int(np.ceil(margins[axis])) + 1)
        moved = [(scaled + shift * np.eye(3)[axis], atoms) for shift in shifts if shift]
        near = [(part[keep], of[keep]) for part, of in moved for keep in [(part[:, axis] > -margins[axis]) & (part[:, axis] < 1 + margins[axis])]]
        scaled = np.concatenate([scaled, *(part for part, _ in near)])
        atoms = np.concatenate([atoms, *(of for _, of in near)])
    return scaled @ cell, atoms


def without_needless_vectors(frame: Atoms) -> None:
    """Set the vectors of open directions to zero if they lie in the span of the others: frameworks invert the whole cell."""
    if np.linalg.matrix_rank(frame.cell.array, tol=1e-6) < np.any(frame.cell.array, axis=1).sum():
        frame.cell[~frame.pbc] = 0.0
