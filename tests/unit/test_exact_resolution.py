"""Sources of the scatter of entropy, and orders turned round: by hand."""

import numpy as np
import pandas as pd
import pytest

from nnip.analyse.entropy_convergence import Settings
from nnip.analyse.entropy_variance import components, resolution, reversals
from nnip.study.tables import frame

SETTINGS = Settings(T_energy_eV_per_atom=2.0, T_forces_eV_per_A=4.0, alpha=0.0, n_bootstrap=4000)


def landscape(levels, model="a", seed=1, mode="isotropic"):
    own = {"framework": "mace", "model": model, "seed": seed, "mode": mode, "split": "train", "energy_rmse_eV_per_atom": 0.0}
    return frame("landscape", [own | {"direction": k, "t": t, "forces_rmse_eV_per_A": x} for k, x in enumerate(levels) for t in (-1.0, 0.0, 1.0)])


def test_components_with_seeds():
    """Seeds within models: (1 + 1 + 1 + 1) / 2 = 2. Means 2, 7, 4: variance 19/3. Models: 19/3 - 2 * (1/2 + 1/2 + 1) / 3 = 5. Seeds: 2 - 0.5."""
    found = components([np.array([1.0, 3.0]), np.array([6.0, 8.0]), np.array([4.0])], 0.5)
    assert [found[name] for name in ("standard_error", "spread_of_seeds", "spread_of_models")] == pytest.approx([0.70710678, 1.41421356, 2.51661148])
    assert [found[f"share_{name}"] for name in ("directions", "seeds", "models")] == pytest.approx([0.5 / 7, 1.5 / 7, 5 / 7])


def test_components_with_one_seed_each():
    """Means 1, 3, 8: variance 13, of which 0.5 are directions."""
    found = components([np.array([1.0]), np.array([3.0]), np.array([8.0])], 0.5)
    assert [found[name] for name in ("share_directions", "share_models")] == pytest.approx([0.5 / 13, 12.5 / 13])
    assert np.isnan(found["share_seeds"]) and np.isnan(found["spread_of_seeds"])


def test_negative_components_are_none_and_one_model_has_no_shares():
    found = components([np.array([1.0, 3.0]), np.array([1.0, 3.0])], 4.0)
    assert [found[f"share_{name}"] for name in ("directions", "seeds", "models")] == [1.0, 0.0, 0.0]
    one = components([np.array([1.0, 3.0])], 0.5)
    assert one["spread_of_seeds"] == pytest.approx(1.41421356)
    assert np.isnan([one["spread_of_models"], one["share_directions"], one["share_seeds"], one["share_models"]]).all()
    alike = components([np.array([1.0]), np.array([1.0])], 0.0)
    assert np.isnan(alike["share_models"]) and alike["spread_of_models"] == 0.0


def test_reversals_by_hand():
    """Means a 2, b 1, c -5. Draws of a: 1 2 2 3 (its seeds' mean), of b: 2 0 2 1: once below, once alike: 1.5 of 4."""
    S = {"c": [-5.0], "b": [1.0], "a": [1.0, 3.0]}
    draws = {"c": [np.zeros(4)], "b": [np.array([1.0, -1, 1, 0])], "a": [np.array([-2.0, 0, 0, 0]), np.array([0.0, 0, 0, 2])]}
    found = reversals(S, draws, 0.05)
    assert found == {"n_pairs": 3, "n_unresolved": 1, "reversal_mean": 0.125, "reversal_largest": 0.375, "model_a": "a", "model_b": "b"}
    assert reversals(S, draws, 0.375)["n_unresolved"] == 0
    assert reversals({"a": [1.0]}, {"a": [np.zeros(4)]}, 0.05) == {"n_pairs": 0, "n_unresolved": 0}


def test_a_row_of_two_models_two_seeds_and_two_directions():
    """S = ln 3 - mean / 4: seeds of a 0 and -2, of b -10 and -12 beside ln 3; forces lie 8 apart, so each S has the standard error 1."""
    parts = [landscape([x, x + 8.0], model, seed) for model, seed, x in (("a", 1, -4.0), ("a", 2, 4.0), ("b", 1, 36.0), ("b", 2, 44.0))]
    row = resolution(pd.concat(parts), SETTINGS).iloc[0]
    assert row[["n_models", "n_trainings", "n_directions", "n_points", "n_pairs", "n_unresolved"]].tolist() == [2, 4, 2, 3, 1, 0]
    assert row["standard_error"] == pytest.approx(1.0, rel=0.02)
    assert row[["spread_of_seeds", "spread_of_models"]].tolist() == pytest.approx([1.41421356, 7.07106781])
    assert row[["share_directions", "share_seeds", "share_models"]].tolist() == pytest.approx([1 / 51, 1 / 51, 49 / 51], rel=0.08)
    assert row[["model_a", "model_b", "reversal_largest"]].tolist() == ["a", "b", 0.0]


def test_modes_have_rows_of_their_own_and_fewest_directions_are_told():
    table = pd.concat([landscape([0.0, 8.0]), landscape([1.0, 2.0, 3.0], "b"), landscape([0.0, 1.0], mode="paper"), landscape([5.0], "c")])
    found = resolution(table, SETTINGS)
    assert found[["mode", "n_models", "n_trainings", "n_directions"]].to_numpy().tolist() == [["isotropic", 2, 2, 2], ["paper", 1, 1, 2]]
