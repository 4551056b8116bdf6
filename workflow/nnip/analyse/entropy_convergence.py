"""How loss entropy depends on the numbers of directions and points of a landscape."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from nnip.analyse.entropy import ENERGY, FORCES, main_lines, with_both
from nnip.declare import RUN, Analysis, Table, real, text, whole
from nnip.study.seeds import derive
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("landscape",),
    tables={
        "sampling": Table(
            "Entropy of a main landscape, minimum kept, from some of its directions or points.",
            RUN
            | {
                "mode": text("how its directions were drawn"),
                "split": text("frames the loss is over"),
                "n_directions": whole("directions", "directions"),
                "n_points": whole("points along a direction", "points"),
                "S": real("loss entropy"),
                "S_low": real("lower bound of the interval for S of another draw of directions", optional=True),
                "S_high": real("upper bound", optional=True),
                "standard_error": real("standard error of S from the draw of directions", optional=True),
                "S_minus_ln_n_points": real("log of the mean Boltzmann factor, which can be compared between numbers of points"),
            },
        )
    },
    settings=("entropy", "landscape.split", "statistics.n_bootstrap", "statistics.confidence", "seed"),
    published=False,
    doing="Loss entropy of fewer directions and points",
)

KEYS = ["framework", "model", "seed", "mode", "split"]
NUMBERS = (1, 2, 5, 10, 20, 50, 100)  # of directions to try, if the landscape has more
HUGE = 1e250  # replaces an infinite loss, so that directions with weight 0 do not make a mean nan


@dataclass(frozen=True)
class Settings:
    """Settings of the entropy (eV/atom, eV/A) and of the bootstrap, and the seed of the study."""

    T_energy_eV_per_atom: float
    T_forces_eV_per_A: float
    alpha: float
    n_bootstrap: int = 2000
    confidence: float = 0.95
    seed: int = 1


@dataclass(frozen=True)
class Lines:
    """The landscape of one training along each of its directions: t [n_points] ascending, losses [2, n_directions, n_points], energy first."""

    keys: dict[str, Any]
    t: np.ndarray
    losses: np.ndarray

    @property
    def n_directions(self) -> int:
        return self.losses.shape[1]

    @property
    def n_points(self) -> int:
        return self.losses.shape[2]


def lines(landscape: pd.DataFrame) -> Iterator[Lines]:
    """Every landscape of the table that has directions, energies and forces."""
    for key, group in with_both(landscape).dropna(subset=["direction"]).groupby(KEYS, sort=False):
        tables = [group.pivot(index="direction", columns="t", values=name).sort_index(axis=1) for name in (ENERGY, FORCES)]
        losses = np.array([table.to_numpy(dtype=float) for table in tables])
        t = tables[0].columns.to_numpy(dtype=float)
        yield Lines(dict(zip(KEYS, key, strict=True)), t, np.where(np.isinf(losses), HUGE, losses))


def entropies(losses: np.ndarray, weights: np.ndarray, settings: Settings) -> np.ndarray:
    """S of m weighted means over directions (nnip.analyse.entropy): losses [2, n_directions, n_points], weights [m, n_directions] -> [m]."""
    S = np.zeros(len(weights))
    terms = ((settings.alpha, settings.T_energy_eV_per_atom), (1 - settings.alpha, settings.T_forces_eV_per_A))
    for curves, (share, T) in zip(losses, terms, strict=True):
        if share:  # a weight of zero removes a term, even an infinite one
            exponents = weights @ curves / -T
            highest = exponents.max(axis=1)
            S += share * (highest + np.log(np.exp(exponents - highest[:, None]).sum(axis=1)))
    return np.where(np.abs(S) < HUGE**0.8, S, -np.inf)


def own_entropy(scan: Lines, settings: Settings) -> float:
    """S of the mean over all directions."""
    return float(entropies(scan.losses, np.full((1, scan.n_directions), 1 / scan.n_directions), settings)[0])


def resampled(scan: Lines, n: int, settings: Settings, stride: int = 1) -> np.ndarray:
    """S of n directions drawn with replacement from the landscape's, [n_bootstrap], at every stride-th point."""
    rng = np.random.default_rng(derive(settings.seed, "sampling", *scan.keys.values(), n))
    counts = rng.multinomial(n, np.full(scan.n_directions, 1 / scan.n_directions), size=settings.n_bootstrap)
    return entropies(scan.losses[:, :, ::stride], counts / n, settings)


