"""The toy system against the closed forms of least squares."""

import numpy as np
import pytest

from nnip.analyse.toy import expected_rmse, fitted_errors, toy

OPTIONS = {"n_features": 4, "misfits": [0, 0.05], "n_points": [10, 40, 400], "sigmas": [0, 0.02, 0.1], "n_repeats": 400}


@pytest.fixture(scope="module")
def table():
    return toy(OPTIONS, seed=3).set_index(["misfit", "n_points", "sigma", "error"])


def test_the_theory_of_least_squares():
    assert expected_rmse(100, 4, 0.1)["true_function"] == pytest.approx(0.1 * np.sqrt(4 / 100))
    assert expected_rmse(100, 4, 0.1)["noisy_labels"] == pytest.approx(0.1 * np.sqrt(1 - 4 / 100))
    assert expected_rmse(100, 4, 0.1)["new_points"] == pytest.approx(0.1 * np.sqrt(4 / 95))
    # infinitely many points leave the misfit alone
    assert expected_rmse(10**9, 4, 0.1, 0.05)["new_points"] == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize("n_points", [10, 40, 400])
@pytest.mark.parametrize("error", ["noisy_labels", "true_function", "new_points"])
def test_measured_errors_are_the_expected_ones_in_the_span(table, n_points, error):
    row = table.loc[(0, n_points, 0.1, error)]
    # relative error of the root of a mean of 400 squares, each of about chi-squared with 4 or more degrees of freedom; new points have heavier tails
    assert row["rmse"] == pytest.approx(row["rmse_expected"], rel=0.2 if error == "new_points" and n_points == 10 else 0.08)
    assert row["rmse_low"] < row["rmse"] < row["rmse_high"]


def test_without_noise_the_function_is_found(table):
    assert (table.loc[0].xs(0.0, level="sigma")["rmse"] < 1e-12).all()


def test_enough_points_bring_the_error_far_below_the_noise_unless_the_function_lies_outside_the_span(table):
    assert table.loc[(0, 400, 0.1, "true_function"), "rmse"] < 0.15 * 0.1
    outside = table.loc[(0.05, 400, 0.1)]["rmse"]
    assert outside["true_function"] == pytest.approx(0.05, rel=0.1)
    assert outside["noisy_labels"] == pytest.approx(np.hypot(0.1, 0.05), rel=0.05)
    assert outside["new_points"] >= 0.05


def test_the_closed_form_for_new_points_is_their_mean():
    class Fixed:
        """The draws of fitted_errors, kept."""

        def __init__(self):
            self.rng, self.kept = np.random.default_rng(5), []

        def normal(self, size):
            self.kept.append(self.rng.normal(size=size))
            return self.kept[-1]

    draws = Fixed()
    given = fitted_errors(30, 3, 0.2, 0.3, draws)[2]
    directions, points, noise = draws.kept
    u, v = directions / np.linalg.norm(directions, axis=1, keepdims=True)

    def function(x):
        return np.sqrt(1 - 0.3**2) * x @ u + 0.3 * ((x @ v) ** 2 - 1) / np.sqrt(2)

    weights = np.linalg.lstsq(points, function(points) + 0.2 * noise, rcond=None)[0]
    new = np.random.default_rng(6).normal(size=(400_000, 3))
    assert function(new).std() == pytest.approx(1, rel=0.01)
    assert np.mean((new @ weights - function(new)) ** 2) == pytest.approx(given, rel=0.02)


def test_the_study_seed_alone_decides(table):
    again = toy(OPTIONS | {"n_points": [40]}, seed=3).set_index(["misfit", "n_points", "sigma", "error"])
    assert (again["rmse"] == table.loc[again.index, "rmse"]).all()
    assert not (toy(OPTIONS | {"n_points": [40]}, seed=4)["rmse"].to_numpy() == again["rmse"].to_numpy()).any()
