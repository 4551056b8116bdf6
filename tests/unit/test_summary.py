"""The page in words and the SI's tables: numbers from the tables, and honest with few models."""

import numpy as np
import pandas as pd
import pytest
from made_up_study import analysed, training_sets

from nnip.analyse.effects import effects
from nnip.analyse.entropy_convergence import Settings as SamplingSettings
from nnip.analyse.entropy_variance import resolution
from nnip.report.details import details, verdict
from nnip.report.si_tables import SITable, error_table, hyperparameter_table
from nnip.report.si_tables import entropy_table as si_entropy
from nnip.report.summary import summary
from nnip.study.tables import frame


def pages(study, tables):
    """The summary and its details."""
    return summary(study, tables, 0.95, "train") + details(study, tables, 0.95)


def small_study(n_models, modes=("paper",), replicas=8):
    """All tables of a study whose models live the longer, the flatter their landscape."""
    rng = np.random.default_rng(1)
    names = [f"m{i}" for i in range(n_models)]
    t = np.linspace(-0.25, 0.25, 11)
    steep = np.linspace(1, 8, n_models)
    key = [{"framework": "mace", "model": name, "seed": 1} for name in names]
    curves = [
        pd.DataFrame(
            k | {"mode": mode, "split": "train", "t": t, "energy_rmse_eV_per_atom": 0.001 + s * t**2, "forces_rmse_eV_per_A": 0.01 + s * t**2}
        )
        for k, s in zip(key, steep, strict=True)
        for mode in modes
    ]
    tables = {
        "models": frame("models", [{"framework": "mace", "model": n, "label": n, "experiment": "e", "title": "E", "position": i}
                                   for i, n in enumerate(names)]),
        "hyperparameters": frame("hyperparameters", [{"framework": "mace", "model": n, "name": k, "value": v} for i, n in enumerate(names)
                                                     for k, v in (("layers", "2"), ("features", str(8 * (i + 1))))]),
        "landscape": frame("landscape", pd.concat(curves)),
        "errors": frame("errors", [k | {"training_set": f"n{n}", "split": split, "energy_rmse_eV_per_atom": 0.01, "n_frames": 10,
                                        "forces_rmse_eV_per_A": (0.1 + 0.01 * rng.random()) * n**-0.5 * (2 if split == "1200K" else 1)}
                                   for k in key for n in (25, 100) for split in ("train", "300K", "1200K")]),
        "failures": frame("failures", [k | {"replica": r, "time_fs": min(life, 2000.0), "failed": life < 2000, "reason": "bond"}
                                       for k, s in zip(key, steep, strict=True) for r, life in enumerate(rng.exponential(3000 / s, replicas), 1)]),
        "trainings": frame("trainings", [k | {"training_set": "n100", "status": "ok", "device": "cpu"} for k in key]
                           + [{"framework": "mace", "model": "hot", "seed": 1, "training_set": "n100", "status": "diverged", "device": "cpu"}]),
    }  # fmt: skip
    tables["training_sets"] = training_sets((25, 100))
    given = {"md.duration_fs": 2000.0, "statistics.n_bootstrap": 200, "statistics.n_permutation": 200}
    tables = analysed(tables, settings=given)
    del tables["resolution"]
    return tables


def test_three_models_are_undecidable():
    page = pages("demo", small_study(3))
    assert "Undecidable with 3 models." in page
    assert "Supported." not in page.split("## mace")[1]
    assert "Nothing was measured twice" in page
    assert "Trainings that gave no model: 1 of 4: hot (n100, diverged)" in page


def test_one_and_two_models_give_a_page():
    for n in (1, 2):
        assert "Too few models for any correlation: undecidable." in pages("tiny", small_study(n))


def test_no_replica_that_failed_gives_a_page():
    tables = small_study(3)
    for name in ("failures", "survival", "logrank", "kaplan_meier"):
        tables[name] = tables[name].iloc[:0]
    assert "No times to failure." in pages("no-md", tables)


def test_one_replica_has_no_deviation_and_no_test():
    tables = small_study(3, replicas=1)
    page = pages("short", tables)
    assert "2 pairs could not be tested: a model has one replica, or" in page
    times = si_entropy(tables["models"], tables["entropy"], tables["survival"], tables["failures"], "mace", "train").data["time to failure (ps)"]
    assert times.tolist() == [f"{time / 1000:.2f}" for time in tables["failures"]["time_fs"]]


def test_a_real_relation_is_called_supported_and_its_numbers_are_the_tables():
    tables = small_study(12)
    page = pages("twelve", tables)
    line = next(line for line in page.splitlines() if line.startswith("| time to failure in hot MD | loss entropy S |"))
    row = tables["correlations"].query("predictor == 'S' and minimum == 'kept' and outcome == 'rmst_fs'").iloc[0]
    assert f"{row['pearson']:.2f} [{row['pearson_low']:.2f}, {row['pearson_high']:.2f}]" in line
    assert line.endswith("| Supported. |")
    longest = tables["survival"].loc[tables["survival"]["rmst_fs"].idxmax()]
    assert f"longest {longest['model']} {longest['rmst_fs'] / 1000:.2f} ps" in page


