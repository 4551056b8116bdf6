"""Quantities taken from their tables: which rows, which columns, which bounds; small tables by hand."""

import numpy as np
import pandas as pd
import pytest

from nnip.analyse.quantities import collected, stream, together, values
from nnip.declare import Quantity
from nnip.declare.registry import quantities
from nnip.study.tables import frame

LIFE = Quantity(name="life", table="survival", column="rmst_fs", low="rmst_low_fs", high="rmst_high_fs", label="l", role="outcome")


def survival(*rows):
    own = {"framework": "mace", "n_replicas": 9, "n_failed": 9, "horizon_fs": 6000.0, "mean_fs": 1.0}
    names = ("model", "seed", "rmst_fs", "rmst_low_fs", "rmst_high_fs")
    return frame("survival", [own | dict(zip(names, row, strict=True)) for row in rows])


def test_a_row_of_several_seeds_and_a_value_that_is_not_finite_are_none_of_a_training():
    table = survival(("a", 1, 5.0, 4.0, 6.0), ("a", None, 7.0, 6.0, 8.0), ("b", 1, np.inf, None, None), ("b", 2, 3.0, None, None))
    found = frame("outcomes", values(LIFE, table, {}).drop(columns="wall_s"))
    assert found[["model", "seed", "quantity", "value"]].to_numpy().tolist() == [["a", 1, "life", 5.0], ["b", 2, "life", 3.0]]
    assert found[["low", "high"]].fillna(-1).to_numpy().tolist() == [[4.0, 6.0], [-1, -1]]
    assert found[["mode", "minimum"]].isna().all(axis=None)
    both = collected("outcomes", [LIFE, Quantity(name="no", table="absent", column="x", label="n", role="outcome")], {"survival": table}, {})
    pd.testing.assert_frame_equal(both, found.reset_index(drop=True))
    predictors = collected("predictors", [LIFE], {"survival": table}, {})
    assert list(predictors) == ["framework", "model", "seed", "quantity", "mode", "minimum", "value", "wall_s"]
    assert predictors["wall_s"].isna().all()
    timed = collected("predictors", [LIFE], {"survival": table.assign(wall_s=[1.5, 9.0, 9.0, 2.5])}, {})
    assert timed["wall_s"].tolist() == [1.5, 2.5]
    assert collected("outcomes", [LIFE], {}, {}).empty


def entropy(S, split="train", frozen=None, mode="paper", minimum="kept"):
    own = {"framework": "mace", "model": "a", "seed": 1, "mode": mode, "split": split, "frozen": frozen, "minimum": minimum, "n_points": 9}
    return own | {"T_energy_eV_per_atom": 0.004, "T_forces_eV_per_A": 0.04, "alpha": 0.2, "S_energy": S + 1, "S_forces": S + 2, "S": S}


def test_entropies_are_of_the_main_lines_of_every_mode_and_minimum():
    rows = [entropy(1.0), entropy(2.0, minimum="subtracted"), entropy(3.0, mode="isotropic"), entropy(4.0, split="test"), entropy(5.0, frozen="x")]
    table = frame("entropy", rows)
    for name, more in (("S", 0), ("S_energy", 1), ("S_forces", 2)):
        found = values(quantities()[name], table, {"landscape.split": "train"})
        assert found[["mode", "minimum", "value"]].to_numpy().tolist() == [
            ["paper", "kept", 1 + more], ["paper", "subtracted", 2 + more], ["isotropic", "kept", 3 + more],
        ]  # fmt: skip
        assert found[["low", "high"]].isna().all(axis=None)
    assert values(quantities()["S"], table, {"landscape.split": "test"})["value"].tolist() == [4.0]


def test_a_number_on_both_sides_stands_there_once():
    key = {"framework": "mace", "model": "a", "seed": 1}
    predictors = frame("predictors", [key | {"quantity": "q", "value": 1.0}, key | {"quantity": "S", "mode": "m", "minimum": "kept", "value": 2.0}])
    outcomes = frame("outcomes", [key | {"quantity": "q", "value": 1.0, "low": 0.0}, key | {"quantity": "life", "value": 3.0, "low": 0.0}])
    found = together(predictors, outcomes)
    assert found[["quantity", "value"]].to_numpy().tolist() == [["q", 1.0], ["S", 2.0], ["life", 3.0]]
    assert found.index.tolist() == [0, 1, 2] and "low" not in found
    other = frame("outcomes", [key | {"quantity": "S", "mode": "m", "minimum": "subtracted", "value": 2.0}])
    assert len(together(predictors, other)) == 3, "a variant is a number of its own"


