"""Entropy of fewer directions and points: intervals that cover, numbers known in closed form, and the sources of its scatter."""

import numpy as np
import pandas as pd
import pytest

from nnip.analyse.entropy import entropy_table
from nnip.analyse.entropy_convergence import Settings, expected, interval, lines, own_entropy, resampled, sampling, strides
from nnip.analyse.entropy_variance import components, resolution, reversals
from nnip.study.tables import frame

SETTINGS = Settings(T_energy_eV_per_atom=0.004, T_forces_eV_per_A=0.04, alpha=0.2, n_bootstrap=400)
FORCES_ONLY = Settings(T_energy_eV_per_atom=0.004, T_forces_eV_per_A=0.04, alpha=0.0, n_bootstrap=400)


def landscape(levels, model="a", seed=1, mode="isotropic", n_points=9):
    """Force losses that are flat at one level per direction, so that S = ln n - mean level / T exactly; energies at zero."""
    t = np.linspace(-0.25, 0.25, n_points)
    own = {"framework": "mace", "model": model, "seed": seed, "mode": mode, "split": "train"}
    rows = [
        own | {"direction": k, "t": x, "energy_rmse_eV_per_atom": 0.0, "forces_rmse_eV_per_A": level} for k, level in enumerate(levels) for x in t
    ]
    return frame("landscape", rows)


def found(*args, **kwargs):
    return next(lines(landscape(*args, **kwargs)))


def test_the_studys_own_numbers_come_first_and_are_the_entropy_table():
    rng = np.random.default_rng(0)
    table = landscape(rng.uniform(0.01, 0.2, 5)).assign(energy_rmse_eV_per_atom=rng.uniform(0, 0.01, 45))
    first = sampling(table, SETTINGS).iloc[0]
    kept = entropy_table(table, 0.004, 0.04, 0.2).query("minimum == 'kept'").iloc[0]
    assert (first["n_directions"], first["n_points"]) == (5, 9)
    assert first["S"] == pytest.approx(kept["S"], abs=1e-12)


def test_flat_landscapes_have_the_standard_error_of_a_mean():
    """S is linear in the levels here, so its bootstrap must give s / sqrt(n) / T, with the unbiased s, and S does not depend on n on average."""
    levels = np.random.default_rng(1).normal(0.2, 0.02, 8)
    table = sampling(landscape(levels), Settings(0.004, 0.04, 0.0, n_bootstrap=20000)).query("n_points == 9").set_index("n_directions")
    assert sorted(table.index) == [1, 2, 5, 8]
    for n, row in table.iterrows():
        assert row["standard_error"] == pytest.approx(levels.std(ddof=1) / np.sqrt(n) / 0.04, rel=0.03)
        assert row["S"] == pytest.approx(np.log(9) - levels.mean() / 0.04, abs=0.02)


def test_the_interval_covers_as_often_as_it_says():
    """Of 300 draws of 6 directions, 95 % intervals hold the S of all directions in 89 to 99 % (the standard error of the count is 1.3 %)."""
    rng = np.random.default_rng(2)
    truth = np.log(9) - 0.2 / 0.04
    hits = 0
    for _ in range(300):
        own = found(rng.normal(0.2, 0.03, 6))
        low, high = interval(own_entropy(own, FORCES_ONLY), resampled(own, 6, FORCES_ONLY), 6, 0.95)
        hits += low <= truth <= high
    assert 0.89 <= hits / 300 <= 0.99


def test_expected_entropy_of_subsets_is_their_exact_mean():
    own = found([0.02, 0.1, 0.3, 0.2])
    tilted = own.losses * np.linspace(0.2, 1, own.n_points)
    own = type(own)(own.keys, own.t, tilted)
    pairs = [own_entropy(type(own)(own.keys, own.t, tilted[:, [a, b]]), FORCES_ONLY) for a in range(4) for b in range(a + 1, 4)]
    assert expected(own, 2, Settings(0.004, 0.04, 0.0, n_bootstrap=20000)) == pytest.approx(np.mean(pairs), abs=0.02)
    assert expected(own, 1, FORCES_ONLY) >= np.mean(pairs) >= own_entropy(own, FORCES_ONLY)


