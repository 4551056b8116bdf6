"""What a job depends on is found from its imports."""

import re

import pytest

from nnip.declare.registry import analyses, figures, measurements
from nnip.potentials.frameworks import frameworks
from nnip.study.code_inputs import INFRASTRUCTURE, WORKFLOW, _sha256, code_hash, code_inputs, framework_code, imported_names

SCRIPTS = sorted(f"scripts/{path.name}" for path in (WORKFLOW / "scripts").glob("*.py"))


def names(paths):
    """Modules by their name below nnip, scripts by their file's."""
    return {str(path.relative_to(WORKFLOW)).removeprefix("nnip/").removesuffix(".py") for path in paths}


@pytest.mark.parametrize(
    ("script", "decide"),
    [
        ("measure", {"measure/base", "study/seeds", "data/frames", "potentials/base", "potentials/evaluation"}),
        ("measure_frames", {"measure/frames", "data/frames"}),
        ("train_model", {"training", "data/frames", "potentials/evaluation"}),
        ("prepare_data", {"study/seeds", "data/xtb", "data/emt", "data/ani_al", "data/download"}),
        ("choose_start", {"data/start", "md/start", "data/frames"}),
        ("make_training_set", {"data/noise", "data/selection", "data/splits", "study/seeds", "data/extxyz"}),
        ("fetch_published", {"data/download"}),
        ("import_published", {"scripts/make_model_tables", "published/switches"}),
    ],
)
def test_what_decides_a_jobs_numbers_is_found(script, decide):
    found = names(code_inputs(f"scripts/{script}.py"))
    assert decide | {f"scripts/{script}", "__init__"} <= found
    assert not {name for name in found if name.startswith("figures/")}
    assert not {name for name in found if f"nnip.{name.replace('/', '.')}" in INFRASTRUCTURE}


@pytest.mark.parametrize(
    ("name", "decide"),
    [
        ("md", {"md/simulation", "md/velocities", "md/traces"}),
        ("landscape", {"landscape/directions", "landscape/losses", "landscape/frozen"}),
        ("planes", {"landscape/directions", "landscape/losses", "measure/landscape"}),
        ("weights", {"potentials/weight_statistics"}),
        ("distributions", {"data/distributions"}),
    ],
)
def test_what_decides_a_measurements_numbers_is_found(name, decide):
    script = "scripts/measure_frames.py" if measurements()[name].of == "frames" else "scripts/measure.py"
    assert decide | {f"measure/{name}"} <= names(code_inputs(script, f"nnip/measure/{name}.py"))


@pytest.mark.parametrize("script", ["measure", "measure_frames"])
def test_an_edit_of_one_measurement_makes_no_other_again(script):
    assert not {f"measure/{name}" for name in measurements()} & names(code_inputs(f"scripts/{script}.py"))


@pytest.mark.parametrize("name", figures())
def test_a_figures_code_is_its_own_module_and_helpers(name):
    found = names(code_inputs("scripts/draw_figure.py", f"nnip/figures/{name}.py"))
    assert {f"figures/{name}", "figures/style", "scripts/draw_figure"} <= found
    assert not {f"figures/{other}" for other in figures() if other != name} & found, "an edit of one figure draws that one again"


@pytest.mark.parametrize("name", analyses())
def test_an_analysiss_code_is_its_own_module_and_what_that_imports(name):
    found = names(code_inputs("scripts/analyse.py", f"nnip/analyse/{name}.py"))
    assert {f"analyse/{name}", "scripts/analyse"} <= found
    drawing = {
        "toy",
        "entropy_convergence",
        "entropy_variance",
        "correlations",
        "best",
        "bond_league",
        "choice",
        "league",
        "league_gaps",
        "prediction",
        "within_between",
        "outcome_league",
    }
    assert ("study/seeds" in found) == (name in drawing)


@pytest.mark.parametrize("framework", frameworks())
def test_a_frameworks_code_is_its_folder_and_what_that_imports(framework):
    found = names(framework_code(framework))
    assert {f"potentials/{framework}/{part}" for part in ("choices", "training", "potential")} | {"potentials/base", "study/seeds"} <= found
    assert not {name for name in found for other in frameworks() if other != framework and name.startswith(f"potentials/{other}/")}


