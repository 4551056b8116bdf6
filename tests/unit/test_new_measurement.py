"""A new measurement is one new file: its block of the config, its rule, its tables and its lines of the documents follow from it."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from nnip.declare.registry import measurements

ROOT = Path(__file__).resolve().parents[2]
NEW = '''"""The largest force that a model predicts for frames of a split."""

from nnip.declare import RUN, Measurement, Table, block, integer, real, word

MEASUREMENT = Measurement(
    begun="Look for the largest force of",
    options=block(
        {
            "split": word("train", "Frames looked at."),
            "n_frames": integer(7, "Frames looked at, at most.", "frames", minimum=1),
        },
        "Largest forces (tables largest_force and largest_of_all); null = none.",
        default=None,
    ),
    tables={
        "largest_force": Table("A frame.", RUN | {"force_eV_per_A": real("largest force", "eV/A")}),
        "largest_of_all": Table("A model.", RUN | {"force_eV_per_A": real("largest force", "eV/A")}, when="n_frames"),
    },
)


def problems(config, splits):
    n_frames = config["largest_force"]["n_frames"]
    return [] if n_frames % 2 else [f"'largest_force.n_frames' is {n_frames}, which is even, for {len(splits)} splits"]


def splits(options, _):
    return [options["split"]]


def cost(options, n_frames):
    return min(n_frames, options["n_frames"])


def frames_at_once(options):
    return options["n_frames"]


def measure(job):
    from nnip.potentials.evaluation import errors

    return {}
'''


@pytest.fixture(scope="module")
def with_new(tmp_path_factory):
    """A copy of the workflow with one file more."""
    copy = tmp_path_factory.mktemp("new")
    shutil.copy(ROOT / "Snakefile", copy)
    for folder in ("workflow", "config", "envs"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "workflow/nnip/measure/largest_force.py").write_text(NEW)
    return copy


@pytest.fixture
def snakemake(with_new):
    """snakemake(block, arguments): a call in the copy, of the demo study with that block as the measurement's; what it printed, and how it ended."""

    def run(block, *arguments):
        config = yaml.safe_load((ROOT / "config/demo.yaml").read_text()) | {"largest_force": block}
        (with_new / "study.yaml").write_text(yaml.safe_dump(config))
        command = [sys.executable, "-m", "snakemake", "--configfile", "study.yaml", "--cores", "1", *arguments]
        done = subprocess.run(command, check=False, cwd=with_new, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return run


def test_its_rule_is_there_where_its_block_is(snakemake):
    assert set(measurements(ROOT / "workflow/nnip/measure")) == set(measurements())
    with_block, without = (snakemake(block, "--list-rules")[1].split() for block in ({}, None))
    assert set(with_block) - set(without) == {"measure_largest_force"}


@pytest.mark.parametrize("table", ["largest_force", "largest_of_all"])
def test_its_tables_are_gathered_of_every_main_run(snakemake, table):
    status, said = snakemake({"n_frames": 3}, "-n", "-p", f"results/demo-xtb/tables/{table}.csv")
    assert status == 0, said
    n_models = len(yaml.safe_load((ROOT / "config/models/demo.yaml").read_text())["models"])
    commands = [line for line in said.splitlines() if "scripts/measure.py" in line]
    assert len(commands) == said.count("Look for the largest force of") == n_models, "of every training on all frames"
    for command in commands:
        words = shlex.split(command)
        given = {name: words[words.index(f"--{name}") + 1] for name in ("name", "options", "frames", "directory")}
        assert (given["name"], json.loads(given["options"])) == ("largest_force", {"split": "train", "n_frames": 3})
        assert given["frames"] == "train=results/demo-xtb/data/sets/n100/train.xyz"
        assert given["directory"].startswith("results/demo-xtb/runs/") and given["directory"].endswith(".n100.seed1/largest_force")
    assert said.count(f"Gather table {table} from all runs") == 1


def test_its_tables_are_checked_like_all_others(with_new):
    script = "from nnip.study.tables import frame; print(list(frame('largest_force', [])))"
    done = subprocess.run([sys.executable, "-c", script], check=True, cwd=with_new / "workflow", capture_output=True, text=True)
    assert done.stdout.strip() == "['framework', 'model', 'seed', 'force_eV_per_A']"


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"n_frams": 3}, "unknown key 'largest_force.n_frams': did you mean 'n_frames'?"),
        ({"n_frames": 0}, "'largest_force.n_frames' is 0"),
        ({"n_frames": 8}, "'largest_force.n_frames' is 8, which is even, for 5 splits"),
        ({"split": "tests"}, "'largest_force.split' is 'tests': "),
    ],
)
def test_a_mistake_in_its_block_is_named(snakemake, block, words):
    status, said = snakemake(block, "-n")
    assert status == 1
    assert words in said


def test_its_options_are_in_the_documents(with_new):
    environment = os.environ | {"PYTHONPATH": str(with_new / "workflow")}
    subprocess.run([sys.executable, with_new / "workflow/scripts/write_documents.py"], check=True, env=environment)
    page = (with_new / "config/README.md").read_text()
    assert "| `largest_force` | `null` |  | Largest forces (tables largest_force and largest_of_all); null = none. |" in page
    assert "| `largest_force.n_frames` | `7` | frames | Frames looked at, at most. |" in page
