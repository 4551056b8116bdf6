"""Correlations of six and eight models: literal numbers, and intervals that are scipy's within the draw of resamples."""

import numpy as np
import pandas as pd
import pytest
from known_study import correlated, drawn, known, measured_anew, switches
from scipy import stats

from nnip.analyse import bootstrap as resampling
from nnip.study.tables import frame

X, Y, Z = (1, 2, 4, 8, 9, 3), (2, 1, 5, 6, 9.5, 4), (3, 1, 4, 1, 5, 9)
EIGHT = np.array([1.0, 2, 4, 8, 9, 3, 7, 2.5]), np.array([2.0, 1, 5, 6, 9.5, 4, 3, 2.2])


def one_seed(side, **columns):
    return known(side, {quantity: {f"m{i}": [value] for i, value in enumerate(values)} for quantity, values in columns.items()})


def test_every_number_of_a_row():
    row, partials = correlated(one_seed("predictors", S=X, train_forces_rmse=Z), one_seed("outcomes", rmst_fs=Y), "S", "rmst_fs", n_permutation=1000)
    numbers = {
        "n_models": 6,
        "pearson": 0.92014031,
        "spearman": 0.94285714,
        "kendall": 0.86666667,
        "pearson_loo_low": 0.85673317,
        "pearson_loo_high": 0.96545082,
        "p_permutation": 6 / 720,
        "partial": 0.98718184,  # given the logarithm; given the error itself 0.963
    }
    assert {key: row[key] for key in numbers} == pytest.approx(numbers)
    assert row["partial_given"] == "train_forces_rmse"
    assert list(partials) == ["train_forces_rmse"]
    assert partials["train_forces_rmse"]["partial"] == pytest.approx(0.98718184)
    assert partials["train_forces_rmse"]["n_models"] == 6


def test_an_error_is_not_given_to_itself():
    row, partials = correlated(
        one_seed("predictors", train_forces_rmse=Z), one_seed("outcomes", rmst_fs=Y), "train_forces_rmse", "rmst_fs", n_permutation=10
    )
    assert pd.isna(row["partial"]) and not partials


def test_five_models_have_an_interval_and_no_further_words():
    sides = one_seed("predictors", S=X[:5], train_forces_rmse=Z[:5]), one_seed("outcomes", rmst_fs=Y[:5])
    row, partials = correlated(*sides, "S", "rmst_fs", n_bootstrap=2000)
    assert np.isfinite([row["pearson_low"], row["spearman_high"]]).all()
    assert pd.isna(row["pearson_loo_low"])
    assert not partials


@pytest.mark.parametrize("confidence", [0.95, 0.6])
def test_intervals_are_scipys(confidence):
    x, y = EIGHT
    row, _ = correlated(
        one_seed("predictors", S=x), one_seed("outcomes", rmst_fs=y), "S", "rmst_fs", n_bootstrap=20000, n_permutation=10, confidence=confidence
    )
    for name, measure in (("pearson", resampling.pearson), ("spearman", resampling.spearman), ("kendall", resampling.kendall)):
        theirs = stats.bootstrap(
            (np.arange(8),), lambda index, axis, measure=measure: measure(x[index], y[index]), n_resamples=20000, confidence_level=confidence,
            method="BCa", vectorized=True, rng=np.random.default_rng(9),
        ).confidence_interval  # fmt: skip
        assert [row[f"{name}_low"], row[f"{name}_high"]] == pytest.approx([theirs.low, theirs.high], abs=0.02)


def test_a_model_is_drawn_anew_through_its_seeds_and_their_replicas():
    """Mean of three seeds 0, 3, 6 drawn with replacement: variance 6 / 3. y of one seed: its replicas' own draws, x as it is."""
    mine = np.arange(4000.0)
    draws = {("mace", model, seed, "rmst_fs"): mine + 10 * seed for model, seed in (("a", 1), ("a", 2), ("a", 3), ("b", 1))}
    columns, again, chosen = measured_anew({"a": [(0, 1), (3, 2), (6, 6)], "b": [(5, 7)]}, draws, 4000)
    assert [column.tolist() for column in columns] == [[3, 5], [3, 7]]
    assert again[0][:, 0].mean() == pytest.approx(3, abs=0.1)
    assert again[0][:, 0].std() == pytest.approx(np.sqrt(2), rel=0.04)
    assert (again[0][:, 1] == 5).all()
    assert (again[1][:, 1] == mine + 10).all()
    # x and y of a resample are of the same seeds: the mean seed is x / 3 + 1
    assert again[1][:, 0] - mine == pytest.approx(10 * (again[0][:, 0] / 3 + 1))
    assert chosen.shape == (4000, 2) and set(np.unique(chosen)) == {0, 1}
    _, without, _ = measured_anew({"a": [(0, 1)], "b": [(5, 7)]}, {("mace", "a", 1, "rmst_fs"): mine}, 4000)
    assert (without[1] == [1, 7]).all(), "draws of some models only are not used"


