"""Correlations: against scipy, with known truth, with nothing to find, and with too few models."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nnip.analyse import bootstrap
from nnip.analyse.correlations import Settings, correlations, replica_draws
from nnip.study.tables import frame

QUICK = Settings(n_bootstrap=400, n_permutation=200)
NO_SWITCHES = frame("hyperparameters", [])


def study(x, y, noise=0.0, seeds=1, rng=None):
    """Tables predictors (S, and a training error that tells nothing) and outcomes (rmst_fs) of models with given true values."""
    rng = rng or np.random.default_rng(0)
    predictors, outcomes = [], []
    for index, (a, b) in enumerate(zip(x, y, strict=True)):
        for seed in range(1, seeds + 1):
            key = {"framework": "mace", "model": f"m{index}", "seed": seed}
            predictors.append(key | {"predictor": "S", "value": a + noise * rng.normal()})
            predictors.append(key | {"predictor": "train_forces_rmse", "value": np.exp(rng.normal())})
            outcomes.append(key | {"outcome": "rmst_fs", "value": b + noise * rng.normal()})
    return frame("predictors", predictors), frame("outcomes", outcomes)


def row_of(predictors, outcomes, settings=QUICK, switches=NO_SWITCHES, subset="all"):
    table, _ = correlations(predictors, outcomes, switches, {}, settings)
    found = table[(table["predictor"] == "S") & (table["subset"] == subset)]
    return found.iloc[0] if len(found) else None


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(bootstrap.pearson, stats.pearsonr), (bootstrap.spearman, stats.spearmanr), (bootstrap.kendall, stats.kendalltau)],
)
def test_measures_are_scipys_also_with_ties(ours, theirs):
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 6, size=(2, 20, 11)).astype(float)
    expected = [theirs(a, b).statistic for a, b in zip(x, y, strict=True)]
    assert ours(x, y) == pytest.approx(expected)


def test_partial_correlation_is_that_of_the_residuals():
    rng = np.random.default_rng(2)
    given = rng.normal(size=30)
    x, y = given + rng.normal(size=30), given + rng.normal(size=30)
    residuals = [column - np.polyval(np.polyfit(given, column, 1), given) for column in (x, y)]
    assert bootstrap.partial(x, y, given) == pytest.approx(stats.pearsonr(*residuals).statistic)


@pytest.mark.parametrize(("measure", "truth"), [(bootstrap.pearson, 0.6), (bootstrap.spearman, 6 / np.pi * np.arcsin(0.3))])
def test_intervals_of_thirteen_models_cover_the_truth(measure, truth):
    """Nominal 95 %. 300 samples have a standard error of 1.3 %; bootstraps of so few models are known to be some per cent short."""
    rng = np.random.default_rng(3)
    n, resamples, hits = 13, 500, 0
    for _ in range(300):
        columns = list(rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], n).T)
        draws = [np.broadcast_to(column, (resamples, n)) for column in columns]
        low, high = bootstrap.interval(measure, columns, draws, rng.integers(n, size=(resamples, n)), 0.95)
        hits += low <= truth <= high
    assert 0.88 <= hits / 300 <= 0.99


def test_shuffled_outcomes_correlate_with_nothing():
    """Of 40 shuffles 2 should come under p = 0.05, and more than 6 would be a one-in-a-hundred event; intervals are some per cent short."""
    rng = np.random.default_rng(4)
    x = np.arange(12.0)
    found, excluded = 0, 0
    for _ in range(40):
        row = row_of(*study(x, rng.permutation(x), rng=rng))
        found += row["p_permutation"] < 0.05
        excluded += row["pearson_low"] > 0 or row["pearson_high"] < 0
    assert found <= 6
    assert excluded <= 8


def test_a_real_relation_is_found():
    x = np.arange(12.0)
    row = row_of(*study(x, 100 * x + np.tile([30.0, -30.0], 6)))
    assert row["pearson"] > 0.95
    assert row["pearson_low"] > 0.8
    assert row["pearson_low"] <= row["pearson"] <= row["pearson_high"]
    assert row["pearson_loo_low"] <= row["pearson"] <= row["pearson_loo_high"]
    assert row["p_permutation"] < 0.02
    assert row["partial_given"] == "log train_forces_rmse"


def test_scatter_of_seeds_and_replicas_widens_the_interval():
    x = np.arange(10.0)
    predictors, outcomes = study(x, x)
    rng = np.random.default_rng(5)
    times = [
        {"framework": "mace", "model": f"m{index}", "seed": 1, "replica": replica, "time_fs": time, "failed": True, "reason": "bond"}
        for index in range(10)
        for replica, time in enumerate(rng.exponential(index + 1, size=8), 1)
    ]
    failures = frame("failures", times)
    means = failures.groupby("model")["time_fs"].mean()
    outcomes["value"] = outcomes["model"].map(means).astype("Float64")
    draws = replica_draws(failures, 1000.0, QUICK)
    widths = []
    for given in ({}, draws):
        table, _ = correlations(predictors, outcomes, NO_SWITCHES, given, QUICK)
        row = table[table["predictor"] == "S"].iloc[0]
        widths.append(row["pearson_high"] - row["pearson_low"])
    assert widths[1] > widths[0]


def test_seeds_of_a_model_are_one_point():
    x = np.arange(8.0)
    row = row_of(*study(x, x, noise=0.3, seeds=3))
    assert row["n_models"] == 8
    assert row["pearson"] > 0.9


def test_same_seed_same_numbers():
    x = np.random.default_rng(6).normal(size=(2, 9))
    pd.testing.assert_series_equal(row_of(*study(*x)), row_of(*study(*x)))
    other = row_of(*study(*x), settings=Settings(n_bootstrap=400, n_permutation=200, seed=2))
    assert other["pearson_low"] != row_of(*study(*x))["pearson_low"]


def test_few_models_give_blanks_not_crashes():
    assert row_of(*study([1.0, 2.0], [1.0, 2.0])) is None
    row = row_of(*study([1.0, 2.0, 3.0], [1.0, 3.0, 2.0]))
    assert row["pearson"] == pytest.approx(0.5)
    assert row[["pearson_low", "pearson_high", "spearman_low", "kendall_low", "pearson_loo_low", "partial"]].isna().all()


def test_outcomes_all_alike_have_no_correlation():
    assert row_of(*study([1.0, 2.0, 3.0, 4.0, 5.0], [7.0] * 5)) is None


def test_models_without_rescaling_are_left_out_of_their_subset():
    x = np.append(np.random.default_rng(7).normal(size=9), 50.0)
    y = np.append(np.random.default_rng(8).normal(size=9), 50.0)
    rows = [{"framework": "mace", "model": f"m{i}", "name": "rescale", "value": str(i < 9).lower()} for i in range(10)]
    switches = frame("hyperparameters", rows)
    assert row_of(*study(x, y), switches=switches)["pearson"] > 0.98
    kept = row_of(*study(x, y), switches=switches, subset="rescaled")
    assert kept["n_models"] == 9
    assert kept["pearson"] == pytest.approx(stats.pearsonr(x[:9], y[:9]).statistic)
