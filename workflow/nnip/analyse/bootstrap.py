"""Measures of association, over many resamples at once, and their bootstrap intervals."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

Statistic = Callable[..., np.ndarray]
FEWEST = 5  # with fewer models than this, resamples of them are not informative


def pearson(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson's correlation along the last axis; nan where one side does not vary."""
    x, y = x - x.mean(-1, keepdims=True), y - y.mean(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt((x * x).sum(-1) * (y * y).sum(-1))
        return np.where(scale > 1e-14 * np.abs(x * y).sum(-1), (x * y).sum(-1) / scale, np.nan).clip(-1, 1)


def spearman(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation along the last axis."""
    return pearson(stats.rankdata(x, axis=-1), stats.rankdata(y, axis=-1))


def kendall(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Kendall's tau-b along the last axis."""
    first, second = np.triu_indices(x.shape[-1], 1)
    a, b = np.sign(x[..., first] - x[..., second]), np.sign(y[..., first] - y[..., second])
    with np.errstate(divide="ignore", invalid="ignore"):
        return (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))


def partial(x: np.ndarray, y: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Pearson's correlation of x and y after a straight line in `given` is subtracted from both."""
    xy, xz, yz = pearson(x, y), pearson(x, given), pearson(y, given)
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = (1 - xz**2) * (1 - yz**2)
        return np.where(rest > 1e-12, (xy - xz * yz) / np.sqrt(rest), np.nan).clip(-1, 1)


def leave_one_out(statistic: Statistic, columns: Sequence[np.ndarray]) -> np.ndarray:
    """The statistic without each of the n entries in turn, shape [n]."""
    n = len(columns[0])
    others = np.array([[other for other in range(n) if other != left] for left in range(n)])
    return statistic(*(column[others] for column in columns))


def interval(
    statistic: Statistic, columns: Sequence[np.ndarray], draws: Sequence[np.ndarray], chosen: np.ndarray, confidence: float
) -> tuple[float, float]:
    """Bias-corrected and accelerated bootstrap interval (Efron, J. Am. Stat. Assoc. 82, 171, 1987) of statistic(*columns).

    columns: arrays [n], one entry per model. draws: arrays [m, n]; row i holds every model's value in resample i, drawn within the model (the column
    itself, m times, if its scatter is unknown). chosen: [m, n], the models of every resample. (nan, nan) with fewer than FEWEST models, or if
    most resamples have no value.
    """
    unknown = (np.nan, np.nan)
    if len(columns[0]) < FEWEST:
        return unknown
    estimate = float(statistic(*columns))
    resampled = statistic(*(np.take_along_axis(draw, chosen, axis=1) for draw in draws))
    resampled = resampled[np.isfinite(resampled)]
    if not np.isfinite(estimate) or len(resampled) < len(chosen) / 2:
        return unknown
    below = (np.mean(resampled < estimate) + np.mean(resampled <= estimate)) / 2
    if not 0 < below < 1:
        return unknown
    jackknife = leave_one_out(statistic, columns)
    jackknife = jackknife[np.isfinite(jackknife)]
    lean = jackknife.mean() - jackknife
    spread = (lean**2).sum()
    acceleration = (lean**3).sum() / (6 * spread**1.5) if spread > 0 else 0.0
    bias = stats.norm.ppf(below)
    z = bias + stats.norm.ppf([(1 - confidence) / 2, (1 + confidence) / 2])
    low, high = np.quantile(resampled, stats.norm.cdf(bias + z / (1 - acceleration * z)))
    return float(low), float(high)


def permutation_p(x: np.ndarray, y: np.ndarray, n: int, rng: np.random.Generator) -> float:
    """Two-sided p of Pearson's correlation: the share of shuffled outcomes with one as large (all orders if these are few)."""
    if len(x) < 3 or not np.isfinite(pearson(x, y)):
        return float("nan")

    def shuffled(order: np.ndarray, axis: int = -1) -> np.ndarray:
        return pearson(np.moveaxis(order, axis, -1), np.broadcast_to(y, order.shape))

    test = stats.permutation_test((x,), shuffled, permutation_type="pairings", vectorized=True, n_resamples=n, rng=rng)
    return float(test.pvalue)
