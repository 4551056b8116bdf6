"""Entropy of sampled directions: widths, percentiles and standard errors by hand; draws that do not hang together."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from nnip.analyse.entropy_convergence import (
    Lines,
    Settings,
    entropies,
    expected,
    interval,
    lines,
    own_entropy,
    resampled,
    sampling,
    strides,
    widening,
)
from nnip.study.seeds import derive
from nnip.study.tables import frame

WHO = {"framework": "mace", "model": "a", "seed": 1, "mode": "isotropic", "split": "train"}


def settings(alpha=0.0, n_bootstrap=50, confidence=0.95, seed=1):
    return Settings(T_energy_eV_per_atom=2.0, T_forces_eV_per_A=4.0, alpha=alpha, n_bootstrap=n_bootstrap, confidence=confidence, seed=seed)


def flat(forces, energies=None, n_points=5, **who):
    """Lines with one level of losses per direction."""
    energies = np.zeros(len(forces)) if energies is None else energies
    losses = np.array([np.repeat(np.array(level, float)[:, None], n_points, axis=1) for level in (energies, forces)])
    return Lines(WHO | who, np.linspace(-1, 1, n_points), losses)


def table(found):
    t, (energies, forces) = found.t, found.losses
    rows = [
        found.keys | {"direction": k, "t": t[i], "energy_rmse_eV_per_atom": energies[k, i], "forces_rmse_eV_per_A": forces[k, i]}
        for k in range(len(forces))
        for i in range(len(t))
    ]
    return frame("landscape", rows)


def test_resamples_are_widened_to_the_unbiased_variance():
    assert [widening(n) for n in (2, 4, 5)] == pytest.approx([1.41421356, 1.15470054, 1.11803399])
    assert np.isnan(widening(1))


def test_the_interval_takes_expanded_percentiles_about_S():
    """Two directions at 50 %: t(1) = 1 times sqrt(2) is the percentile 7.865, so the 8th and the 93rd of 1 to 100, moved from 50.5 to 60.
    Four at 20 %: t(3) = 0.276671 times 1.154701 is 37.468: the 38th and the 63rd."""
    draws = np.random.default_rng(1).permutation(np.arange(1.0, 101))
    assert interval(60.0, draws, 2, 0.5) == pytest.approx((17.5, 102.5))
    assert interval(50.5, draws, 4, 0.2) == pytest.approx((38.0, 63.0))
    assert np.isnan(interval(50.5, draws, 1, 0.5)).all()
    infinite = np.where(draws < 20, -np.inf, draws)
    assert interval(60.0, infinite, 2, 0.5) == (-np.inf, 93.0), "nothing is moved where the mean is infinite"


def test_entropies_of_weighted_means_by_hand():
    """Mean forces 3 and 5 (weights 1/2), 2 and 8 (weights 1, 0): ln 5 - forces / 4; energies 1: ln 5 - 1 / 2."""
    found = flat([2.0, 4.0], [1.0, 1.0])
    weights = np.array([[0.5, 0.5], [1, 0]])
    assert entropies(found.losses, weights, settings()).tolist() == pytest.approx([np.log(5) - 0.75, np.log(5) - 0.5])
    assert entropies(found.losses, weights, settings(0.25)).tolist() == pytest.approx([np.log(5) - 0.6875, np.log(5) - 0.5])
    assert entropies(found.losses, weights, settings(1.0)).tolist() == pytest.approx([np.log(5) - 0.5] * 2)
    two = Lines(WHO, np.array([0.0, 1.0]), np.array([[[0.0, 0.0]], [[0.0, 4 * np.log(3)]]]))
    assert own_entropy(two, settings()) == pytest.approx(np.log(4 / 3))


def test_an_infinite_direction_spoils_the_means_it_is_in_and_no_others():
    """Forces infinite and 4: S of both is -inf, of the second alone ln 5 - 1; without the forces' weight ln 5."""
    found = next(lines(table(flat([np.inf, 4.0]))))
    weights = np.array([[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]])
    assert entropies(found.losses, weights, settings()).tolist() == pytest.approx([-np.inf, np.log(5) - 1, -np.inf])
    assert entropies(found.losses, weights, settings(1.0)).tolist() == pytest.approx([np.log(5)] * 3)


