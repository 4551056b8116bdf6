"""Neighbour pairs of many copies of one structure at once, on the device of the positions.

Few atoms: all pairs of all images, of all copies together. Many: a cell list (matscipy), copy by copy on the CPU, whose time and memory grow with
the number of pairs found.
"""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import ase.geometry
import numpy as np
import torch
from matscipy.neighbours import neighbour_list

from nnip.jobs.errors import InputError

# Pairs to compare for one copy, n_atoms^2 times images, from which on the cell list is used, by kind of device. On one CPU core with 30 copies the
# cell list is 1.5 times as fast at 1,000 (32 atoms without a cell), 4 times at 12,000 (108 atoms) and 8 times at 28,000 (32 atoms, 27 images). A GPU
# compares pairs faster than a CPU core finds them: its number only bounds the memory (1,000 atoms without a cell) and is not measured.
MANY_PAIRS = {"cpu": 10_000, "cuda": 1_000_000}
MOST_BINS = 30  # of the cell list in each direction without pbc
LOST_A = 1e12  # float64 has no digits left for the distances of an atom so far away


class Neighbours(NamedTuple):
    """m directed pairs (i, j): atom j, moved by the shift, lies within the cutoff of atom i.

    edge_index:  [2, m] int64, i and j, numbered through all copies (copy * n_atoms + atom)
    cell_shifts: [m, 3] int64, the shift of j in cell vectors
    shifts_A:    [m, 3] float64, the same in Å: the pair's vector is positions[j] + shifts_A - positions[i]
    """

    edge_index: torch.Tensor
    cell_shifts: torch.Tensor
    shifts_A: torch.Tensor


def find_neighbours(positions_A: torch.Tensor, cutoff_A: float, cell_A: torch.Tensor | None = None, pbc: Sequence[bool] = (False,) * 3) -> Neighbours:
    """All pairs closer than the cutoff in positions float64 [n, n_atoms, 3] of n copies that share one cell [3, 3] (rows) or have none.

    Directions with pbc are repeated as often as the cutoff needs, so the cell may be smaller than the cutoff and atoms may be outside the cell.
    Pairs are ordered by i. Copies with a non-finite number have none. The pairs of a copy and their order do not depend on the other copies.
    InputError if the periodic cell vectors span no cell.
    """
    cell, images = _images(cutoff_A, cell_A, pbc)
    origins = _home_cells(positions_A, cell, pbc) if any(pbc) else None
    home = positions_A if origins is None else positions_A - _times(origins, cell)
    many = positions_A.shape[1] ** 2 * len(images) >= MANY_PAIRS[positions_A.device.type]
    edge_index, shifts = _by_cell_list(home, cutoff_A, cell, pbc) if many else _by_all_pairs(home, cutoff_A, cell, images)
    if origins is None:
        return Neighbours(edge_index, torch.zeros_like(shifts, dtype=torch.int64), torch.zeros_like(shifts))
    moved = origins.reshape(-1, 3)
    cell_shifts = shifts - moved[edge_index[1]] + moved[edge_index[0]]
    return Neighbours(edge_index, cell_shifts.round().long(), _times(cell_shifts, cell))


