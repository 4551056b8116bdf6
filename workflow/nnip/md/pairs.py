"""Distances between all pairs of atoms of many replicas at once, across periodic boundaries."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from ase import Atoms
from ase.geometry import complete_cell


@dataclass(frozen=True)
class Pairs:
    """All m = n_atoms (n_atoms - 1) / 2 pairs: atoms [m, 2] int64, and the data for the nearest image of the second atom.

    cell_A, inverse: [3, 3] float64 (rows are cell vectors) and its inverse; periodic: [3] float64, 1 along directions with pbc, else 0
    offsets_A:       [k, 3] float64, offsets from the image found by rounding to images that may be closer than reach_A; the first is zero
    reach_A:         distances below it are exact; a larger one may belong to an image that is not the nearest
    """

    atoms: torch.Tensor
    cell_A: torch.Tensor
    inverse: torch.Tensor
    periodic: torch.Tensor
    offsets_A: torch.Tensor
    reach_A: float

    def lengths_A(self, positions_A: torch.Tensor) -> torch.Tensor:
        """Distances [n, m] of positions [n, n_atoms, 3], wrapped into the cell or not."""
        apart = positions_A[:, self.atoms[:, 1]] - positions_A[:, self.atoms[:, 0]]
        if self.periodic.any():
            apart = apart - _times((_times(apart, self.inverse) * self.periodic).round(), self.cell_A)
        lengths = apart.norm(dim=-1)
        for offset in self.offsets_A[1:]:
            lengths = torch.minimum(lengths, (apart + offset).norm(dim=-1))
        return lengths


def find_pairs(frame: Atoms, reach_A: float, device: torch.device | str = "cpu") -> Pairs:
    """All pairs of a frame, with distances that are exact up to reach_A; the cell may be smaller than that."""
    periodic = np.array(frame.pbc, dtype=bool)
    cell = complete_cell(np.where(periodic[:, None], frame.cell.array, 0.0)) if periodic.any() else np.eye(3)
    heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    # after rounding a vector spans at most half a cell vector in each direction, so an image k cells away is at least k - 1/2 heights away
    reach = [max(math.ceil(reach_A / height - 0.5), 0) for height in heights]
    offsets = sorted((image @ cell for image in _images(reach, periodic)), key=np.linalg.norm)

    def tensor(numbers: np.ndarray) -> torch.Tensor:
        return torch.tensor(numbers, dtype=torch.float64, device=device)

    atoms = torch.tensor(np.stack(np.triu_indices(len(frame), 1), axis=1), device=device)
    return Pairs(atoms, tensor(cell), tensor(np.linalg.inv(cell)), tensor(periodic), tensor(np.array(offsets)), reach_A)


def _images(reach: Sequence[int], periodic: np.ndarray) -> Iterator[np.ndarray]:
    """Whole numbers of cell vectors [3], from -reach to reach along periodic directions."""
    for image in itertools.product(*(range(-n, n + 1) if p else (0,) for n, p in zip(reach, periodic, strict=True))):
        yield np.array(image)


def _times(numbers: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """numbers [..., 3] @ matrix [3, 3], element by element: the rounding in a matrix product may depend on the number of rows."""
    return numbers[..., 0, None] * matrix[0] + numbers[..., 1, None] * matrix[1] + numbers[..., 2, None] * matrix[2]
