"""How the trained weights of models are distributed, all together and by the part of the model they are in."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

# part of the model -> pattern of its parameters' names in any framework; the first that is found counts
GROUPS = {
    "readout": r"readout",
    "radial network": r"edge_mlp|conv_tp_weights|bessel|radial",
    "embedding": r"embed",
    "self-connection": r"\bsc\b|skip",
    "products": r"contraction",
    "linear": r"linear",
}
OTHER, ALL = "other", "all"
NEAR_ZERO = 0.01


def group_of(parameter: str) -> str:
    """The part of the model a parameter belongs to, by its name: one of GROUPS, or other."""
    return next((group for group, pattern in GROUPS.items() if re.search(pattern, parameter)), OTHER)


def grouped(parameters: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All weights, and those of each group there is, as flat arrays; parameters: name -> array of any shape."""
    parts: dict[str, list[np.ndarray]] = {ALL: []}
    for name, values in parameters.items():
        for group in (ALL, group_of(name)):
            parts.setdefault(group, []).append(np.asarray(values, dtype=float).ravel())
    order = [ALL, *GROUPS, OTHER]
    return {group: np.concatenate(parts[group]) for group in sorted(parts, key=order.index)}


def histogram(values: np.ndarray, n_bins: int) -> list[dict[str, Any]]:
    """Counts of values in n_bins bins of one width from -m to m, m being the largest |value| (1 if all are 0): with odd n_bins, one is about 0."""
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
