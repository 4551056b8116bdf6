"""Times to failure: known truth, censoring, copies of one trajectory."""

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter

from nnip.analyse.survival import holm, kaplan_meier, logrank, median, restricted_means, survival
from nnip.study.tables import frame


def failures(times, failed=None, model="m", seed=1, horizon=6000.0):
    times = np.asarray(times, float)
    failed = times < horizon if failed is None else failed
    return frame(
        "failures",
        [
            {"framework": "mace", "model": model, "seed": seed, "replica": i, "time_fs": t, "failed": bool(f), "reason": "bond" if f else "none"}
            for i, (t, f) in enumerate(zip(np.minimum(times, horizon), failed, strict=True), 1)
        ],
    )


def models(*names):
    rows = [{"framework": "mace", "model": n, "label": n, "experiment": "e", "title": "E", "position": i} for i, n in enumerate(names)]
    return frame("models", rows)


def test_restricted_mean_is_the_plain_mean_where_only_the_horizon_censors():
    row = survival(failures([1000, 2000, 6000, 9000]), 6000.0).iloc[0]
    assert row["rmst_fs"] == pytest.approx((1000 + 2000 + 6000 + 6000) / 4)
    assert (row["n_replicas"], row["n_failed"]) == (4, 2)


def test_early_censoring_by_hand():
    """Deaths at 1 and 3, censored at 2 and 4: S = 3/4 from 1, 3/8 from 3, so the area to 4 is 1 + 2 * 3/4 + 3/8."""
    time, failed = np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, False])
    mean, _ = restricted_means(time, failed, 4.0, np.ones((1, 4)))
    assert mean[0] == pytest.approx(1 + 1.5 + 0.375)


def test_counts_weight_replicas_like_copies_of_them():
    time, failed = np.array([1.0, 2.0, 3.0, 5.0]), np.array([True, False, True, True])
    counts = np.array([[2.0, 1.0, 0.0, 1.0]])
    weighted = restricted_means(time, failed, 4.0, counts)[0][0]
    copies = [0, 0, 1, 3]
    assert weighted == pytest.approx(restricted_means(time[copies], failed[copies], 4.0, np.ones((1, 4)))[0][0])


def many(times, failed, names):
    """Table failures of many samples at once: times and failed of shape [samples, replicas], model names of the samples."""
    n, replicas = times.shape
    columns = {"framework": "mace", "model": np.repeat(names, replicas), "seed": 1, "replica": np.tile(np.arange(replicas), n)}
    reasons = np.where(failed.ravel(), "bond", "none")
    return frame("failures", pd.DataFrame(columns | {"time_fs": times.ravel(), "failed": failed.ravel(), "reason": reasons}))


@pytest.mark.parametrize(("mean_fs", "censoring"), [(2000.0, False), (5000.0, False), (3000.0, True)])
def test_restricted_mean_and_its_interval_on_exponential_times(mean_fs, censoring):
    """E min(T, h) = m (1 - exp(-h / m)). 400 samples of 30 at nominal 95 %: standard error 1.1 %, and a skewed mean of 30 is about 2 % short."""
    rng = np.random.default_rng(1)
    horizon = 6000.0
    truth = mean_fs * (1 - np.exp(-horizon / mean_fs))
    time = rng.exponential(mean_fs, (400, 30))
    watched = np.minimum(rng.uniform(2000, 12000, time.shape), horizon) if censoring else np.full(time.shape, horizon)
    table = survival(many(np.minimum(time, watched), time <= watched, np.arange(400).astype(str)), horizon)
    assert table["rmst_fs"].mean() == pytest.approx(truth, rel=0.02)
    assert 0.90 <= table["rmst_low_fs"].le(truth).mul(table["rmst_high_fs"].ge(truth)).mean() <= 0.985


def test_interval_over_seeds_covers_the_mean_of_trainings():
    """Trainings scatter more than their replicas tell: only the row over seeds covers. 200 samples, standard error 1.5 %."""
    rng = np.random.default_rng(2)
    parts = []
    for seed in (1, 2, 3, 4):
        time = np.clip(rng.normal(2000 + 400 * rng.normal(size=(200, 1)), 300, (200, 20)), 1, None)
        parts.append(many(time, time < 6000, np.arange(200).astype(str)).assign(seed=seed))
    table = survival(frame("failures", pd.concat(parts)), 6000.0)
    covered = (table["rmst_low_fs"] <= 2000) & (table["rmst_high_fs"] >= 2000)
    assert 0.90 <= covered[table["seed"].isna()].mean() <= 0.99
    assert covered[table["seed"].notna()].mean() < 0.6


def test_median_is_lifelines():
    rng = np.random.default_rng(5)
    for _ in range(20):
        time, failed = np.ceil(rng.exponential(10, 15)), rng.random(15) < 0.7
        expected = KaplanMeierFitter().fit(time, failed).median_survival_time_
        assert median(time, failed) == pytest.approx(expected if np.isfinite(expected) else np.nan, nan_ok=True)


def test_copies_of_one_trajectory_have_no_interval_and_no_test():
    copies, others = failures([392] * 30, model="a"), failures(np.linspace(500, 5000, 30), model="b")
    row = survival(copies, 6000.0).iloc[0]
    assert row["rmst_fs"] == 392
    assert row[["rmst_low_fs", "rmst_high_fs"]].isna().all()
    assert kaplan_meier(copies)[["low", "high"]].isna().all(axis=None)
    assert logrank(pd.concat([copies, others]), models("a", "b"))[["p", "p_holm"]].isna().all(axis=None)


def test_replicas_that_all_outlive_the_run_are_no_copies_and_are_tested():
    alive, others = failures([9000] * 30, model="a"), failures(np.linspace(500, 5000, 30), model="b")
    assert logrank(pd.concat([alive, others]), models("a", "b"))["p"].iloc[0] < 1e-6
    row = survival(alive, 6000.0).iloc[0]
    assert row[["rmst_low_fs", "rmst_high_fs"]].isna().all(), "without a failure nothing is known about the scatter"
    assert kaplan_meier(alive)[["low", "high"]].isna().all(axis=None)


def test_no_failure_and_one_replica_do_not_crash():
    alive = survival(failures([7000, 7000, 7000]), 6000.0).iloc[0]
    assert alive["rmst_fs"] == 6000
    assert pd.isna(alive["median_fs"])
    assert pd.isna(survival(failures([100]), 6000.0).iloc[0]["rmst_low_fs"])
    empty = frame("failures", [])
    assert survival(empty, 6000.0).empty
    assert kaplan_meier(empty).empty
    assert logrank(empty, models("a", "b")).empty


def test_kaplan_meier_starts_at_one_and_counts_those_at_risk():
    curve = kaplan_meier(failures([1000, 2000, 6000, 6000]))
    assert curve["time_fs"].tolist() == [0, 1000, 2000, 6000]
    assert curve["survival"].tolist() == pytest.approx([1, 0.75, 0.5, 0.5])
    assert curve["n_at_risk"].tolist() == [4, 4, 3, 2]


def test_logrank_tells_different_lives_from_equal_ones():
    rng = np.random.default_rng(3)
    table = logrank(
        pd.concat([failures(rng.exponential(mean, 30), model=name) for name, mean in (("a", 500), ("b", 4000), ("c", 4000))]), models("a", "b", "c")
    )
    assert table["p_holm"].tolist()[0] < 0.001
    assert table["p_holm"].tolist()[1] > 0.05


def test_holm_by_hand():
    assert holm(np.array([0.01, np.nan, 0.04, 0.03])) == pytest.approx([0.03, np.nan, 0.06, 0.06], nan_ok=True)
