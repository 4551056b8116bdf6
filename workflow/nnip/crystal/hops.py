"""Hops of a vacancy in molecular dynamics: counted site by site, with the drift of the crystal taken out."""

import math
from typing import Any

import numpy as np
from scipy.stats import chi2

from nnip.crystal.sites import Sites

DWELL = 5  # observations in a row for which a new site must be the empty one, so that an atom that turns back is no hop


class HopCounter:
    """The hops of one replica, from positions at equal intervals; a crystal that has melted is counted no further.

    n_hops:     hops so far
    n_counted:  observations so far, to the one in which it melted
    melted:     whether it has
    """

    def __init__(self, sites: Sites, at: int, state: list[int] | None = None) -> None:
        self.sites = sites
        self.n_hops, self.n_counted, self.at, self.candidate, self.held, self.disorder, melted = state or [0, 0, at, at, 0, 0, 0]
        self.melted = bool(melted)

    def state(self) -> list[int]:
        """All of it but the sites, for a checkpoint."""
        return [self.n_hops, self.n_counted, self.at, self.candidate, self.held, self.disorder, int(self.melted)]

    def see(self, positions_A: np.ndarray, counts: bool = True) -> None:
        """Take one observation; counts: whether hops count yet."""
        if self.melted:
            return
        self.n_counted += counts
        self.disorder = self.disorder + 1 if self.sites.melted(positions_A) else 0
        if self.disorder >= DWELL:
            self.melted = True
            return
        empty = self.sites.empty(positions_A)
        if empty is None:
            return
        self.held = self.held + 1 if empty == self.candidate else 1
        self.candidate = empty
        if empty != self.at and self.held >= DWELL:
            self.at = empty
            self.n_hops += counts


def poisson_interval(n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact interval of the mean of a Poisson variable from one count n (Garwood, Biometrika 28, 437, 1936)."""
    tail = (1 - confidence) / 2
    low = float(chi2.ppf(tail, 2 * n) / 2) if n else 0.0
    return low, float(chi2.ppf(1 - tail, 2 * n + 2) / 2)


def rate(n_hops: int, time_ps: float) -> dict[str, float]:
    """Hops per picosecond with the bounds of its interval."""
    low, high = poisson_interval(n_hops)
    return {"rate_per_ps": n_hops / time_ps, "rate_low_per_ps": low / time_ps, "rate_high_per_ps": high / time_ps}


def log_ratio(n: int, time_ps: float, n_reference: int, reference_time_ps: float) -> tuple[float, float]:
    """Logarithm of the ratio of two rates and its standard error; half a hop is added to each count, so that none is not minus infinity."""
    value = math.log((n + 0.5) / time_ps) - math.log((n_reference + 0.5) / reference_time_ps)
    return value, math.sqrt(1 / (n + 0.5) + 1 / (n_reference + 0.5))


def summary(counters: list[HopCounter], every_fs: float) -> dict[str, Any]:
    """Hops, time and melted replicas of several counters."""
    return {
        "n_hops": sum(counter.n_hops for counter in counters),
        "time_ps": sum(counter.n_counted for counter in counters) * every_fs / 1000,
        "n_melted": sum(counter.melted for counter in counters),
    }
