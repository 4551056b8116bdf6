"""Pairs of models, the best one, and what would decide the rest: worked out by hand or by another library."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from small_leagues import SETTINGS, lives

from nnip.analyse.best import best
from nnip.analyse.power import Blocks, models_needed, pairs, power, seeds_needed
from nnip.study.tables import frame


def test_two_models_with_the_same_seeds_are_a_paired_test():
    trainings = lives({("a", s): (t,) for s, t in ((1, 2.0), (2, 3.0), (3, 7.0))} | {("b", s): (t,) for s, t in ((1, 1.5), (2, 2.9), (3, 4.0))})
    y = trainings.log_lives()
    (row,) = pairs(trainings, Blocks.of(trainings, y), 0.95)
    test = stats.ttest_rel(y[:3], y[3:])
    bounds = test.confidence_interval(0.95)
    assert (row["longer"], row["shorter"], row["n_seeds"]) == ("a", "b", 3)
    assert row["p"] == pytest.approx(test.pvalue)
    assert (row["ratio"], row["low"], row["high"]) == pytest.approx(tuple(np.exp([(y[:3] - y[3:]).mean(), bounds.low, bounds.high])))


def test_models_with_different_seeds_are_an_unpaired_test():
    trainings = lives({("a", s): (t,) for s, t in ((1, 2.0), (2, 3.0), (3, 7.0))} | {("b", s): (t,) for s, t in ((4, 1.5), (5, 2.9), (6, 4.0))})
    y = trainings.log_lives()
    (row,) = pairs(trainings, Blocks.of(trainings, y), 0.95)
    assert row["p"] == pytest.approx(stats.ttest_ind(y[:3], y[3:]).pvalue)


def test_one_seed_gives_no_interval_of_pairs():
    trainings = lives({("a", 1): (2.0, 3.0), ("b", 1): (5.0, 6.0)})
    (row,) = pairs(trainings, Blocks.of(trainings, trainings.log_lives()), 0.95)
    assert "p" not in row and row["ratio"] == pytest.approx(5.5 / 2.5)


def test_power_is_that_of_tables_of_the_t_test():
    """Cohen: 17 in each group for an effect of one standard deviation at 5 % and power 0.8 (Statistical Power Analysis, table 2.4.1)."""
    assert power(1.0, np.sqrt(2 / 17), 32, 0.05) == pytest.approx(0.80, abs=0.01)
    assert seeds_needed(1.0, 1.0, 2, False, 0.05) == 17
    assert seeds_needed(1e-3, 1.0, 2, False, 0.05) is None
    # scipy's noncentral t gives nan for tails this small
    assert power(8.0, 1.0, 2, 0.001) == pytest.approx(0.0629, abs=1e-4) and power(15.0, 1.0, 10, 0.001) == pytest.approx(1.0)


def test_models_needed_by_hand():
    """Effect 0.1, scatter 0.1 with 10 models, two tests: (z(0.9875) + z(0.8))^2 = (2.2414 + 0.8416)^2 = 9.505 times as many."""
    row = {
        "framework": "mace",
        "quantity": "S",
        "baseline": False,
        "chosen": False,
        "expected": 1,
        "n_models": 10,
        "n_trainings": 30,
        "n_replicas": 90,
    }
    row |= {"concordance": 0.6, "scatter_of_a_guess": 0.1, "p": 0.3, "p_corrected": 0.5}
    found = models_needed(frame("league", [row, row | {"quantity": "S_energy", "p_corrected": 0.01}]), 0.95)
    assert found["models_needed"].tolist() == [96, pd.NA]
    chosen = models_needed(frame("league", [row | {"chosen": True}, row]), 0.95)
    assert chosen["models_needed"].tolist()[0] == 79  # (1.9600 + 0.8416)^2 = 7.849


def test_the_best_with_one_seed_is_judged_by_its_replicas():
    times = {("a", 1): (9.0, 9.5, 9.0), ("b", 1): (1.0, 2.0, 3.0), ("c", 1): (1.0, 2.0, 3.0)}
    trainings = lives(times)
    failures = trainings.keys.iloc[trainings.owner].assign(replica=0, time_fs=trainings.time_fs, failed=trainings.failed, reason="bond")
    rows = best(frame("failures", failures.reset_index(drop=True)), 10.0, SETTINGS)
    assert rows["model"].tolist()[0] == "a" and rows["probability_best"].tolist()[0] == 1.0
    assert rows["life_fs"].tolist() == pytest.approx([27.5 / 3, 2.0, 2.0])
