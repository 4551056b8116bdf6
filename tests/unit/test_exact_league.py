"""The league's numbers, worked out by hand, by pairs one by one, or by another library."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from lifelines.utils import concordance_index
from scipy import stats
from small_leagues import SETTINGS, agreed, drawn, lives

from nnip.analyse import choice, ranking
from nnip.analyse.league import league
from nnip.analyse.multiple_testing import by_shuffling
from nnip.analyse.prediction import left_out_error, unexplained, unit
from nnip.analyse.trainings import candidates
from nnip.analyse.within_between import correlation, scaled
from nnip.jobs.errors import InputError
from nnip.study.config import check_config
from nnip.study.costs import costs, measured_by, seconds
from nnip.study.tables import frame


def test_pairs_of_replicas_by_hand():
    """a: fails at 1 and 3; b: fails at 2, runs at 4. b's is known to live longer in three pairs of four."""
    trainings = lives({("a", 1): (1.0, 3.0), ("b", 1): (2.0, -4.0)})
    assert trainings.longer().tolist() == [[0, 1], [3, 0]]
    assert agreed(trainings, np.array([0.0, 1.0]))[0] == 0.75
    assert agreed(trainings, np.array([1.0, 0.0]))[0] == 0.25
    assert agreed(trainings, np.array([1.0, 1.0]))[0] == 0.5
    # nothing is known of two that were still running, nor of two that failed at once; one still running then outlived one that failed
    assert lives({("a", 1): (-4.0,), ("b", 1): (-5.0,)}).longer().sum() == 0
    assert lives({("a", 1): (4.0,), ("b", 1): (4.0,)}).longer().sum() == 0
    assert lives({("a", 1): (4.0,), ("b", 1): (-4.0,)}).longer().tolist() == [[0, 0], [1, 0]]


def test_one_replica_per_training_is_the_index_of_lifelines():
    trainings, x = drawn(n_models=9, n_replicas=1)
    assert trainings.failed.sum() not in (0, trainings.n)
    assert agreed(trainings, x)[0] == pytest.approx(concordance_index(trainings.time_fs, x, trainings.failed))


def test_frameworks_are_not_compared_with_each_other():
    trainings, x = drawn(frameworks=("mace", "nequip"))
    apart = [(trainings.among(name), x[(trainings.keys["framework"] == name).to_numpy(bool)]) for name in ("mace", "nequip")]
    counts = [(each.longer() * ranking.above(own)).sum() for each, own in apart]
    assert agreed(trainings, x)[0] == pytest.approx(sum(counts) / sum(each.longer().sum() for each, _ in apart))
    shifted = x + 1000 * (trainings.framework == 1)
    assert agreed(trainings, shifted) == pytest.approx(agreed(trainings, x))


def test_two_models_of_each_framework_are_too_few_to_compare_measurements():
    def rows(n_models):
        trainings, x = drawn(n_models, frameworks=("mace", "nequip"))
        values = trainings.keys.assign(quantity="train_forces_rmse", value=x)
        times = {"replica": range(len(trainings.owner)), "time_fs": trainings.time_fs, "failed": trainings.failed, "reason": "bond"}
        failures = frame("failures", trainings.keys.iloc[trainings.owner].assign(**times))
        given = (frame("predictors", values), failures, 12.0, SETTINGS)
        return set(league(*given)["framework"]), set(choice.choice(*given)["framework"])

    assert rows(2) == (set(), set())
    assert rows(4) == ({"mace", "nequip", "all"}, {"mace", "nequip", "all"})


def test_rank_correlations_are_those_of_scipy():
    trainings, x = drawn()
    y = trainings.log_lives()
    assert agreed(trainings, x)[1:] == pytest.approx((stats.spearmanr(x, y).statistic, stats.kendalltau(x, y).statistic))
    x[3] = np.nan
    known = np.isfinite(x)
    assert agreed(trainings, x)[1:] == pytest.approx((stats.spearmanr(x[known], y[known]).statistic, stats.kendalltau(x[known], y[known]).statistic))


