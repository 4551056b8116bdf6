"""The first lines of the summary: every number and verdict of small tables that are written by hand."""

import pytest
from known_study import experiments
from test_exact_summary import LEAGUE, replica

from nnip.report.answer import MOST_LINES, answer, short_tables
from nnip.report.words import listed, markdown
from nnip.study.tables import frame

ROW = {"framework": "all", "quantity": "S", "mode": "paper", "minimum": "kept", "baseline": False, "chosen": False, "expected": 1}
SIZE = {"n_models": 9, "n_trainings": 27}


def ranked(quantity, concordance, p_corrected, **changed):
    row = ROW | SIZE | {"n_replicas": 270, "concordance": concordance, "concordance_low": concordance - 0.1, "concordance_high": concordance + 0.1}
    if quantity != "S":
        row |= {"quantity": quantity, "mode": None, "minimum": None}
    return row | {"p": p_corrected / 2, "p_corrected": p_corrected, "ceiling": 0.844, "seconds": 10.0, "md_seconds": 250.0} | changed


def model(name, life_fs, probability, framework="mace", n_seeds=3):
    return {"framework": framework, "model": name, "n_seeds": n_seeds, "life_fs": life_fs, "probability_best": probability}


def pair(longer, shorter, p_holm, seeds=None, replicas=None, framework="mace"):
    row = {"framework": framework, "longer": longer, "shorter": shorter, "n_seeds": 3, "ratio": 1.5, "low": 0.9, "high": 2.5}
    return row | {"p": p_holm, "p_holm": p_holm, "seeds_needed": seeds, "replicas_needed": replicas}


def lines(chosen=None, **changed):
    rows = {name: [] for name in LEAGUE} | {"failures": [replica("m0", 5.0, True)], "models": experiments({"one": ["a", "b", "c"]})} | changed
    tables = {name: frame(name, content) for name, content in rows.items()}
    return answer(tables, 0.95, chosen), "\n".join(short_tables(tables, 0.95, chosen))


def line(start, found):
    (one,) = [each for each in found if each.startswith(start)]
    return one


def test_what_lives_longest():
    models = [model("a", 2500.0, 0.731), model("b", 2000.0, 0.2), model("c", 100.0, 0.069)]
    found, page = lines(best=models, pairs=[pair("a", "b", 0.2, 7), pair("a", "c", 0.001), pair("b", "c", 0.3, 5)])
    words = "**mace**: a lives longest in hot MD, 2.50 ps; probability 0.73 of being the best of 3 models; not told apart from b."
    assert line("**mace**", found) == words
    assert "| mace | b | 2.00 | 0.20 | 3 |" in page
    found, _ = lines(best=models, pairs=[pair("a", "b", 0.02), pair("a", "c", 0.001)])
    assert line("**mace**", found).endswith("of 3 models; told apart from all others.")
    assert "Decided: all 2 pairs of models." in found


def test_where_no_replica_failed_no_model_is_the_best():
    models = [model("a", 600.0, 0.5), model("b", 600.0, 0.5), model("n", 5.0, 1.0, "nequip")]
    alive = [replica(name, 600.0, False) for name in ("a", "b")] + [replica("n", 5.0, True) | {"framework": "nequip"}]
    found, page = lines(best=models, pairs=[pair("a", "b", 0.9, 38)], failures=alive)
    assert line("**mace**", found) == "**mace**: none of 2 replicas of hot MD failed within 0.60 ps, so which model lives longest is not known."
    assert line("**nequip**", found).startswith("**nequip**: n lives longest")
    assert not any("seeds of each" in each for each in found) and "38" not in page


def test_one_training_per_model():
    found, _ = lines(best=[model("a", 2500.0, 1.0, n_seeds=1), model("b", 2000.0, 0.0, n_seeds=1)], pairs=[pair("a", "b", None)])
    assert line("**mace**", found).endswith("probability 1.00 of being the best of 2 models.")
    assert "One training per model: probabilities are over its replicas alone, and a difference may be one of seeds." in found
    assert "Too few models for a comparison of measurements: it takes three of a framework that differ." in lines()[0]
    assert line("**mace**", lines(best=[model("a", 2500.0, 1.0)])[0]) == "**mace**: a lives longest in hot MD, 2.50 ps; it is the only model."


