"""Effects: differences of means over seeds, Welch's interval, Holm's family; literal numbers."""

import numpy as np
import pytest
from known_study import by_seed, correlated, effect, experiments, known, study

from nnip.analyse.effects import difference, effects
from nnip.analyse.multiple_testing import holm
from nnip.study.tables import frame

BASE, FAR, NEAR, ODD = (10, 12, 11), (20, 25, 24), (11, 10, 15), (13, 14, 18)


def table(values, models, framework="mace", confidence=0.95):
    return effects(models, frame("predictors", []), known("outcomes", values, framework), confidence)


def test_welch_by_hand():
    """Variances 7 / 3 and 1 / 3 of the means: (8/3)^2 / ((7/3)^2 / 2 + (1/3)^2 / 2) = 2.56 degrees of freedom, t = 12 / sqrt(8 / 3)."""
    row = difference(np.array(FAR, float), np.array(BASE, float), 0.95)
    assert [row[key] for key in ("n_seeds", "n_seeds_reference", "value", "value_reference", "difference")] == [3, 3, 23.0, 11.0, 12.0]
    assert [row[key] for key in ("low", "high", "p")] == pytest.approx([6.25934361, 17.74065639, 0.00873563])
    narrow = difference(np.array(FAR, float), np.array(BASE, float), 0.8)
    assert [narrow["low"], narrow["high"]] == pytest.approx([9.19658521, 14.80341479])


def test_unequal_numbers_of_seeds():
    """1, 3 less 6, 6, 9: -5, variances 1 and 1: 4 / (1 + 1/2) = 2.667 degrees of freedom."""
    row = difference(np.array([1.0, 3.0]), np.array([6.0, 6.0, 9.0]), 0.95)
    assert [row["difference"], row["low"], row["high"], row["p"]] == pytest.approx([-5.0, -9.83628468, -0.16371532, 0.04634041])


def test_no_interval_without_scatter_or_with_one_seed():
    for values, reference in (([1.0], [2.0, 3.0]), ([2.0, 3.0], [1.0]), ([5.0, 5.0], [4.0, 4.0])):
        row = difference(np.array(values), np.array(reference), 0.95)
        assert "low" not in row and "p" not in row
    assert "p" in difference(np.array([5.0, 5.0]), np.array([4.0, 6.0]), 0.95), "one that scatters is enough"
    assert "p" in difference(np.array([4.0, 6.0]), np.array([5.0, 5.0]), 0.95)


def test_holm_is_over_all_experiments_of_a_framework_and_a_quantity():
    models = experiments({"one": ["base", "far", "near", "odd"], "two": ["far", "near"]})
    lives = {"base": BASE, "far": FAR, "near": NEAR, "odd": ODD}
    found = table({"rmst_fs": lives, "other": {"base": BASE, "odd": ODD}}, models)
    rows = found.set_index(["experiment", "quantity", "model"])
    p = {("one", "far"): 0.00873563, ("one", "near"): 0.59033182, ("one", "odd"): 0.10636672, ("two", "near"): 0.00702160}
    corrected = {("one", "far"): 3 * 0.00873563, ("one", "near"): 0.59033182, ("one", "odd"): 2 * 0.10636672, ("two", "near"): 4 * 0.00702160}
    for (name, model), value in p.items():
        assert rows.loc[(name, "rmst_fs", model), "p"] == pytest.approx(value, rel=1e-5)
    for (name, model), value in corrected.items():
        # the second smallest is not below the smallest times four
        assert rows.loc[(name, "rmst_fs", model), "p_holm"] == pytest.approx(max(value, 4 * 0.00702160 if name == "one" else 0), rel=1e-5)
    assert rows.loc[("one", "other", "odd"), "p_holm"] == pytest.approx(0.10636672, rel=1e-5), "a quantity alone has one test"
    assert rows.loc[("two", "rmst_fs", "near"), ["difference", "low", "high"]].tolist() == pytest.approx([-11, -16.99780693, -5.00219307])
    assert set(found["reference"]) == {"base", "far"}


