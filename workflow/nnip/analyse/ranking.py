"""How often a predictor names the training that lives longer: concordance with the censored times, and rank correlations with their means.

All are over pairs of trainings of one framework, so that frameworks can be taken together without being compared.
"""

from dataclasses import dataclass

import numpy as np

from nnip.analyse.bootstrap import FEWEST
from nnip.analyse.trainings import REPLICA_DRAWS, Trainings

MEASURES = ("concordance", "spearman", "kendall")


def above(x: np.ndarray) -> np.ndarray:
    """1 where x_i > x_j, one half where they are equal, 0 else and where one is nan, [..., n, n]."""
    with np.errstate(invalid="ignore"):
        return (x[..., :, None] > x[..., None, :]) + 0.5 * (x[..., :, None] == x[..., None, :])


@dataclass(frozen=True)
class Resamples:
    """Resamples of trainings and replicas, the same for every predictor.

    weights: [m, n]; longer: pairs of replicas, weighted, [m, n, n]; above: of the log lives, [m, n, n].
    """

    weights: np.ndarray
    longer: np.ndarray
    above: np.ndarray

    @classmethod
    def of(cls, trainings: Trainings, m: int, rng: np.random.Generator) -> "Resamples":
        """m resamples of models, seeds and replicas."""
        weights = trainings.resamples(m, rng)
        counts = trainings.replica_counts(min(m, REPLICA_DRAWS), rng)
        which = np.arange(m) % len(counts)
        pairs = (weights[:, :, None] * weights[:, None, :]).astype(np.float32)
        return cls(weights, trainings.longer(counts)[which] * pairs, above(trainings.log_lives(counts))[which].astype(np.float32))

    @classmethod
    def observed(cls, trainings: Trainings) -> "Resamples":
        """The data themselves, as one resample."""
        return cls(np.ones((1, trainings.n)), trainings.longer()[None], above(trainings.log_lives())[None])


def concordance(longer: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Harrell's index: share of the pairs `longer` [m, n, n] that `predicted` [n, n] (of `above`) has in the same order, [m]."""
    known = (predicted + predicted.T > 0).astype(float)
    flat = longer.reshape(len(longer), -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (flat @ predicted.ravel()) / (flat @ known.ravel())


def spearman(trainings: Trainings, weights: np.ndarray, predicted: np.ndarray, lived: np.ndarray) -> np.ndarray:
    """Spearman's correlation of ranks within the frameworks, each framework's ranks from 0 to 1, [m].

    weights: [m, n]; predicted: [n, n] and lived: [m, n, n], of `above`.
    """
    known = np.diag(predicted) > 0
    weights = weights * known
    covariance = np.zeros((3, len(weights)))
    for framework in np.unique(trainings.framework):
        inside = trainings.framework == framework
        w = weights[:, inside]
        total = np.maximum(w.sum(axis=1, keepdims=True), 1)
        x = w @ predicted[np.ix_(inside, inside)].T / total
        y = np.einsum("mij,mj->mi", lived[:, inside][:, :, inside], w) / total
        x, y = (ranks - (w * ranks).sum(axis=1, keepdims=True) / total for ranks in (x, y))
        covariance += np.array([(w * a * b).sum(axis=1) for a, b in ((x, y), (x, x), (y, y))])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(covariance[1:].min(axis=0) > 1e-12, covariance[0] / np.sqrt(covariance[1] * covariance[2]), np.nan)


def kendall(trainings: Trainings, weights: np.ndarray, predicted: np.ndarray, lived: np.ndarray) -> np.ndarray:
    """Kendall's tau-b over the pairs of one framework, [m]; arguments as for spearman."""
    known = trainings.comparable & (predicted + predicted.T > 0)
    x = (predicted - predicted.T) * known
    y = (lived - lived.transpose(0, 2, 1)) * known
    first = (weights[:, :, None] * weights[:, None, :]).reshape(len(weights), -1)
    flat = y.reshape(len(y), -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt((first @ np.square(x).ravel()) * (first * np.square(flat)).sum(axis=1))
        return np.where(scale > 0, ((first * flat) @ x.ravel()) / scale, np.nan)


def agreement(trainings: Trainings, x: np.ndarray, resamples: Resamples) -> dict[str, np.ndarray]:
    """MEASURES of a predictor x [n] in every resample, [m] each."""
    predicted = above(x)
    return {
        "concordance": concordance(resamples.longer, predicted),
        "spearman": spearman(trainings, resamples.weights, predicted, resamples.above),
        "kendall": kendall(trainings, resamples.weights, predicted, resamples.above),
    }


def ceiling(trainings: Trainings) -> float:
    """The concordance that MD itself reaches: ranked by one half of the replicas, judged by the other, mean of both directions.

    nan for trainings of a single replica.
    """
    place = np.concatenate([np.arange(count) for count in np.bincount(trainings.owner, minlength=trainings.n)]) if trainings.n else np.array([])
    if not trainings.n or np.bincount(trainings.owner).min() < 2:
        return float("nan")
    halves = np.array([place % 2 == 0, place % 2 == 1]).astype(float)
    lives, longer = trainings.log_lives(halves), trainings.longer(halves)
    values = [concordance(longer[None, other], above(lives[one]))[0] for one, other in ((0, 1), (1, 0))]
    return float(np.mean(values))


def shuffled_pairs(longer: np.ndarray, matrix: np.ndarray, shuffles: np.ndarray) -> np.ndarray:
    """The sum of longer [n, n] times a matrix [n, n] of a predictor in every shuffle [m, n] of the predictor, [m].

    Summed in float64: an order that leaves the observed pairs as they are must not fall short of them by a rounding.
    """
    parts = np.array_split(shuffles, max(len(shuffles) * len(matrix) ** 2 // 10_000_000, 1))
    return np.concatenate([(matrix[part[:, :, None], part[:, None, :]] * longer).sum(axis=(1, 2), dtype=float) for part in parts])


def shuffled_concordance(longer: np.ndarray, x: np.ndarray, shuffles: np.ndarray) -> np.ndarray:
    """The concordance of a predictor x [n] in every shuffle [m, n], [m]."""
    predicted = above(x).astype(np.float32)
    known = (predicted + predicted.T > 0).astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        return shuffled_pairs(longer, predicted, shuffles) / shuffled_pairs(longer, known, shuffles)


def interval(resampled: np.ndarray, n_models: int, confidence: float) -> tuple[float, float]:
    """Quantiles of resamples; (nan, nan) with fewer than FEWEST models, or if most resamples have no value."""
    known = resampled[np.isfinite(resampled)]
    if n_models < FEWEST or len(known) < len(resampled) / 2:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
