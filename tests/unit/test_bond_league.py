"""Which bond breaks: numbers by hand, pair by pair, and of studies whose truth is known."""

import itertools

import numpy as np
import pandas as pd
import pytest

from nnip.analyse.bond_league import Bonds, bond_league
from nnip.analyse.broken_bonds import broken_bonds, ordered
from nnip.study.tables import frame

HORIZON_FS = 100.0
STATISTICS = {"n_bootstrap": 60, "n_permutation": 199, "confidence": 0.95}


def rows_of(barriers, replicas, framework="mace"):
    """Tables bond_barriers and failures: {(model, seed): {(i, j): barrier}} and {(model, seed): [(time, pair or None)]}; None: still running."""
    of_bonds, of_replicas = [], []
    for (model, seed), own in barriers.items():
        who = {"framework": framework, "model": model, "seed": seed}
        for (i, j), barrier in own.items():
            bond = {"atom_i": i, "atom_j": j, "element_i": "C", "element_j": "H", "in_ring": False, "length_A": 1.1}
            of_bonds.append(who | bond | {"barrier_eV": barrier, "barrier_at_A": 2.0, "height_eV": barrier})
        for number, (time, pair) in enumerate(replicas[model, seed]):
            end = {"replica": number, "time_fs": time, "failed": pair is not None, "reason": "bond" if pair else "none"}
            of_replicas.append(who | end | dict(zip(("atom_i", "atom_j"), pair or (None, None), strict=True)))
    return frame("bond_barriers", of_bonds), frame("failures", of_replicas)


def no_predictors():
    return frame("predictors", [])


def leagued(barriers, failures, seed=0, predictors=None):
    table = broken_bonds(failures, barriers)
    settings = {"statistics": STATISTICS, "seed": seed}
    return bond_league(table, failures, no_predictors() if predictors is None else predictors, HORIZON_FS, settings)


def value(league, view, predictor, framework="mace"):
    row = league[(league["view"] == view) & (league["predictor"] == predictor) & (league["framework"] == framework)]
    return float(row["concordance"].iloc[0])


def test_the_table_counts_replicas_of_each_bond():
    barriers, failures = rows_of(
        {("a", 1): {(0, 1): 0.5, (2, 1): 0.9, (1, 3): 2.0}}, {("a", 1): [(10.0, (1, 0)), (20.0, (1, 2)), (30.0, (0, 1)), (100.0, None)]}
    )
    table = broken_bonds(failures, barriers)
    assert table[["atom_i", "atom_j", "n_broken"]].to_numpy().tolist() == [[0, 1, 2], [1, 2, 1], [1, 3, 0]]
    assert table["bond"].tolist() == ["C0-H1", "H1-C2", "C1-H3"]  # the element goes with its atom
    assert set(table["n_replicas"]) == {4}
    assert set(table["replica_fs"]) == {160.0}


def test_of_a_pair_bonded_to_images_too_the_lowest_barrier_counts():
    barriers, failures = rows_of({("a", 1): {(0, 1): 0.5, (1, 0): 0.2}}, {("a", 1): [(10.0, (0, 1))]})
    table = broken_bonds(failures, barriers)
    assert table[["barrier_eV", "n_broken"]].to_numpy().tolist() == [[0.2, 1]]


def test_the_error_of_a_scan_stands_beside_its_bond():
    barriers, failures = rows_of({("a", 1): {(0, 1): 0.5, (1, 2): 0.2}}, {("a", 1): [(10.0, (0, 1))]})
    scan = {"framework": "mace", "model": "a", "seed": 1, "atom_i": 2, "atom_j": 1, "element_i": "H", "element_j": "C", "n_points": 3}
    table = broken_bonds(failures, barriers, frame("reference_scan_bonds", [scan | {"force_error_eV_per_A": 0.7}]))
    assert table["force_error_eV_per_A"].isna().tolist() == [True, False]


def test_bonds_of_a_replica_by_hand():
    """Barriers 0.5, 0.9 and 2.0; of two breaks of the first and one of the second bond, 2 + 2 + 1 of 6 pairs are named."""
    barriers, failures = rows_of(
        {("a", 1): {(0, 1): 0.5, (1, 2): 0.9, (1, 3): 2.0}}, {("a", 1): [(10.0, (0, 1)), (20.0, (1, 2)), (30.0, (0, 1)), (100.0, None)]}
    )
    assert value(leagued(barriers, failures), "bonds", "barrier_eV") == pytest.approx(5 / 6)