def measured(model, seed, value, quantity="train_forces_rmse", mode=None, minimum=None):
    return {"framework": "mace", "model": model, "seed": seed, "quantity": quantity, "mode": mode, "minimum": minimum, "value": value}


def test_without_md_the_chosen_measurement_orders_the_models():
    rows = [measured("a", 1, 0.2), measured("b", 1, 0.05), measured("b", 2, 0.15), measured("a", 1, 9.0, "S", "paper", "kept")]
    rows += [measured("b", 1, 7.0, "S", "paper", "kept"), measured("c", 1, 99.0, "S", "paper", "subtracted")]
    found, page = lines({"quantity": "train_forces_rmse", "mode": None, "minimum": None}, failures=[], predictors=rows)
    words = "**mace**, by the training force RMSE, without hot MD: b (0.1) should last longest, then a (0.2); not known for c."
    assert found[0] == words and len(found) == 2
    assert "| mace | b | 0.1 | 0.05 to 0.15 | 2 |\n| mace | a | 0.2 | – | 1 |" in page
    found, _ = lines({"quantity": "S", "mode": "paper", "minimum": "kept"}, failures=[], predictors=rows)
    words = "**mace**, by the loss entropy S, paper, without hot MD: a (9) should last longest, then b (7); not known for c."
    assert found[0] == words, "large entropies are good"
    found, page = lines({"quantity": "n_weights", "mode": None, "minimum": None}, failures=[], predictors=rows)
    assert found[0].endswith("without hot MD: nothing is known, because it was measured of no model.") and "should last" not in page
    found, page = lines(failures=[], predictors=rows)
    assert len(found) == 1 and "md.n_replicas" in found[0] and "league.chosen" in found[0] and "should last" not in page


def test_which_measurement_to_trust_and_what_it_saves():
    league = [ranked("S", 0.8, 0.01), ranked("train_forces_rmse", 0.78, 0.001, baseline=True, seconds=2.0), ranked("S_energy", 0.9, 0.2)]
    found, page = lines(league=[*league, ranked("S", 0.99, 0.001, framework="mace")])
    words = "**Instead of MD** trust the loss entropy S: it names the longer-lived of two trainings in 80% [70, 90] of pairs"
    assert line("**Instead", found) == f"{words} (a guess 50%, one half of the MD for the other 84%); p = 0.01 after correction for 3 measurements."
    assert "It takes 10 s for one training, the MD 250 s (25 times as long)." in found
    assert page.index("| energy entropy SE | 90%") < page.index("| loss entropy S | 80%") < page.index("| training force RMSE | 78%")
    found, _ = lines(league=league[1:2])
    assert "It takes 2 s for one training, the MD 250 s (125 times as long), and every training has it anyway." in found
    found, _ = lines(league=[ranked("S", 0.8, 0.06, seconds=None)])
    assert line("**No measurement can", found).endswith(
        "names the longer-lived of two trainings in 80% [70, 90] of pairs, p = 0.06 after correction."
    )
    assert not [each for each in found if each.startswith("It takes")]


def test_the_beginning_of_the_md_does_not_replace_the_md():
    """The short MD is a bound: it is neither trusted instead of the MD nor said to add to the errors, and stands in a line of its own."""
    short = ranked("early_rmst_fs", 0.85, 0.001, seconds=7.5)
    gain = ROW | SIZE | {"baselines": "train_forces_rmse", "error_none": 1.0, "error_alone": 0.8, "gain": 0.3, "p_corrected": 0.01}
    gains = [gain | {"quantity": "early_rmst_fs", "mode": None, "minimum": None}, gain | {"p_corrected": 0.4, "gain": 0.1}]
    found, _ = lines(league=[ranked("S", 0.8, 0.01), short], prediction=gains)
    assert "trust the loss entropy S" in line("**Instead", found)
    assert line("**Instead", found).endswith("p = 0.01 after correction for 2 measurements.")
    said = "The beginning of the MD itself, mean time to failure in a short MD, does so in 85% [75, 95], and takes 7.5 s."
    assert said in found
    assert line("Beyond", found).endswith("(best: loss entropy S, p = 0.4 after correction).")


