"""Predictors, outcomes, learning curves, sensitivity and noise floor from small tables with known answers."""

import numpy as np
import pandas as pd
import pytest
from made_up_study import analysed, default, noise_set, training_sets

from nnip.analyse.entropy import entropy_table
from nnip.analyse.entropy_settings import sensitivity
from nnip.analyse.learning_curves import learning_curves, overall_errors
from nnip.analyse.noise_floor import noise_floor, twins
from nnip.declare import Quantity
from nnip.declare.registry import quantities, tables
from nnip.study.tables import frame

SETS = training_sets((25, 100))


def errors(model="a", seed=1, sizes=(25, 100), splits=("train", "val", "300K", "1200K"), exponent=-0.5, **more):
    scale = {"train": 0.5, "val": 0.8, "300K": 1.0, "1200K": 4.0}
    return frame(
        "errors",
        [
            {"framework": "mace", "model": model, "seed": seed, "training_set": f"n{n}", "split": split, "energy_rmse_eV_per_atom": 0.01,
             "forces_rmse_eV_per_A": scale[split] * n**exponent, "n_frames": 10} | more
            for n in sizes for split in splits
        ],
    )  # fmt: skip


def landscape(models=("a", "b", "c"), modes=("paper",), steep=(1.0, 2.0, 3.0), seed=1):
    t = np.linspace(-0.25, 0.25, 11)
    parts = [
        pd.DataFrame({"framework": "mace", "model": model, "seed": seed, "mode": mode, "split": "train", "direction": direction, "t": t,
                      "energy_rmse_eV_per_atom": 0.001 + k * t**2, "forces_rmse_eV_per_A": 0.02 * k + k * t**2})
        for model, k in zip(models, steep, strict=True) for mode in modes for direction in (1, 2)
    ]  # fmt: skip
    return frame("landscape", pd.concat(parts))


def lives(model="a", seed=1, times=(100, 200, 6000)):
    key = {"framework": "mace", "model": model, "seed": seed}
    ends = [{"time_fs": t, "failed": t < 6000, "reason": "bond" if t < 6000 else "none"} for t in times]
    rows = [key | end | {"replica": i} for i, end in enumerate(ends)]
    return frame("failures", rows)


COLLECTED = ("entropy", "error_summaries", "extrapolation", "learning_curves", "survival", "quantities")


def measured(**tables):
    """Tables predictors and outcomes of some measured tables, each also by name of the quantity."""
    if "errors" in tables:
        tables["training_sets"] = SETS
    return analysed(tables, only=COLLECTED, settings={"md.duration_fs": 6000.0})


def by_name(table, minimum="kept"):
    """Values by model and quantity; of those of landscapes the ones with this minimum."""
    return table[table["minimum"].fillna(minimum) == minimum].set_index(["model", "quantity"])["value"]


def test_learning_curve_slope_is_that_of_the_power_law():
    sizes = (5, 25, 50, 100)
    curve = learning_curves(errors(sizes=sizes), training_sets(sizes)).iloc[0]
    assert curve["slope"] == pytest.approx(-0.5)
    assert curve["n_points"] == 3, "n = 5 has no validation frame and is left out"
    assert curve["slope_low"] <= curve["slope"] <= curve["slope_high"]


def test_two_points_have_a_slope_without_interval_and_one_has_none():
    assert pd.isna(learning_curves(errors(), SETS).iloc[0]["slope_low"])
    assert learning_curves(errors(sizes=(100,)), SETS).empty


def test_overall_error_is_weighted_by_force_components_where_these_are_known():
    table = errors(sizes=(100,)).assign(n_components=30)
    table.loc[table["split"] == "1200K", "n_components"] = 270
    assert overall_errors(table, SETS)["forces_rmse_eV_per_A"].tolist() == pytest.approx([np.sqrt((30 * 1 + 270 * 16) / 300) / 10])