def test_imports_are_found_anywhere_but_not_those_for_types(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        "from typing import TYPE_CHECKING\nimport nnip.a.b\nif TYPE_CHECKING:\n    import nnip.types\nelse:\n    import nnip.c\n"
        "def f():\n    from nnip.d import e, f\n    with open(''):\n        import nnip.g as h\n"
    )
    found = {name for name in imported_names(path) if name.startswith("nnip.")}
    assert found == {"nnip.a", "nnip.a.b", "nnip.c", "nnip.d", "nnip.d.e", "nnip.d.f", "nnip.g"}


def test_what_is_only_reached_through_infrastructure_is_left_out():
    everything = code_inputs("nnip/analyse/entropy.py", ignore=frozenset())
    assert {"study/tables", "jobs/errors", "study/manifest"} <= names(everything)
    assert "study/manifest" not in names(code_inputs("nnip/analyse/entropy.py", ignore=frozenset({"nnip.study.tables", "nnip.jobs.errors"})))


def test_the_hash_is_of_names_and_contents_and_not_of_times(tmp_path, monkeypatch):
    monkeypatch.setattr("nnip.study.code_inputs.WORKFLOW", tmp_path)

    def hashed(**contents):
        files = [tmp_path / f"{name}.py" for name in contents]
        for file, content in zip(files, contents.values(), strict=True):
            file.write_text(content)
        _sha256.cache_clear()
        return code_hash(files)

    first = hashed(a="1", b="2")
    assert first == hashed(a="1", b="2") and len(first) == 16
    assert len({first, hashed(a="1", b="3"), hashed(a="2", b="1"), hashed(a="1"), hashed(a="1", c="2")}) == 5


def test_the_infrastructure_exists():
    for name in INFRASTRUCTURE:
        assert WORKFLOW.joinpath(*name.split(".")).with_suffix(".py").exists(), name


def test_every_module_is_used_by_a_script_a_framework_or_the_rules():
    rules = "\n".join(path.read_text() for path in [WORKFLOW / "Snakefile", *(WORKFLOW / "rules").glob("*.smk")])
    imports = [tuple(line.split(" import ")) for line in re.findall(r"^ *from (nnip\S* import .*)$", rules, re.MULTILINE)]
    candidates = [module for module, _ in imports] + [f"{module}.{name}" for module, names in imports for name in names.split(", ")]
    planned = [path for name in candidates if (path := WORKFLOW.joinpath(*name.split(".")).with_suffix(".py")).exists()]
    # draw_figure, analyse, measure and measure_frames import the module that they are given
    given = [f"nnip/figures/{name}.py" for name in figures()] + [f"nnip/analyse/{name}.py" for name in analyses()]
    given += [f"nnip/measure/{name}.py" for name in measurements()]
    used = set(code_inputs(*SCRIPTS, *given, *(str(path.relative_to(WORKFLOW)) for path in planned), ignore=frozenset()))
    used |= {path for framework in frameworks() for path in framework_code(framework, ignore=frozenset())}
    assert names((WORKFLOW / "nnip").rglob("*.py")) - names(used) == set()


def test_every_rule_with_a_script_depends_on_its_code():
    """Rules whose scripts import only infrastructure need no hash: Snakemake itself watches the script."""
    for path in (WORKFLOW / "rules").glob("*.smk"):
        for rule in re.split(r"(?m)^(?= *rule\b)", path.read_text())[1:]:
            for script in re.findall(r'(?:\.\./scripts/|script_path\(")(\w+\.py)"', rule):
                modules = {name for name in names(code_inputs(f"scripts/{script}")) if not name.endswith("__init__")}
                if modules > {f"scripts/{script.removesuffix('.py')}"}:
                    assert f'code_of("scripts/{script}"' in rule, (path.name, script)


def test_every_script_of_snakemakes_python_writes_its_log():
    for path in (WORKFLOW / "scripts").glob("*.py"):
        text = path.read_text()
        assert "job = snakemake\n" not in text or "log=job.log[0]" in text, path.name