def test_one_bond_in_two_trainings_by_hand():
    """Another bond's break censors: of the pairs with a break of bond 0-1 in which the other replica lived longer, three of four are named."""
    barriers, failures = rows_of(
        {("a", 1): {(0, 1): 0.5, (1, 2): 1.0}, ("b", 1): {(0, 1): 0.8, (1, 2): 1.0}, ("c", 1): {(0, 1): 0.8, (1, 2): 1.0}},
        {("a", 1): [(10.0, (0, 1))], ("b", 1): [(20.0, (0, 1)), (5.0, None)], ("c", 1): [(15.0, None), (30.0, None)]},
    )
    # a's break at 10 against b's 20 and c's 15 and 30: named; b's break at 20 against c's 30: equal barriers, one half, not known to be different
    assert value(leagued(barriers, failures), "trainings", "barrier_eV") == pytest.approx(3.5 / 4)


def drawn(seed, slope, n_models=6, n_seeds=2, n_bonds=7, n_replicas=8, shared=0.5):
    """Exponential breaks of every bond, the first of which ends a replica; log rate = -slope * barrier, barriers partly shared by all models."""
    rng = np.random.default_rng(seed)
    pairs = [(i, i + 1) for i in range(n_bonds)]
    of_bond, unrelated = rng.normal(size=n_bonds), rng.normal(size=(1 + n_models, n_bonds))
    barriers, replicas = {}, {}
    for model in range(n_models):
        of_model = rng.normal(size=n_bonds)
        for s in range(n_seeds):
            own = shared * of_bond + of_model + 0.3 * rng.normal(size=n_bonds)
            # without a relation, what breaks is as much shared between bonds and trainings as the barriers are
            hidden = slope * own if slope else shared * unrelated[0] + unrelated[1 + model]
            times = 300 * np.exp(hidden) * rng.exponential(size=(n_replicas, n_bonds))
            barriers[f"m{model}", s] = dict(zip(pairs, own, strict=True))
            first = times.min(axis=1)
            replicas[f"m{model}", s] = [
                (min(t, HORIZON_FS), pairs[b] if t < HORIZON_FS else None) for t, b in zip(first, times.argmin(axis=1), strict=True)
            ]
    return rows_of(barriers, replicas)


def test_both_views_are_counts_of_pairs():
    barriers, failures = drawn(3, 1.0)
    table = broken_bonds(failures, barriers)
    league = leagued(barriers, failures)
    barrier = {(row.model, row.seed, row.atom_i, row.atom_j): row.barrier_eV for row in table.itertuples()}
    pairs = sorted({key[2:] for key in barrier})
    replicas = list(failures.itertuples())
    named, every = 0.0, 0
    for row in replicas:
        if row.reason == "bond":
            own = barrier[row.model, row.seed, row.atom_i, row.atom_j]
            others = [barrier[row.model, row.seed, *pair] for pair in pairs if pair != (row.atom_i, row.atom_j)]
            named, every = named + sum(other > own for other in others), every + len(others)
    assert value(league, "bonds", "barrier_eV") == pytest.approx(named / every)
    named, every = 0.0, 0
    for one, other in itertools.permutations(replicas, 2):
        if (one.model, one.seed) == (other.model, other.seed) or one.reason != "bond":
            continue
        if other.time_fs > one.time_fs or (other.time_fs == one.time_fs and other.reason == "none"):
            pair = (one.atom_i, one.atom_j)
            named, every = named + (barrier[other.model, other.seed, *pair] > barrier[one.model, one.seed, *pair]), every + 1
    assert value(league, "trainings", "barrier_eV") == pytest.approx(named / every)


def test_barriers_that_hold_bonds_win_in_both_views():
    league = leagued(*drawn(1, 2.0))
    rows = league[(league["predictor"] == "barrier_eV") & (league["framework"] == "mace")].set_index("view")
    assert (rows["concordance"] > 0.75).all()
    assert (rows["low"] > 0.5).all()
    assert (rows["p_corrected"] < 0.05).all()


