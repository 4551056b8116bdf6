"""The published study run for real: its tables, summary and figures from the released files, and one changed byte refused."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import golden
import pytest
import yaml
from conftest import ROOT, output

from nnip.published.files import FILES
from nnip.study.code_inputs import INFRASTRUCTURE
from nnip.study.tables import read_table

RESULTS = "results/published"
TARGETS = [
    f"{RESULTS}/summary.md",
    *(f"{RESULTS}/tables/si/{framework}_{name}.md" for framework in ("nequip", "mace") for name in ("hyperparameters", "entropy", "errors")),
    f"{RESULTS}/figures/scaling.png",
    f"{RESULTS}/figures/landscape_entropy.png",
    f"{RESULTS}/tables/kaplan_meier.csv",
]


def snakemake(folder: Path, mirror: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The published study in a folder of its own, with fewer resamplings."""
    config = folder / "fewer.yaml"
    changes = {"mirror": str(mirror), "models": str(ROOT / "config/models/published.yaml"), "statistics": {"n_bootstrap": 100, "n_permutation": 100}}
    config.write_text(yaml.safe_dump(changes))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", str(ROOT / "config/published.yaml"), str(config), "--directory", str(folder), "--cores", "2"]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, cwd=folder, check=False)


@pytest.fixture(scope="module")
def ran(tmp_path_factory, mirror):
    folder = tmp_path_factory.mktemp("published")
    run = snakemake(folder, mirror, *TARGETS)
    assert run.returncode == 0, output(run)
    return folder


def test_the_tables_have_every_replica_and_the_censored_ones(ran):
    failures = read_table("failures", ran / RESULTS / "tables/failures.csv")
    assert (len(failures), int((~failures["failed"]).sum())) == (838, 49)
    survival = read_table("survival", ran / RESULTS / "tables/survival.csv")
    assert (len(survival), survival["n_replicas"].sum(), survival["n_failed"].sum()) == (28, 838, 838 - 49)


def test_no_number_of_its_tables_has_moved(ran):
    """A change that is meant is written down by tests/workflow/golden.py, and named in the changelog."""
    made = golden.checksums((ran / RESULTS / "tables").glob("*.csv"))
    expected = json.loads(golden.FILE.read_text())
    assert {name: made.get(name) for name in expected} == expected


def test_what_was_asked_for_is_there(ran):
    for target in TARGETS:
        assert (ran / target).stat().st_size > 500, target
    assert "Replicas: 838, of which 49 had not failed" in (ran / RESULTS / "summary.md").read_text()
    assert "5-layer" in (ran / RESULTS / "tables/si/nequip_entropy.md").read_text()


def test_a_second_run_has_nothing_to_do(ran, mirror):
    run = snakemake(ran, mirror, "-n", *TARGETS)
    assert run.returncode == 0 and "Nothing to be done" in output(run), output(run)


def imported(path: Path) -> set[Path]:
    """The modules of nnip that a file imports, and those that they import, but for what decides no number."""
    found: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "nnip" and node.module not in INFRASTRUCTURE:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            modules = [ROOT / "workflow" / f"{name.replace('.', '/')}.py" for name in names]
            found |= {module for module in modules if module.is_file()}
    return found.union(*(imported(module) for module in found))


def test_a_changed_module_makes_anew_what_it_computes(ran, mirror):
    """Every job's inputs name the modules its script imports: snakemake compares inputs, and knows nothing of imports."""
    run = snakemake(ran, mirror, "--detailed-summary")
    assert run.returncode == 0, output(run)
    rows = [dict(zip(("file", "date", "rule", "log", "inputs"), line.split("\t"), strict=False)) for line in run.stdout.splitlines()[1:]]
    made = [row for row in rows if row["date"] != "-"]
    assert {"import_published", "analyse_survival", "write_summary", "draw_scaling"} <= {row["rule"] for row in made}
    for row in made:
        inputs = {(ran / path).resolve() for path in row["inputs"].split(",")}
        verb, noun = row["rule"].split("_", 1)
        files = {"draw": ["scripts/draw_figure.py", f"nnip/figures/{noun}.py"], "analyse": ["scripts/analyse.py", f"nnip/analyse/{noun}.py"]}
        for file in files.get(verb, [f"scripts/{row['rule']}.py"]):
            assert imported(ROOT / "workflow" / file) | {ROOT / "workflow" / file} <= inputs, row["rule"]


def test_one_changed_byte_is_refused_and_nothing_is_made(mirror, tmp_path):
    copy = tmp_path / "mirror" / "published"
    copy.mkdir(parents=True)
    for name in FILES:
        shutil.copyfile(mirror / "published" / name, copy / name)
    victim = copy / "nequip_explosion.csv"
    content = bytearray(victim.read_bytes())
    content[100] ^= 1
    victim.write_bytes(content)
    run = snakemake(tmp_path, tmp_path / "mirror", "--show-failed-logs", *TARGETS)
    assert run.returncode != 0
    assert re.search(r"nequip_explosion\.csv: not the published file .* expected [0-9a-f]{40,64}, found [0-9a-f]{40,64}", output(run)), output(run)
    assert "Traceback" not in output(run)
    assert not [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
