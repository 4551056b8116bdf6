"""Studies run for real by snakemake, in a folder of their own, with the framework environments `make environments` has made."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from nnip.jobs.environments import interpreter
from nnip.potentials.frameworks import frameworks

ROOT = Path(__file__).resolve().parents[2]

MODELS = {
    "defaults": {"layers": 1, "features": 4, "radial_mlp": [8], "epochs": 12, "batch_size": 2, "lr": 0.02, "ema_decay": None},
    "models": {
        "nequip-a": {"framework": "nequip"},
        "nequip-b": {"framework": "nequip", "layers": 2},
        "mace-a": {"framework": "mace"},
        "mace-b": {"framework": "mace", "body_order": 2},
        "mace-hot": {"framework": "mace", "lr": 1.0e15, "clip_gradient": None},
    },
    "experiments": {
        "nequip": {"title": "NequIP", "models": ["nequip-a", "nequip-b"]},
        "mace": {"title": "MACE", "models": ["mace-a", "mace-b", "mace-hot"]},
    },
}

CONFIG = {
    "study": "small",
    "seed": 7,
    "dataset": "ethanol",
    "datasets": {"ethanol": {"source": "xtb", "smiles": "CCO", "test_temperatures_K": [300, 900], "n_test": 6, "frames_per_chunk": 5}},
    "device": "cpu",
    "n_train": 20,
    "validation_fraction": 0.2,
    "learning_curve": [10],
    "training": {"refit_energy_shift": True},
    "landscape": {"n_directions": 2, "n_points": 5, "n_frames": 8},
    "md": {"n_replicas": 3, "duration_fs": 40},
    "statistics": {"n_bootstrap": 100, "n_permutation": 100},
}

# the experiments beside the main models
BESIDE = {
    "noise": {"models": ["nequip-a", "mace-a"], "sigmas": [0.5], "n_train": 10},
    "landscape": CONFIG["landscape"]
    | {"test_splits": ["test_900K"], "frozen": {"radial": {"nequip": "edge_mlp"}}, "variants": {"models": ["nequip-a"], "modes": ["isotropic"]}},
    "planes": {"models": ["mace-a"], "n_points": 3, "n_frames": 2},
    "weights": {"n_bins": 21},
    "bond_scans": {"step_A": 0.2},
    "distributions": {"n_bins": 20},
    "md": CONFIG["md"] | {"record_every_fs": 10},
    "toy": {"n_points": [10, 40], "sigmas": [0.1], "n_repeats": 10},
}


class Study:
    """A study's folder: its config, its model table, and snakemake runs in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models = folder / "models.yaml"
        self.config = folder / "study.yaml"
        self.write_models(MODELS)
        self.write_config({})

    def write_models(self, table: dict[str, Any]) -> None:
        self.models.write_text(yaml.safe_dump(table))

    def write_config(self, change: dict[str, Any]) -> None:
        pythons = {name: str(ROOT / interpreter(name)) for name in frameworks()}
        self.config.write_text(yaml.safe_dump(CONFIG | {"models": str(self.models), "python": pythons} | change))

    def snakemake(self, *arguments: str, snakefile: Path = ROOT / "Snakefile") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--directory", str(self.folder)]
        command += ["--configfile", str(self.config), "--cores", "2", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False)


def output(run: subprocess.CompletedProcess[str]) -> str:
    return run.stdout + run.stderr


def planned(run: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Rule -> number of jobs, from a dry run's job statistics."""
    assert run.returncode == 0, output(run)
    text = output(run)
    if "job" not in text or "count" not in text:
        return {}
    lines = text.split("Job stats:")[1].splitlines()[3:]
    jobs: dict[str, int] = {}
    for line in lines:
        words = line.split()
        if len(words) != 2 or words[0] == "total":
            break
        jobs[words[0]] = int(words[1])
    return jobs


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


@pytest.fixture
def table() -> Callable[[], dict[str, Any]]:
    return lambda: yaml.safe_load(yaml.safe_dump(MODELS))