def test_a_resample_is_the_same_as_copies_of_the_trainings():
    """Weights 2, 1 and 0: rank correlations are those of the written-out list."""
    trainings, x = drawn(n_seeds=1, n_models=6)
    weights = np.array([[2.0, 1, 0, 1, 3, 1]])
    again = np.repeat(np.arange(6), weights[0].astype(int))
    lived = ranking.above(trainings.log_lives())[None]
    found = ranking.spearman(trainings, weights, ranking.above(x), lived)
    assert found[0] == pytest.approx(stats.spearmanr(x[again], trainings.log_lives()[again]).statistic)


def test_what_md_reaches_itself():
    """Halves a: 1 | 5, b: 2 | 6, c: 9 | 3: one ranks c, b, a, the other b, a, c, so each has one of the other's three pairs right (a, b)."""
    trainings = lives({("a", 1): (1.0, 5.0), ("b", 1): (2.0, 6.0), ("c", 1): (9.0, 3.0)})
    assert ranking.ceiling(trainings) == pytest.approx((1 / 3 + 1 / 3) / 2)
    assert np.isnan(ranking.ceiling(lives({("a", 1): (1.0, 5.0), ("b", 1): (2.0,)})))


def test_models_with_the_same_seeds_share_their_draws():
    trainings, _ = drawn(n_models=4, n_seeds=3)
    taken = trainings.resamples(200, np.random.default_rng(1))
    assert (taken.sum(axis=1) % 1 == 0).all()
    for row in taken:
        own = [row[places] for places in trainings.models]
        shape = [tuple(part / part.sum()) for part in own if part.sum()]
        assert len(set(shape)) == 1
        assert sum(part.sum() for part in own) == 4 * 3
    for row in trainings.shuffles(50, np.random.default_rng(1), within=True):
        assert (trainings.model[row] == trainings.model).all()
        assert len({tuple(row[places] - places[0]) for places in trainings.models}) == 1
    for row in trainings.shuffles(50, np.random.default_rng(1)):
        assert sorted(row) == list(range(trainings.n))
        assert all(len(set(trainings.model[row[places]])) == 1 for places in trainings.models)


def test_p_values_of_several_tests_by_hand():
    """Of three shuffles: first statistic reached by one, second by two; the largest of both reaches 3 once and 2 thrice."""
    each, any_of = by_shuffling(np.array([3.0, 2.0, np.nan]), np.array([[3.0, 1.0, 9.0], [0.0, 2.0, 9.0], [1.0, 2.5, 9.0]]))
    assert each[:2].tolist() == [2 / 4, 3 / 4] and np.isnan(each[2])
    assert any_of[:2].tolist() == [2 / 4, 4 / 4] and np.isnan(any_of[2])


def test_shuffled_concordance_is_that_of_the_shuffled_predictor():
    trainings, x = drawn()
    shuffles = trainings.shuffles(7, np.random.default_rng(3))
    found = ranking.shuffled_concordance(trainings.longer(), x, shuffles)
    # a shorter number beside a Python float is compared as a short one
    np.testing.assert_allclose(found.astype(float), [agreed(trainings, x[row])[0] for row in shuffles], rtol=1e-12)


def test_within_models_it_is_the_repeated_measures_correlation():
    """Bakdash & Marusich: the root of the share of the variance within models that a common slope explains (analysis of covariance)."""
    trainings, x = drawn()
    y, once = trainings.log_lives(), np.ones((1, trainings.n))
    dummies = (trainings.model[:, None] == np.arange(5)).astype(float)
    rests = []
    for design in (dummies, np.column_stack([dummies, x])):
        solved = np.linalg.lstsq(design, y, rcond=None)[0]
        rests.append(((y - design @ solved) ** 2).sum())
    expected = np.sign(solved[-1]) * np.sqrt((rests[0] - rests[1]) / rests[0])
    assert correlation(trainings, x[None], y[None], once, "within")[0] == pytest.approx(expected)
    means = pd.DataFrame({"m": trainings.model, "x": x, "y": y}).groupby("m").mean()
    assert correlation(trainings, x[None], y[None], once, "between")[0] == pytest.approx(means["x"].corr(means["y"]))


def test_a_predictor_that_spans_decades_enters_as_its_logarithm():
    trainings = lives({("a", 1): (1.0,), ("b", 1): (2.0,), ("c", 1): (3.0,)})
    rows = [
        {"framework": "mace", "model": m, "seed": 1, "quantity": "train_forces_rmse", "value": v} for m, v in (("a", 1.0), ("b", np.e), ("c", 0.0))
    ]
    found = scaled(trainings, ("train_forces_rmse", "", ""), frame("predictors", rows))
    assert found[:2].tolist() == [0.0, -1.0] and np.isnan(found[2])


