"""Restricted means, their variance and intervals: every number by hand, on three to seven replicas."""

import numpy as np
import pandas as pd
import pytest

from nnip.analyse.survival import is_one_measurement, median, restricted_means, survival
from nnip.study.tables import frame


def failures(times, failed=None, model="m", seed=1):
    failed = [True] * len(times) if failed is None else failed
    key = {"framework": "mace", "model": model, "seed": seed, "reason": "none"}
    return frame("failures", [key | {"replica": i, "time_fs": t, "failed": f} for i, (t, f) in enumerate(zip(times, failed, strict=True))])


def mean_and_variance(times, failed, horizon, counts=None):
    counts = np.ones((1, len(times))) if counts is None else np.array([counts], float)
    mean, variance = restricted_means(np.array(times, float), np.array(failed), horizon, counts)
    return float(mean[0]), float(variance[0])


def test_greenwoods_variance_with_censoring_times_failures_over_failures_less_one():
    """Deaths at 1 and 3, censored at 2 and 4: areas beyond them 1.875 and 0.375; (1.875^2 / (4 * 3) + 0.375^2 / (2 * 1)) * 2 / 1."""
    assert mean_and_variance([1, 2, 3, 4], [True, False, True, False], 4.0) == pytest.approx((2.875, 0.7265625))


def test_all_failed_is_the_plain_mean_and_its_squared_standard_error():
    """1, 2, 4, 5: mean 3, squared deviations 4 + 1 + 1 + 4 = 10, 10 / 3 / 4."""
    assert mean_and_variance([1, 2, 4, 5], [True] * 4, 9.0) == pytest.approx((3.0, 10 / 12))


def test_two_that_fail_at_once():
    """2, 2, 5: mean 3, squared deviations 1 + 1 + 4 = 6, 6 / 2 / 3."""
    assert mean_and_variance([2, 2, 5], [True] * 3, 9.0) == pytest.approx((3.0, 1.0))


def test_a_failure_at_the_horizon_counts_and_one_beyond_does_not():
    """At 4: the plain 2.75 and (3.0625 + 0.5625 + 2 * 1.5625) / 3 / 4. Beyond: Greenwood's 6.75 / 16 times 2 / 1, as if censored there."""
    assert mean_and_variance([1, 2, 4, 4], [True] * 4, 4.0) == pytest.approx((2.75, 0.5625))
    assert mean_and_variance([1, 2, 5, 6], [True] * 4, 4.0) == pytest.approx((2.75, 0.84375))
    assert mean_and_variance([1, 2, 4, 4], [True, True, False, False], 4.0) == pytest.approx((2.75, 0.84375))


def test_a_censored_replica_is_at_risk_at_the_time_it_left():
    """Censored at 2 as another fails there: 3 at risk, S = 2/3 from 2 and 0 from 5, so the mean is 2 + 3 * 2/3."""
    assert mean_and_variance([2, 2, 5], [True, False, True], 9.0)[0] == pytest.approx(4.0)


def test_one_failure_has_no_variance_and_none_none():
    for failed, mean in (([True, False, False], 1 + 2 / 3 * 3), ([False] * 3, 4.0)):
        found, variance = mean_and_variance([1, 2, 4], failed, 4.0)
        assert found == pytest.approx(mean)
        assert np.isnan(variance)


def test_counts_weigh_the_variance_like_copies():
    """Counts 2, 0, 1, 1 of 1, 2, 4, 5: the sample 1, 1, 4, 5 with mean 2.75 and squared deviations 12.75."""
    assert mean_and_variance([1, 2, 4, 5], [True] * 4, 9.0, [2, 0, 1, 1]) == pytest.approx((2.75, 12.75 / 12))


