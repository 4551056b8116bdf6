"""The page in words: every number, sign and verdict of small tables that are written by hand."""

import pandas as pd
import pytest
from known_study import compared, correlation, experiments, partial

from nnip.declare.registry import quantities
from nnip.report.details import details, outcomes, verdict
from nnip.report.summary import summary
from nnip.study.tables import frame

LIFE, HOT, CURVE, GROWTH = "rmst_fs", "test_forces_rmse_hottest", "learning_curve_slope", "extrapolation_slope"
UP, DOWN = (0.75, 0.5, 0.9), (-0.75, -0.9, -0.5)
AROUND = (0.1, -0.4, 0.5)


LEAGUE = ("predictors", "best", "pairs", "league", "within_between", "prediction", "choice", "models_needed")


def replica(model, time, failed, reason="bond", seed=1, framework="mace"):
    return {"framework": framework, "model": model, "seed": seed, "replica": 0, "time_fs": time, "failed": failed, "reason": reason}


FINITE = {"framework": "mace", "model": "m0", "seed": 1, "mode": "paper", "split": "train", "minimum": "kept", "n_points": 9, "alpha": 0.2}
FINITE |= {"T_energy_eV_per_atom": 0.004, "T_forces_eV_per_A": 0.04, "S_energy": 1.0, "S_forces": 1.0, "S": 1.0}


def page(confidence=0.95, **changed):
    """Sections of the details and of the summary, by their headings; \"\" is what stands under the title of the details."""
    names = ("failures", "survival", "logrank", "effects", "sensitivity", "correlations", "partial_correlations", "noise_floor", *LEAGUE)
    tables = {name: frame(name, changed.pop(name, [])) for name in names}
    tables |= {"models": changed.pop("models", experiments({"one": ["m0", "m1", "m2"]}))}
    tables |= {name: frame(name, rows) for name, rows in ({"entropy": [FINITE]} | changed).items()}
    first, second = summary("s", tables, confidence, "train"), details("s", tables, confidence)
    assert first.startswith("# s: what the data support\n\n- ") and second.startswith("# s: details\n\n")
    title, *sections = second.split("## ")
    sections += first.split("## ")[1:]
    return {"": title} | {section.split("\n", 1)[0]: section.split("\n", 1)[1] for section in sections}


def test_expected_directions():
    """High entropy: long life, small error in the heat, steep (negative) learning curve, slow growth of the error."""
    assert {name: quantities()[name].better for name in outcomes()} == {LIFE: 1, HOT: -1, CURVE: -1, GROWTH: -1}
    assert {name: each.better for name, each in quantities().items() if each.words and each.predicts} == {
        "S": 1, "train_forces_rmse": -1, "test_forces_rmse_coolest": -1, HOT: -1,
    }  # fmt: skip


def test_what_there_is():
    models = pd.concat([experiments({"one": ["m0", "m1"], "two": ["m0"]}), experiments({"three": ["x"]}, "nequip")])
    failures = [replica("m0", 5.0, True), replica("m0", 6.0, False, "none", seed=2), replica("m1", 7.0, False, "none")]
    trainings = [
        {"framework": "mace", "model": model, "seed": 1, "training_set": f"n{n}", "status": status, "device": "cpu"}
        for model, n, status in (("m0", 25, "ok"), ("m1", 100, "diverged"), ("x", 25, "failed"))
    ]
    first = page(models=models, failures=failures, trainings=trainings)["What there is"]
    assert "Models: 2 of mace, 1 of nequip. Trainings with hot MD per model: 1 to 2. " in first
    assert "Replicas: 3, of which 2 had not failed when their run ended (censored). " in first
    assert "Trainings that gave no model: 2 of 3: m1 (n100, diverged), x (n25, failed)." in first
    assert "Trainings with hot MD per model: 1. " in page(failures=failures[2:])["What there is"]
    assert "No hot MD was run." in page()["What there is"]
    assert "Trainings that gave no model: 0 of 1." in page(trainings=trainings[:1])["What there is"]


def lived(model, seed, mean, low, high):
    row = {"framework": "mace", "model": model, "seed": seed, "n_replicas": 9, "n_failed": 9, "horizon_fs": 6000.0, "mean_fs": 1.0}
    return row | {"rmst_fs": mean, "rmst_low_fs": low, "rmst_high_fs": high}