def test_nothing_stands_out_where_barriers_tell_nothing():
    """p below 0.2 in one study of five; bonds and models share barriers and breaks, so a test that took every break for itself would find more."""
    p = {"bonds": [], "trainings": []}
    for seed in range(40):
        league = leagued(*drawn(seed, 0.0), seed=seed)
        rows = league[league["predictor"] == "barrier_eV"].set_index("view")
        for view, own in p.items():
            own.append(float(rows.loc[view, "p"]))
    for view, own in p.items():
        assert 1 <= (np.array(own) < 0.2).sum() <= 16, (view, own)
        assert (np.array(own) < 0.05).sum() <= 7, (view, own)


def test_what_breaks_in_other_models_is_a_baseline():
    """Bond 0-1 breaks in a and b, 1-2 in c: elsewhere names a's and b's first, and misses c's."""
    own = {(0, 1): 1.0, (1, 2): 1.0}
    barriers, failures = rows_of(
        {(model, 1): own for model in "abc"}, {("a", 1): [(10.0, (0, 1))], ("b", 1): [(10.0, (0, 1))], ("c", 1): [(10.0, (1, 2))]}
    )
    league = leagued(barriers, failures)
    assert value(league, "bonds", "elsewhere") == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert league.loc[league["predictor"] == "elsewhere", "baseline"].all()
    assert value(league, "bonds", "barrier_eV") == 0.5


def test_a_quantity_of_trainings_is_compared_in_the_same_view():
    barriers, failures = drawn(2, 1.0)
    who = failures[["framework", "model", "seed"]].drop_duplicates()
    lived = failures.groupby(["framework", "model", "seed"])["time_fs"].mean().reset_index(drop=True)
    predictors = frame("predictors", who.assign(quantity="train_forces_rmse", value=1 / lived.to_numpy(float)))
    league = leagued(barriers, failures, predictors=predictors)
    assert set(league.loc[league["predictor"] == "train_forces_rmse", "view"]) == {"trainings"}
    assert value(league, "trainings", "train_forces_rmse") > 0.6


def test_a_quantity_without_an_expected_sign_keeps_its_own():
    barriers, failures = drawn(2, 1.0)
    who = failures[["framework", "model", "seed"]].drop_duplicates()
    predictors = frame("predictors", who.assign(quantity="n_weights", value=range(len(who))))
    league = leagued(barriers, failures, predictors=predictors)
    assert value(league, "trainings", "n_weights") != 0.5


@pytest.mark.parametrize("framework_of", [["mace"], ["mace", "nequip"]])
def test_frameworks_apart_and_together(framework_of):
    parts = [drawn(seed, 1.0) for seed in range(len(framework_of))]
    parts = [[table.assign(framework=name) for table in part] for name, part in zip(framework_of, parts, strict=True)]
    barriers, failures = (pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True))
    league = leagued(barriers, failures)
    assert set(league["framework"]) == ({*framework_of, "all"} if len(framework_of) > 1 else set(framework_of))


def test_studies_without_md_or_breaks_have_no_rows():
    barriers, failures = rows_of({("a", 1): {(0, 1): 0.5, (1, 2): 0.2}}, {("a", 1): [(100.0, None)]})
    assert leagued(barriers, failures).empty
    assert leagued(barriers, failures.iloc[:0]).empty


def test_ordering_keeps_rows_without_atoms():
    rows = pd.DataFrame({"atom_i": [3, pd.NA, 0], "atom_j": [1, pd.NA, 2]}, dtype="Int64")
    assert ordered(rows).astype("float").fillna(-1).to_numpy().tolist() == [[1, 3], [-1, -1], [0, 2]]


def test_unknown_barriers_are_left_out():
    barriers, failures = rows_of({("a", 1): {(0, 1): 0.5, (1, 2): 0.9, (1, 3): None}}, {("a", 1): [(10.0, (1, 2)), (20.0, (1, 3))]})
    league = leagued(barriers, failures)
    assert value(league, "bonds", "barrier_eV") == 0.0
    bonds = Bonds.of(broken_bonds(failures, barriers), failures, no_predictors(), HORIZON_FS)
    assert np.isnan(bonds.values["barrier_eV"]).sum() == 1