def test_choices_are_weighed_against_the_scatter_of_seeds():
    tables = small_study(3)
    assert "the effect of a choice cannot be separated from the effect of the seed" in pages("one-seed", tables)
    rows = [
        {"framework": "mace", "model": model, "seed": seed, "quantity": "rmst_fs", "value": value + seed}
        for model, value in (("m0", 100), ("m1", 100.5), ("m2", 900))
        for seed in range(3)
    ]
    tables["effects"] = effects(tables["models"], tables["predictors"], frame("outcomes", rows), 0.95)
    line = next(line for line in pages("seeds", tables).splitlines() if line.startswith("- Time to failure"))
    assert "(ps), 2 choices. beyond the scatter of seeds" in line
    assert "m2 against m0 0.8 [0.798, 0.802]" in line
    assert "m1" not in line


def test_every_landscape_mode_has_its_lines():
    page = pages("modes", small_study(6, modes=("isotropic", "paper")))
    for mode in ("isotropic", "paper"):
        assert f"| time to failure in hot MD | loss entropy S, {mode} |" in page
        assert f"| loss entropy S, {mode}, minimum subtracted |" in page


def test_the_page_says_what_directions_do_to_the_order_of_models():
    tables = small_study(3)
    levels = np.repeat([0.9, 1.1, 1.3, 0.7], len(tables["landscape"]))
    lines = pd.concat([tables["landscape"].assign(direction=k) for k in range(4)], ignore_index=True)
    lines["forces_rmse_eV_per_A"] *= levels
    tables["resolution"] = resolution(frame("landscape", lines), SamplingSettings(0.004, 0.04, 0.2, n_bootstrap=200))
    row = tables["resolution"].iloc[0]
    page = pages("sampled", tables)
    assert f"from its 4 directions is {row['standard_error']:.2g}" in page
    assert f"between 3 models is {row['spread_of_models']:.2g}" in page
    assert f"on average over 3 pairs, at most {row['reversal_largest']:.2g} ({row['model_a']} and {row['model_b']})" in page
    assert "not separable with one training per model" in page


@pytest.mark.parametrize(
    ("pearson", "spearman", "expected", "words"),
    [
        ((0.1, 0.9), (0.2, 0.8), 0, "Supported."),
        ((-0.1, 0.9), (0.2, 0.8), 0, "Not shown"),
        ((0.1, 0.9), (0.2, 0.8), 1, "Supported."),
        ((0.1, 0.9), (0.2, 0.8), -1, "Contradicted"),
        ((0.1, 0.9), (-0.2, 0.8), 1, "Partly"),
        ((-0.1, 0.9), (-0.2, 0.8), 1, "Not shown"),
        ((0.1, 0.9), (-0.8, -0.2), 1, "Not shown"),
        ((np.nan, np.nan), (-0.2, 0.8), 1, "Undecidable"),
    ],
)
def test_verdicts(pearson, spearman, expected, words):
    row = {"n_models": 9, "overlap": False} | dict(
        zip(("pearson_low", "pearson_high", "spearman_low", "spearman_high"), (*pearson, *spearman), strict=True)
    )
    assert verdict(row, expected).startswith(words)
    assert words == "Undecidable" or verdict(row | {"overlap": True}, expected).startswith("Not evidence: the predictor is a part")


def test_a_part_of_the_outcome_is_no_support():
    page = pages("parts", small_study(8))
    told = [line for line in page.splitlines() if line.startswith("| growth of the force error with temperature | force error at the ")]
    assert len(told) == 2 and all("a part of the outcome" in line and "Supported" not in line for line in told)


def test_replicas_of_several_seeds_are_left_to_the_effects():
    tables = small_study(3)
    tables["failures"] = pd.concat([tables["failures"], tables["failures"].assign(seed=2)], ignore_index=True)
    page = pages("seeds", analysed(tables, only=("logrank", "survival")))
    assert "Restricted mean time to failure" in page
    assert "log-rank" not in page and "could not be tested" not in page


def test_si_tables_show_what_differs_and_name_what_does_not():
    tables = small_study(3)
    shown = hyperparameter_table(tables["models"], tables["hyperparameters"], "mace")
    assert list(shown.data) == ["model", "label", "features"]
    assert "layers 2" in shown.remark
    entropy = si_entropy(tables["models"], tables["entropy"], tables["survival"], tables["failures"], "mace", "train")
    assert entropy.data["model"].tolist() == ["m0", "m1", "m2"]
    times = tables["failures"].query("model == 'm1'")["time_fs"] / 1000
    assert entropy.data["time to failure (ps)"][1] == f"{times.mean():.2f} ± {times.std():.2f}"
    errors = error_table(tables["models"], tables["errors"], tables["training_sets"], "mace")
    known = tables["errors"].query("model == 'm2' and split == '1200K' and training_set == 'n25'").iloc[0]
    row = errors.data.query("model == 'm2' and split == '1200K'").iloc[0]
    assert row["forces (meV/Å), n = 25"] == pytest.approx(1000 * known["forces_rmse_eV_per_A"])


def test_latex_escapes_names_and_markdown_has_every_row():
    table = SITable("A_b", pd.DataFrame({"model": ["x_y & ν"], "S": [1.234], "n": [3], "none": [np.nan]}))
    assert r"x\_y \& $\nu$ & 1.23 & 3 & -- \\" in table.latex()
    assert r"\caption{A\_b.}" in table.latex()
    assert "| x_y & ν | 1.23 | 3 | –" in " ".join(table.markdown().split())
