"""Times to failure as right-censored data: restricted means.

A replica that has not failed when its run ends gives only a lower bound. Kaplan & Meier, J. Am. Stat. Assoc. 53, 457 (1958); restricted
mean: Royston & Parmar, BMC Med. Res. Methodol. 13, 152 (2013).
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from nnip.declare import POOLED, Analysis, Quantity, Table, real, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("failures",),
    tables={
        "survival": Table(
            "The times to failure of a model's replicas with one seed, or with all seeds (blank) of a model with several.",
            {
                **POOLED,
                "n_replicas": whole("replicas", "replicas"),
                "n_failed": whole("replicas that failed", "replicas"),
                "horizon_fs": real("duration of the MD", "fs"),
                "rmst_fs": real("restricted mean survival time, up to the horizon", "fs"),
                "rmst_low_fs": real("lower bound of its interval", "fs", optional=True),
                "rmst_high_fs": real("upper bound of its interval", "fs", optional=True),
                "median_fs": real("time at which half of the replicas have failed", "fs", optional=True),
                "mean_fs": real("mean time, with a censored replica counted as failed at the end of its run (the paper's)", "fs"),
            },
        )
    },
    quantities=(
        Quantity(
            name="rmst_fs", table="survival", column="rmst_fs", low="rmst_low_fs", high="rmst_high_fs", label="restricted mean time to failure",
            unit="ps", factor=1e-3, words="time to failure in hot MD", role="outcome", better=1, floor=True,
        ),
        Quantity(
            name="mean_time_to_failure_fs", table="survival", column="mean_fs", label="mean time to failure", unit="ps", factor=1e-3,
            role="outcome", better=1, floor=True,
        ),
    ),
    settings=("md.duration_fs", "statistics.confidence"),
    doing="Restricted mean times to failure",
)  # fmt: skip


def is_one_measurement(failures: pd.DataFrame) -> bool:
    """Whether there is one replica, or all failed at the same time: copies of one trajectory, so the scatter is unknown.

    Replicas that all survived their run have equal times too, but are not copies.
    """
    return len(failures) < 2 or (failures["time_fs"].nunique() == 1 and bool(failures["failed"].all()))


def restricted_means(time_fs: np.ndarray, failed: np.ndarray, horizon_fs: float, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Restricted mean survival times up to the horizon and their variances, for many weightings of one sample at once.

    time_fs, failed: shape [n]. counts: [m, n], how often each replica occurs in each of m (re)samples. Returns two arrays of shape [m]: the area
    under the Kaplan-Meier curve and its Greenwood variance, times r/(r-1) for r failures, the usual correction for small samples.
    """
    failed = failed & (time_fs <= horizon_fs)
    times = np.unique(time_fs[failed])
    deaths = counts @ (failed[:, None] & (time_fs[:, None] == times)).astype(float)
    at_risk = counts @ (time_fs[:, None] >= times).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(at_risk > 0, deaths / at_risk, 0.0)
        survival = np.cumprod(1 - hazard, axis=1)
        widths = np.diff(np.concatenate([times, [horizon_fs]]))
        after = np.cumsum((survival * widths)[:, ::-1], axis=1)[:, ::-1]
        greenwood = np.where((deaths > 0) & (at_risk > deaths), after**2 * deaths / (at_risk * (at_risk - deaths)), 0.0).sum(axis=1)
        total = deaths.sum(axis=1)
        variance = np.where(total > 1, greenwood * total / (total - 1), np.nan)
    first = times[0] if len(times) else horizon_fs
    return first + (after[:, 0] if len(times) else np.zeros(len(counts))), variance


def survival(failures: pd.DataFrame, horizon_fs: float, confidence: float = 0.95) -> pd.DataFrame:
    """Table survival: one row per model and seed, and one with blank seed over all seeds of a model with several.

    The interval of one seed describes further replicas of that training (Greenwood's variance, Student's t); that over seeds further trainings
    (scatter of the seeds' restricted means, Student's t). It is blank if the scatter is unknown: copies of one trajectory, fewer than two
    failures. In mean_fs a censored replica counts as failed at the end of its run (the paper's).
    """
    rows = []
    for (framework, model), replicas in failures.groupby(["framework", "model"], sort=False):
        seeds = [_one_seed(part, horizon_fs, confidence) | {"seed": seed} for seed, part in replicas.groupby("seed", sort=False)]
        if len(seeds) > 1:
            means = np.array([seed["rmst_fs"] for seed in seeds])
            half = stats.t.ppf((1 + confidence) / 2, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means))
            together = _one_seed(replicas, horizon_fs, confidence) | {"seed": pd.NA, "rmst_fs": means.mean()}
            seeds.append(together | _interval(means.mean(), half, horizon_fs))
        rows += [{"framework": framework, "model": model, **seed} for seed in seeds]
    return frame("survival", rows)


def _one_seed(failures: pd.DataFrame, horizon_fs: float, confidence: float) -> dict[str, float]:
    time, failed = failures["time_fs"].to_numpy(float), failures["failed"].to_numpy(bool)
    mean, variance = (value[0] for value in restricted_means(time, failed, horizon_fs, np.ones((1, len(time)))))
    half = np.nan if is_one_measurement(failures) else stats.t.ppf((1 + confidence) / 2, len(time) - 1) * np.sqrt(variance)
    return {
        "n_replicas": len(time),
        "n_failed": int(failed.sum()),
        "horizon_fs": horizon_fs,
        "rmst_fs": mean,
        **_interval(mean, half, horizon_fs),
        "median_fs": median(time, failed),
        "mean_fs": time.mean(),
    }


def median(time_fs: np.ndarray, failed: np.ndarray) -> float:
    """First time at which the Kaplan-Meier curve is one half or less; nan if it stays above."""
    times = np.unique(time_fs[failed])
    at_risk = (time_fs[:, None] >= times).sum(axis=0)
    deaths = (failed[:, None] & (time_fs[:, None] == times)).sum(axis=0)
    below = times[np.cumprod(1 - deaths / at_risk) <= 0.5 + 1e-12]
    return float(below[0]) if len(below) else np.nan


def _interval(mean: float, half: float, horizon_fs: float) -> dict[str, float]:
    # Python's min() and max() would not give nan for a half width of nan
    return {"rmst_low_fs": float(np.maximum(mean - half, 0.0)), "rmst_high_fs": float(np.minimum(mean + half, horizon_fs))}


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table survival."""
    return {"survival": survival(tables["failures"], settings["md.duration_fs"], settings["statistics.confidence"])}
