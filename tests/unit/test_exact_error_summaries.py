"""Errors in one number per training, and their slopes with temperature: which rows they are of, and their values by hand."""

import numpy as np
import pandas as pd
import pytest
from known_study import training_sets

from nnip.analyse import error_summaries
from nnip.analyse.error_summaries import main_tests, temperatures_K
from nnip.analyse.extrapolation import analyse as extrapolation
from nnip.study.tables import frame

SETS = training_sets(100, 25)
BESIDE = "n100.forces-noise0.1"


def errors(values, training_set="n100", model="m", seed=1):
    """Table errors; values: split -> forces RMSE, of which the energies' is a tenth."""
    who = {"framework": "mace", "model": model, "seed": seed, "training_set": training_set}
    return frame("errors", [who | {"split": s, "forces_rmse_eV_per_A": x, "energy_rmse_eV_per_atom": x / 10} for s, x in values.items()])


def together(*parts):
    return frame(parts[0][0], [row for _, part in parts for row in part.to_dict("records")])


def summed(*parts, landscape=None):
    """{(model, seed, frames): (energy, forces)} of table error_summaries."""
    tables = {"errors": together(*(("errors", part) for part in parts)), "training_sets": SETS}
    found = error_summaries.analyse(tables | ({"landscape": landscape} if landscape is not None else {}), {})["error_summaries"]
    rows = found[["model", "seed", "frames", "energy_rmse_eV_per_atom", "forces_rmse_eV_per_A"]].itertuples(index=False, name=None)
    return {row[:3]: row[3:] for row in rows}


def test_temperatures_are_in_the_names_of_splits():
    found = temperatures_K(pd.Series(["300K", "1200.5K", "train", "300K_b", "T300K", "300", "dih_30"]))
    assert found.tolist() == pytest.approx([300, 1200.5, *[np.nan] * 5], nan_ok=True)


def test_every_summary_of_one_training():
    """All: sqrt((0.01 + 0.04 + 0.09 + 0.16) / 4)."""
    own = errors({"train": 0.05, "val": 0.06, "600K": 0.2, "300K": 0.1, "1200K": 0.3, "dihedrals": 0.4})
    found = summed(own, errors({"300K": 9.0, "train": 9.0}, "n25"), errors({"300K": 9.0, "train": 9.0}, BESIDE))
    assert {key[2]: value[1] for key, value in found.items()} == pytest.approx(
        {"training": 0.05, "validation": 0.06, "coolest": 0.1, "hottest": 0.3, "all": 0.27386128}
    )
    assert {key[2]: value[0] for key, value in found.items() if key[2] != "all"} == pytest.approx(
        {"training": 0.005, "validation": 0.006, "coolest": 0.01, "hottest": 0.03}
    )
    assert found["m", 1, "all"][0] is pd.NA


def test_the_main_tests_are_those_of_the_main_set_with_their_temperatures():
    own = together(
        ("errors", errors({"train": 1.0, "300K": 2.0, "all": 3.0, "x": 4.0})), ("errors", errors({"300K": 5.0}, "n25")),
        ("errors", errors({"300K": 6.0}, BESIDE)),
    )  # fmt: skip
    found = main_tests(own, SETS)
    assert found["split"].tolist() == ["300K", "x"]
    assert found["temperature_K"].tolist() == pytest.approx([300, np.nan], nan_ok=True)


def test_splits_without_temperatures_are_neither_coolest_nor_hottest():
    assert set(summed(errors({"a": 0.3, "b": 0.4}))) == {("m", 1, "all")}


def line(values, mode="paper", split="train", seed=1, frozen=None, direction=0):
    """Table landscape; values: t -> forces RMSE, of which the energies' is a tenth."""
    who = {"framework": "mace", "model": "m", "seed": seed, "mode": mode, "split": split, "frozen": frozen, "direction": direction}
    return [who | {"t": t, "forces_rmse_eV_per_A": x, "energy_rmse_eV_per_atom": x / 10} for t, x in values.items()]


def test_where_no_training_error_is_known_the_centre_of_the_first_modes_landscape_stands_for_it():
    """Centres 0.2 and 0.4 of two directions; other modes, splits, points and frozen weights say nothing of it."""
    rows = [*line({-1.0: 9.0, 0.0: 0.2, 1.0: 9.0}), *line({0.0: 0.4}, direction=1), *line({0.0: 9.0}, mode="isotropic")]
    rows += [*line({0.0: 9.0}, split="test_300K"), *line({0.0: 9.0}, frozen="radial"), *line({1e-12: 0.5}, seed=2)]
    landscape = frame("landscape", rows)
    found = summed(errors({"300K": 0.1}), landscape=landscape)
    assert found["m", 1, "training"] == pytest.approx((0.03, 0.3))
    assert found["m", 2, "training"] == pytest.approx((0.05, 0.5))
    assert summed(errors({"train": 0.07}), landscape=landscape)["m", 1, "training"] == pytest.approx((0.007, 0.07))
    assert summed(errors({"train": 0.7}, "n25"), landscape=landscape)["m", 1, "training"] == pytest.approx((0.03, 0.3))
    assert ("m", 1, "training") not in summed(errors({"300K": 0.1}))


def slopes(*parts):
    own = together(*(("errors", part) for part in parts))
    found = extrapolation({"errors": own, "training_sets": SETS}, {})["extrapolation"]
    return {(row.model, row.seed): (row.n_temperatures, row.slope_eV_per_A_per_K) for row in found.itertuples()}


def test_the_slope_with_temperature_is_least_squares():
    """0.1, 0.2, 0.6 at 300, 600, 1200 K: deviations from 700 K -400, -100, 500: (-40 - 20 + 300) / 420000. Two points: 0.3 / 900."""
    own = errors({"300K": 0.1, "600K": 0.2, "1200K": 0.6, "train": 9.0, "x": 9.0})
    two = errors({"300K": 0.1, "600K": np.inf, "1200K": 0.4}, seed=2)
    lost = errors({"300K": 0.1, "1200K": np.inf, "x": 0.1}, model="l")
    found = slopes(own, two, lost, errors({"300K": 9.0, "900K": 1.0}, "n25"), errors({"300K": 9.0, "900K": 1.0}, BESIDE))
    assert found.keys() == {("m", 1), ("m", 2)}
    assert found["m", 1] == pytest.approx((3, 240 / 420000))
    assert found["m", 2] == pytest.approx((2, 0.3 / 900))
