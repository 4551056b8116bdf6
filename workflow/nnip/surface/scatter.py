"""Scatter of a number over the frames, pairs or replicas that it is taken from."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def jackknife_ratio(numerators: np.ndarray, denominators: np.ndarray) -> tuple[float | None, float | None]:
    """sum(numerators) / sum(denominators) and its jackknife standard error; None where they are undefined."""
    n, total = len(numerators), denominators.sum()
    if total == 0:
        return None, None
    left = total - denominators
    if n < 2 or (left == 0).any():
        return float(numerators.sum() / total), None
    without = (numerators.sum() - numerators) / left
    return float(numerators.sum() / total), float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))


def quartiles(name: str, values: Sequence[float] | np.ndarray) -> dict[str, Any]:
    """Columns of the median of values and of their quartiles."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return {name: float(middle), f"{name}_low": float(low), f"{name}_high": float(high)}
