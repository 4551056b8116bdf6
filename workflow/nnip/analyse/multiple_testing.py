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
