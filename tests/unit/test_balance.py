"""Errors of designs by hand: geometric means over draws, and draws paired against the best setting."""

import numpy as np
import pytest
from scipy import stats

from nnip.analyse.balance import balance
from nnip.study.tables import frame

ERRORS = {(1, 8): (0.4, 0.8, 0.2), (2, 4): (0.2, 0.3, 0.15), (4, 2): (0.25, 0.4, 0.2)}


def tables(errors, designs="budget", seeds=(1,), factor=lambda _: 1.0):
    sets, cells = [], []
    for (n, each), of_draws in errors.items():
        for draw, error in enumerate(of_draws, 1):
            name = f"{n}x{each}.draw{draw}"
            sets.append({"training_set": name, "designs": designs, "draw": draw, "n_molecules": n, "n_conformers": each, "molecules": "a"})
            for seed in seeds:
                row = {"framework": "mace", "model": "m", "seed": seed, "training_set": name, "split": "300K", "cell": "unseen"}
                cells.append(row | {"n_molecules": 9, "n_frames": 90, "forces_rmse_eV_per_A": error * factor(seed)})
    return frame("cell_errors", cells), frame("drawn_sets", sets)


def test_the_best_setting_and_the_others_against_it_draw_by_draw():
    table = balance(*tables(ERRORS), 0.95)
    assert set(table["quantity"]) == {"forces_rmse_eV_per_A"} and table["best"].tolist() == [False, True, False]
    for (_, row), of_draws in zip(table.iterrows(), ERRORS.values(), strict=True):
        logs = np.log(of_draws)
        half = stats.t.ppf(0.975, 2) * logs.std(ddof=1) / np.sqrt(3)
        assert row[["value", "low", "high"]].tolist() == pytest.approx(np.exp([logs.mean(), logs.mean() - half, logs.mean() + half]))
        assert row["n_draws"] == 3
        apart = logs - np.log(ERRORS[2, 4])
        if row["best"]:
            assert row[["ratio", "ratio_low", "ratio_high"]].isna().all()
        else:
            half = stats.t.ppf(0.975, 2) * apart.std(ddof=1) / np.sqrt(3)
            expected = np.exp([apart.mean(), apart.mean() - half, apart.mean() + half])
            assert row[["ratio", "ratio_low", "ratio_high"]].tolist() == pytest.approx(expected)
    # the ratio of (4, 2) is nearly the same in every draw although the draws differ by a factor of two
    assert table["ratio_low"].iloc[2] > 1.1 > table["low"].iloc[2] / table["high"].iloc[1]


def test_seeds_of_a_draw_are_no_further_draws():
    one, two = balance(*tables(ERRORS), 0.95), balance(*tables(ERRORS, seeds=(1, 2), factor=lambda seed: (0.5, 2.0)[seed - 1]), 0.95)
    assert two["n_draws"].tolist() == [3, 3, 3]
    assert two["value"].tolist() == pytest.approx(one["value"].tolist())
    assert two["low"].tolist() == pytest.approx(one["low"].tolist())


def test_a_set_of_both_designs_is_in_both_and_a_diverged_training_in_none():
    table = balance(*tables({(2, 4): (0.2, np.inf, 0.3), (2, 8): (0.1, 0.1, 0.1)}, designs="budget+molecules"), 0.95)
    assert table.groupby("design")["n_draws"].apply(list).to_dict() == {"budget": [2, 3], "molecules": [2, 3]}
    assert table["ratio"].iloc[0] == pytest.approx(np.sqrt(0.2 * 0.3) / 0.1)


def test_one_draw_has_no_interval():
    table = balance(*tables({(1, 8): (0.4,), (2, 4): (0.2,)}), 0.95)
    assert table["value"].tolist() == pytest.approx([0.4, 0.2]) and table["ratio"].iloc[0] == pytest.approx(2)
    assert table[["low", "high", "ratio_low", "ratio_high"]].isna().all(axis=None)
