"""Neighbour pairs of many copies of one structure at once, on the device of the positions."""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import ase.geometry
import numpy as np
import torch

from nnip.jobs.errors import InputError


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
    n_atoms = positions_A.shape[1]
    device = positions_A.device
    usable = positions_A.isfinite().all(dim=-1).all(dim=-1)[:, None, None]
    cell, images = _images(cutoff_A, cell_A, pbc)
    origins = _home_cells(positions_A, cell, pbc)
    home = positions_A - _times(origins, cell)
    difference = home[:, None, :, :] - home[:, :, None, :]  # [copy, i, j]: from i to j
    different = ~torch.eye(n_atoms, dtype=torch.bool, device=device)
    edges, shifts = [], []
    for image in images:
        offset = torch.tensor(image, dtype=torch.float64, device=device)
        close = (difference + _times(offset, cell)).pow(2).sum(dim=-1) < cutoff_A**2
        close &= usable
        if not any(image):
            close &= different
        copy, i, j = close.nonzero(as_tuple=True)
        edges.append(torch.stack((copy * n_atoms + i, copy * n_atoms + j)))
        shifts.append(offset - origins[copy, j] + origins[copy, i])
    edge_index, cell_shifts = torch.cat(edges, dim=1), torch.cat(shifts)
    if len(images) > 1:
        order = edge_index[0].argsort(stable=True)
        edge_index, cell_shifts = edge_index[:, order], cell_shifts[order]
    return Neighbours(edge_index, cell_shifts.round().long(), _times(cell_shifts, cell))


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
    if not any(pbc):
        return torch.zeros_like(positions_A)
    periodic = torch.tensor(pbc, device=positions_A.device)
    return torch.where(periodic, _times(positions_A, torch.linalg.inv(cell)).floor(), 0.0)
