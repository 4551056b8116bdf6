"""The model: every pair of two elements has a function of the distance, a sum of Bessel functions that ends smoothly at the cutoff."""

import math
from collections.abc import Sequence

import torch


class PairNetwork(torch.nn.Module):
    """Energies linear in factors [n_bessel, pairs of elements] in eV."""

    def __init__(self, numbers: Sequence[int], cutoff_A: float, n_bessel: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.numbers = list(numbers)
        self.cutoff_A = cutoff_A
        kinds = torch.full((len(numbers), len(numbers)), -1)
        first, second = torch.triu_indices(len(numbers), len(numbers))
        kinds[first, second] = kinds[second, first] = torch.arange(len(first))
        self.register_buffer("kinds", kinds)
        self.register_buffer("frequencies", math.pi * torch.arange(1, n_bessel + 1, dtype=dtype) / cutoff_A)
        self.factors = torch.nn.Parameter(torch.zeros(n_bessel, len(first), dtype=dtype))

    def forward(self, positions: torch.Tensor, types: torch.Tensor, edge_index: torch.Tensor, shifts: torch.Tensor) -> torch.Tensor:
        """Energies [n_atoms] in eV; each of the two directed pairs (edge_index [2, m], shifts [m, 3] in Å) gives its first atom half."""
        i, j = edge_index
        distances = (positions[j] + shifts - positions[i]).norm(dim=-1)[:, None]
        functions = torch.sin(self.frequencies * distances) / distances * (1 - distances / self.cutoff_A) ** 2
        energies = (functions * self.factors.T[self.kinds[types[i], types[j]]]).sum(dim=1) / 2
        return torch.zeros_like(positions[:, 0]).index_add(0, i, energies)