def test_the_standard_error_of_two_directions():
    """Forces 0 and 8: S of resamples is ln 5 - 0, 1 or 2 (1/4, 1/2, 1/4), standard deviation sqrt(1/2), widened by sqrt(2) to 1; of one
    direction each, 0 or 2, widened to sqrt(2). With half the points likewise."""
    found = sampling(table(flat([0.0, 8.0])), settings(n_bootstrap=20000))
    assert found[["n_directions", "n_points"]].to_numpy().tolist() == [[2, 5], [1, 5], [2, 3]]
    assert found["standard_error"].tolist() == pytest.approx([1.0, 1.41421356, 1.0], rel=0.02)
    assert found["S"].tolist() == pytest.approx([np.log(5) - 1, np.log(5) - 1, np.log(3) - 1])
    assert found["S_minus_ln_n_points"].tolist() == pytest.approx([-1.0] * 3)


def test_the_numbers_of_directions_that_are_tried():
    for n, fewer in ((120, [1, 2, 5, 10, 20, 50, 100]), (100, [1, 2, 5, 10, 20, 50]), (2, [1])):
        found = sampling(table(flat(np.arange(float(n)), n_points=3)), settings(n_bootstrap=3))
        assert found["n_directions"].tolist() == [n, *fewer]


def test_expected_of_one_direction_is_the_mean_of_all_and_of_two_that_of_pairs():
    found = Lines(WHO, np.array([0.0, 1.0]), np.array([np.zeros((3, 2)), [[0.0, 0.0], [0.0, 8.0], [8.0, 16.0]]]))
    one = [np.log(2), np.log(1 + np.exp(-2)), np.log(np.exp(-2) + np.exp(-4))]
    assert expected(found, 1, settings()) == pytest.approx(np.mean(one))
    two = [np.log(sum(np.exp(-row / 4))) for row in (np.array([0, 4.0]), np.array([4, 8.0]), np.array([4, 12.0]))]
    assert expected(found, 2, settings(n_bootstrap=20000)) == pytest.approx(np.mean(two), abs=0.01)


KINDS = [
    {},
    {"framework": "nequip"},
    {"model": "b"},
    {"seed": 2},
    {"mode": "paper"},
    {"split": "test"},
    {"model": "a1", "seed": 1},
    {"model": "a", "seed": 11},
]


@pytest.mark.parametrize("measure", [resampled, lambda *given: np.array([expected(*given)])])
def test_every_landscape_number_of_directions_and_study_seed_has_draws_of_its_own(measure):
    levels = np.arange(12.0) ** 1.7
    draws = [measure(flat(levels, **who), 5, settings()) for who in KINDS]
    draws += [measure(flat(levels), 5, settings(seed=2)), measure(flat(levels), 5, settings(seed=11))]
    for one, other in combinations(draws, 2):
        assert not np.array_equal(one, other)
    assert np.array_equal(draws[0], measure(flat(levels), 5, settings()))


def test_streams_are_named_by_all_they_are_for():
    found, named = flat(np.arange(4.0)), ("mace", "a", 1, "isotropic", "train")
    for n in (2, 3):
        counts = np.random.default_rng(derive(7, "sampling", *named, n)).multinomial(n, [0.25] * 4, size=50)
        assert resampled(found, n, settings(seed=7)) == pytest.approx(np.log(5) - counts @ np.arange(4.0) / n / 4)
        tilted = Lines(found.keys, found.t, found.losses * np.linspace(0, 9, 5))
        chosen = np.random.default_rng(derive(7, "subsets", *named, n)).multivariate_hypergeometric([1, 1, 1, 1], n, size=50)
        levels = chosen @ np.arange(4.0) / n / 4
        mean = np.mean([np.log(np.exp(-level * np.linspace(0, 9, 5)).sum()) for level in levels])
        assert expected(tilted, n, settings(seed=7)) == pytest.approx(mean)


@pytest.mark.parametrize(("t", "steps"), [
    (np.linspace(-1, 1, 5), [2]), (np.linspace(-1, 1, 7), [3]), (np.linspace(-1, 1, 13), [2, 3, 6]), (np.linspace(-1, 1, 3), []),
    (np.arange(1.0, 8), [2, 3]), ([-1.0, 0.5, 2.0, 3.5, 5.0], [2]), (np.arange(-1.0, 4), []), (np.linspace(-1e-3, 1e-3, 5), [2]),
])  # fmt: skip
def test_points_are_left_out_so_that_ends_and_centre_stay(t, steps):
    assert strides(np.array(t)) == steps


def test_lines_keep_points_and_directions_in_order():
    found = next(lines(table(flat([1.0, 2.0])).sample(frac=1, random_state=1)))
    assert found.t.tolist() == [-1, -0.5, 0, 0.5, 1]
    assert found.losses[:, :, 0].tolist() == [[0, 0], [1, 2]]
    blank = table(flat([1.0])).assign(direction=pd.NA)
    assert list(lines(blank)) == []