LIVED = [
    lived("m0", 1, 5900.0, 1.0, 2.0),
    lived("m0", None, 2500.0, 1234.0, 3456.0),
    lived("m1", 1, 3000.0, None, None),
    lived("m2", 1, 1500.0, 1000.0, 2000.0),
]


def test_longest_and_shortest_lives_are_those_over_seeds():
    words = "Restricted mean time to failure (to 6 ps): longest m1 3.00 ps, shortest m2 1.50 ps [1.00, 2.00]."
    assert words in page(survival=LIVED)["mace"]
    assert "longest m0 2.50 ps [1.23, 3.46]" in page(survival=LIVED[:2])["mace"]
    assert "No times to failure." in page()["mace"]
    words = page(survival=[lived("m0", 1, 5e5, 4e5, 6e5), lived("m1", 1, 14.0, 13.0, None)])["mace"]
    assert "longest m0 500.00 ps [400.00, 600.00], shortest m1 0.01 ps." in words


def test_a_framework_has_its_own_rows_alone():
    models = pd.concat([experiments({"one": ["m0"]}), experiments({"two": ["x"]}, "nequip")])
    found = page(models=models, survival=[LIVED[3], LIVED[2] | {"framework": "nequip", "model": "x"}])
    assert "longest m2 1.50 ps [1.00, 2.00], shortest m2 1.50 ps [1.00, 2.00]." in found["mace"]
    assert "longest x 3.00 ps, shortest x 3.00 ps." in found["nequip"]


def test_neighbours_that_differ():
    pairs = [
        {"framework": "mace", "experiment": "e", "model_a": a, "model_b": b, "n_a": 9, "n_b": 9, "chi2": 1.0, "p": p, "p_holm": holm}
        for a, b, p, holm in (("m0", "m1", 0.001, 0.012), ("m1", "m2", 0.04, 0.08), ("m0", "m2", None, None))
    ]
    words = page(survival=LIVED, logrank=pairs)["mace"]
    assert "Of 2 pairs of neighbours tested (log-rank, Holm), 1 differ: m0 and m1 (p = 0.012)." in words
    assert "1 pairs could not be tested: a model has one replica, or its replicas are copies of one trajectory." in words
    words = page(0.9, survival=LIVED, logrank=pairs[:2])["mace"]
    assert "2 differ: m0 and m1 (p = 0.012); m1 and m2 (p = 0.08)." in words
    assert "could not be tested" not in words
    # D2: a pair that has several seeds is neither tested nor counted as one that could not be
    several = [row | {"untested": "several seeds", "p": None, "p_holm": None} for row in pairs[:1]]
    words = page(0.9, survival=LIVED, logrank=[*several, pairs[1]])["mace"]
    assert "Of 1 pairs of neighbours tested (log-rank, Holm), 1 differ: m1 and m2 (p = 0.08)." in words
    assert "could not be tested" not in words
    words = page(survival=LIVED, logrank=several)["mace"]
    assert "neighbours" not in words and "could not be tested" not in words
    assert "Of 1 pairs of neighbours tested (log-rank, Holm), 0 differ." in page(survival=LIVED, logrank=pairs[1:2])["mace"]


