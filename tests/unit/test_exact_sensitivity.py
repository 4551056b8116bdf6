"""Entropy at other settings, entropy itself and the toy system: closed forms."""

import numpy as np
import pandas as pd
import pytest

from nnip.analyse.entropy import entropy_table, loss_entropy
from nnip.analyse.entropy_settings import sensitivity
from nnip.analyse.toy import expected_rmse, fitted_errors, toy
from nnip.study.tables import frame


def landscape(levels, framework="mace", mode="isotropic"):
    """Two points per training, both at one level of energies and forces; levels: {(model, seed): (energy, forces)}."""
    who = {"framework": framework, "mode": mode, "split": "train", "direction": 0}
    return frame(
        "landscape",
        [
            who | {"model": model, "seed": seed, "t": t, "energy_rmse_eV_per_atom": energy, "forces_rmse_eV_per_A": forces}
            for (model, seed), (energy, forces) in levels.items()
            for t in (0.0, 1.0)
        ],
    )


def at(table, T, alpha):
    return table[np.isclose(table["T_energy_eV_per_atom"].astype(float), T) & np.isclose(table["alpha"].astype(float), alpha)].set_index(
        ["model", "seed"]
    )


OPPOSED = {("a", 1): (1.0, 6.0), ("b", 1): (2.0, 4.0), ("c", 1): (3.0, 2.0)}


def test_energies_and_forces_that_rank_models_the_other_way_round():
    """S = ln 2 - (alpha E / T + (1 - alpha) F / 2T): forces 6, 4, 2 rank c first up to alpha 0.4, energies 1, 2, 3 rank a first from 0.6 on."""
    table = sensitivity(landscape(OPPOSED), 1.0, 2.0, 0.2)
    assert len(table) == 3 * 7 * 6
    own = at(table, 1.0, 0.2)
    assert own["S"].to_dict() == pytest.approx({key: np.log(2) - s for key, s in {("a", 1): 2.6, ("b", 1): 2.0, ("c", 1): 1.4}.items()})
    assert own["T_forces_eV_per_A"].tolist() == [2.0] * 3
    assert own["rank"].tolist() == [3, 2, 1]
    for alpha, spearman in ((0.0, 1.0), (0.2, 1.0), (0.4, 1.0), (0.6, -1.0), (0.8, -1.0), (1.0, -1.0)):
        assert at(table, 1.0, alpha)["spearman"].tolist() == pytest.approx([spearman] * 3)
    assert at(table, 0.5, 1.0)["S"].tolist() == pytest.approx([np.log(2) - 2, np.log(2) - 4, np.log(2) - 6])
    assert sorted(table["T_energy_eV_per_atom"].unique()) == pytest.approx([0.1, 0.2, 0.5, 1, 2, 5, 10])
    assert sorted(table["T_forces_eV_per_A"].unique()) == pytest.approx([0.2, 0.4, 1, 2, 4, 10, 20])


def test_an_alpha_of_the_studys_own_is_one_more():
    table = sensitivity(landscape(OPPOSED), 1.0, 2.0, 0.5)
    assert sorted(table["alpha"].unique()) == [0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0]


def test_models_are_ranked_by_the_mean_of_their_seeds_and_within_mode_and_framework():
    """Forces of a 0 and 10 (mean 5), of b 4, of c 6 and 6: b, a, c, whatever single seeds say; another mode and framework stand apart."""
    levels = {("a", 1): (0, 0.0), ("a", 2): (0, 10.0), ("b", 1): (0, 4.0), ("c", 1): (0, 6.0), ("c", 2): (0, 6.0)}
    parts = [landscape(levels), landscape({("a", 1): (0, 9.0), ("b", 1): (0, 1.0)}, mode="paper"), landscape({("x", 1): (0, 0.0)}, "nequip")]
    table = sensitivity(pd.concat(parts), 1.0, 2.0, 0.0)
    own = table.query("T_energy_eV_per_atom == 1.0 and alpha == 0.0")
    assert own.query("mode == 'isotropic' and framework == 'mace'")["rank"].tolist() == [2, 2, 1, 3, 3]
    paper = own.query("mode == 'paper'")
    assert paper["rank"].tolist() == [2, 1]
    assert paper["spearman"].isna().all(), "two models are no order"
    assert own.query("framework == 'nequip'")["rank"].tolist() == [1]


