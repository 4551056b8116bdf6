"""The league by errors of defects: what tells them and what does not, failures left out, training sets as models, slopes that are known."""

import numpy as np
import pandas as pd
import pytest
from made_up_study import default

from nnip.analyse.defect_scaling import defect_errors, defect_scaling, slopes
from nnip.analyse.outcome_league import as_lives, outcome_tables, with_sets, without_twins
from nnip.analyse.trainings import Trainings
from nnip.declare.registry import quantities
from nnip.study.tables import frame

SETTINGS = {"statistics": default("statistics") | {"n_bootstrap": 200, "n_permutation": 200}, "league": {"chosen": None}, "seed": 1}
COST = {"n_passes": 1, "wall_s": 1.0}
VACANCY = {"defect": "vacancy", "n_sites": 32, "reference_eV": 0.95}
ATOMS = {"four": 4, "eight": 8, "large": 32, "largest": 108}


def study(seeds=(1, 2), exponent=-0.5, failed=(), fit_tells=True):
    """Errors of defects that fall with the cell's size and, over models, with the error on event atoms; the plain error says nothing.

    fit_tells: the force error on the training frames tells them too, else it says nothing.

    A set is main, the others are beside; two frameworks of four models.
    """
    rng = np.random.default_rng(3)
    tables: dict[str, list] = {name: [] for name in ("defects", "barriers", "rare_events", "errors", "far_field")}
    for framework in ("nequip", "mace"):
        for number in range(4):
            for training_set, atoms in ATOMS.items():
                for seed in seeds:
                    who = {"framework": framework, "model": f"{framework}-{number}", "training_set": training_set, "seed": seed}
                    level = 0.1 * atoms**exponent * 2.0**number
                    blank = (framework, number, training_set) in failed
                    error = {} if blank else {"error_eV": level, "geometry_error_A": 2 * level}
                    tables["defects"].append(
                        who | {"defect": "vacancy", "n_sites": 32, "reference_eV": 0.95, "reason": "melted" if blank else None} | COST | error
                    )
                    tables["barriers"].append(who | {"n_sites": 32, "reference_eV": 0.4, "error_eV": level**2} | COST)
                    forces = {"event_forces_rmse_eV_per_A": 3 * level, "plain_forces_rmse_eV_per_A": rng.uniform(0.1, 0.2)}
                    tables["rare_events"].append(who | {"split": "all", "n_frames": 1, "n_atoms": 1, "wall_s": 1.0} | forces)
                    fit = level**2 if fit_tells else rng.uniform(0.1, 0.2)
                    tables["errors"].append(who | {"split": "train", "forces_rmse_eV_per_A": fit, "n_frames": 10, "n_components": 30 * atoms})
                    far = {"force_constants_error": level**3, "stress_rmse_eV_per_A3": rng.uniform(1, 2)}
                    tables["far_field"].append(who | {"n_sites": 32, "C11_reference_GPa": 50.0, "C44_reference_GPa": 30.0, "wall_s": 1.0} | far)
    made = {name: frame(name, rows) for name, rows in tables.items()}
    sets = [
        {"training_set": name, "role": "main" if name == "large" else "beside"} | {"pool": "al", "n_train": 10, "learn": "energy", "noise": 0.0}
        for name in ATOMS
    ]
    return made | {"training_sets": frame("training_sets", sets)}


def test_training_sets_beside_the_main_one_are_models_of_their_own():
    named = with_sets(study(), "large")["defects"]
    assert named["model"].nunique() == 2 * 4 * len(ATOMS)
    assert {"mace-0", "mace-0 on four"} <= set(named["model"]) and "mace-0 on large" not in set(named["model"])


@pytest.mark.parametrize("name", ["vacancy_energy_error", "hop_rate_error"])
def test_a_life_is_the_longer_the_better_the_outcome(name):
    outcomes = pd.DataFrame({"framework": "mace", "model": list("abc"), "seed": 1, "value": [0.2, 0.1, 0.8]})
    failures, horizon = as_lives(quantities()[name], outcomes)
    lives = Trainings.of(failures, horizon).log_lives()
    scaled = np.log(outcomes["value"]) if quantities()[name].log else outcomes["value"] / outcomes["value"].std(ddof=0)
    assert np.diff(lives) == pytest.approx(-np.diff(scaled))