def test_models_left_out_are_predicted_from_the_others():
    trainings, x = drawn(frameworks=("mace", "nequip"))
    y, features = trainings.log_lives(), unit(trainings, x)[:, None]
    wrong = []
    for left in range(10):
        inside = trainings.model == left
        constants = (trainings.framework[:, None] == [0, 1]).astype(float)
        design = np.hstack([constants, features])
        # a ridge penalty of 1 is one more row
        fit = np.linalg.lstsq(np.vstack([design[~inside], [0, 0, 1.0]]), np.append(y[~inside], 0.0), rcond=None)[0]
        wrong.append(y[inside] - design[inside] @ fit)
    expected = np.sqrt(np.mean(np.concatenate(wrong) ** 2))
    assert left_out_error(trainings, features[None], y[None], np.ones((1, trainings.n)))[0] == pytest.approx(expected, rel=1e-5)


def test_what_baselines_explain_is_taken_out():
    trainings, x = drawn()
    base = np.random.default_rng(0).normal(size=(trainings.n, 1))
    rest = unexplained(trainings, 3 * base[:, 0] + 5, base)
    assert np.abs(rest).max() < 1e-9
    rest = unexplained(trainings, x, base)
    assert abs(rest.sum()) < 1e-9 and abs(rest @ base[:, 0]) < 1e-9


def test_the_choice_on_others_pair_by_pair():
    trainings, x = drawn(n_models=5)
    values = [x, -x, np.random.default_rng(1).normal(size=trainings.n)]
    right, known = choice.agreed(trainings, values, trainings.longer()[None])
    picked, apparent, judged = choice.chosen_on_others(right, known)
    hits = tries = seen = 0.0
    for number, (a, b) in enumerate(itertools.combinations(range(5), 2)):
        others = [pair for pair in itertools.combinations(range(5), 2) if not {a, b} & set(pair)]
        scores = [sum(right[0, c, i, j] for i, j in others) / sum(known[0, c, i, j] for i, j in others) for c in range(3)]
        winner = int(np.argmax(scores))
        assert picked[0, number] == winner
        hits, tries = hits + right[0, winner, a, b], tries + known[0, winner, a, b]
        seen += scores[winner] * known[0, winner, a, b]
    assert judged[0] == pytest.approx(hits / tries) and apparent[0] == pytest.approx(seen / tries)
    i, j = trainings.models[0], trainings.models[1]
    longer, above = trainings.longer(), ranking.above(x)
    assert right[0, 0, 0, 1] == (longer * above)[np.ix_(i, j)].sum() + (longer * above)[np.ix_(j, i)].sum()


def known_league(chosen=None, **changed):
    trainings, x = drawn(n_models=6)
    failures = trainings.keys.iloc[trainings.owner].assign(replica=0, time_fs=trainings.time_fs, failed=trainings.failed, reason="bond")
    rows = [
        trainings.keys.assign(quantity=name, value=sign * np.exp(x)) for name, sign in (("train_forces_rmse", 1), ("test_energy_rmse_coolest", 1))
    ]
    predictors = frame("predictors", pd.concat(rows, ignore_index=True))
    given = SETTINGS | {"league": {"chosen": chosen}}
    return league(predictors, frame("failures", failures.reset_index(drop=True)), 12.0, given, **changed), agreed(trainings, x)


def test_a_row_of_the_league_has_the_expected_sign():
    """An error that is larger for longer lives names the wrong one, as often as it would name the right one with the other sign."""
    table, (right, rho, tau) = known_league()
    row = table.iloc[0]
    assert (row["concordance"], row["spearman"], row["kendall"]) == pytest.approx((1 - right, -rho, -tau))
    assert (row["n_models"], row["n_trainings"], row["n_replicas"], row["expected"]) == (6, 18, 72, -1)
    assert table["baseline"].tolist() == [True, False]
    assert row["concordance_low"] <= row["concordance"] <= row["concordance_high"]


