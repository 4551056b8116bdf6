"""Learning curves: slopes of exact power laws, the straight line's interval, which errors are points."""

import numpy as np
import pytest
from known_study import training_sets

from nnip.analyse.learning_curves import errors_on_tests as clean_test_errors
from nnip.analyse.learning_curves import learning_curves, overall_errors
from nnip.study.tables import frame

SETS = training_sets(10000, 5, 9, 10, 25, 100, 1000)
NOISY = "n10000.forces-noise0.1"


def errors(points, split="300K", model="m", seed=1, training_set=None, n_frames=10, n_components=None):
    who = {"framework": "mace", "model": model, "seed": seed, "split": split, "n_frames": n_frames, "energy_rmse_eV_per_atom": 7.0}
    who |= {"n_components": n_components}
    return frame("errors", [who | {"training_set": training_set or f"n{n}", "forces_rmse_eV_per_A": error} for n, error in points.items()])


def together(*parts):
    return frame("errors", [row for part in parts for row in part.to_dict("records")])


def slopes(table, confidence=0.95):
    return learning_curves(table, SETS, confidence)[["n_points", "slope", "slope_low", "slope_high"]].to_numpy(float, na_value=np.nan)


def test_the_interval_is_students_with_two_less_than_the_points():
    """ln error 0, -1, -3, -4 at ln n in steps of ln 10: slope -1.4 / ln 10, standard error 0.141421 / ln 10, t(2) 4.302653, 0.816497 at 50 %."""
    four = errors({10: 1.0, 100: np.exp(-1), 1000: np.exp(-3), 10000: np.exp(-4)})
    assert slopes(four)[0] == pytest.approx([4, -0.60801227, -0.87227481, -0.34374974])
    assert slopes(four, 0.5)[0] == pytest.approx([4, -0.60801227, -0.65816028, -0.55786427])
    three = errors({10: 1.0, 100: np.exp(-1), 1000: np.exp(-3)})
    assert slopes(three)[0] == pytest.approx([3, -0.65144172, -2.24441884, 0.94153539])


def test_two_points_have_a_slope_and_no_interval_and_one_no_row():
    assert slopes(errors({25: 0.4, 100: 0.1}))[0] == pytest.approx([2, -1.0, np.nan, np.nan], nan_ok=True)
    assert len(slopes(errors({25: 0.4}))) == 0
    after = learning_curves(together(errors({25: 0.4}, model="short"), errors({25: 0.4, 100: 0.1}, model="whole")), SETS)
    assert after["model"].tolist() == ["whole"], "a model without a curve ends no others"


def test_ten_frames_are_enough_and_nine_too_few():
    assert slopes(errors({5: 9.0, 9: 9.0, 10: 1.0, 1000: 0.1}))[0][:2] == pytest.approx([2, -0.5])


def test_infinite_errors_are_no_points():
    assert slopes(errors({10: 1.0, 100: np.inf, 1000: 0.1}))[0][:2] == pytest.approx([2, -0.5])


def test_every_seed_and_model_has_its_own_curve():
    parts = [errors({25: 0.1 * 4**k, 100: 0.1}, model=model, seed=seed) for model, seed, k in (("a", 1, 1), ("a", 2, 0.5), ("b", 1, 2))]
    found = learning_curves(together(*parts), SETS)
    assert found[["model", "seed"]].to_numpy().tolist() == [["a", 1], ["a", 2], ["b", 1]]
    assert found["slope"].tolist() == pytest.approx([-1.0, -0.5, -2.0])


def test_the_overall_error_is_the_root_of_the_mean_square_of_the_test_splits():
    """Splits of as many frames: sqrt((0.09 + 0.16) / 2). Training and validation frames are no test frames, noisy trainings no points."""
    table = together(
        errors({25: 0.3}, "300K"),
        errors({25: 0.4}, "600K"),
        errors({25: 9.0}, "train"),
        errors({25: 9.0}, "val"),
        errors({25: 9.0}, training_set=NOISY),
    )
    assert overall_errors(table, SETS)["forces_rmse_eV_per_A"].tolist() == pytest.approx([0.35355339])
    assert clean_test_errors(table, SETS)[["split", "forces_rmse_eV_per_A"]].to_numpy().tolist() == [["300K", 0.3], ["600K", 0.4]]


def test_splits_of_unknown_numbers_of_frames_count_alike():
    table = together(errors({25: 0.3}, "300K", n_frames=None), errors({25: 0.4}, "600K", n_frames=None))
    assert overall_errors(table, SETS)["forces_rmse_eV_per_A"].tolist() == pytest.approx([0.35355339])


def test_splits_count_by_their_force_components_and_by_their_frames_where_these_are_not_known():
    """D3. Of 30 and 90 components sqrt((0.09 + 3 * 0.16) / 4), though both have 10 frames; without one's components, of 10 and 40 frames
    sqrt((0.09 + 4 * 0.16) / 5)."""
    table = together(errors({25: 0.3}, "300K", n_components=30), errors({25: 0.4}, "600K", n_components=90))
    assert overall_errors(table, SETS)["forces_rmse_eV_per_A"].tolist() == pytest.approx([0.37749172])
    table = together(errors({25: 0.3}, "300K", n_components=30), errors({25: 0.4}, "600K", n_frames=40))
    assert overall_errors(table, SETS)["forces_rmse_eV_per_A"].tolist() == pytest.approx([0.38209946])


def test_an_error_given_over_all_frames_stands_for_its_own_training_only():
    table = together(
        errors({25: 0.5}, "all"), errors({25: 0.9, 100: 0.2}, "300K"), errors({25: 0.7}, "300K", seed=2), errors({25: 9.0}, "all", training_set=NOISY)
    )
    found = overall_errors(table, SETS).sort_values(["seed", "n_train"])
    assert found[["seed", "n_train", "forces_rmse_eV_per_A"]].to_numpy().tolist() == [[1, 25, 0.5], [1, 100, 0.2], [2, 25, 0.7]]
    assert len(clean_test_errors(table, SETS).query("split == 'all'")) == 0