def test_overall_error_is_weighted_by_frames_and_the_released_one_is_taken_as_it_is():
    """Where components are not known."""
    table = errors(sizes=(100,))
    table.loc[table["split"] == "1200K", "n_frames"] = 30
    assert overall_errors(table, SETS)["forces_rmse_eV_per_A"].tolist() == pytest.approx([np.sqrt((10 * 1 + 30 * 16) / 40) / 10])
    released = pd.concat([table, errors(sizes=(100,), splits=("300K",)).assign(split="all", forces_rmse_eV_per_A=0.7)])
    assert overall_errors(released, SETS)["forces_rmse_eV_per_A"].tolist() == [0.7]


def test_noisy_trainings_are_no_points_of_the_learning_curve():
    noisy = pd.concat([errors(), errors(sizes=(50,), training_set=noise_set(100, 0.1))])
    assert learning_curves(noisy, training_sets((25, 100), noise=(0.1,))).iloc[0]["n_points"] == 2


def test_a_predictor_of_every_mode_and_minimum_stands_in_columns():
    for modes in (("paper",), ("isotropic", "paper")):
        table = measured(landscape=landscape(modes=modes), errors=errors())["predictors"]
        S = table[table["quantity"] == "S_forces"]
        assert set(S[["mode", "minimum"]].itertuples(index=False, name=None)) == {(mode, end) for mode in modes for end in ("kept", "subtracted")}
        others = table[~table["quantity"].isin(["S", "S_energy", "S_forces"])]
        assert {"train_energy_rmse", "train_forces_rmse", "test_forces_rmse_coolest"} <= set(others["quantity"])
        assert others[["mode", "minimum"]].isna().all(axis=None)


def test_landscapes_beside_the_main_line_are_no_predictors():
    main = landscape()
    others = [main.assign(split="test_1200K"), main.assign(frozen="radial")]
    alone, both = (measured(landscape=table, errors=errors())["predictors"] for table in (main, pd.concat([main, *others])))
    pd.testing.assert_frame_equal(alone, both)


def test_values_of_predictors():
    values = by_name(measured(landscape=landscape(), errors=errors("b"))["predictors"])
    assert values["b", "train_forces_rmse"] == pytest.approx(0.05), "of the 100 frames, not of the 25"
    assert values["b", "test_forces_rmse_coolest"] == pytest.approx(0.1)
    assert ("a", "test_forces_rmse_coolest") not in values.index, "what was not measured is no row"


def test_training_error_is_of_training_frames_whatever_the_landscape_is_over():
    """Errors of split train: 0.5 / sqrt(100). Without them the landscape's centre, 0.02 for model a, but only one over the training frames."""
    table, released = landscape(("a",), steep=(1.0,)), errors(splits=("300K",))
    hot = table.assign(split="test_1200K")
    no_centre = table[table["t"].abs() > 1e-9]

    def train_forces_rmse(curves, known):
        return by_name(measured(landscape=curves, errors=known)["predictors"]).get(("a", "train_forces_rmse"))

    assert train_forces_rmse(hot, errors()) == pytest.approx(0.05)
    assert train_forces_rmse(no_centre, errors()) == pytest.approx(0.05)
    assert train_forces_rmse(table, released) == pytest.approx(0.02)
    assert train_forces_rmse(hot, released) is None


def test_a_landscape_that_overflows_is_no_predictor():
    table = landscape()
    table.loc[table["model"] == "c", "forces_rmse_eV_per_A"] = np.inf
    values = by_name(measured(landscape=table, errors=errors())["predictors"])
    assert ("c", "S") not in values.index
    assert ("c", "S_energy") in values.index


