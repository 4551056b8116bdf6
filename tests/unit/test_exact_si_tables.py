"""The SI's tables of two models: every cell."""

import pandas as pd
import pytest
from known_study import training_sets

from nnip.report.si_tables import SITable, entropy_table, error_table, escape, hyperparameter_table, order
from nnip.study.tables import frame

MODELS = frame(
    "models",
    [
        {"framework": framework, "model": model, "label": label, "experiment": experiment, "title": "T", "position": place}
        for framework, model, label, experiment, place in (
            ("mace", "b", "B l", "one", 0), ("mace", "a", "A l", "one", 1), ("mace", "b", "B l", "two", 0), ("nequip", "x", "X", "three", 0),
        )
    ],
)  # fmt: skip


def entropy(framework, model, seed, minimum, energy, forces, S, mode="paper", split="train", frozen=None):
    return {
        "framework": framework, "model": model, "seed": seed, "mode": mode, "split": split, "frozen": frozen, "minimum": minimum, "n_points": 9,
        "alpha": 0.2, "T_energy_eV_per_atom": 0.004, "T_forces_eV_per_A": 0.04, "S_energy": energy, "S_forces": forces, "S": S,
    }  # fmt: skip


ENTROPY = [
    entropy("mace", "a", 1, "kept", 1.0, -2.0, 3.0),
    entropy("mace", "a", 2, "kept", 2.0, -3.0, 5.0),
    entropy("mace", "a", 3, "kept", 6.0, -4.0, 7.0),
    entropy("mace", "a", 1, "subtracted", 11.0, 12.0, 10.0),
    entropy("mace", "a", 2, "subtracted", 11.0, 12.0, 14.0),
    entropy("mace", "b", 1, "kept", 0.25, 0.5, 0.125),
    entropy("nequip", "a", 1, "kept", 99.0, 99.0, 99.0),
    entropy("mace", "a", 1, "kept", 99.0, 99.0, 99.0, split="test_300K"),
    entropy("mace", "a", 1, "kept", 99.0, 99.0, 99.0, frozen="radial"),
]


def lives(model, times, seed=1, framework="mace"):
    key = {"framework": framework, "model": model, "seed": seed, "failed": True, "reason": "bond"}
    return [key | {"replica": i, "time_fs": float(t)} for i, t in enumerate(times)]


def survived(model, seed, n, n_failed, mean, low, high, framework="mace"):
    key = {"framework": framework, "model": model, "seed": seed, "n_replicas": n, "n_failed": n_failed, "horizon_fs": 6000.0, "mean_fs": 1.0}
    return key | {"rmst_fs": mean, "rmst_low_fs": low, "rmst_high_fs": high}


FAILURES = frame("failures", [*lives("a", (1000, 2000), 1), *lives("a", (3000, 6000), 2), *lives("b", (2500,)), *lives("x", (9,), 1, "nequip")])
SURVIVAL = frame(
    "survival",
    [
        survived("a", 1, 2, 2, 1500.0, 1.0, 2.0),
        survived("a", 2, 2, 1, 4500.0, 1.0, 2.0),
        survived("a", None, 4, 3, 3004.0, 2006.0, 4555.0),
        survived("b", 1, 1, 1, 2500.0, None, None),
    ],
)


def test_entropy_and_time_to_failure():
    """Means over seeds; times 1, 2, 3, 6 ps: mean 3, squared deviations 14, standard deviation sqrt(14 / 3)."""
    table = entropy_table(MODELS, frame("entropy", ENTROPY), SURVIVAL, FAILURES, "mace", "train")
    assert table.title == "Loss entropy and time to failure of the mace models"
    rows = {row.pop("model"): row for row in table.shown().to_dict("records")}
    assert list(rows) == ["b", "a"]
    assert rows["a"] == {
        "label": "A l",
        "S_energy": "3.00",
        "S_forces": "-3.00",
        "S": "5.00",
        "S, minimum subtracted": "12.00",
        "time to failure (ps)": "3.00 ± 2.16",
        "restricted mean (ps)": "3.00 [2.01, 4.55]",
        "not failed": "1 of 4",
    }
    assert rows["b"] == {
        "label": "B l",
        "S_energy": "0.25",
        "S_forces": "0.50",
        "S": "0.12",
        "S, minimum subtracted": "–",
        "time to failure (ps)": "2.50",
        "restricted mean (ps)": "2.50",
        "not failed": "0 of 1",
    }


def test_modes_stand_side_by_side_and_what_is_unknown_is_a_dash():
    other = [entropy("mace", "a", 1, "kept", 7.0, 8.0, 9.0, "isotropic")]
    table = entropy_table(MODELS, frame("entropy", [*ENTROPY, *other]), SURVIVAL[:0], FAILURES[:0], "mace", "train").shown().set_index("model")
    assert list(table.columns[1:5]) == ["S_energy (paper)", "S_forces (paper)", "S (paper)", "S, minimum subtracted (paper)"]
    assert table.loc["a", ["S_energy (isotropic)", "S_forces (isotropic)", "S (isotropic)"]].tolist() == ["7.00", "8.00", "9.00"]
    assert table.loc["b", "S (isotropic)"] == "–"
    assert table[["time to failure (ps)", "restricted mean (ps)", "not failed"]].eq("–").all(axis=None)


