"""Figures declare what they are drawn from; the study finds them without importing them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from made_up_study import FIGURES, default

from nnip.declare.registry import LIBRARY, analyses, figures, made_of, tables
from nnip.jobs.errors import InputError

WORKFLOW = LIBRARY.parent
TABLES = set(tables())
NEW = '''"""A new figure."""

import pandas as pd
from matplotlib.figure import Figure as Drawing

from nnip.figures import style
from nnip.declare import Figure

FIGURE = Figure(needs=("models", "errors"), uses=("trainings",), per_framework=True, category="New", caption="**New** of {framework}.")


def draw(framework: str, models: pd.DataFrame, errors: pd.DataFrame, trainings: pd.DataFrame | None = None) -> Drawing:
    return style.page(50, 50)
'''
HEAVY = {"numpy", "pandas", "matplotlib", "scipy", "torch"}


@pytest.mark.parametrize("name", FIGURES)
def test_a_declaration_names_tables_keys_and_files_that_exist(name):
    figure = FIGURES[name]
    assert {*figure.needs, *figure.uses} <= TABLES
    assert not set(figure.needs) & set(figure.uses)
    assert len(figure.needs) == len(set(figure.needs))
    assert all((WORKFLOW / path).is_file() for path in figure.inputs.values())
    for key in figure.options.values():
        default(key)
    sources = yaml.safe_load((WORKFLOW / "schemas/config.schema.yaml").read_text())["$defs"]
    assert set(figure.datasets or ()) <= set(sources)
    assert figure.caption.startswith("**") and figure.caption.rstrip().endswith(".")


def test_planning_imports_no_figure():
    script = (
        f"import sys; from nnip.declare.registry import figures; assert figures(); print(*({HEAVY!r} | {{'nnip.figures.style'}}) & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=WORKFLOW, capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_the_literature_of_3bpa_is_laid_beside_3bpa_alone():
    drawn = [source for source in ("3bpa", "published", "xtb", "emt", "ani-al", "extxyz") if FIGURES["scaling"].is_drawn((), source)]
    assert drawn == ["3bpa", "published"]
    assert all(figure.is_drawn((), "emt") for name, figure in FIGURES.items() if name != "scaling")


def test_a_figure_is_not_drawn_without_the_tables_it_needs():
    assert not FIGURES["planes"].is_drawn({"planes"}, "xtb")
    assert FIGURES["rmse"].is_drawn({"trainings", "planes"}, "xtb"), "it only uses trainings"


def test_a_new_figure_is_one_new_file(tmp_path):
    root = WORKFLOW.parent
    for folder in ("workflow", "config", "envs"):
        shutil.copytree(root / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    copy = tmp_path / "workflow/nnip/figures"
    (copy / "new_one.py").write_text(NEW)
    assert set(figures(copy)) - set(FIGURES) == {"new_one"}
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "-n", "results/demo-xtb/figures/new_one_mace.png"]
    run = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "draw_new_one" in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("FIGURE =", "OTHER =", "has a function draw, but no FIGURE"),
        ("def draw(", "def paint(", "declares FIGURE, but has no function draw"),
        (', category="New"', "", "category"),
        (', caption="**New** of {framework}."', "", "caption"),
        ("**New** of {framework}.", "", "caption is empty"),
        ('("models", "errors")', "()", "needs is empty"),
        ('("trainings",)', '("trainings")', "uses is 'trainings', but should be a tuple"),
        ("per_framework=True", "per_framework=False", "the caption names a framework"),
        ('"errors")', '"errors", "planes")', "differ in planes"),
        (" | None = None", "", "only uses"),
        ("Figure(needs", "dict(needs", "'dict' is not defined"),
        ("per_framework=True", "per_framework=__import__('os').getpid()", "'__import__' is not defined"),
    ],
)
def test_an_incomplete_declaration_is_refused_with_its_file(old, new, words, tmp_path):
    assert old in NEW
    (tmp_path / "new_one.py").write_text(NEW.replace(old, new, 1))
    with pytest.raises(InputError, match=r"new_one\.py: ") as error:
        figures(tmp_path)
    assert words in str(error.value)


def test_a_module_without_both_is_a_helper(tmp_path):
    Path(tmp_path / "shared.py").write_text("COLOURS = ()\n\n\ndef draw_curves(axis):\n    pass\n")
    assert figures(tmp_path) == {}


ANALYSED = '''"""A new analysis."""

import pandas as pd

from nnip.declare import RUN, Analysis, Quantity, Table, block, integer, real

ANALYSIS = Analysis(
    needs=("errors",),
    tables={"new": Table("A row.", RUN | {"size": real("a number")})},
    quantities=(Quantity(name="size", table="new", column="size", label="size", role="predictor", at={"model": "new.n"}),),
    options={"new": block({"n": integer(3, "A number.")}, "A block.")},
    settings=("new.n",),
    doing="Something new",
)


def analyse(tables, settings):
    return {"new": tables["errors"][["framework", "model", "seed"]].drop_duplicates().assign(size=settings["new.n"])}
'''


def test_planning_imports_no_analysis():
    script = f"import sys; from nnip.declare.registry import quantities; assert quantities(); print(*{HEAVY!r} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], cwd=WORKFLOW, capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


@pytest.mark.parametrize("name", analyses())
def test_an_analysis_names_tables_and_keys_that_exist(name):
    analysis = analyses()[name]
    assert {*analysis.needs, *analysis.uses} <= TABLES
    for key in (*analysis.settings, *filter(None, [analysis.when])):
        default(key)


def test_a_new_analysis_is_one_new_file(tmp_path):
    """Its quantities are collected, its block is in the config, and its rule is there."""
    root = WORKFLOW.parent
    for folder in ("workflow", "config", "envs"):
        shutil.copytree(root / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "workflow/nnip/analyse/new_one.py").write_text(ANALYSED)
    found = analyses(tmp_path / "workflow/nnip/analyse")
    assert set(found) - set(analyses()) == {"new_one"}
    assert "new" in found["quantities"].uses and "new.n" in found["quantities"].settings
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "-n", "results/demo-xtb/tables/predictors.csv", "--config", "new={n: 4}"]
    run = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "analyse_new_one" in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('needs=("errors",)', 'needs="errors"', "needs is 'errors', but should be a tuple"),
        ('doing="Something new"', 'doing=""', "doing is empty"),
        ('table="new"', 'table="old"', "quantity size stands in table old, which this analysis does not make"),
        ('role="predictor"', 'role="cause"', "role 'cause'"),
        ("def analyse(", "def analyze(", "declares ANALYSIS, but has no function analyse"),
    ],
)
def test_an_incomplete_analysis_is_refused_with_its_file(old, new, words, tmp_path):
    assert old in ANALYSED
    (tmp_path / "new_one.py").write_text(ANALYSED.replace(old, new, 1))
    with pytest.raises(InputError, match=r"new_one\.py: ") as error:
        analyses(tmp_path)
    assert words in str(error.value)


def test_what_is_made_of_an_absent_table_is_absent_too():
    made, absent = made_of(analyses(), {"failures"}, False, lambda key: None)
    assert {"survival", "kaplan_meier", "logrank", "league", "choice", "toy"} <= absent
    assert {"quantities", "entropy", "effects", "correlations", "noise_floor"} <= set(made) and not {"survival", "league", "toy"} & set(made)
    of_released, _ = made_of(analyses(), (), True, lambda key: None)
    assert not {"entropy_convergence", "entropy_variance"} & set(of_released), "released means have no directions"
