"""Predictors and outcomes of the known study: every value of every model and seed."""

import pandas as pd
import pytest
from known_study import SEEDS, by_seed, study, with_statistics

from nnip.analyse.learning_curves import overall_errors
from nnip.study.tables import frame


@pytest.fixture(scope="module")
def tables():
    return study()


PREDICTORS = {
    # ln(1 + 2 / rarer) - level
    ("S_forces", "kept"): {
        "a": [-0.30685282, -0.40685282, -0.50685282],
        "b": [-1.59453489, -1.79453489, -1.99453489],
        "c": [-2.77685645, -2.77685645, -3.37685645],
    },
    # ln 3 - level
    ("S_energy", "kept"): {
        "a": [0.69861229, 0.59861229, 0.49861229],
        "b": [0.29861229, 0.19861229, 0.09861229],
        "c": [-0.10138771, -0.10138771, -0.10138771],
    },
    # a quarter of the energy's and three of the forces'
    ("S", "kept"): {
        "a": [-0.05548654, -0.15548654, -0.25548654],
        "b": [-1.1212481, -1.2962481, -1.4712481],
        "c": [-2.10798926, -2.10798926, -2.55798926],
    },
    ("S_forces", "subtracted"): {"a": [0.69314718] * 3, "b": [0.40546511] * 3, "c": [0.22314355] * 3},
    ("S_energy", "subtracted"): {"a": [1.09861229] * 3, "b": [1.09861229] * 3, "c": [1.09861229] * 3},
    ("S", "subtracted"): {"a": [0.79451346] * 3, "b": [0.5787519] * 3, "c": [0.44201074] * 3},
    ("train_forces_rmse", "kept"): {"a": [0.01, 0.02, 0.03], "b": [0.02, 0.04, 0.06], "c": [0.05, 0.06, 0.07]},
    ("train_energy_rmse", "kept"): {"a": [0.001, 0.002, 0.003], "b": [0.002, 0.004, 0.006], "c": [0.005, 0.006, 0.007]},
    # the study's trap for what takes validation frames for test frames
    ("val_forces_rmse", "kept"): {model: [99.0] * 3 for model in "abc"},
    ("val_energy_rmse", "kept"): {"a": [0.007, 0.014, 0.021], "b": [0.017, 0.034, 0.051], "c": [0.028, 0.035, 0.042]},
    ("test_forces_rmse_coolest", "kept"): {"a": [0.01, 0.02, 0.03], "b": [0.07, 0.14, 0.21], "c": [0.04, 0.05, 0.06]},
    ("test_energy_rmse_coolest", "kept"): {"a": [0.001, 0.002, 0.003], "b": [0.007, 0.014, 0.021], "c": [0.004, 0.005, 0.006]},
    ("test_forces_rmse_hottest", "kept"): {"a": [0.07, 0.14, 0.21], "b": [0.17, 0.34, 0.51], "c": [0.28, 0.35, 0.42]},
}
OUTCOMES = {
    "rmst_fs": {"a": [200, 300, 500], "b": [633.333333, 700, 800], "c": [900, 966.666667, 1000]},
    "mean_time_to_failure_fs": {"a": [200, 300, 500], "b": [633.333333, 700, 800], "c": [833.333333, 966.666667, 1000]},
    "test_forces_rmse_hottest": {"a": [0.07, 0.14, 0.21], "b": [0.17, 0.34, 0.51], "c": [0.28, 0.35, 0.42]},
    "test_energy_rmse_hottest": {"a": [0.007, 0.014, 0.021], "b": [0.017, 0.034, 0.051], "c": [0.028, 0.035, 0.042]},
    "test_forces_rmse_all": {"a": [0.05, 0.1, 0.15], "b": [0.13, 0.26, 0.39], "c": [0.2, 0.25, 0.3]},
    "extrapolation_slope": {"a": [2e-4, 4e-4, 6e-4], "b": [1 / 3000, 2 / 3000, 3 / 3000], "c": [8e-4, 1e-3, 1.2e-3]},
    # ln of how much worse 25 frames are, over ln 4
    "learning_curve_slope": {"a": [-0.5, -1.0, -0.5], "b": [-0.5, -0.5, 0.0], "c": [-1.0, -1.0, -1.0]},
}


def same(found, expected):
    assert found.keys() == expected.keys()
    for model, values in expected.items():
        assert found[model] == pytest.approx(values, abs=1e-7 if abs(values[0]) > 0.01 else 1e-12), model


@pytest.mark.parametrize(("quantity", "minimum"), PREDICTORS)
def test_predictors(tables, quantity, minimum):
    same(by_seed(tables["predictors"], quantity, minimum), PREDICTORS[quantity, minimum])


@pytest.mark.parametrize("quantity", OUTCOMES)
def test_outcomes(tables, quantity):
    found = by_seed(tables["outcomes"], quantity)
    assert found.keys() == OUTCOMES[quantity].keys()
    for model, values in OUTCOMES[quantity].items():
        assert found[model] == pytest.approx(values, rel=1e-6, abs=1e-9), model


def test_there_is_nothing_else(tables):
    for side, known in (("predictors", PREDICTORS), ("outcomes", OUTCOMES)):
        assert tables[side].index.tolist() == list(range(len(known) * 3 * len(SEEDS))), side


def test_outcomes_have_the_intervals_of_their_sources(tables):
    """Lives of a: +- 4.302653 * 100 / sqrt(3); of b's first seed one of three censored; two sizes have no interval of the slope."""
    low, high = (by_seed(tables["outcomes"], "rmst_fs", column=column) for column in ("low", "high"))
    assert [low["a"][2], high["a"][2]] == pytest.approx([251.586229, 748.413771])
    assert [low["b"][0], high["b"][0]] == [0.0, 1000.0]
    assert [low["b"][1], high["b"][1]] == pytest.approx([203.172458, 1000.0])
    assert all(pd.Series(own).isna().all() for own in by_seed(tables["outcomes"], "learning_curve_slope", column="low").values())


def test_survival_over_seeds(tables):
    pooled = tables["survival"].query("seed.isna()").set_index("model")
    assert pooled["rmst_fs"].to_dict() == pytest.approx({"a": 1000 / 3, "b": 6400 / 9, "c": 8600 / 9})
    assert pooled.loc["b", ["rmst_low_fs", "rmst_high_fs"]].tolist() == pytest.approx([502.724128, 919.498094])
    assert pooled.loc["c", ["rmst_low_fs", "rmst_high_fs"]].tolist() == pytest.approx([829.069454, 1000.0])
    assert pooled["n_failed"].to_dict() == {"a": 9, "b": 7, "c": 2}


def test_every_curve_has_its_seed(tables):
    curves = tables["learning_curves"]
    assert curves[["model", "seed", "n_points"]].to_numpy().tolist() == [[model, seed, 2] for model in "abc" for seed in SEEDS]


def test_a_model_measured_at_the_smaller_size_only_is_not_one_of_all_frames(tables):
    lost = tables["errors"].query("not (model == 'c' and training_set == 'n100')")
    found = with_statistics(tables | {"errors": frame("errors", lost)})
    for side, quantity in (("predictors", "train_forces_rmse"), ("outcomes", "test_forces_rmse_all"), ("outcomes", "test_forces_rmse_hottest")):
        assert list(by_seed(found[side], quantity)) == ["a", "b"]
    assert len(overall_errors(lost, tables["training_sets"])) == 15
