"""Kaplan-Meier curves and log-rank tests: censoring is handed on as it is; numbers by hand."""

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter

from nnip.analyse.kaplan_meier import kaplan_meier
from nnip.analyse.logrank import logrank, neighbours
from nnip.analyse.multiple_testing import holm
from nnip.study.tables import frame

A = ([1, 3, 5], [True, True, False])
B = ([2, 4, 6], [True, False, True])
C = ([10, 11, 12], [True, True, False])


def failures(times, failed, model="m", seed=1):
    key = {"framework": "mace", "model": model, "seed": seed, "reason": "none"}
    return frame("failures", [key | {"replica": i, "time_fs": t, "failed": f} for i, (t, f) in enumerate(zip(times, failed, strict=True))])


def experiment(*names, experiment="e", framework="mace", places=None):
    who = {"framework": framework, "experiment": experiment, "title": "E"}
    places = places or range(len(names))
    return frame("models", [who | {"model": n, "label": n, "position": i} for i, n in zip(places, names, strict=True)])


def test_a_curve_with_censoring():
    """Of 4 replicas one fails at 1, one leaves at 2, one fails at 3, one leaves at 4: 3/4, then half of it."""
    curve = kaplan_meier(failures([1, 2, 3, 4], [True, False, True, False]))
    assert curve["time_fs"].tolist() == [0, 1, 2, 3, 4]
    assert curve["survival"].tolist() == pytest.approx([1, 0.75, 0.75, 0.375, 0.375])
    assert curve["n_at_risk"].tolist() == [4, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("confidence", "after_1", "after_3"),
    [(0.95, (0.12794692, 0.96054864), (0.01097112, 0.80800107)), (0.8, (0.35314026, 0.92356895), (0.06990185, 0.69657920))],
)
def test_the_band_is_greenwoods_of_the_log_of_minus_the_log(confidence, after_1, after_3):
    """S to the power of exp(+- z s / ln S), s^2 = 1 / (4 * 3), and + 1 / (2 * 1) from the second failure on."""
    curve = kaplan_meier(failures([1, 2, 3, 4], [True, False, True, False]), confidence).set_index("time_fs")
    assert curve.loc[1, ["low", "high"]].tolist() == pytest.approx(after_1)
    assert curve.loc[3, ["low", "high"]].tolist() == pytest.approx(after_3)


def test_no_band_where_nothing_is_known():
    for times, failed in (([5], [True]), ([5, 5], [True, True]), ([5, 6], [False, False])):
        assert kaplan_meier(failures(times, failed))[["low", "high"]].isna().all(axis=None)
    assert kaplan_meier(failures([5, 6], [False, True]))["low"].notna().any()


def test_curves_per_seed_and_over_seeds_are_lifelines():
    rng = np.random.default_rng(1)
    parts = [failures(np.ceil(rng.exponential(9, 8)), rng.random(8) < 0.6, model, seed) for model, seed in (("a", 1), ("a", 2), ("b", 1))]
    table = kaplan_meier(pd.concat(parts))
    assert table[["model", "seed"]].fillna(0).drop_duplicates().to_numpy().tolist() == [["a", 1], ["a", 2], ["a", 0], ["b", 1]]
    for own, curve in (
        (parts[0], table.query("model == 'a' and seed == 1")),
        (pd.concat(parts[:2]), table.query("model == 'a' and seed.isna()")),
        (parts[2], table.query("model == 'b'")),
    ):
        fitted = KaplanMeierFitter().fit(own["time_fs"].astype(float), event_observed=own["failed"].astype(bool))
        assert curve["survival"].tolist() == pytest.approx(fitted.survival_function_["KM_estimate"].tolist())
        assert curve["low"].tolist() == pytest.approx(fitted.confidence_interval_["KM_estimate_lower_0.95"].tolist())


