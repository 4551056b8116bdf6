"""Random directions in weight space, by either of two definitions."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from nnip.jobs.errors import InputError
from nnip.landscape.weights import weight_vector
from nnip.potentials.base import Potential

MODES = ("isotropic", "paper")
LARGEST_COSINE = 1e-8
MOST_ITERATIONS = 1000


def draw_directions(potential: Potential, mode: str, seeds: Sequence[int], frozen: torch.Tensor | None = None) -> torch.Tensor:
    """One direction per seed, float64 [n_directions, n_weights], by the definition of a mode; InputError for an unknown mode.

    frozen: weights that do not move, bool [n_weights]; every direction is zero there. The other filters (slices, in mode paper) still have the
    norms of the weights, so a displacement t is the same for them as when all weights move.
    """
    if mode == "paper":
        return paper_directions(potential.module, seeds, frozen)
    if mode == "isotropic":
        return isotropic_directions(potential.module, potential.filters(), seeds, frozen)
    raise InputError(f"landscape mode '{mode}' is unknown: one of {', '.join(MODES)}")


def paper_directions(module: torch.nn.Module, seeds: Sequence[int], frozen: torch.Tensor | None = None) -> torch.Tensor:
    """Directions float64 [n_directions, n_weights] as in the paper's released code (ip_explorer at c7a1d7e), one from each seed.

    Draws are uniform in [0, 1). Every slice of a parameter along its first axis is scaled to the norm of the weights' slice. A parameter with one
    axis is therefore scaled number by number, and its part of every direction is |theta|. Directions are not made orthogonal. The norm of each
    is that of the weights that are not frozen (bool [n_weights]).
    """
    theta = _unfrozen(weight_vector(module), frozen)
    directions = []
    for seed in seeds:
        random = np.random.default_rng(seed)
        direction = torch.cat([_slices_scaled(random, parameter.detach().double().cpu()) for parameter in module.parameters()])
        direction = _unfrozen(direction, frozen)
        directions.append(direction * _ratio(theta.norm(), direction.norm()))
    return torch.stack(directions)


def _slices_scaled(random: np.random.Generator, parameter: torch.Tensor) -> torch.Tensor:
    n_slices = parameter.shape[0] if parameter.dim() > 1 else parameter.numel()
    theta = parameter.reshape(n_slices, -1)
    drawn = torch.from_numpy(random.random(theta.shape))
    return (drawn * _ratio(theta.norm(dim=1), drawn.norm(dim=1))[:, None]).reshape(-1)


def _ratio(numerator: torch.Tensor, denominator: torch.Tensor) -> torch.Tensor:
    """numerator / denominator; zero where the denominator is zero."""
    return torch.where(denominator > 0, numerator / denominator, 0.0)


def _unfrozen(vector: torch.Tensor, frozen: torch.Tensor | None) -> torch.Tensor:
    return vector if frozen is None else torch.where(frozen, 0.0, vector)


def isotropic_directions(
    module: torch.nn.Module, filters: Mapping[str, torch.Tensor], seeds: Sequence[int], frozen: torch.Tensor | None = None
) -> torch.Tensor:
    """Gaussian directions float64 [n_directions, n_weights], both filter-normalised and mutually orthogonal; one from each seed.

    Every filter of a direction has the norm of the weights' filter (Li et al. 2018, arXiv:1712.09913). All pairwise cosines are below 1e-8:
    each iteration subtracts half of every overlap and scales the filters again. A filter of a single number could only change sign and is set
    to zero, as Li et al. do with biases. Filters whose weights are all zero and frozen weights (bool [n_weights]) are zero too.

    filters: Potential.filters(). InputError if that many orthogonal directions with these filter norms cannot exist, or are not found.
    """
    theta = _unfrozen(weight_vector(module), frozen)
    ids = _filter_of_weight(module, filters)
    sizes = torch.bincount(ids)
    targets = torch.where(sizes > 1, _filter_norms(theta[None], ids)[0], 0.0)
    _check_possible(len(seeds), sizes, targets)
    directions = torch.stack([torch.from_numpy(np.random.default_rng(seed).standard_normal(len(theta))) for seed in seeds])
    directions = _filters_scaled(directions, ids, targets)
    for _ in range(MOST_ITERATIONS):
        overlaps = directions @ directions.T / targets.pow(2).sum()
        overlaps.fill_diagonal_(0)
        if overlaps.abs().max() < LARGEST_COSINE:
            return directions
        directions = _filters_scaled(directions - 0.5 * overlaps @ directions, ids, targets)
    raise InputError(
        f"{len(seeds)} directions could not be made orthogonal with the filter norms of this model in {MOST_ITERATIONS} iterations"
        f" (largest cosine {overlaps.abs().max():.1e}): lower 'landscape.n_directions'"
    )


def _filter_of_weight(module: torch.nn.Module, filters: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """The filter of each weight of the vector, numbered through all parameters, int64 [n_weights]."""
    parts, n_filters = [], 0
    for name, parameter in module.named_parameters():
        if name not in filters or filters[name].shape != parameter.shape:
            raise InputError(f"the potential's filters do not cover parameter '{name}' {tuple(parameter.shape)}")
        parts.append(filters[name].cpu().reshape(-1) + n_filters)
        n_filters = int(parts[-1].max()) + 1
    return torch.cat(parts)


def _filter_norms(vectors: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    squares = torch.zeros(len(vectors), int(ids.max()) + 1, dtype=torch.float64)
    return squares.index_add_(1, ids, vectors.pow(2)).sqrt()


def _filters_scaled(directions: torch.Tensor, ids: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return directions * _ratio(targets, _filter_norms(directions, ids))[:, ids]


def _check_possible(n_directions: int, sizes: torch.Tensor, targets: torch.Tensor) -> None:
    """InputError if a filter is too small for its share of the norm.

    n orthonormal vectors have components in a filter of m numbers. The squared norms of these components sum to at most m (Bessel's inequality).
    """
    shares = targets.pow(2) / targets.pow(2).sum()
    if not shares.isfinite().all():
        raise InputError("the model has no filter of more than one number with non-zero, finite weights: it has no isotropic directions")
    most = int((sizes / shares)[targets > 0].min() + 1e-9)
    if n_directions > most:
        raise InputError(f"'landscape.n_directions' is {n_directions}, but this model's filters allow at most {most} orthogonal directions")


def cosines(directions: torch.Tensor) -> torch.Tensor:
    """Cosines between directions, float64 [n_directions, n_directions]."""
    units = directions / directions.norm(dim=1, keepdim=True)
    return units @ units.T