@pytest.mark.parametrize(("given", "name"), [
    (("S", "paper", "kept", False), "S"), (("S", "paper", "kept", True), "S_paper"), (("S", "paper", "subtracted", False), "S_subtracted"),
    (("S", "paper", "subtracted", True), "S_subtracted_paper"), (("rmst_fs", pd.NA, pd.NA, True), "rmst_fs"),
])  # fmt: skip
def test_a_variants_random_numbers_are_named_by_what_tells_it_apart(given, name):
    assert stream(*given) == name


def test_what_is_declared():
    """name -> (role, better, control, in the noise floor; unit on axes, factor to it, whether it spans decades)."""
    expected = {
        "S": ("predictor", 1, False, True, "", 1.0, False),
        "S_energy": ("predictor", 1, False, False, "", 1.0, False),
        "S_forces": ("predictor", 1, False, False, "", 1.0, False),
        "train_energy_rmse": ("predictor", -1, False, False, "meV/atom", 1e3, True),
        "train_forces_rmse": ("predictor", -1, True, True, "meV/Å", 1e3, True),
        "val_energy_rmse": ("predictor", -1, False, False, "meV/atom", 1e3, True),
        "val_forces_rmse": ("predictor", -1, False, False, "meV/Å", 1e3, True),
        "test_energy_rmse_coolest": ("predictor", -1, False, False, "meV/atom", 1e3, True),
        "test_forces_rmse_coolest": ("predictor", -1, True, False, "meV/Å", 1e3, True),
        "test_energy_rmse_hottest": ("outcome", -1, False, False, "meV/atom", 1e3, True),
        "test_forces_rmse_hottest": ("both", -1, False, True, "meV/Å", 1e3, True),
        "test_forces_rmse_all": ("outcome", -1, True, False, "meV/Å", 1e3, True),
        "extrapolation_slope": ("outcome", -1, False, False, "meV/Å per 100 K", 1e5, False),
        "learning_curve_slope": ("outcome", -1, False, True, "ln RMSE per ln $n$", 1.0, False),
        "rmst_fs": ("outcome", 1, False, True, "ps", 1e-3, False),
        "mean_time_to_failure_fs": ("outcome", 1, False, True, "ps", 1e-3, False),
    }
    declared = {name: (q.role, q.better, q.control, q.floor, q.unit, q.factor, q.log) for name, q in quantities().items()}
    assert {name: declared[name] for name in expected} == expected


def test_the_parts_of_a_quantity():
    """D1: which pairs are marked as overlapping."""
    known = quantities()
    pairs = {(a, b) for a, one in known.items() for b, other in known.items() if a < b and one.overlaps(other)}
    assert pairs == {
        ("extrapolation_slope", "test_forces_rmse_coolest"), ("extrapolation_slope", "test_forces_rmse_hottest"),
        ("test_forces_rmse_all", "test_forces_rmse_coolest"), ("test_forces_rmse_all", "test_forces_rmse_hottest"),
        ("learning_curve_slope", "test_forces_rmse_all"), ("learning_curve_slope", "test_forces_rmse_coolest"),
        ("learning_curve_slope", "test_forces_rmse_hottest"),
        *((name, other) for name in ("direction_score", "magnitude_score", "softening_slope")
          for other in ("test_forces_rmse_all", "test_forces_rmse_hottest")),
        ("direction_score", "extrapolation_slope"), ("extrapolation_slope", "magnitude_score"), ("extrapolation_slope", "softening_slope"),
        *((name, "test_forces_rmse_all") for name in ("event_forces_rmse", "event_magnitude_score", "event_direction_score", "plain_forces_rmse")),
        *((name, other) for name in ("early_rmst_fs", "early_share_failed") for other in ("mean_time_to_failure_fs", "rmst_fs")),
    }  # fmt: skip
