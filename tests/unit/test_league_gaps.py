"""The league of pairs near and far apart: shares counted pair by pair, and a noisy predictor that tells only trainings far apart."""

import itertools
import math

import numpy as np
import pytest
import simulated_league

from nnip.analyse.league_gaps import EDGES, league_gaps, ratios
from nnip.declare.registry import quantities
from nnip.report import gaps
from nnip.study.tables import frame

STATISTICS = {"n_bootstrap": 40, "n_permutation": 20, "confidence": 0.95}
ERROR = "train_forces_rmse"


def tables(values, lives):
    """Tables predictors and failures of one replica each, which failed."""
    who = [{"framework": "mace", "model": f"m{number}", "seed": 1} for number in range(len(values))]
    predictors = frame("predictors", [each | {"quantity": ERROR, "value": value} for each, value in zip(who, values, strict=True)])
    ended = {"replica": 0, "failed": True, "reason": "bond"}
    return predictors, frame("failures", [each | ended | {"time_fs": life} for each, life in zip(who, lives, strict=True)])


def gaps_of(predictors, failures):
    return league_gaps(predictors, failures, simulated_league.HORIZON_FS, {"statistics": STATISTICS, "seed": 1})


def test_ratios_are_the_larger_over_the_smaller():
    found = ratios(np.array([2.0, 3.0, 0.0, math.nan]))
    assert found[:2, :2] == pytest.approx(np.array([[1.0, 1.5], [1.5, 1.0]]))
    assert np.isnan(found[2:]).all() and np.isnan(found[:, 2:]).all()


def test_shares_are_those_counted_pair_by_pair():
    rng = np.random.default_rng(3)
    errors, lives = np.exp(0.4 * rng.normal(size=9)), rng.permutation(np.arange(1.0, 10.0))
    rows = gaps_of(*tables(errors, lives))
    pairs = list(itertools.combinations(range(9), 2))
    assert rows["n_pairs"].sum() == len(pairs)
    for row in rows.to_dict("records"):
        high = row["ratio_high"] or math.inf
        inside = [(i, j) for i, j in pairs if row["ratio_low"] <= max(errors[i], errors[j]) / min(errors[i], errors[j]) < high]
        named = [(errors[i] < errors[j]) == (lives[i] > lives[j]) for i, j in inside]
        assert row["n_pairs"] == len(inside)
        assert row["concordance"] == pytest.approx(np.mean(named), abs=1e-6)


def test_a_noisy_error_tells_only_trainings_far_apart():
    drawn = [simulated_league.study(np.random.default_rng(seed), {ERROR: ("life", -1.0, 0.6)}, n_models=10) for seed in range(6)]
    found = [gaps_of(predictors, failures).set_index(["framework", "ratio_low"])["concordance"].loc["all"] for failures, predictors in drawn]
    near, far = (np.mean([float(each.loc[ratio]) for each in found]) for ratio in (1.0, 2.0))
    assert 0.45 < near < 0.62 and far > 0.75


def test_what_does_not_span_decades_or_has_too_few_models_has_no_row():
    failures, predictors = simulated_league.study(np.random.default_rng(1), {"S": ("life", 1.0, 0.1)})
    assert not quantities()["S"].log and gaps_of(predictors, failures).empty
    assert gaps_of(*tables([1.0, 2.0], [5.0, 6.0])).empty


def test_the_summary_has_a_row_for_every_range():
    failures, predictors = simulated_league.study(np.random.default_rng(1), {ERROR: ("life", -1.0, 0.6)}, n_models=10)
    title, table = gaps.sections({"league_gaps": gaps_of(predictors, failures)})
    assert title.startswith("## How different errors must be") and len(table.splitlines()) == 2 + len(EDGES) - 1
    assert "1 to 1.1" in table and "2 and more" in table and "training force RMSE" in table
    assert gaps.sections({}) == [] and gaps.sections({"league_gaps": frame("league_gaps", [])}) == []