def test_values_of_outcomes():
    table = measured(landscape=landscape(("a",), steep=(1.0,)), errors=errors(sizes=(25, 100)), failures=lives())["outcomes"]
    values = by_name(table)["a"]
    assert values["rmst_fs"] == values["mean_time_to_failure_fs"] == pytest.approx(2100)
    assert values["test_forces_rmse_hottest"] == pytest.approx(0.4)
    assert values["extrapolation_slope"] == pytest.approx(0.3 / 900)
    assert values["learning_curve_slope"] == pytest.approx(-0.5)
    bounds = table.set_index("quantity")[["low", "high"]].notna().all(axis=1)
    assert bounds["rmst_fs"] and not bounds["test_forces_rmse_hottest"]


def test_splits_without_a_temperature_have_no_hottest():
    table = errors(splits=("train", "300K")).assign(split=lambda rows: rows["split"].replace("300K", "surface"))
    found = set(measured(errors=table, failures=lives())["outcomes"]["quantity"])
    assert found == {"rmst_fs", "mean_time_to_failure_fs", "test_forces_rmse_all", "learning_curve_slope"}


@pytest.mark.parametrize("name", quantities())
def test_a_quantity_stands_where_it_says(name):
    quantity = quantities()[name]
    columns = tables()[quantity.table].columns
    wanted = {quantity.column, *quantity.where, *quantity.at, *quantity.variants, *filter(None, (quantity.low, quantity.high))}
    assert {"framework", "model", "seed", *wanted} <= set(columns)
    assert set(quantity.parts) <= set(quantities())
    for key in quantity.at.values():
        default(key)


def test_a_quantity_that_is_none_is_refused():
    given = {"name": "x", "table": "t", "column": "c", "label": "x"}
    for wrong in (
        {"role": "cause"},
        {"role": "outcome", "better": 2},
        {"role": "outcome", "variants": ("mode",)},
        {"role": "predictor", "variants": ("t",)},
    ):
        with pytest.raises(ValueError, match="quantity x"):
            Quantity(**given, **wrong)


def test_sensitivity_agrees_with_the_entropy_and_with_itself():
    table = landscape()
    own = entropy_table(table, 0.004, 0.04, 0.2).query("minimum == 'kept'").set_index("model")["S"]
    grid = sensitivity(table, 0.004, 0.04, 0.2)
    here = grid[(grid["T_forces_eV_per_A"] == 0.04) & (grid["alpha"] == 0.2)].set_index("model")
    assert here["S"].to_dict() == pytest.approx(own.to_dict())
    assert here["rank"].to_dict() == {"a": 1, "b": 2, "c": 3}
    assert (here["spearman"] == 1).all()
    assert grid.groupby(["T_forces_eV_per_A", "alpha"]).size().eq(3).all()


def test_noise_floor_of_twins_and_seeds():
    switches = frame(
        "hyperparameters", [{"framework": "mace", "model": m, "name": "lr", "value": v} for m, v in (("a", "1"), ("b", "1"), ("c", "2"))]
    )
    assert twins(switches) == [("mace", "a", "b")]
    failures = pd.concat([lives("a"), lives("b", times=(300, 500, 700)), lives("c", seed=1), lives("c", seed=2, times=(50, 60, 70))])
    table = landscape()
    known = measured(landscape=table, errors=errors(), failures=failures)
    floor = noise_floor(switches, known["predictors"], known["outcomes"], failures)
    assert set(floor["quantity"]) <= {name for name, quantity in quantities().items() if quantity.floor}, "S_energy and S_forces are not listed"
    twin = floor[(floor["kind"] == "same settings") & (floor["quantity"] == "rmst_fs")].iloc[0]
    assert (twin["value_a"], twin["value_b"], twin["difference"]) == pytest.approx((2100, 500, -1600))
    expected = np.sqrt(np.var([100, 200, 6000], ddof=1) / 3 + np.var([300, 500, 700], ddof=1) / 3)
    assert twin["standard_error"] == pytest.approx(expected)
    seeds = floor[floor["kind"] == "seeds"]
    assert set(seeds["model_a"]) == {"c#1"}
    assert set(seeds["model_b"]) == {"c#2"}