def test_choices_beyond_the_scatter_of_seeds():
    rows = [
        compared(LIFE, "m1", 800.0, 600.0, 1000.4, 0.01),
        compared(LIFE, "m2", -50.0, -90.0, -10.0, 0.06),
        compared(LIFE, "m3", 50.0, 10.0, 90.0, 0.07),
        compared(LIFE, "m4", 50.0, -10.0, 90.0, 0.2),
        compared(LIFE, "m1", 800.0, 600.0, 1000.4, 0.01, experiment="two"),
        compared(HOT, "m1", 0.01234, -0.01, 0.03, 0.5),
        compared(GROWTH, "m2", 0.5, 0.4, 0.6, 0.02),
        compared("S", "m1", 1.0, 0.9, 1.1, 0.001),
    ]
    words = page(effects=rows)["mace"]
    assert (
        "- Time to failure in hot MD (ps), 4 choices. beyond the scatter of seeds, corrected for all differences (Holm): "
        "m1 against m0 0.8 [0.6, 1]. only without the correction: m2 against m0 -0.05 [-0.09, -0.01]; m3 against m0 0.05 [0.01, 0.09].\n"
    ) in words
    assert "- Force error at the highest temperature (meV/Å), 1 choices. None differs." in words
    assert "- Growth of the force error with temperature (meV/Å per 100 K), 1 choices. beyond the scatter" in words
    assert "m2 against m0 5e+04 [4e+04, 6e+04]." in words
    assert "1.1" not in words.split("seeds as replicates")[1].split("|")[0]
    assert "the effect of a choice cannot be separated" in page()["mace"]
    for low, value, high in ((0.5, 0.6, 0.9), (-0.9, -0.6, -0.5)):
        words = page(effects=[compared(CURVE, "m1", value, low, high, 0.07)])["mace"]
        assert f"1 choices. only without the correction: m1 against m0 {value} [{low}, {high}]." in words
    strict = page(0.995, effects=rows[:1])["mace"]
    assert "only without the correction: m1 against m0" in strict and "beyond" not in strict.split("choices.")[1]


