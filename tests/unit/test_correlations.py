"""Correlations: against scipy, with known truth, with nothing to find, and with too few models."""

import numpy as np
import pandas as pd
import pytest
from made_up_study import analysed, training_sets
from scipy import stats

from nnip.analyse import bootstrap
from nnip.analyse.correlations import Settings, correlations, replica_draws
from nnip.study.tables import frame

QUICK = Settings(n_bootstrap=400, n_permutation=200, subsets={"rescaled": {"rescale": True}})
NO_SWITCHES = frame("hyperparameters", [])


def study(x, y, noise=0.0, seeds=1, rng=None):
    """Tables predictors (S, and a training error that tells nothing) and outcomes (rmst_fs) of models with given true values."""
    rng = rng or np.random.default_rng(0)
    predictors, outcomes = [], []
    for index, (a, b) in enumerate(zip(x, y, strict=True)):
        for seed in range(1, seeds + 1):
            key = {"framework": "mace", "model": f"m{index}", "seed": seed}
            predictors.append(key | {"quantity": "S", "minimum": "kept", "value": a + noise * rng.normal()})
            predictors.append(key | {"quantity": "train_forces_rmse", "value": np.exp(rng.normal())})
            outcomes.append(key | {"quantity": "rmst_fs", "value": b + noise * rng.normal()})
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
    assert row["partial_given"] == "train_forces_rmse"


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


def test_a_subset_is_what_the_config_says():
    x = np.random.default_rng(9).normal(size=(2, 8))
    rows = [{"framework": "mace", "model": f"m{i}", "name": "layers", "value": str(2 + i % 2)} for i in range(7)]  # m7 has no such switch
    given = Settings(n_bootstrap=100, n_permutation=100, subsets={"deep": {"layers": 3}, "wide": {"features": 32}, "flat": {"layers": "2"}})
    table, _ = correlations(*study(*x), frame("hyperparameters", rows), {}, given)
    assert table.groupby("subset")["n_models"].max().to_dict() == {"all": 8, "deep": 4, "flat": 5}


def one_temperature(splits, n=7):
    """Tables predictors and outcomes of models tested at these temperatures, whose errors are random."""
    rng = np.random.default_rng(10)
    rows = [
        {"framework": "mace", "model": f"m{i}", "seed": 1, "training_set": "n50", "split": split, "n_frames": 10}
        | {"energy_rmse_eV_per_atom": rng.uniform(0.01, 0.02), "forces_rmse_eV_per_A": rng.uniform(0.1, 0.4)}
        for i in range(n)
        for split in ("train", *splits)
    ]
    tables = {"errors": frame("errors", rows), "training_sets": training_sets((50,))}
    return analysed(tables, only=("error_summaries", "extrapolation", "learning_curves", "quantities"))


def test_a_quantity_does_not_predict_itself_under_another_name():
    """At one temperature the coolest test split is the hottest, and is all of them: the same numbers, whose correlation of 1 is none."""
    tables = one_temperature(["600K"])
    values = pd.concat([tables["predictors"], tables["outcomes"]]).pivot_table(index="model", columns="quantity", values="value")
    assert (values["test_forces_rmse_coolest"] == values["test_forces_rmse_hottest"]).all()
    table, _ = correlations(tables["predictors"], tables["outcomes"], NO_SWITCHES, {}, QUICK)
    assert {"train_forces_rmse"} <= set(table["predictor"])
    assert table["pearson"].abs().max() < 0.99
    assert not table["overlap"].any()
    pairs = set(table[["predictor", "outcome"]].itertuples(index=False, name=None))
    assert ("test_forces_rmse_coolest", "test_energy_rmse_hottest") in pairs, "another error is another measurement"
    assert not {pair for pair in pairs if pair[0].startswith("test_forces") and pair[1].startswith("test_forces")}


def test_a_part_and_its_whole_are_marked():
    tables = one_temperature(["300K", "600K", "1200K"])
    table, _ = correlations(tables["predictors"], tables["outcomes"], NO_SWITCHES, {}, QUICK)
    found = table.set_index(["predictor", "outcome"])["overlap"]
    for part in ("test_forces_rmse_coolest", "test_forces_rmse_hottest"):
        assert found[part, "test_forces_rmse_all"] and found[part, "extrapolation_slope"]
    assert not found["test_forces_rmse_coolest", "test_forces_rmse_hottest"]
    assert not found["train_forces_rmse", "test_forces_rmse_all"]
    assert not found["test_energy_rmse_coolest", "extrapolation_slope"]


def test_nested_intervals_cover_the_truth_over_models_seeds_and_replicas():
    """Models, seeds within them, replicas within these, all drawn: nominal 95 %, of 120 studies (standard error 2 %).

    The truth is the correlation of what is measured, means over two seeds (and over eight replicas) of normal values.
    """
    rng = np.random.default_rng(11)
    n, n_seeds, n_replicas, of_models, of_seeds, of_replicas = 13, 2, 8, 0.7, 0.5, 1.0
    truth = of_models / np.sqrt((1 + of_seeds**2 / n_seeds) * (1 + of_seeds**2 / n_seeds + of_replicas**2 / (n_seeds * n_replicas)))
    settings = Settings(n_bootstrap=400, n_permutation=100)
    keys = [("mace", f"m{model}", seed) for model in range(n) for seed in range(n_seeds)]
    hits = 0
    for _ in range(120):
        levels = rng.multivariate_normal([0, 0], [[1, of_models], [of_models, 1]], n)
        trained = np.repeat(levels, n_seeds, axis=0) + of_seeds * rng.normal(size=(n * n_seeds, 2))
        replicas = trained[:, 1:] + of_replicas * rng.normal(size=(n * n_seeds, n_replicas))
        counts = rng.multinomial(n_replicas, np.full(n_replicas, 1 / n_replicas), size=(n * n_seeds, settings.n_bootstrap))
        draws = {(*key, "rmst_fs"): again @ own / n_replicas for key, own, again in zip(keys, replicas, counts, strict=True)}
        who = [dict(zip(("framework", "model", "seed"), key, strict=True)) for key in keys]
        predictors = [key | {"quantity": "S", "minimum": "kept", "value": value} for key, value in zip(who, trained[:, 0], strict=True)]
        outcomes = [key | {"quantity": "rmst_fs", "value": value} for key, value in zip(who, replicas.mean(axis=1), strict=True)]
        table, _ = correlations(frame("predictors", predictors), frame("outcomes", outcomes), NO_SWITCHES, draws, settings)
        hits += table["pearson_low"].iloc[0] <= truth <= table["pearson_high"].iloc[0]
    assert 0.88 <= hits / 120 <= 0.995