def test_logrank_by_hand_with_censoring_on_both_sides():
    """a against b: at 1, 2 and 3 expected 3/6, 2/5, 2/4 of a, variances 1/4, 6/25, 1/4; (2 - 1.4)^2 / 0.74. Holm: the smaller p twice."""
    table = logrank(pd.concat([failures(*A, "a"), failures(*B, "b"), failures(*C, "c")]), experiment("a", "b", "c"))
    assert table[["model_a", "model_b", "n_a", "n_b"]].to_numpy().tolist() == [["a", "b", 3, 3], ["b", "c", 3, 3]]
    assert table["chi2"].tolist() == pytest.approx([0.36 / 0.74, 1.5625 / 0.4375])
    assert table["p"].tolist() == pytest.approx([0.48549880, 0.05878172])
    assert table["p_holm"].tolist() == pytest.approx([0.48549880, 0.11756344])


def test_holm_is_over_all_experiments_of_the_study():
    lives = pd.concat([failures(*A, "a"), failures(*B, "b"), failures(*C, "c")])
    table = logrank(lives, pd.concat([experiment("b", "c"), experiment("a", "c", experiment="f"), experiment("a", "b", experiment="g")]))
    assert table["p"].tolist() == pytest.approx([0.05878172, 0.11608313, 0.48549880])
    assert table["p_holm"].tolist() == pytest.approx([3 * 0.05878172, 2 * 0.11608313, 0.48549880])


def test_a_pair_in_two_experiments_counts_once_in_holms_family():
    """D16. Pairs a-b, b-c and, turned round, c-b: two tests, not three."""
    lives = pd.concat([failures(*A, "a"), failures(*B, "b"), failures(*C, "c")])
    table = logrank(lives, pd.concat([experiment("a", "b", "c"), experiment("c", "b", experiment="f")]))
    assert table["p"].tolist() == pytest.approx([0.48549880, 0.05878172, 0.05878172])
    assert table["p_holm"].tolist() == pytest.approx([0.48549880, 2 * 0.05878172, 2 * 0.05878172])


def test_a_model_of_several_seeds_is_untested():
    """D2. Its replicas are of several trainings; a pair of one seed each is tested, and is a family of its own."""
    lives = pd.concat([failures(*A, "a"), failures(*B, "b"), failures(*C, "c"), failures(*C, "c", seed=2)])
    for models, untested in ((("c", "a", "b"), [True, False]), (("a", "b", "c"), [False, True])):
        table = logrank(lives, experiment(*models))
        assert table["untested"].eq("several seeds").fillna(False).tolist() == untested
        assert table[["chi2", "p", "p_holm"]].isna().all(axis=1).tolist() == untested
        assert table["p_holm"].dropna().tolist() == pytest.approx([0.48549880])
        assert table.loc[untested, ["n_a", "n_b"]].to_numpy().tolist() == [[6, 3] if untested[0] else [3, 6]]


def test_neighbours_stand_side_by_side_in_an_experiment():
    models = pd.concat([experiment("c", "a", "b", places=[3, 1, 2]), experiment("x", "y", experiment="f", framework="nequip")])
    assert list(neighbours(models)) == [("mace", "e", "a", "b"), ("mace", "e", "b", "c"), ("nequip", "f", "x", "y")]


def test_a_model_without_replicas_is_no_row_and_copies_are_a_row_without_test():
    lives = pd.concat([failures(*A, "a"), failures([4, 4, 4], [True] * 3, "b"), failures(*B, "d")])
    table = logrank(lives, experiment("a", "b", "c", "d"))
    assert table[["model_a", "model_b"]].to_numpy().tolist() == [["a", "b"]]
    assert table[["chi2", "p", "p_holm"]].isna().all(axis=None)
    assert table["untested"].tolist() == ["one replica, or copies of one trajectory"]


def test_holm_goes_up_and_never_beyond_one():
    nan = np.nan
    assert holm(np.array([0.04, 0.001, 0.03, 0.02])) == pytest.approx([0.06, 0.004, 0.06, 0.06])
    assert holm(np.array([0.6, 0.7])) == pytest.approx([1.0, 1.0])
    assert holm(np.array([nan, 0.5, nan])) == pytest.approx([nan, 0.5, nan], nan_ok=True)
    assert holm(np.array([])).tolist() == []


def test_pairs_after_a_model_without_replicas_are_tested():
    table = logrank(pd.concat([failures(*A, "a"), failures(*B, "c"), failures(*C, "d")]), experiment("a", "lost", "c", "d"))
    assert table[["model_a", "model_b"]].to_numpy().tolist() == [["c", "d"]]
