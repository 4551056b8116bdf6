"""The summary's lines and tables on errors of defects and on more molecules or more frames."""

import pytest

from nnip.report import defects, diversity
from nnip.study.tables import frame


def league_row(outcome, quantity, concordance, p, **more):
    common = {"framework": "all", "baseline": False, "expected": -1, "n_models": 9, "n_trainings": 27, "n_without": 0}
    bounds = {"concordance_low": concordance - 0.1, "concordance_high": concordance + 0.1, "p_corrected": p}
    return common | bounds | {"outcome": outcome, "quantity": quantity, "concordance": concordance} | more


def error_row(training_set, value, framework="mace", outcome="barrier_error"):
    who = {"framework": framework, "model": framework, "training_set": training_set, "seed": 1}
    return who | {"outcome": outcome, "value": value, "atoms": 8.0, "learn": "energy"}


TABLES = {
    "outcome_league": frame(
        "outcome_league",
        [
            league_row("barrier_error", "train_forces_rmse", 0.55, 0.6, baseline=True),
            league_row("barrier_error", "test_forces_rmse_coolest", 0.61, 0.2, baseline=True, n_without=4),
            league_row("barrier_error", "frozen_barrier_error", 0.8, 0.001, n_without=4),
            league_row("barrier_error", "frozen_barrier_error", 0.99, 0.001, framework="mace"),
            league_row("vacancy_energy_error", "force_constants_error", 0.6, 0.3),
        ],
    ),
    "defect_errors": frame("defect_errors", [error_row("main", 0.1), error_row("c8", 0.02), error_row("c8", 0.08), error_row("c4", 0.2)]),
}


def test_the_best_measurement_of_each_outcome_is_named_and_what_none_tells():
    first, second = defects.lines(TABLES, 0.95)
    assert "error of the vacancy's barrier by the error of the barrier at frozen images (80% [70, 90])" in first
    assert first.endswith("no measurement is shown to tell error of the vacancy's formation energy.")
    assert second == "**mace**: smallest error of the vacancy's barrier on c8 (40 meV)."


def test_the_section_compares_with_the_force_error_on_frames_not_trained_on():
    (_, text) = defects.sections(TABLES, 0.95)
    rows = [line for line in text.splitlines() if line.startswith("| error")]
    assert len(rows) == 2
    assert "| 61%, cool test force RMSE | 27, 4 failed |" in next(row for row in rows if "barrier at" in row)
    assert "| – | 27 |" in next(row for row in rows if "formation" in row)


def test_studies_without_defects_or_molecules_have_no_lines():
    assert defects.lines({}, 0.95) == diversity.lines({}) == defects.sections({}, 0.95) == diversity.sections({}, 0.95) == []
    empty = {"outcome_league": frame("outcome_league", []), "defect_errors": frame("defect_errors", []), "balance": frame("balance", [])}
    assert defects.lines(empty, 0.95) == diversity.lines(empty) == defects.sections(empty, 0.95) == diversity.sections(empty, 0.95) == []


def balance_row(n_molecules, value, best, ratio, cell="unseen", design="budget"):
    who = {"framework": "mace", "model": "mace-base", "design": design, "quantity": "forces_rmse_eV_per_A", "split": "300K", "cell": cell}
    numbers = {"n_molecules": n_molecules, "n_conformers": 240 // n_molecules, "n_draws": 3, "value": value, "low": value - 0.1, "high": value + 0.1}
    return who | numbers | {"best": best, "ratio": ratio, "ratio_low": ratio - 0.5, "ratio_high": ratio + 0.5}


@pytest.mark.parametrize("order", [1, -1])
def test_the_best_balance_and_both_ends(order):
    rows = [balance_row(1, 1.2, False, 6.0), balance_row(8, 0.2, True, 1.0), balance_row(20, 0.3, False, 1.5)][::order]
    tables = {"balance": frame("balance", [*rows, balance_row(8, 0.1, True, 1.0, design="molecules")])}
    (line,) = diversity.lines(tables)
    assert line.endswith("the lowest force error in 300K is that of 8 x 30 for unseen molecules (0.2 eV/Å).")
    (_, text) = diversity.sections(tables, 0.95)
    assert "| mace | 300K | unseen | 8 x 30 | 0.2 [0.10, 0.30] | 6.00 [5.50, 6.50] | 1.50 [1.00, 2.00] |" in text
    assert "of 1: times that | of 20: times that" in text


def test_unseen_molecules_come_first_and_the_best_may_be_at_an_end():
    rows = [balance_row(1, 0.1, True, 1.0, "seen"), balance_row(8, 0.2, False, 2.0, "seen"), balance_row(8, 0.3, True, 1.0, "not drawn")]
    rows += [balance_row(8, 0.2, False, 2.0), balance_row(20, 0.15, True, 1.0), balance_row(20, 0.25, True, 1.0, "larger")]
    tables = {"balance": frame("balance", rows)}
    (line,) = diversity.lines(tables)
    words = "20 x 12 for unseen molecules (0.15 eV/Å), 20 x 12 for larger molecules (0.25 eV/Å) and 1 x 240 for seen molecules (0.1 eV/Å)."
    assert line.endswith(f"is that of {words}")
    (_, text) = diversity.sections(tables, 0.95)
    assert "| mace | 300K | unseen | 20 x 12 | 0.15 [0.05, 0.25] | – | 1 |" in text
    assert "| mace | 300K | seen | 1 x 240 | 0.1 [0.00, 0.20] | 1 | – |" in text