def test_entropy_of_two_points_and_of_infinite_ones():
    assert loss_entropy(np.array([0.0, 2 * np.log(3)]), 2.0) == pytest.approx(np.log(4 / 3))
    assert loss_entropy(np.array([5.0, np.inf]), 2.0) == pytest.approx(-2.5)
    table = entropy_table(landscape({("a", 1): (1.0, 6.0)}), 1.0, 2.0, 0.25)
    assert table["minimum"].tolist() == ["kept", "subtracted"]
    assert table["S"].tolist() == pytest.approx([np.log(2) - 0.25 * 1 - 0.75 * 3, np.log(2)])
    assert table["n_points"].tolist() == [2, 2]


def test_least_squares_on_noisy_labels():
    """100 points, 4 features, sigma 0.1, misfit 0.2: 0.05 * 0.96; 0.01 * 0.04 + 0.04 * 0.96; 0.04 + 0.05 * 4 / 95."""
    found = expected_rmse(100, 4, 0.1, 0.2)
    assert {key: value**2 for key, value in found.items()} == pytest.approx(
        {"noisy_labels": 0.048, "true_function": 0.0388, "new_points": 0.0421052632}
    )


def test_a_regressor_that_fits_has_no_misfit():
    """0.01 * 0.96, 0.01 * 0.04, 0.01 * 4 / 95."""
    assert {key: value**2 for key, value in expected_rmse(100, 4, 0.1).items()} == pytest.approx(
        {"noisy_labels": 0.0096, "true_function": 0.0004, "new_points": 0.000421052632}
    )


class Given:
    """Normal numbers that are written down: both directions, the points, the noise."""

    def __init__(self, *values):
        self.values = [np.array(value, dtype=float) for value in values]

    def normal(self, size):
        value = self.values.pop(0)
        assert value.shape == (size if isinstance(size, tuple) else (size,))
        return value


def test_one_fit_by_hand():
    """u = (1, 0), v = (0, 1), points (1, 1), (-1, 1), (1, -1), (-1, -1) where v.x^2 = 1: the true values are 0.8 x, the misfit 0.6 adds nothing
    there. Noise 1, 1, 1, 1 times 0.5 is outside the span: the fit is exact, 0.25 from the labels, 0 from the truth, 0.36 elsewhere."""
    draws = Given([[2, 0], [0, 3]], [[1, 1], [-1, 1], [1, -1], [-1, -1]], [1, 1, 1, 1])
    assert fitted_errors(4, 2, 0.5, 0.6, draws) == pytest.approx([0.25, 0.0, 0.36], abs=1e-12)
    # noise along x is learnt: 0.5 in the first weight
    draws = Given([[2, 0], [0, 3]], [[1, 1], [-1, 1], [1, -1], [-1, -1]], [1, -1, 1, -1])
    assert fitted_errors(4, 2, 0.5, 0.6, draws) == pytest.approx([0.0, 0.25, 0.61], abs=1e-12)
    # at v.x = 0, sqrt(2): 0.6 (-1, 1) / sqrt(2) = -+ 0.424264, of which the four points' fit takes none
    root = np.sqrt(2)
    draws = Given([[1, 0], [0, 1]], [[1, 0], [1, root], [-1, 0], [-1, root]], [0, 0, 0, 0])
    errors = fitted_errors(4, 2, 0.5, 0.6, draws)
    # the second weight's least squares: sum(root * 0.424264) * 2 / (2 * 2) = 0.3
    assert errors == pytest.approx([0.09, 0.09, 0.09 + 0.36], abs=1e-9)


def test_a_row_of_the_toy_table(monkeypatch):
    """Squares 0 to 100: root of the mean 50; 95 % lie between 2.5 and 97.5, 80 % between 10 and 90."""
    for confidence, low, high in ((0.95, 2.5, 97.5), (0.8, 10, 90)):
        squares = iter(range(101))
        monkeypatch.setitem(toy.__globals__, "fitted_errors", lambda *_, squares=squares: next(squares) * np.array([1.0, 4.0, 9.0]))
        table = toy({"n_features": 4, "misfits": [0.2], "n_points": [100], "sigmas": [0.1], "n_repeats": 101}, 1, confidence)
        assert table["error"].tolist() == ["noisy_labels", "true_function", "new_points"]
        assert table["rmse"].tolist() == pytest.approx([50**0.5, 2 * 50**0.5, 3 * 50**0.5])
        assert table["rmse_low"].tolist() == pytest.approx([low**0.5, 2 * low**0.5, 3 * low**0.5])
        assert table["rmse_high"].tolist() == pytest.approx([high**0.5, 2 * high**0.5, 3 * high**0.5])
        assert table["rmse_expected"].tolist() == pytest.approx([0.21908902, 0.19697716, 0.20519567])
        assert table[["n_features", "misfit", "n_points", "sigma", "n_repeats"]].drop_duplicates().to_numpy().tolist() == [[4, 0.2, 100, 0.1, 101]]