def test_a_part_of_the_md_is_chosen_only_if_the_config_names_it():
    trainings, x = drawn(frameworks=("mace",))
    times = {"replica": range(len(trainings.owner)), "time_fs": trainings.time_fs, "failed": trainings.failed, "reason": "bond"}
    failures = frame("failures", trainings.keys.iloc[trainings.owner].assign(**times))
    short = trainings.keys.assign(quantity="early_rmst_fs", value=trainings.log_lives())
    predictors = frame("predictors", pd.concat([trainings.keys.assign(quantity="train_forces_rmse", value=-x), short], ignore_index=True))
    rows = choice.choice(predictors, failures, 12.0, SETTINGS)
    assert set(rows["quantity"]) == {"train_forces_rmse"}
    named = SETTINGS | {"league": {"chosen": {"quantity": "early_rmst_fs"}}}
    rows = choice.choice(predictors, failures, 12.0, named)
    assert "early_rmst_fs" in set(rows.loc[rows["way"] == "beforehand", "quantity"])


def test_what_was_chosen_beforehand_is_not_corrected():
    table, _ = known_league({"quantity": "test_energy_rmse_coolest"})
    assert table["chosen"].tolist() == [False, True]
    row = table.iloc[1]
    assert row["p_corrected"] == row["p"]
    assert (table["p_corrected"] >= table["p"]).all()


def test_an_unknown_choice_is_named():
    published = {"study": "s", "dataset": "published", "datasets": {"published": {"source": "published"}}, "models": "m.yaml"}
    for chosen, words in (
        ({"quantity": "Sharp"}, "'league.chosen.quantity' is 'Sharp', which is no predictor"),
        ({"quantity": "S", "mode": "isotropic"}, "'league.chosen' has S with 'minimum' missing or too much"),
        ({"quantity": "train_forces_rmse", "mode": "paper"}, "it takes neither mode nor minimum"),
    ):
        with pytest.raises(InputError, match="chosen") as error:
            check_config(published | {"league": {"chosen": chosen}}, "c.yaml")
        assert words in str(error.value) and "\n" not in str(error.value)


def test_wall_times_come_from_the_manifests(tmp_path):
    run = {"framework": "mace", "model": "m", "training_set": "n50", "seed": 2, "hyperparameters": {}}
    every = {"settings_sha256": "", "seeds": {}, "device": "cpu", "packages": {}}
    paths = []
    for folder, more in (
        ("train", {"stage": "train", "wall_s": 100.0}),
        ("landscape-paper", {"stage": "landscape", "wall_s": 7.5, "status": "ok"}),
        ("md", {"stage": "md", "wall_s": 30, "status": "ok"}),
        ("errors", {"stage": "errors", "wall_s": 0.1, "status": "skipped"}),
    ):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / "manifest.json")
        paths[-1].write_text(json.dumps(every | {"settings": run} | more))
    table = costs(paths)
    found = table[["model", "training_set", "seed", "stage", "variant", "wall_s"]].fillna("").values.tolist()
    assert found == [["m", "n50", 2, "train", "", 100.0], ["m", "n50", 2, "landscape", "paper", 7.5], ["m", "n50", 2, "md", "", 30.0]]
    table = frame("costs", table)
    assert [measured_by(name) for name in ("entropy", "survival", "error_summaries", "gauss_newton")] == ["landscape", "md", "errors", "gauss_newton"]
    assert (seconds("S", "paper", table), seconds("rmst_fs", "", table)) == (7.5, 30.0)
    assert seconds("S", "paper", table, frame("predictors", [])["wall_s"]) == 7.5
    own = {"framework": "mace", "model": "m", "seed": 1, "quantity": "S", "value": 0.0}
    assert seconds("S", "paper", table, frame("predictors", [own | {"wall_s": 1.0}, own | {"wall_s": 4.0}, own])["wall_s"]) == 2.5
    assert np.isnan(seconds("S", "isotropic", table)) and np.isnan(seconds("S", "paper", None))


def test_blank_variants_are_keys():
    rows = [{"framework": "mace", "model": "a", "seed": 1, "quantity": "S", "mode": "paper", "minimum": "kept", "value": 1.0}]
    rows.append({"framework": "mace", "model": "a", "seed": 1, "quantity": "train_forces_rmse", "value": 1.0})
    assert list(candidates(frame("predictors", rows))) == [("S", "paper", "kept"), ("train_forces_rmse", "", "")]
