"""The noise floor of the known study: pairs, differences, standard errors and spreads by hand."""

import pytest
from known_study import floor, known, study, switches

from nnip.analyse.noise_floor import noise_floor, twins
from nnip.study.tables import frame


@pytest.fixture(scope="module")
def tables():
    return study()


def test_two_seeds_of_a_model(tables):
    """Lives of a: 200, 300, 500, variance of each 10000 / 3: sqrt(20000 / 3). b: 123333.3 / 3, 40000 / 3, 40000 / 3. Spread of 333, 711, 956."""
    own = floor(tables, "seeds", "rmst_fs").set_index(["model_a", "model_b"])
    assert list(own.index) == [(f"{m}#{i}", f"{m}#{j}") for m in "abc" for i, j in ((1, 2), (1, 3), (2, 3))]
    assert own.loc[("a#1", "a#3"), ["value_a", "value_b", "difference"]].tolist() == pytest.approx([200, 500, 300])
    assert own.loc[("a#1", "a#3"), ["standard_error", "spread_of_models", "share_of_spread"]].tolist() == pytest.approx(
        [81.6496581, 313.483022, 0.95698963]
    )
    assert own["standard_error"].tolist()[3:6] == pytest.approx([233.333333, 233.333333, 163.299316])


def test_two_models_of_the_same_settings(tables):
    own = floor(tables, "same settings", "rmst_fs")
    assert own[["model_a", "model_b"]].to_numpy().tolist() == [["b", "c"]] * 3
    assert own["difference"].tolist() == pytest.approx([266.666667, 266.666667, 200.0])
    assert own["share_of_spread"].tolist() == pytest.approx([0.85065744, 0.85065744, 0.63799308])
    S = floor(tables, "same settings", "S")
    assert S["difference"].tolist() == pytest.approx([-0.98674116, -0.81174116, -1.08674116])
    assert S["share_of_spread"].tolist() == pytest.approx([0.98674116 / 1.05252084, 0.81174116 / 1.05252084, 1.08674116 / 1.05252084])
    assert S["standard_error"].isna().all(), "replicas say nothing of it"


def test_a_quantity_that_is_predictor_and_outcome_counts_once(tables):
    assert len(floor(tables, "seeds", "test_forces_rmse_hottest")) == 9


def test_only_declared_quantities_are_listed(tables):
    """D8: not S_energy and S_forces, of which S is made, nor energy errors."""
    listed = tables["noise_floor"][["quantity", "mode", "minimum"]].fillna("").drop_duplicates().itertuples(index=False, name=None)
    assert sorted(listed) == [
        ("S", "isotropic", "kept"), ("S", "isotropic", "subtracted"), ("learning_curve_slope", "", ""), ("mean_time_to_failure_fs", "", ""),
        ("rmst_fs", "", ""), ("test_forces_rmse_hottest", "", ""), ("train_forces_rmse", "", ""),
    ]  # fmt: skip
    assert len(tables["noise_floor"]) == 7 * (9 + 3)


def test_twins_are_alike_in_every_switch_of_one_framework():
    rows = [switches({"a": "1", "b": "1", "c": "1"}), switches({"a": "x", "b": "x", "c": "y"}, name="size"), switches({"d": "1"}, "nequip")]
    table = frame("hyperparameters", [row for part in rows for row in part.to_dict("records")])
    assert twins(table) == [("mace", "a", "b")]
    assert twins(switches({"b": "1", "a": "1"})) == [("mace", "b", "a")], "in the order of the table"


def test_an_error_released_twice_is_that_of_the_largest_set_at_the_highest_temperature():
    outcome = known("outcomes", {"test_forces_rmse_hottest": {"a": [0.2], "b": [0.5]}})
    who = {"framework": "mace", "model": "a", "seed": 1, "energy_rmse_eV_per_atom": 0.0}
    again = [(25, "1200K", 9.0), (100, "300K", 9.0), (100, "1200K", 0.17)]
    repeated = frame("errors_repeated", [who | {"n_train": n, "split": split, "forces_rmse_eV_per_A": error} for n, split, error in again])
    found = noise_floor(frame("hyperparameters", []), frame("predictors", []), outcome, frame("failures", []), repeated)
    (row,) = found.to_dict("records")
    assert (row["kind"], row["model_a"], row["model_b"]) == ("released twice", "a", "a")
    # of 0.2 and 0.5 the standard deviation is 0.3 / sqrt(2)
    assert [row[key] for key in ("value_a", "value_b", "difference", "spread_of_models", "share_of_spread")] == pytest.approx(
        [0.2, 0.17, -0.03, 0.21213203, 0.14142136]
    )