def error(model, seed, n, split, energy, forces, noise=False, framework="mace"):
    key = {"framework": framework, "model": model, "seed": seed, "training_set": f"n{n}" + (".forces-noise0.1" if noise else "")}
    return key | {"split": split, "n_frames": 1} | {"energy_rmse_eV_per_atom": energy, "forces_rmse_eV_per_A": forces}


def test_errors_are_means_over_seeds_in_thousandths():
    errors = [
        error("a", 1, 25, "300K", 0.001, 0.01),
        error("a", 2, 25, "300K", 0.002, 0.02),
        error("a", 3, 25, "300K", 0.006, 0.09),
        error("a", 1, 100, "300K", 0.0004, 0.0125),
        error("a", 1, 25, "1200K", 0.5, 0.6),
        error("b", 1, 25, "300K", 0.0071, 0.0082),
        error("b", 1, 100, "300K", 9.0, 9.0, noise=True),
        error("x", 1, 50, "300K", 9.0, 9.0, framework="nequip"),
    ]
    table = error_table(MODELS, frame("errors", errors), training_sets(100, 25, 50), "mace")
    assert table.title == "Errors (RMSE) of the mace models"
    assert table.remark == ""
    assert list(table.data) == [
        "model", "label", "split", "energy (meV/atom), n = 25", "energy (meV/atom), n = 100", "forces (meV/Å), n = 25", "forces (meV/Å), n = 100",
    ]  # fmt: skip
    assert table.shown().to_numpy().tolist() == [
        ["b", "B l", "300K", "7.1", "–", "8.2", "–"],
        ["a", "A l", "300K", "3.0", "0.4", "40.0", "12.5"],
        ["a", "A l", "1200K", "500.0", "–", "600.0", "–"],
    ]
    everything = error_table(MODELS, frame("errors", [error("a", 1, 25, "all", 0.1, 0.1)]), training_sets(25), "mace")
    assert everything.remark == 'Split "all": all test frames together.'


def test_settings_that_differ_and_those_that_do_not():
    rows = [
        {"framework": framework, "model": model, "name": name, "value": value}
        for framework, model, name, value in (
            ("mace", "a", "layers", "2"), ("mace", "b", "layers", "2"), ("mace", "a", "l_max", "1"), ("mace", "b", "l_max", "3"),
            ("mace", "a", "cutoff", "5"), ("mace", "b", "cutoff", "5"), ("mace", "a", "swa", "yes"), ("mace", "a", "released.x", "1"),
            ("nequip", "x", "layers", "9"),
        )
    ]  # fmt: skip
    table = hyperparameter_table(MODELS, frame("hyperparameters", rows), "mace")
    assert table.title == "Settings of the mace models"
    assert table.remark == "All models: layers 2, cutoff 5."
    assert list(table.data) == ["model", "label", "l_max", "swa"]
    assert table.shown().to_numpy().tolist() == [["b", "B l", "3", "–"], ["a", "A l", "1", "yes"]]
    differ = frame("hyperparameters", [row for row in rows if row["name"] == "l_max"])
    assert hyperparameter_table(MODELS, differ, "mace").remark == ""


def test_models_come_once_in_the_order_they_are_drawn():
    assert order(MODELS, "mace").to_numpy().tolist() == [["b", "B l"], ["a", "A l"]]


def test_numbers_as_they_are_shown_in_markdown_and_latex():
    data = pd.DataFrame({"model": ["a_1"], "S": [1.005001], "n": [7], "none": [None]})
    table = SITable("A & B", data, decimals=1, remark="Done 5 %.")
    assert table.shown().to_numpy().tolist() == [["a_1", "1.0", "7", "–"]]
    assert (
        table.markdown()
        == "A & B\n\n| model   | S   | n   | none   |\n|:--------|:----|:----|:-------|\n| a_1     | 1.0 | 7   | –      |\n\nDone 5 %.\n"
    )
    assert table.latex().splitlines() == [
        r"\begin{table}", r"\centering", r"\caption{A \& B. Done 5 \%.}", r"\begin{tabular}{lrrl}", r"\toprule", r"model & S & n & none \\",
        r"\midrule", r"a\_1 & 1.0 & 7 & -- \\", r"\bottomrule", r"\end{tabular}", r"\end{table}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "latex"),
    [("a&b%c$d#e_f{g}", r"a\&b\%c\$d\#e\_f\{g\}"), ("~^\\", r"\textasciitilde{}\textasciicircum{}\textbackslash{}"), ("Å±–ν", r"\AA{}$\pm$--$\nu$")],
)
def test_latex_escapes(text, latex):
    assert escape(text) == latex
