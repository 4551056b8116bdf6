"""How loss entropy depends on how many directions and points a landscape was sampled with."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from nnip.analyse.entropy import ENERGY, FORCES
from nnip.study.seeds import derive
from nnip.study.tables import frame

KEYS = ["framework", "model", "seed", "mode", "split"]
NUMBERS = (1, 2, 5, 10, 20, 50, 100)  # of directions to try, as far as there are more
HUGE = 1e250  # stands for an infinite loss, so that directions left out (weight 0) do not spoil a mean


@dataclass(frozen=True)
class Settings:
    """Entropy's own settings (eV/atom, eV/A), the bootstrap's, and the seed of the study."""

    T_energy_eV_per_atom: float
    T_forces_eV_per_A: float
    alpha: float
    n_bootstrap: int = 2000
    confidence: float = 0.95
    seed: int = 1


@dataclass(frozen=True)
class Lines:
    """The landscape of one training along each of its directions: t [n_points] ascending, losses [2, n_directions, n_points], energy's first."""

    who: dict[str, Any]
    t: np.ndarray
    losses: np.ndarray

    @property
    def n_directions(self) -> int:
        return self.losses.shape[1]

    @property
    def n_points(self) -> int:
        return self.losses.shape[2]


def lines(landscape: pd.DataFrame) -> Iterator[Lines]:
    """Every landscape of the table that has directions."""
    for key, group in landscape.dropna(subset=["direction"]).groupby(KEYS, sort=False):
        tables = [group.pivot(index="direction", columns="t", values=name).sort_index(axis=1) for name in (ENERGY, FORCES)]
        losses = np.array([table.to_numpy(dtype=float) for table in tables])
        t = tables[0].columns.to_numpy(dtype=float)
        yield Lines(dict(zip(KEYS, key, strict=True)), t, np.where(np.isinf(losses), HUGE, losses))


def entropies(losses: np.ndarray, weights: np.ndarray, settings: Settings) -> np.ndarray:
    """S of m weighted means over directions (nnip.analyse.entropy): losses [2, n_directions, n_points], weights [m, n_directions] -> [m]."""
    S = np.zeros(len(weights))
    terms = ((settings.alpha, settings.T_energy_eV_per_atom), (1 - settings.alpha, settings.T_forces_eV_per_A))
    for own, (share, T) in zip(losses, terms, strict=True):
        if share:  # a weight of zero leaves a term out, also an infinite one
            exponents = weights @ own / -T
            highest = exponents.max(axis=1)
            S += share * (highest + np.log(np.exp(exponents - highest[:, None]).sum(axis=1)))
    return np.where(np.abs(S) < HUGE**0.8, S, -np.inf)


def own_entropy(found: Lines, settings: Settings) -> float:
    """S of the mean over all directions."""
    return float(entropies(found.losses, np.full((1, found.n_directions), 1 / found.n_directions), settings)[0])


def resampled(found: Lines, n: int, settings: Settings, stride: int = 1) -> np.ndarray:
    """S of n directions drawn with replacement from those there are, [n_bootstrap], at every stride-th point."""
    rng = np.random.default_rng(derive(settings.seed, "sampling", *found.who.values(), n))
    counts = rng.multinomial(n, np.full(found.n_directions, 1 / found.n_directions), size=settings.n_bootstrap)
    return entropies(found.losses[:, :, ::stride], counts / n, settings)


def expected(found: Lines, n: int, settings: Settings) -> float:
    """Mean S of n different directions out of those there are: unbiased for S of n directions drawn anew (a U-statistic, Hoeffding 1948).

    S is convex in the losses, so it falls, on average, as directions are added.
    """
    if n == 1:
        return float(entropies(found.losses, np.eye(found.n_directions), settings).mean())
    rng = np.random.default_rng(derive(settings.seed, "subsets", *found.who.values(), n))
    chosen = rng.multivariate_hypergeometric(np.ones(found.n_directions, dtype=int), n, size=settings.n_bootstrap)
    return float(entropies(found.losses, chosen / n, settings).mean())


def widening(n_directions: int) -> float:
    """What deviations of resamples from their mean are multiplied by, for resampled means vary too little by (n - 1) / n in variance; nan for one."""
    return float(np.sqrt(n_directions / (n_directions - 1))) if n_directions > 1 else float("nan")


def interval(S: float, draws: np.ndarray, n_directions: int, confidence: float) -> tuple[float, float]:
    """Where S of other directions would fall: the expanded percentile interval (Hesterberg, Am. Stat. 69, 371, 2015), about S.

    It takes more extreme percentiles of the draws, such that a mean's interval has Student's width. draws: resamples of n_directions
    there are. (nan, nan) for one direction.
    """
    if n_directions < 2:
        return float("nan"), float("nan")
    t = stats.t.ppf((1 + confidence) / 2, n_directions - 1)
    share = stats.norm.cdf(-widening(n_directions) * t)
    # percentiles without interpolation, which infinite values forbid
    low, high = np.quantile(draws, [share, 1 - share], method="inverted_cdf")
    shift = S - draws.mean() if np.isfinite(draws).all() else 0.0
    return float(low + shift), float(high + shift)


def strides(t: np.ndarray) -> list[int]:
    """The steps > 1 at which points can be left out so that both ends, the centre t = 0 if it is one of them, and at least three points stay."""
    last = len(t) - 1
    centre = int(np.argmin(np.abs(t)))
    held = centre if abs(t[centre]) < 1e-9 * np.abs(t).max() else 0
    return [step for step in range(2, last // 2 + 1) if last % step == 0 and held % step == 0]


def sampling(landscape: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Table sampling: S (minimum kept) with its interval over directions, at the study's own numbers of directions and points (first), at fewer
    directions, and at fewer points of the same range.

    S of more points is larger by construction; S_minus_ln_n_points, the log of the mean Boltzmann factor, can be compared.
    """
    rows = []
    for found in lines(landscape):
        whole = found.n_directions
        S = own_entropy(found, settings)
        rows.append(_row(found, whole, found.n_points, S, resampled(found, whole, settings), settings))
        for n in (number for number in NUMBERS if number < whole):
            rows.append(_row(found, n, found.n_points, expected(found, n, settings), resampled(found, n, settings), settings))
        for stride in strides(found.t):
            thin = Lines(found.who, found.t[::stride], found.losses[:, :, ::stride])
            rows.append(_row(found, whole, thin.n_points, own_entropy(thin, settings), resampled(found, whole, settings, stride), settings))
    return frame("sampling", rows)


def _row(found: Lines, n_directions: int, n_points: int, S: float, draws: np.ndarray, settings: Settings) -> dict[str, Any]:
    low, high = interval(S, draws, found.n_directions, settings.confidence)
    error = draws.std() * widening(found.n_directions) if np.isfinite(draws).all() else np.nan
    numbers = {"n_directions": n_directions, "n_points": n_points, "S": S, "S_low": low, "S_high": high}
    return found.who | numbers | {"standard_error": error, "S_minus_ln_n_points": S - np.log(n_points)}
