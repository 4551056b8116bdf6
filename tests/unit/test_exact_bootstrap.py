"""The bootstrap's intervals are scipy's on the same resamples; small measures by hand."""

import numpy as np
import pytest
from scipy import stats

from nnip.analyse import bootstrap as resampling

X = np.array([1.0, 2.0, 4.0, 8.0, 9.0, 3.0, 7.0, 2.5])
Y = np.array([2.0, 1.0, 5.0, 6.0, 9.5, 4.0, 3.0, 2.0])


@pytest.mark.parametrize("measure", [resampling.pearson, resampling.spearman])
@pytest.mark.parametrize("confidence", [0.95, 0.6])
def test_interval_is_scipys_bca(measure, confidence):
    n = 500
    chosen = np.random.default_rng(3).integers(len(X), size=(n, len(X)))
    draws = [np.broadcast_to(column, (n, len(X))) for column in (X, Y)]
    expected = stats.bootstrap(
        (np.arange(len(X)),), lambda index, axis: measure(X[index], Y[index]), n_resamples=n, confidence_level=confidence, method="BCa",
        vectorized=True, rng=np.random.default_rng(3),
    ).confidence_interval  # fmt: skip
    assert resampling.interval(measure, [X, Y], draws, chosen, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


def mean(values):
    return values.mean(-1)


def test_the_bca_interval_of_a_mean_by_hand():
    """Resamples 0 to 100 about the mean 40: 40.5 of 101 are below, so bias z = -0.25079. The jackknife of 5 values with mean 40: leans
    (x - 40) / 4 = -10, -10, -10, -5, 35, so a = 39750 / (6 * 1550^1.5) = 0.108565."""
    columns = [np.array([0.0, 0.0, 0.0, 20.0, 180.0])]
    chosen = np.zeros((101, 5), int)
    draws = [np.repeat(np.arange(101.0)[:, None], 5, axis=1)]
    z = stats.norm.ppf(40.5 / 101)
    a = 39750 / (6 * 1550**1.5)
    expected = [100 * stats.norm.cdf(z + (z + q) / (1 - a * (z + q))) for q in (-1.2815515655, 1.2815515655)]
    assert resampling.interval(mean, columns, draws, chosen, 0.8) == pytest.approx(expected)
    assert expected == pytest.approx([5.88425, 81.85527], abs=1e-4)


def test_resamples_take_the_chosen_models_of_every_draw():
    draws = [np.array([[1.0, 2, 3, 4, 5], [10, 20, 30, 40, 50]] * 50)]
    chosen = np.array([[0] * 5, [4] * 5] * 50)
    low, high = resampling.interval(mean, [np.arange(5.0)], draws, chosen, 0.9)
    assert (low, high) == (1, 50)


def test_where_there_is_no_interval():
    four = [np.array([1.0, 2.0, 3.0, 4.0])]
    draws, chosen = [np.repeat(four[0][None], 9, axis=0)], np.zeros((9, 4), int)
    assert np.isnan(resampling.interval(mean, four, draws, chosen, 0.9)).all(), "fewer than five models"
    five = [np.array([1.0, 2.0, 3.0, 4.0, 5.0])]
    for shift in (-100, 100):
        draws = [np.repeat(five[0][None] + shift, 9, axis=0)]
        assert np.isnan(resampling.interval(mean, five, draws, np.zeros((9, 5), int), 0.9)).all(), "all resamples on one side"
    spread = np.repeat(np.arange(10.0)[:, None], 5, axis=1)
    for n_lost, known in ((5, True), (6, False)):
        lost = [np.where(np.arange(10)[:, None] < n_lost, np.nan, spread)]
        found = resampling.interval(mean, [np.array([1.0, 6.0, 9.0, 9.0, 9.0])], lost, np.zeros((10, 5), int), 0.9)
        assert np.isfinite(found).all() == known, "half of the resamples or more must have a value"


def test_each_is_left_out_once():
    assert resampling.leave_one_out(mean, [np.array([1.0, 2.0, 6.0])]).tolist() == [4.0, 3.5, 1.5]


def test_measures_of_four_points_by_hand():
    """x = 1 2 3 4, y = 1 3 2 4: Pearson 4 / 5, Spearman 1 - 6 * 2 / 60, Kendall (5 - 1) / 6. Squares of x lean: 23 / sqrt(5 * 129)."""
    x, y = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 3.0, 2.0, 4.0])
    assert resampling.pearson(x, y) == pytest.approx(0.8)
    assert resampling.pearson(x, -y) == pytest.approx(-0.8)
    assert resampling.spearman(x, y) == pytest.approx(0.8)
    assert resampling.kendall(x, y) == pytest.approx(2 / 3)
    assert resampling.pearson(x, y**2) == pytest.approx(20 / np.sqrt(5 * 129))
    assert resampling.spearman(x, y**2) == pytest.approx(0.8)
    assert np.isnan(resampling.pearson(x, np.full(4, 0.1)))


def test_partial_correlation_by_hand():
    """Correlations xy = 0.8, xz = 0, yz = 0.6 / sqrt(1): (0.8 - 0) / sqrt(1 - 0.36) = 1: y is made of x and z alone."""
    x, z = np.array([1.0, -1.0, 1.0, -1.0]), np.array([1.0, 1.0, -1.0, -1.0])
    y = 0.8 * x + 0.6 * z
    assert resampling.partial(x, y, z) == pytest.approx(1.0)
    assert resampling.partial(-x, y, z) == pytest.approx(-1.0)
    third = np.array([1.0, -1.0, -1.0, 1.0])
    # xy = 0.5, zy = 0.5, zx = 0: 0.5 / sqrt(0.75)
    assert resampling.partial(x, 0.5 * x + 0.5 * z + np.sqrt(0.5) * third, z) == pytest.approx(0.57735027)
    assert np.isnan(resampling.partial(x, z, z))


def test_permutation_p_counts_all_orders_of_few_models():
    """Of the 24 orders of 1 2 4 8 against 1 3 2 5 three correlate as well or better: twice 3 / 24. Turned round likewise."""
    x, y, rng = np.array([1.0, 2.0, 4.0, 8.0]), np.array([1.0, 3.0, 2.0, 5.0]), np.random.default_rng(1)
    assert resampling.permutation_p(x, y, 10000, rng) == pytest.approx(0.25)
    assert resampling.permutation_p(x, -y, 10000, rng) == pytest.approx(0.25)
    assert resampling.permutation_p(x[:3], np.array([1.0, 2.0, 3.0]), 10000, rng) == pytest.approx(1 / 3)
    assert np.isnan(resampling.permutation_p(x[:2], y[:2], 100, rng))
    assert np.isnan(resampling.permutation_p(x, np.ones(4), 100, rng))