def test_a_measurement_chosen_beforehand_is_judged_alone():
    found, _ = lines(league=[ranked("S", 0.8, 0.08, chosen=True, p=0.03), ranked("S_energy", 0.9, 0.2)])
    assert line("Chosen", found) == "Chosen before this study: loss entropy S tells which training lives longer, 80% [70, 90], p = 0.03."
    assert line("**No measurement", found).startswith("**No measurement can replace the MD yet**: the best of 1, energy entropy SE")
    found, _ = lines(league=[ranked("S", 0.8, 0.08, chosen=True, p=0.08)])
    assert "is not shown to tell" in line("Chosen", found)


def test_what_choosing_flatters_and_what_is_added():
    choice = [ROW | {"way": way, "share": 1.0, "n_models": 9, "n_predictors": 4} | numbers for way, numbers in (
        ("all models", {"concordance": 0.8, "low": 0.7, "high": 0.9}), ("others", {"concordance": 0.66, "low": 0.5, "high": 0.8}),
    )]  # fmt: skip
    for row in choice:
        del row["baseline"], row["chosen"], row["expected"]
    gain = ROW | SIZE | {"baselines": "train_forces_rmse+test_forces_rmse_coolest", "error_none": 1.0, "error_alone": 0.8}
    gains = [gain | {"gain": 0.123, "p_corrected": 0.04}, gain | {"quantity": "S_energy", "gain": 0.5, "p_corrected": 0.3}]
    found, _ = lines(league=[ranked("S", 0.8, 0.01)], choice=choice, prediction=gains)
    assert "Between models, the best measurement chosen on other models does so in 66% [50, 80]; chosen on the same models 80%." in found
    words = (
        "Beyond training force RMSE and cool test force RMSE, the loss entropy S improves the prediction of a model left out most, by 0.12 in ln time"
    )
    assert f"{words} (p = 0.04)." in found
    found, _ = lines(league=[ranked("S", 0.8, 0.01)], prediction=gains[1:])
    assert line("Beyond", found).endswith("no measurement is shown to add anything (best: energy entropy SE, p = 0.3 after correction).")


@pytest.mark.parametrize(("pairs", "words"), [
    ([pair("a", "b", 0.2, 7), pair("a", "c", 0.1, 5), pair("b", "c", 0.01)],
     "Undecided: 2 of 3 pairs of models; about 5 seeds of each would tell a and c apart (ratio 1.50), more replicas alone would not."),
    ([pair("a", "b", 0.2, 7, 80)], "Undecided: 1 of 1 pairs of models; about 7 seeds of each would tell a and b apart (ratio 1.50), "
     "or 80 replicas of each training."),
    ([pair("a", "b", 0.2)], "Undecided: 1 of 1 pairs of models; not even 100 seeds of each would tell the clearest of them apart."),
])  # fmt: skip
def test_what_would_decide_between_models(pairs, words):
    assert words in lines(pairs=pairs)[0]


def test_what_would_decide_about_measurements():
    needed = [
        {"framework": "all", "quantity": name, "n_models": 9, "concordance": 0.6, "p_corrected": p, "models_needed": n}
        for name, p, n in (("train_energy_rmse", 0.3, 40), ("test_energy_rmse_coolest", 0.2, 30), ("train_forces_rmse", 0.01, None))
    ]
    found, _ = lines(league=[ranked("S", 0.8, 0.01)], models_needed=needed)
    assert "Undecided: 2 of 3 measurements; about 30 models instead of 9 would decide about the cool test energy RMSE." in found


def test_at_most_ten_lines():
    models = [model(name, 2500.0, 0.5, framework=f"f{number}") for number in range(12) for name in "ab"]
    assert len(lines(best=models)[0]) == MOST_LINES == 10


def test_a_bar_in_a_name_makes_no_column():
    assert markdown(("outcome", "n"), [("|ln| of a rate", 3)]).splitlines()[-1] == r"| \|ln\| of a rate | 3 |"


def test_names_in_a_row():
    assert [listed(list("abcdefg"[:n])) for n in (1, 2, 3, 6)] == ["a", "a and b", "a, b and c", "a, b, c, d and 2 more"]