def test_what_tells_the_outcome_is_found_and_what_does_not_is_not():
    tables = outcome_tables(study(fit_tells=False), SETTINGS)
    league = tables["outcome_league"].query("framework == 'all' and outcome == 'vacancy_energy_error'").set_index("quantity")
    assert league.loc["event_forces_rmse", "concordance"] == pytest.approx(1) and league.loc["event_forces_rmse", "p_corrected"] < 0.05
    assert 0.35 < league.loc["plain_forces_rmse", "concordance"] < 0.65 and league.loc["plain_forces_rmse", "p_corrected"] > 0.05
    assert (league["n_models"] == 32).all() and (league["n_trainings"] == 64).all() and (league["n_without"] == 0).all()
    prediction = tables["outcome_prediction"].query("framework == 'all' and outcome == 'vacancy_energy_error'").set_index("quantity")
    assert set(prediction.loc["event_forces_rmse", "baselines"].split("+")) == {"plain_forces_rmse", "train_forces_rmse"}
    assert prediction.loc["event_forces_rmse", "gain"] > 0.5
    between = tables["outcome_within_between"].query("framework == 'all' and view == 'between' and outcome == 'barrier_error'").set_index("quantity")
    assert between.loc["event_forces_rmse", "correlation"] == pytest.approx(1)
    judged = {"vacancy_energy_error", "vacancy_geometry_error", "barrier_error"}
    assert set(tables["outcome_league"]["outcome"]) == judged, "there are no dumbbells and no hops"


def test_the_force_error_of_trainings_on_every_set_is_a_baseline():
    league = outcome_tables(study(), SETTINGS)["outcome_league"].query("framework == 'all' and outcome == 'barrier_error'").set_index("quantity")
    assert league.loc["train_forces_rmse", "baseline"] and league.loc["train_forces_rmse", "n_trainings"] == 64
    assert league.loc["train_forces_rmse", "concordance"] == pytest.approx(1)


def test_an_error_under_two_names_is_one_predictor():
    rows = [{"framework": "mace", "model": "m", "seed": seed, "quantity": "plain_forces_rmse", "value": 0.1 * seed} for seed in (1, 2)]
    same = [row | {"quantity": "test_forces_rmse_coolest", "value": row["value"] * (1 + 1e-9)} for row in rows[::-1]]
    other = [row | {"quantity": "train_forces_rmse", "value": row["value"] * 1.01} for row in rows]
    fewer = [rows[0] | {"quantity": "val_forces_rmse"}]
    kept = without_twins(frame("predictors", [*rows, *same, *other, *fewer]))["quantity"]
    assert list(dict.fromkeys(kept)) == ["plain_forces_rmse", "train_forces_rmse", "val_forces_rmse"]


def test_failures_are_counted_and_left_out():
    tables = outcome_tables(study(failed=[("mace", 0, "four"), ("mace", 1, "four")]), SETTINGS)
    rows = tables["outcome_league"].query("outcome == 'vacancy_energy_error' and quantity == 'event_forces_rmse'").set_index("framework")
    assert rows["n_without"].to_dict() == {"nequip": 0, "mace": 4, "all": 4}
    assert rows["n_trainings"].to_dict() == {"nequip": 32, "mace": 28, "all": 60}


def test_slopes_against_the_cell_and_against_accuracies_are_those_that_were_made():
    errors = defect_errors(study())
    assert len(errors) == 3 * 64
    table = defect_scaling(errors, 0.95)
    cells = table[table["against"] == "atoms"].set_index(["framework", "outcome"])["slope"]
    assert cells.loc["mace", "vacancy_energy_error"] == pytest.approx(-0.5)
    assert cells.loc["nequip", "barrier_error"] == pytest.approx(-1.0)
    alone = table[table["given"].isna() & (table["outcome"] == "vacancy_geometry_error")].set_index(["framework", "against"])["slope"]
    assert alone.loc["mace", "forces_rmse_eV_per_A"] == pytest.approx(0.5)
    assert alone.loc["mace", "force_constants_error"] == pytest.approx(1 / 3)


def test_cells_of_one_size_have_no_slope():
    errors = defect_errors(study())
    large = errors[errors["atoms"] == 32]
    large = large.assign(atoms=large["atoms"].where(large["seed"] == 1, 31.6))  # vacancies
    table = defect_scaling(large, 0.95)
    assert len(table) and "atoms" not in set(table["against"])


def test_an_interval_is_that_of_the_textbook_fit():
    from scipy import stats

    rng = np.random.default_rng(5)
    x, z = rng.normal(size=30), rng.normal(size=30)
    y = 2 * x + rng.normal(size=30)
    ((slope, low, high),) = slopes([x], y, 0.9)
    fit = stats.linregress(x, y)
    assert slope == pytest.approx(fit.slope) and high - low == pytest.approx(2 * fit.stderr * stats.t.ppf(0.95, 28))
    both = list(slopes([x, z], y, 0.95))
    assert both[0][1] < 2 < both[0][2] and both[1][1] < 0 < both[1][2]
    assert np.isnan(next(slopes([x, 2 * x], y, 0.95))[0]), "two predictors that are one"


def test_without_an_outcome_the_tables_are_empty():
    tables = study()
    tables["defects"] = tables["defects"].assign(error_eV=pd.NA, geometry_error_A=pd.NA)
    tables["barriers"] = tables["barriers"].assign(error_eV=pd.NA)
    assert all(table.empty for table in outcome_tables(tables, SETTINGS).values())
