"""Distributions of the trained weights, of the whole model and of each of its parts."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

OTHER, ALL = "other", "all"
NEAR_ZERO = 0.01


def group_of(parameter: str, groups: Mapping[str, str]) -> str:
    """The part of the model of a parameter: the first of groups (PARAMETER_GROUPS of its framework) that matches its name, or other."""
    return next((group for group, pattern in groups.items() if re.search(pattern, parameter)), OTHER)


def grouped(parameters: Mapping[str, np.ndarray], groups: Mapping[str, str]) -> dict[str, np.ndarray]:
    """All weights, and those of each group in the model, as flat arrays in the order of groups (see group_of); parameters: name -> array."""
    parts: dict[str, list[np.ndarray]] = {ALL: []}
    for name, values in parameters.items():
        for group in (ALL, group_of(name, groups)):
            parts.setdefault(group, []).append(np.asarray(values, dtype=float).ravel())
    order = [ALL, *groups, OTHER]
    return {group: np.concatenate(parts[group]) for group in sorted(parts, key=order.index)}


def histogram(values: np.ndarray, n_bins: int) -> list[dict[str, Any]]:
    """Counts of values in n_bins equal bins from -m to m; m is the largest |value| (1 if all are 0), and with odd n_bins a bin is centred on 0."""
    largest = float(np.abs(values).max()) or 1.0
    counts, edges = np.histogram(values, bins=n_bins, range=(-largest, largest))
    return [{"bin_low": low, "bin_high": high, "count": count} for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)]


def moments(values: np.ndarray) -> dict[str, Any]:
    """Number, mean, standard deviation, excess kurtosis (0 for a normal; nan where values do not vary), share below NEAR_ZERO, largest size."""
    varies = len(values) > 1 and values.std() > 0
    return {
        "n_weights": len(values),
        "mean": float(values.mean()),
        "std": float(values.std()),
        "excess_kurtosis": float(stats.kurtosis(values)) if varies else np.nan,
        "near_zero": float((np.abs(values) < NEAR_ZERO).mean()),
        "largest": float(np.abs(values).max()),
    }
