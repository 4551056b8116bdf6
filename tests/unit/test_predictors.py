"""Predictors, outcomes, learning curves, sensitivity and noise floor from small tables with known answers."""

import numpy as np
import pandas as pd
import pytest
from made_up_study import noise_set, training_sets

from nnip.analyse.entropy import entropy_table
from nnip.analyse.entropy_settings import sensitivity
from nnip.analyse.learning_curves import learning_curves, overall_errors
from nnip.analyse.noise_floor import noise_floor, twins
from nnip.analyse.predictors import outcomes, predictors
from nnip.analyse.survival import survival
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
    table = errors(sizes=(100,))
    table.loc[table["split"] == "1200K", "n_frames"] = 30
    assert overall_errors(table, SETS)["forces_rmse_eV_per_A"].tolist() == pytest.approx([np.sqrt((10 * 1 + 30 * 16) / 40) / 10])
    released = pd.concat([table, errors(sizes=(100,), splits=("300K",)).assign(split="all", forces_rmse_eV_per_A=0.7)])
    assert overall_errors(released, SETS)["forces_rmse_eV_per_A"].tolist() == [0.7]


def test_noisy_trainings_are_no_points_of_the_learning_curve():
    noisy = pd.concat([errors(), errors(sizes=(50,), training_set=noise_set(100, 0.1))])
    assert learning_curves(noisy, training_sets((25, 100), noise=(0.1,))).iloc[0]["n_points"] == 2


def test_predictors_have_the_modes_name_only_where_there_are_several():
    names = []
    for modes in (("paper",), ("isotropic", "paper")):
        table = landscape(modes=modes)
        names.append(set(predictors(entropy_table(table, 0.004, 0.04, 0.2), table, errors(), SETS)["predictor"]))
    assert {"S", "S_subtracted", "S_forces_subtracted", "train_forces_rmse", "test_forces_rmse_coolest"} <= names[0]
    assert {"S_paper", "S_isotropic", "S_subtracted_paper", "train_energy_rmse"} <= names[1]
    assert "S" not in names[1]


def test_values_of_predictors():
    table = landscape()
    values = predictors(entropy_table(table, 0.004, 0.04, 0.2), table, errors("b"), SETS).set_index(["model", "predictor"])["value"]
    assert values["b", "train_forces_rmse"] == pytest.approx(0.05), "of the 100 frames, not of the 25"
    assert values["b", "test_forces_rmse_coolest"] == pytest.approx(0.1)
    assert ("a", "test_forces_rmse_coolest") not in values.index, "what was not measured is no row"


def test_training_error_is_of_training_frames_whatever_the_landscape_is_over():
    """Errors of split train: 0.5 / sqrt(100). Without them the landscape's centre, 0.02 for model a, but only one over the training frames."""
    table, released = landscape(("a",), steep=(1.0,)), errors(splits=("300K",))
    hot = table.assign(split="test_1200K")
    no_centre = table[table["t"].abs() > 1e-9]

    def train_forces_rmse(curves, known):
        values = predictors(entropy_table(curves, 0.004, 0.04, 0.2), curves, known, SETS).set_index("predictor")["value"]
        return values.get("train_forces_rmse")

    assert train_forces_rmse(hot, errors()) == pytest.approx(0.05)
    assert train_forces_rmse(no_centre, errors()) == pytest.approx(0.05)
    assert train_forces_rmse(table, released) == pytest.approx(0.02)
    assert train_forces_rmse(hot, released) is None


def test_a_landscape_that_overflows_is_no_predictor():
    table = landscape()
    table.loc[table["model"] == "c", "forces_rmse_eV_per_A"] = np.inf
    values = predictors(entropy_table(table, 0.004, 0.04, 0.2), table, errors(), SETS).set_index(["model", "predictor"])["value"]
    assert ("c", "S") not in values.index
    assert ("c", "S_energy") in values.index


def test_values_of_outcomes():
    table = errors(sizes=(25, 100))
    values = outcomes(survival(lives(), 6000.0), table, SETS, learning_curves(table, SETS)).set_index("outcome")["value"]
    assert values["rmst_fs"] == values["mean_time_to_failure_fs"] == pytest.approx(2100)
    assert values["test_forces_rmse_hottest"] == pytest.approx(0.4)
    assert values["extrapolation_slope"] == pytest.approx(0.3 / 900)
    assert values["learning_curve_slope"] == pytest.approx(-0.5)


def test_splits_without_a_temperature_have_no_hottest():
    table = errors(splits=("train", "300K")).assign(split=lambda rows: rows["split"].replace("300K", "surface"))
    found = set(outcomes(survival(lives(), 6000.0), table, SETS, learning_curves(table, SETS))["outcome"])
    assert found == {"rmst_fs", "mean_time_to_failure_fs", "test_forces_rmse_all", "learning_curve_slope"}


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
    known = predictors(entropy_table(table, 0.004, 0.04, 0.2), table, errors(), SETS)
    floor = noise_floor(switches, known, outcomes(survival(failures, 6000.0), errors(), SETS, learning_curves(errors(), SETS)), failures)
    twin = floor[(floor["kind"] == "same settings") & (floor["quantity"] == "rmst_fs")].iloc[0]
    assert (twin["value_a"], twin["value_b"], twin["difference"]) == pytest.approx((2100, 500, -1600))
    expected = np.sqrt(np.var([100, 200, 6000], ddof=1) / 3 + np.var([300, 500, 700], ddof=1) / 3)
    assert twin["standard_error"] == pytest.approx(expected)
    seeds = floor[floor["kind"] == "seeds"]
    assert set(seeds["model_a"]) == {"c#1"}
    assert set(seeds["model_b"]) == {"c#2"}
