"""The beginning of the MD as a predictor, by hand."""

import numpy as np
import pytest

from nnip.analyse.ceiling import ceiling
from nnip.declare.registry import quantities
from nnip.study.tables import frame


def lives(times, duration=6000):
    key = {"framework": "mace", "model": "a", "seed": 1}
    ends = [{"time_fs": time, "failed": time < duration, "reason": "bond" if time < duration else "none"} for time in times]
    return frame("failures", [key | end | {"replica": replica} for replica, end in enumerate(ends)])


def test_only_the_first_replicas_up_to_the_horizon_count():
    (row,) = ceiling(lives([100, 400, 900, 6000, 601, 50]), 5, 600.0, 0.5).to_dict("records")
    assert (row["n_replicas"], row["share_failed"]) == (5, pytest.approx(0.4))
    assert row["rmst_fs"] == pytest.approx((100 + 400 + 3 * 600) / 5)
    assert row["share_failed_error"] == pytest.approx(np.sqrt(0.4 * 0.6 / 5))
    assert row["n_passes"] == 201 + 801 + 3 * 1201
    assert row["rmst_error_fs"] > 0


def test_its_time_is_the_share_of_the_mds_steps():
    failures = lives([100, 900, 6000]).assign(training_set="n")
    job = {"framework": "mace", "model": "a", "seed": 1, "training_set": "n", "stage": "md", "wall_s": 700.3, "device": "cpu"}
    costs = frame("costs", [job, job | {"stage": "errors", "wall_s": 5.0}, job | {"training_set": "further", "wall_s": 9.0}])
    (row,) = ceiling(failures, 2, 600.0, 1.0, costs).to_dict("records")
    assert row["wall_s"] == pytest.approx(700.3 * (101 + 601) / (101 + 901 + 6001))
    assert ceiling(failures, 2, 600.0, 1.0)["wall_s"].isna().all()


def test_without_a_failure_by_the_horizon_the_error_is_blank():
    table = ceiling(lives([900, 6000]), 5, 600.0, 1.0)
    assert table["rmst_fs"].tolist() == [600] and table["share_failed"].tolist() == [0]
    assert table["rmst_error_fs"].isna().all()


def test_its_correlations_with_the_times_to_failure_are_marked():
    known = quantities()
    for name in ("early_rmst_fs", "early_share_failed"):
        assert known[name].overlaps(known["rmst_fs"]) and known["mean_time_to_failure_fs"].overlaps(known[name])
        assert not known[name].overlaps(known["learning_curve_slope"])
