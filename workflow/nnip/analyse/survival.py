"""Times to failure as right-censored data: Kaplan-Meier curves, restricted means, log-rank tests.

A replica that was still whole when its run ended says only that it lives longer. Kaplan & Meier, J. Am. Stat. Assoc. 53, 457 (1958); restricted
mean: Royston & Parmar, BMC Med. Res. Methodol. 13, 152 (2013).
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from scipy import stats

from nnip.study.tables import frame


def kaplan_meier(failures: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Table kaplan_meier from table failures: a curve per model and seed, and one with blank seed over the seeds of a model that has several.

    The band is lifelines' (log-log transformed Greenwood) and speaks of more replicas of the same trainings. None where nothing is known about the
    scatter: one replica, copies of one trajectory, no failure.
    """
    parts = []
    for (framework, model), own in failures.groupby(["framework", "model"], sort=False):
        curves = [_curve(part, confidence).assign(seed=seed) for seed, part in own.groupby("seed", sort=False)]
        if len(curves) > 1:
            curves.append(_curve(own, confidence).assign(seed=pd.NA))
        parts += [curve.assign(framework=framework, model=model) for curve in curves]
    return frame("kaplan_meier", pd.concat([part.astype({"seed": "Int64"}) for part in parts], ignore_index=True) if parts else [])


def _curve(failures: pd.DataFrame, confidence: float) -> pd.DataFrame:
    fitter = KaplanMeierFitter(alpha=1 - confidence).fit(failures["time_fs"].astype(float), failures["failed"].astype(bool))
    band = fitter.confidence_interval_survival_function_.to_numpy()
    no_band = is_one_measurement(failures) or not failures["failed"].any()
    return pd.DataFrame(
        {
            "time_fs": fitter.timeline,
            "survival": fitter.survival_function_.iloc[:, 0].to_numpy(),
            "low": np.nan if no_band else band[:, 0],
            "high": np.nan if no_band else band[:, 1],
            "n_at_risk": fitter.event_table["at_risk"].to_numpy().astype(int),
        }
    )


def is_one_measurement(failures: pd.DataFrame) -> bool:
    """Whether there is one replica, or all failed at the same time: copies of one trajectory, whose scatter is unknown.

    Replicas that all outlived their run have equal times too, and are no copies.
    """
    return len(failures) < 2 or (failures["time_fs"].nunique() == 1 and bool(failures["failed"].all()))


def restricted_means(time_fs: np.ndarray, failed: np.ndarray, horizon_fs: float, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Restricted mean survival times up to the horizon and their variances, for many weightings of one sample at once.

    time_fs, failed: shape [n]. counts: [m, n], how often each replica is in each of m (re)samples. Returns two arrays of shape [m]: the area
    under the Kaplan-Meier curve and its Greenwood variance, times r/(r-1) with r failures as usual for small samples.
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
    """Table survival: one row per model and seed, and one with blank seed over the seeds of a model that has several.

    A seed's interval speaks of more replicas of that one training (Greenwood's variance, Student's t); the row over seeds of more trainings
    (scatter of the seeds' restricted means, Student's t). Blank where nothing is known about the scatter: copies of one trajectory, fewer
    than two failures. mean_fs is the plain mean that counts a censored replica as failed when its run ended (the paper's).
    """
    rows = []
    for (framework, model), own in failures.groupby(["framework", "model"], sort=False):
        seeds = [_one_seed(part, horizon_fs, confidence) | {"seed": seed} for seed, part in own.groupby("seed", sort=False)]
        if len(seeds) > 1:
            means = np.array([seed["rmst_fs"] for seed in seeds])
            half = stats.t.ppf((1 + confidence) / 2, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means))
            together = _one_seed(own, horizon_fs, confidence) | {"seed": pd.NA, "rmst_fs": means.mean()}
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
    """First time at which the Kaplan-Meier curve is at one half or lower; nan if it stays above."""
    times = np.unique(time_fs[failed])
    at_risk = (time_fs[:, None] >= times).sum(axis=0)
    deaths = (failed[:, None] & (time_fs[:, None] == times)).sum(axis=0)
    below = times[np.cumprod(1 - deaths / at_risk) <= 0.5 + 1e-12]
    return float(below[0]) if len(below) else np.nan


def _interval(mean: float, half: float, horizon_fs: float) -> dict[str, float]:
    # min() and max() would keep the bound where the half width is nan
    return {"rmst_low_fs": float(np.maximum(mean - half, 0.0)), "rmst_high_fs": float(np.minimum(mean + half, horizon_fs))}


def neighbours(models: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    """Framework, experiment and the two models of every pair that stands side by side in table models."""
    for experiment, members in models.groupby("experiment", sort=False):
        for a, b in pairwise(members.sort_values("position")["model"]):
            yield members["framework"].iloc[0], str(experiment), a, b


def holm(p: np.ndarray) -> np.ndarray:
    """P values corrected for their number (Holm, Scand. J. Stat. 6, 65, 1979); nan stays nan and does not count."""
    corrected = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known])]
    factors = len(order) - np.arange(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return corrected


def logrank(failures: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """Table logrank: a test between every two neighbours of an experiment, p corrected over all of them.

    It compares these trainings, not their settings: replicas of one training are no sample of trainings. Blank where a model has one
    replica, or replicas that are copies of one trajectory.
    """
    rows = []
    by_model = dict(tuple(failures.groupby("model", sort=False)))
    for framework, experiment, a, b in neighbours(models):
        if a not in by_model or b not in by_model:
            continue
        one, other = by_model[a], by_model[b]
        row = {"framework": framework, "experiment": experiment, "model_a": a, "model_b": b, "n_a": len(one), "n_b": len(other)}
        if not (is_one_measurement(one) or is_one_measurement(other)):
            test = logrank_test(*(part["time_fs"].astype(float) for part in (one, other)), *(part["failed"].astype(bool) for part in (one, other)))
            row |= {"chi2": test.test_statistic, "p": test.p_value}
        rows.append(row)
    table = frame("logrank", rows)
    return frame("logrank", table.assign(p_holm=holm(table["p"].to_numpy(float, na_value=np.nan))))