def test_replicas_are_drawn_with_replacement_and_censoring():
    """100, 300 failed, 1000 the horizon: means 466.67, resampled means vary by 148888.9 / 3; early censored ones move the restricted mean."""
    key = {"framework": "mace", "model": "a", "seed": 1, "reason": "none"}
    lives = frame("failures", [key | {"replica": i, "time_fs": t, "failed": t != 700} for i, t in enumerate((100.0, 300.0, 700.0))])
    draws = drawn(lives, 1000.0, n_bootstrap=20000)
    plain, restricted = draws["mace", "a", 1, "mean_time_to_failure_fs"], draws["mace", "a", 1, "rmst_fs"]
    assert plain.mean() == pytest.approx(366.666667, rel=0.01)
    assert plain.std() == pytest.approx(144.016460, rel=0.02)
    assert set(np.round(restricted[plain == 700])) == {1000.0} and set(np.round(restricted[plain == 100])) == {100.0}
    # one of each: 100 + 200 * 2/3 + 700 * 1/3
    assert set(np.round(restricted[np.isclose(plain, 1100 / 3)], 3)) == {466.667}


def test_subsets_leave_models_without_rescaling_out():
    switch = switches({"m0": "false", "m1": "true", "m2": "true", "m3": "true"}, name="rescale")
    given = one_seed("predictors", S=(9, 1, 2, 3)), one_seed("outcomes", rmst_fs=(9, 1, 3, 2)), "S", "rmst_fs", switch
    few = {"n_bootstrap": 10, "n_permutation": 10, "subsets": {"rescaled": {"rescale": True}}}
    assert correlated(*given, subset="rescaled", **few)[0]["pearson"] == pytest.approx(0.5)
    assert correlated(*given, subset="all", **few)[0]["n_models"] == 4
    other = switches({"m0": "true"}, name="rescale")
    assert correlated(*given[:4], other, subset="rescaled", **few)[0] is None
    assert correlated(*given, subset="rescaled", **few | {"subsets": {}})[0] is None


def test_a_pair_of_one_source_has_no_row_and_a_part_of_the_other_is_marked():
    """D1. Where there is one test temperature, the coolest and the hottest errors are one measurement; a slope over temperatures and its ends
    are not, but one is a part of the other."""
    few = {"n_bootstrap": 10, "n_permutation": 10}
    sides = one_seed("predictors", test_forces_rmse_coolest=Y, S=X), one_seed("outcomes", test_forces_rmse_hottest=Y, extrapolation_slope=Z)
    assert correlated(*sides, "test_forces_rmse_coolest", "test_forces_rmse_hottest", **few)[0] is None
    part = correlated(*sides, "test_forces_rmse_coolest", "extrapolation_slope", **few)[0]
    assert part["overlap"] and part["pearson"] == pytest.approx(0.24350603)
    for outcome, pearson in (("test_forces_rmse_hottest", 0.92014031), ("extrapolation_slope", -0.05104610)):
        row = correlated(*sides, "S", outcome, **few)[0]
        assert row["overlap"] is False and row["pearson"] == pytest.approx(pearson)
    warmer = one_seed("outcomes", test_forces_rmse_hottest=(*Y[:5], 4.001))
    assert correlated(sides[0], warmer, "test_forces_rmse_coolest", "test_forces_rmse_hottest", **few)[0]["overlap"] is False
    both = one_seed("predictors", test_forces_rmse_hottest=Y), one_seed("outcomes", test_forces_rmse_hottest=Y)
    assert correlated(*both, "test_forces_rmse_hottest", "test_forces_rmse_hottest", **few)[0] is None
    same_numbers = one_seed("predictors", S=Y), one_seed("outcomes", rmst_fs=Y)
    assert correlated(*same_numbers, "S", "rmst_fs", **few)[0]["pearson"] == pytest.approx(1.0), "equal numbers of two sources are no one measurement"