def test_a_pair_in_two_experiments_counts_once_in_holms_family():
    """D16. Pairs base-far (in both experiments, the second time turned round), base-odd: two tests, not three."""
    models = experiments({"one": ["base", "far", "odd"], "two": ["far", "base"]})
    found = table({"rmst_fs": {"base": BASE, "far": FAR, "odd": ODD}}, models)
    assert found[["model", "reference", "difference"]].to_numpy().tolist() == [["far", "base", 12.0], ["odd", "base", 4.0], ["base", "far", -12.0]]
    assert found["p"].tolist() == pytest.approx([0.00873563, 0.10636672, 0.00873563], rel=1e-5)
    assert found["p_holm"].tolist() == pytest.approx([2 * 0.00873563, 0.10636672, 2 * 0.00873563], rel=1e-5)


def test_frameworks_are_families_of_their_own():
    models = frame("models", [*experiments({"one": ["x", "y"]}).to_dict("records"), *experiments({"two": ["x", "y"]}, "nequip").to_dict("records")])
    own = frame("outcomes", [row for f in ("mace", "nequip") for row in known("outcomes", {"q": {"x": BASE, "y": ODD}}, f).to_dict("records")])
    found = effects(models, frame("predictors", []), own, 0.95)
    assert found["p_holm"].tolist() == pytest.approx([0.10636672] * 2, rel=1e-5)


def test_the_order_of_an_experiment_is_its_positions():
    models = experiments({"one": ["base", "far"]}).assign(position=[1, 0])
    assert table({"q": {"base": BASE, "far": FAR}}, models)[["model", "reference", "difference"]].to_numpy().tolist() == [["base", "far", -12.0]]


def test_holm_by_hand():
    assert holm(np.array([])).tolist() == []
    assert holm(np.array([0.04, 0.001, 0.03, 0.02, 0.9])).tolist() == pytest.approx([0.09, 0.005, 0.09, 0.08, 0.9])


@pytest.fixture(scope="module")
def tables():
    return study()


def test_effects_of_the_known_study(tables):
    """Lives against a: +377.8 and +622.2 fs, c against b +244.4; p 0.0311, 0.0126, 0.0189: three times the smallest is above the others' shares."""
    expected = {
        ("one", "b"): ("a", 377.777778, 63.656459, 691.899096, 0.03109298),
        ("one", "c"): ("a", 622.222222, 283.894461, 960.549984, 0.01263440),
        ("two", "c"): ("b", 244.444444, 73.004286, 415.884603, 0.01887495),
    }
    for (experiment, model), (reference, *numbers) in expected.items():
        row = effect(tables, "rmst_fs", experiment, model)
        assert row["reference"] == reference
        assert [row[key] for key in ("difference", "low", "high", "p")] == pytest.approx(numbers, rel=1e-5)
        assert row["p_holm"] == pytest.approx(3 * 0.01263440, rel=1e-5)
        assert (row["n_seeds"], row["n_seeds_reference"]) == (3, 3)
    row = effect(tables, "S", "one", "c")
    assert [row["value"], row["value_reference"], row["difference"]] == pytest.approx([-2.25798926, -0.15548654, -2.10250272])
    once = tables["effects"].query("quantity == 'test_forces_rmse_hottest' and experiment == 'two'")
    assert len(once) == 1 and once["difference"].item() == pytest.approx(0.01), "a predictor that is an outcome too is taken once"


def test_three_models_correlate_by_their_means_over_seeds(tables):
    """Means of S -0.1555, -1.2962, -2.2580 and of lives 333.3, 711.1, 955.6."""
    row, partials = correlated(tables["predictors"], tables["outcomes"], "S", "rmst_fs", n_bootstrap=50, n_permutation=50)
    assert [row[key] for key in ("n_models", "pearson", "spearman", "kendall")] == pytest.approx([3, -0.99726527, -1.0, -1.0])
    assert row["p_permutation"] == pytest.approx(1 / 3)
    assert not partials
    assert by_seed(tables["outcomes"], "rmst_fs")["a"] == pytest.approx([200, 300, 500])