def expected(scan: Lines, n: int, settings: Settings) -> float:
    """Mean S of n different directions of the landscape: an unbiased estimate of S of n new directions (a U-statistic, Hoeffding 1948).

    S is convex in the losses, so on average it decreases as directions are added.
    """
    if n == 1:
        return float(entropies(scan.losses, np.eye(scan.n_directions), settings).mean())
    rng = np.random.default_rng(derive(settings.seed, "subsets", *scan.keys.values(), n))
    chosen = rng.multivariate_hypergeometric(np.ones(scan.n_directions, dtype=int), n, size=settings.n_bootstrap)
    return float(entropies(scan.losses, chosen / n, settings).mean())


def widening(n_directions: int) -> float:
    """sqrt(n / (n - 1)), the factor on deviations of resampled means, whose variance is too small by (n - 1) / n; nan for n = 1."""
    return float(np.sqrt(n_directions / (n_directions - 1))) if n_directions > 1 else float("nan")


def interval(S: float, draws: np.ndarray, n_directions: int, confidence: float) -> tuple[float, float]:
    """Interval for S of other directions: the expanded percentile interval (Hesterberg, Am. Stat. 69, 371, 2015), about S.

    It takes more extreme percentiles of the draws, so that the interval of a mean has Student's width. draws: resamples of the landscape's
    n_directions. (nan, nan) for one direction.
    """
    if n_directions < 2:
        return float("nan"), float("nan")
    t = stats.t.ppf((1 + confidence) / 2, n_directions - 1)
    share = stats.norm.cdf(-widening(n_directions) * t)
    # no interpolation between percentiles: values may be infinite
    low, high = np.quantile(draws, [share, 1 - share], method="inverted_cdf")
    shift = S - draws.mean() if np.isfinite(draws).all() else 0.0
    return float(low + shift), float(high + shift)


def strides(t: np.ndarray) -> list[int]:
    """All steps k > 1 for which every k-th point keeps both ends, the centre (if t = 0 is a point) and at least three points."""
    last = len(t) - 1
    centre = int(np.argmin(np.abs(t)))
    fixed = centre if abs(t[centre]) < 1e-9 * np.abs(t).max() else 0
    return [step for step in range(2, last // 2 + 1) if last % step == 0 and fixed % step == 0]


def sampling(landscape: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Table sampling: S (minimum kept) with its interval over directions, at the study's numbers of directions and points (first), at fewer
    directions, and at fewer points of the same range.

    More points give a larger S by construction; S_minus_ln_n_points, the log of the mean Boltzmann factor, can be compared.
    """
    rows = []
    for scan in lines(landscape):
        whole = scan.n_directions
        S = own_entropy(scan, settings)
        rows.append(_row(scan, whole, scan.n_points, S, resampled(scan, whole, settings), settings))
        for n in (number for number in NUMBERS if number < whole):
            rows.append(_row(scan, n, scan.n_points, expected(scan, n, settings), resampled(scan, n, settings), settings))
        for stride in strides(scan.t):
            thin = Lines(scan.keys, scan.t[::stride], scan.losses[:, :, ::stride])
            rows.append(_row(scan, whole, thin.n_points, own_entropy(thin, settings), resampled(scan, whole, settings, stride), settings))
    return frame("sampling", rows)


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table sampling."""
    return {"sampling": sampling(main_lines(tables["landscape"], settings["landscape.split"]), resampling(settings))}


def resampling(settings: dict[str, Any]) -> Settings:
    """Settings of this module from the config's values by key."""
    return Settings(
        **settings["entropy"],
        n_bootstrap=settings["statistics.n_bootstrap"],
        confidence=settings["statistics.confidence"],
        seed=settings["seed"],
    )


def _row(scan: Lines, n_directions: int, n_points: int, S: float, draws: np.ndarray, settings: Settings) -> dict[str, Any]:
    low, high = interval(S, draws, scan.n_directions, settings.confidence)
    error = draws.std() * widening(scan.n_directions) if np.isfinite(draws).all() else np.nan
    numbers = {"n_directions": n_directions, "n_points": n_points, "S": S, "S_low": low, "S_high": high}
    return scan.keys | numbers | {"standard_error": error, "S_minus_ln_n_points": S - np.log(n_points)}
