"""P values of many tests at once."""

import numpy as np
import pandas as pd


def holm(p: np.ndarray) -> np.ndarray:
    """P values corrected for their number (Holm, Scand. J. Stat. 6, 65, 1979), shape [n]; nan stays nan and is not counted."""
    corrected = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    factors = len(order) - np.arange(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return corrected


def holm_of_pairs(tests: pd.DataFrame, one: str, other: str) -> np.ndarray:
    """Column p of a table of tests corrected for their number, shape [n]; a pair of models counts once, in either order.

    one, other: the columns with the two models' names.
    """
    pairs = pd.Series([frozenset(pair) for pair in tests[[one, other]].itertuples(index=False, name=None)], dtype=object)
    first = ~pairs.duplicated().to_numpy(bool)
    corrected = holm(tests["p"].to_numpy(float, na_value=np.nan)[first])
    return pairs.map(dict(zip(pairs[first], corrected, strict=True))).to_numpy(float)


def by_shuffling(values: np.ndarray, shuffled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """P values of several statistics, large ones of which are unlikely by chance: the share of shuffles in which each, and any, is as large.

    values: [k]; shuffled: [m, k], from the same m shuffles, so that the second p holds for all k together, whatever their correlations (Westfall &
    Young, Resampling-Based Multiple Testing, 1993). Two arrays [k]; a statistic of nan has p nan and does not count. The data themselves are one
    more shuffle, so no p is 0.
    """
    known = ~np.isnan(values)
    same = 1e-9  # equal numbers that were added up in another order
    each, any_of = np.full(len(values), np.nan), np.full(len(values), np.nan)
    if known.any() and len(shuffled):
        drawn = np.where(np.isnan(shuffled[:, known]), -np.inf, shuffled[:, known])
        largest = drawn.max(axis=1, keepdims=True)
        each[known], any_of[known] = ((1 + (part >= values[known] - same).sum(axis=0)) / (1 + len(drawn)) for part in (drawn, largest))
    return each, any_of