def rows_of(section):
    """The cells of the table in a section."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")][2:]


def told(section, place=-1):
    """One cell, the verdict or another, of each line that has numbers."""
    return [cells[place] for cells in rows_of(section) if cells[1] != "–"]


def test_a_line_of_the_correlations_has_its_numbers():
    found = page(
        correlations=[
            correlation("S", LIFE, (0.754, 0.501, 0.904), (0.6, 0.301, 0.8), 0.0123),
            correlation("S", LIFE, (0.2, None, None), (0.3, None, None), None, subset="rescaled", n=4),
            correlation("S", LIFE, (0.1, -0.2, 0.3), (0.11, -0.21, 0.31), 0.5, minimum="subtracted"),
            correlation("train_forces_rmse", LIFE, (-0.8, -0.9, -0.7), (-0.81, -0.91, -0.71), 0.001),
            correlation("S_forces", LIFE, UP, UP, 0.001),
        ],
        partial_correlations=[
            partial("S", LIFE, 0.99, 0.98, 0.999, given="test_forces_rmse_all"),
            partial("S", LIFE, 0.456, -0.1, 0.789),
            partial("S", LIFE, 0.77, 0.7, 0.8, subset="rescaled"),
            partial("S", HOT, 0.66, 0.6, 0.7),
        ],
    )["mace"]
    life = "time to failure in hot MD"
    dashes = ["–"] * 6
    assert rows_of(found)[4:] == [
        [words, *dashes, "Not measured, or on fewer than three models."]
        for words in ("force error at the highest temperature", "growth of the force error with temperature", "slope of the learning curve")
    ]
    assert rows_of(found)[:4] == [
        [life, "loss entropy S", "9", "0.75 [0.50, 0.90]", "0.60 [0.30, 0.80]", "0.012", "0.46 [-0.10, 0.79]", "Supported."],
        [life, "loss entropy S, rescaled models only", "4", "0.20", "0.30", "–", "0.77 [0.70, 0.80]", "Undecidable with 4 models."],
        [life, "loss entropy S, minimum subtracted", "9", "0.10 [-0.20, 0.30]", "0.11 [-0.21, 0.31]", "0.5", "–", "Not shown: zero is not excluded."],
        [life, "force error, training frames", "9", "-0.80 [-0.90, -0.70]", "-0.81 [-0.91, -0.71]", "0.001", "–", "Supported."],
    ]


OTHER = "Contradicted: the sign is opposite."


@pytest.mark.parametrize(("outcome", "sign"), [(LIFE, 1), (HOT, -1), (CURVE, -1), (GROWTH, -1)])
@pytest.mark.parametrize(("quantity", "minimum", "side"), [
    ("S", "kept", 1), ("S", "subtracted", 1), ("train_forces_rmse", "kept", -1), ("test_forces_rmse_coolest", "kept", -1),
])  # fmt: skip
def test_the_side_that_is_expected(outcome, sign, quantity, minimum, side):
    for found, value in ((UP, 1), (DOWN, -1)):
        rows = [correlation("S", LIFE, AROUND, AROUND), correlation(quantity, outcome, found, found, minimum=minimum)]
        verdict = rows_of(page(correlations=rows[(quantity, minimum, outcome) == ("S", "kept", LIFE) :])["mace"])
        own = [cells[-1] for cells in verdict if cells[3] == f"{found[0]:.2f} [{found[1]:.2f}, {found[2]:.2f}]"]
        assert own == ["Supported." if value == sign * side else OTHER]


@pytest.mark.parametrize(("pearson", "spearman", "words"), [
    (UP, AROUND, "Partly supported: only one interval excludes zero."),
    (AROUND, UP, "Partly supported: only one interval excludes zero."),
    (DOWN, AROUND, "Not shown: zero is not excluded."),
    (UP, DOWN, "Not shown: zero is not excluded."),
    (AROUND, AROUND, "Not shown: zero is not excluded."),
    ((0.5, 0.0, 0.9), (0.5, 0.0, 0.9), "Not shown: zero is not excluded."),
    ((-0.5, -0.9, 0.0), (-0.5, -0.9, 0.0), "Not shown: zero is not excluded."),
    (UP, (0.5, None, None), "Undecidable with 9 models."),
])  # fmt: skip
def test_verdicts(pearson, spearman, words):
    assert told(page(correlations=[correlation("S", LIFE, pearson, spearman)])["mace"]) == [words]


@pytest.mark.parametrize(("pearson", "spearman", "words"), [
    (UP, UP, "Supported."), (DOWN, DOWN, "Supported."), (UP, DOWN, "Not shown: zero is not excluded."),
    (UP, AROUND, "Not shown: zero is not excluded."),
    (AROUND, AROUND, "Not shown: zero is not excluded."),
])  # fmt: skip
def test_where_nothing_is_expected_either_side_will_do(pearson, spearman, words):
    assert verdict(correlation("S", LIFE, pearson, spearman), 0) == words


@pytest.mark.parametrize(("pearson", "spearman", "end"), [
    (UP, UP, ", and both intervals exclude zero."),
    (DOWN, DOWN, ", and both intervals exclude zero."),
    (UP, AROUND, "."),
])  # fmt: skip
def test_a_part_of_the_outcome_is_not_evidence(pearson, spearman, end):
    """D1."""
    part = correlation("test_forces_rmse_coolest", GROWTH, pearson, spearman, overlap=True)
    assert told(page(correlations=[part])["mace"]) == ["Not evidence: the predictor is a part of the outcome" + end]
    part["spearman_low"] = None
    assert "Undecidable with 9 models." in page(correlations=[part])["mace"]


def test_predictors_stand_in_the_order_of_their_table():
    rows = [correlation("train_forces_rmse", LIFE, DOWN, DOWN), correlation("S", LIFE, UP, UP)]
    assert told(page(correlations=rows)["mace"], 1) == ["force error, training frames", "loss entropy S"]


def test_modes_are_named_where_there_are_several():
    rows = [correlation("S", LIFE, UP, UP), correlation("S", LIFE, DOWN, DOWN, minimum="subtracted")]
    rows += [row | {"mode": "paper"} for row in rows]
    modes = ("isotropic", "isotropic, minimum subtracted", "paper", "paper, minimum subtracted")
    assert told(page(correlations=rows)["mace"], 1) == [f"loss entropy S, {mode}" for mode in modes]


def test_a_subset_of_all_models_is_not_said_twice_and_few_models_are_undecidable():
    rows = [correlation("S", LIFE, UP, UP, subset=subset) for subset in ("all", "rescaled", "2_layers")]
    assert told(page(correlations=rows)["mace"], 1) == ["loss entropy S"]
    rows.append(correlation("S", LIFE, UP, UP, subset="deep", n=4))
    assert told(page(correlations=rows)["mace"], 1) == ["loss entropy S", "loss entropy S, deep models only"]
    assert "Too few models for any correlation: undecidable." in page()["mace"]


def test_how_many_correlations_and_how_sure():
    text = page(0.9, correlations=[correlation("S", LIFE, UP, UP), correlation("S", HOT, UP, UP)])[""]
    assert "with 90% bootstrap intervals" in text and "2 correlations were computed" in text