def test_a_seeds_interval_has_students_t_of_one_less_than_its_replicas():
    """t of 3 degrees of freedom: 0.76489 at 50 %, 3.18245 at 95 %; the half widths 0.65198 and 2.71268 about 2.875, cut to [0, horizon]."""
    table = failures([1, 2, 3, 4], [True, False, True, False])
    row = survival(table, 4.0, confidence=0.5).iloc[0]
    assert row[["rmst_low_fs", "rmst_fs", "rmst_high_fs"]].tolist() == pytest.approx([2.2230162, 2.875, 3.5269838])
    row = survival(table, 4.0).iloc[0]
    assert row[["rmst_low_fs", "rmst_high_fs"]].tolist() == pytest.approx([0.1623262, 4.0])
    row = survival(failures([1, 9]), 9.0).iloc[0]
    assert row[["rmst_low_fs", "rmst_fs", "rmst_high_fs"]].tolist() == [0.0, 5.0, 9.0]
    row = survival(failures([1, 3]), 90.0, confidence=0.5).iloc[0]  # half width t(1) = 1 times 1
    assert row[["rmst_low_fs", "rmst_high_fs"]].tolist() == pytest.approx([1.0, 3.0])


def test_a_row_counts_and_takes_the_plain_mean_and_the_median():
    row = survival(failures([1, 2, 3, 4], [True, False, True, False]), 4.0).iloc[0]
    assert row[["n_replicas", "n_failed", "horizon_fs", "median_fs", "mean_fs", "seed"]].tolist() == [4, 2, 4.0, 3.0, 2.5, 1]


def test_the_row_over_seeds_is_the_mean_of_the_seeds_not_of_the_replicas():
    """Restricted means 1900, 2000, 2100 of 1, 2 and 3 replicas: 2000 +- 4.302653 * 100 / sqrt(3). The plain mean is over all six replicas."""
    parts = [failures([1900], seed=1), failures([1000, 3000], seed=2), failures([2000, 2000, 2300], seed=3)]
    row = survival(pd.concat(parts), 6000.0).query("seed.isna()").iloc[0]
    assert row[["rmst_low_fs", "rmst_fs", "rmst_high_fs"]].tolist() == pytest.approx([1751.58623, 2000.0, 2248.41377])
    assert row[["n_replicas", "n_failed", "median_fs", "mean_fs"]].tolist() == pytest.approx([6, 6, 2000.0, 12200 / 6])
    half = survival(pd.concat(parts[:2]), 6000.0, confidence=0.5).query("seed.isna()").iloc[0]  # t(1) = 1, 70.71 / sqrt(2) = 50
    assert half[["rmst_low_fs", "rmst_high_fs"]].tolist() == pytest.approx([1900.0, 2000.0])


def test_seeds_and_models_keep_their_own_replicas():
    parts = [failures([t, t + 2], model=m, seed=s) for m, s, t in (("a", 1, 10), ("a", 2, 20), ("b", 1, 30))]
    found = survival(pd.concat(parts), 99.0)
    assert found[["model", "rmst_fs"]].to_numpy().tolist() == [["a", 11.0], ["a", 21.0], ["a", 16.0], ["b", 31.0]]
    assert found["seed"].fillna(0).tolist() == [1, 2, 0, 1]


def test_the_median_is_where_the_curve_comes_to_one_half():
    four = np.array([1.0, 2.0, 3.0, 4.0])
    assert median(four, np.array([True] * 4)) == 2.0
    assert median(four, np.array([True, False, True, True])) == 3.0, "S is 3/4, then 3/8"
    assert median(np.array([1.0, 2.0, 3.0]), np.array([True] * 3)) == 2.0
    assert np.isnan(median(four, np.array([True, False, False, False])))
    assert median(np.repeat([1.0, 2.0], 5), np.repeat([True, False], 5)) == 1.0


def test_copies_are_replicas_that_failed_at_one_time():
    assert is_one_measurement(failures([5]))
    assert is_one_measurement(failures([5, 5, 5]))
    assert not is_one_measurement(failures([5, 6]))
    assert not is_one_measurement(failures([5, 5], [True, False]))
    assert not is_one_measurement(failures([5, 5], [False, False]))
    row = survival(failures([5, 5, 5]), 9.0).iloc[0]
    assert row["rmst_low_fs"] is pd.NA and row["rmst_high_fs"] is pd.NA