@pytest.mark.parametrize(
    ("t", "steps"),
    [
        (np.linspace(-0.25, 0.25, 81), [2, 4, 5, 8, 10, 20, 40]),
        (np.linspace(-0.25, 0.25, 21), [2, 5, 10]),
        ((np.arange(81) - 40) * 0.5 / 81, [2, 4, 5, 8, 10, 20, 40]),  # ip_explorer's
        ((np.arange(10) - 5) * 0.05, []),  # its centre is no middle
        (np.linspace(-0.25, 0.25, 10), [3]),  # no point at the centre
        (np.linspace(-0.25, 0.25, 3), []),
    ],
)
def test_thinned_points_keep_the_ends_and_the_centre(t, steps):
    assert strides(t) == steps
    for step in steps:
        assert t[::step][-1] == t[-1]
        assert (0 in t) == (0 in t[::step])


def test_fewer_points_of_a_flat_landscape_have_the_same_mean_boltzmann_factor():
    table = sampling(landscape([0.1, 0.12, 0.2]), FORCES_ONLY).query("n_directions == 3")
    assert table["n_points"].tolist() == [9, 5, 3]
    assert table["S_minus_ln_n_points"].to_numpy(float) == pytest.approx(-0.14 / 0.04)
    assert np.ptp(table["standard_error"].to_numpy(float)) < 1e-9


def test_an_infinite_direction_counts_in_every_resample_that_has_it():
    table = sampling(landscape([0.1, 0.1, np.inf]), FORCES_ONLY).set_index(["n_directions", "n_points"])
    assert table.loc[(3, 9), "S"] == -np.inf
    assert table.loc[(1, 9), "S_high"] == pytest.approx(np.log(9) - 0.1 / 0.04)
    assert table.loc[(1, 9), "S_low"] == -np.inf
    assert table["standard_error"].isna().all()
    assert resolution(landscape([0.1, 0.1, np.inf]), FORCES_ONLY).empty


def test_one_direction_has_no_interval():
    (row,) = sampling(landscape([0.1]), FORCES_ONLY).query("n_points == 9").to_dict("records")
    assert row["S"] == pytest.approx(np.log(9) - 0.1 / 0.04)
    assert pd.isna(row["S_low"]) and pd.isna(row["standard_error"])
    assert resolution(landscape([0.1]), FORCES_ONLY).empty


def test_means_over_directions_alone_give_no_row():
    table = landscape([0.1]).assign(direction=pd.NA)
    assert sampling(frame("landscape", table), SETTINGS).empty
    assert resolution(frame("landscape", table), SETTINGS).empty


def test_variance_components_are_found_again():
    rng = np.random.default_rng(3)
    models = rng.normal(0, 2.0, 400)
    S = [model + rng.normal(0, 1.0, 3) + rng.normal(0, 0.5, 3) for model in models]
    found = components(S, 0.5**2)
    shares = [found[f"share_{name}"] for name in ("directions", "seeds", "models")]
    assert shares == pytest.approx(np.array([0.25, 1, 4]) / 5.25, abs=0.04)
    assert found["spread_of_seeds"] == pytest.approx(1.25**0.5, rel=0.05)
    single = components([own[:1] for own in S], 0.5**2)
    assert np.isnan(single["share_seeds"])
    assert single["share_models"] == pytest.approx(5 / 5.25, abs=0.02)


def test_the_order_of_two_models_is_reversed_as_often_as_two_normals_cross():
    rng = np.random.default_rng(4)
    deviations = {name: [rng.normal(0, 1, 20000)] for name in "abc"}
    result = reversals({"a": [0.0], "b": [1.0], "c": [30.0]}, deviations, 0.05)
    crossing = 0.2398  # P(N(1, 2) < 0)
    assert result["reversal_largest"] == pytest.approx(crossing, abs=0.01)
    assert (result["model_a"], result["model_b"], result["n_pairs"], result["n_unresolved"]) == ("b", "a", 3, 1)
    assert result["reversal_mean"] == pytest.approx(crossing / 3, abs=0.005)


def test_resolution_tells_models_seeds_and_directions_apart():
    rng = np.random.default_rng(5)
    parts = [landscape(rng.normal(0.2 + 0.1 * i, 0.004, 5), model=model, seed=seed) for i, model in enumerate("abc") for seed in (1, 2)]
    row = resolution(pd.concat(parts), FORCES_ONLY).iloc[0]
    assert (row["n_models"], row["n_trainings"], row["n_directions"], row["n_points"]) == (3, 6, 5, 9)
    assert row["spread_of_models"] == pytest.approx(0.1 / 0.04, rel=0.1)
    assert row["share_models"] > 0.95
    assert row["n_unresolved"] == 0
    close = [landscape(rng.normal(0.2, 0.02, 5), model=model) for model in "abcd"]
    close_row = resolution(pd.concat(close), FORCES_ONLY).iloc[0]
    assert close_row["reversal_largest"] > 0.05
    assert pd.isna(close_row["share_seeds"])