def _by_all_pairs(home: torch.Tensor, cutoff_A: float, cell: torch.Tensor, images: list[tuple[int, ...]]) -> tuple[torch.Tensor, torch.Tensor]:
    """edge_index [2, m] and shifts float64 [m, 3] of positions [n, n_atoms, 3] in the home cell.

    Coordinates are apart: the search takes a quarter of the time that sums over three numbers side by side take (31 copies of 27 atoms, a CPU).
    """
    n_atoms = home.shape[1]
    usable = home.isfinite().flatten(1).all(dim=1)[:, None, None]
    differences = [x[:, None, :] - x[:, :, None] for x in home.unbind(dim=-1)]  # [copy, i, j]: from i to j
    edges, shifts = [], []
    for image in images:
        offset = torch.tensor(image, dtype=torch.float64, device=home.device)
        moved = [x + by for x, by in zip(differences, _times(offset, cell), strict=True)] if any(image) else differences
        close = (moved[0] * moved[0] + moved[1] * moved[1] + moved[2] * moved[2]) < cutoff_A**2
        close &= usable
        if not any(image):
            close.diagonal(dim1=1, dim2=2).fill_(False)
        place = close.flatten().nonzero()[:, 0]
        atom = place // n_atoms  # numbered through all copies
        edges.append(torch.stack((atom, place - (atom - atom // n_atoms) * n_atoms)))
        shifts.append(offset.expand(len(place), 3))
    edge_index, shift = torch.cat(edges, dim=1), torch.cat(shifts)
    if len(images) > 1:
        order = edge_index[0].argsort(stable=True)
        edge_index, shift = edge_index[:, order], shift[order]
    return edge_index, shift


def _by_cell_list(home: torch.Tensor, cutoff_A: float, cell: torch.Tensor, pbc: Sequence[bool]) -> tuple[torch.Tensor, torch.Tensor]:
    """As _by_all_pairs."""
    n_atoms, copies = home.shape[1], home.cpu().numpy()
    edges, shifts = [np.empty((2, 0), np.int64)], [np.empty((0, 3))]
    for copy in (np.abs(copies) < LOST_A).all(axis=(1, 2)).nonzero()[0]:
        origin, spanned = _around(copies[copy], cell.numpy(), pbc, MOST_BINS * cutoff_A)
        where = {"positions": copies[copy], "cell": spanned, "pbc": np.array(pbc), "cell_origin": origin}
        i, j, shift = neighbour_list("ijS", cutoff=cutoff_A, **where)
        edges.append(np.stack((i, j)).astype(np.int64) + copy * n_atoms)
        shifts.append(shift.astype(np.float64))
    return torch.from_numpy(np.concatenate(edges, axis=1)).to(home.device), torch.from_numpy(np.concatenate(shifts)).to(home.device)


def _around(positions: np.ndarray, cell: np.ndarray, pbc: Sequence[bool], most_A: float) -> tuple[np.ndarray, np.ndarray]:
    """Origin [3] and vectors [3, 3] of a cell that spans all atoms [n, 3], but at most most_A, in the directions without pbc (given as 1 Å).

    Atoms outside it share the bins at its border: right, but slow. A cell up to an atom that has flown off would have too many bins.
    """
    numbers = positions @ np.linalg.inv(cell)
    low, extent = numbers.min(axis=0), np.ptp(numbers, axis=0)
    low = np.where(extent > most_A, np.median(numbers, axis=0) - most_A / 2, low)
    fixed = np.array(pbc)
    return np.where(fixed, 0.0, low) @ cell, cell * np.where(fixed, 1.0, np.clip(extent, 1.0, most_A))[:, None]


def _times(numbers: torch.Tensor, cell: torch.Tensor) -> torch.Tensor:
    """Numbers of cell vectors [..., 3] in Å, summed element by element: the rounding in a matrix product may depend on the number of rows."""
    cell = cell.to(numbers.device)
    return numbers[..., 0, None] * cell[0] + numbers[..., 1, None] * cell[1] + numbers[..., 2, None] * cell[2]


def _images(cutoff_A: float, cell_A: torch.Tensor | None, pbc: Sequence[bool]) -> tuple[torch.Tensor, list[tuple[int, ...]]]:
    """The cell, completed along the directions without pbc, and the images of the home cell within the cutoff."""
    if not any(pbc):
        return torch.eye(3, dtype=torch.float64), [(0, 0, 0)]
    if cell_A is None:
        raise InputError("a periodic structure needs a cell, but has none")
    given = np.array(cell_A.tolist())
    periodic = np.array(pbc)
    if np.linalg.matrix_rank(given[periodic], tol=1e-6) < periodic.sum():
        raise InputError(f"the periodic cell vectors {given[periodic].tolist()} (Å) span no cell")
    cell = ase.geometry.complete_cell(np.where(periodic[:, None], given, 0.0))
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    # home positions differ by less than one cell vector in each direction, so images further than this are out of reach
    reach = [math.ceil(cutoff_A / height) if repeated else 0 for height, repeated in zip(heights, pbc, strict=True)]
    return torch.tensor(cell), list(itertools.product(*(range(-number, number + 1) for number in reach)))


def _home_cells(positions_A: torch.Tensor, cell: torch.Tensor, pbc: Sequence[bool]) -> torch.Tensor:
    """The cell each atom is in: whole numbers, float64 like the positions; zero in directions without pbc."""
    periodic = torch.tensor(pbc, device=positions_A.device)
    return torch.where(periodic, _times(positions_A, torch.linalg.inv(cell)).floor(), 0.0)
