"""The published study run for real: its tables, summary and figures from the released files, and one changed byte refused."""

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
    """The published study in a folder of its own, by a copy of the workflow there, with fewer resamplings."""
    if not (project := folder / "project").exists():
        for part in ("workflow", "envs"):
            shutil.copytree(ROOT / part, project / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "Snakefile", project)
    config = folder / "fewer.yaml"
    changes = {"mirror": str(mirror), "models": str(ROOT / "config/models/published.yaml"), "statistics": {"n_bootstrap": 100, "n_permutation": 100}}
    config.write_text(yaml.safe_dump(changes))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(project / "Snakefile")]
    command += ["--configfile", str(ROOT / "config/published.yaml"), str(config), "--directory", str(folder), "--cores", "2"]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, cwd=folder, check=False)


@pytest.fixture(scope="module")
def ran(tmp_path_factory, mirror):
    folder = tmp_path_factory.mktemp("published")
    run = snakemake(folder, mirror, *TARGETS, "--verbose")
    assert run.returncode == 0, output(run)
    (folder / "output.txt").write_text(output(run))
    return folder


def test_snakemake_looks_for_jobs_only_when_one_has_ended(ran):
    """It looks at the inputs of all ready jobs each time; by its default also every second, once for each job that has ended."""
    said = (ran / "output.txt").read_text()
    looked, ended = said.count("Ready jobs: "), said.count("Finished jobid: ")
    assert ended > 10 and looked <= ended + 5


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


@pytest.mark.parametrize(
    ("module", "again"),
    [
        ("nnip/analyse/survival.py", {"import_published": False, "analyse_survival": True, "write_summary": True, "draw_scaling": True}),
        ("nnip/figures/scaling.py", {"analyse_survival": False, "write_summary": False, "draw_scaling": True, "draw_landscape_entropy": False}),
        ("nnip/published/switches.py", {"fetch_published": False, "import_published": True, "analyse_survival": True}),
        ("nnip/jobs/errors.py", {"import_published": False, "analyse_survival": False, "write_summary": False, "draw_scaling": False}),
    ],
)
def test_a_changed_module_makes_again_what_it_computes(ran, mirror, module, again):
    """New file times of modules alone make nothing again (those of the few scripts do: Snakemake compares them with the results)."""
    project = ran / "project/workflow"
    for path in (project / "nnip").rglob("*.py"):
        path.touch()
    before = (project / module).read_text()
    (project / module).write_text(before + "\n# another version\n")
    run = snakemake(ran, mirror, "-n", *TARGETS)
    (project / module).write_text(before)
    assert run.returncode == 0, output(run)
    jobs = re.findall(r"(?m)^(\w+) +\d+$", run.stdout)
    assert {rule: rule in jobs for rule in again} == again, output(run)


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
