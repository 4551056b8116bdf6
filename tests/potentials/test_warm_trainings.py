"""Trainings and measurements in forks of one warm process are those of processes of their own, bit for bit, each with its own settings."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from nnip.jobs import warm
from nnip.potentials.command import LIBRARY, run_command
from nnip.potentials.loading import load
from nnip.study.manifest import read_manifest
from nnip.training import train

SCRIPT = Path(__file__).parents[2] / "workflow/scripts/measure.py"
CHANGES = {"first": {}, "second": {"layers": 1, "features": 6, "lr": 0.003, "epochs": 2}}


def weights(directory):
    return {name: weight.clone() for name, weight in load(directory).module.named_parameters()}


def test_each_training_has_its_own_settings_and_the_weights_of_a_cold_one(settings_of, frame_files, tmp_path, monkeypatch):
    assert warm.FOLDER in os.environ
    for name, changes in CHANGES.items():
        train(settings_of(**changes), *frame_files["molecule"], tmp_path / "warm" / name)
    monkeypatch.delenv(warm.FOLDER)
    for name, changes in CHANGES.items():
        train(settings_of(**changes), *frame_files["molecule"], tmp_path / "cold" / name)
        of_fork, of_process = (weights(tmp_path / kind / name) for kind in ("warm", "cold"))
        assert of_fork.keys() == of_process.keys()
        assert all(torch.equal(of_fork[part], of_process[part]) for part in of_process)
        assert read_manifest(tmp_path / "warm" / name / "manifest.json")["epochs"] == settings_of(**changes)["hyperparameters"]["epochs"]
    sizes = [sum(weight.numel() for weight in weights(tmp_path / "warm" / name).values()) for name in CHANGES]
    assert sizes[0] != sizes[1]


@pytest.mark.parametrize("more", ["", ":elsewhere"])
def test_a_command_is_of_the_kind_of_its_job_so_one_warm_process_serves_both(tmp_path, monkeypatch, more):
    monkeypatch.setenv("PYTHONPATH", f"{LIBRARY}{more}")
    code = f"import os; print([os.environ.get(name) for name in {warm.KIND}])"
    assert run_command([sys.executable, "-c", code], tmp_path, tmp_path / "log").failure is None
    assert (tmp_path / "log").read_text() == f"{[os.environ.get(name) for name in warm.KIND]}\n"


def test_a_measurement_writes_the_same_table(trained, settings_of, frame_files, tmp_path):
    options = {"mode": "isotropic", "split": "train", "n_directions": 2, "n_points": 3, "distance": 0.2, "n_frames": 7, "frames_per_batch": 7}
    command = ["--name", "landscape", "--settings", json.dumps(settings_of()), "--options", json.dumps(options)]
    command += ["--train-directory", str(trained("molecule")), "--frames", f"train={frame_files['molecule'][0]}"]
    environment = os.environ | {"PYTHONPATH": str(SCRIPT.parents[1]), "OMP_NUM_THREADS": "1"}
    for kind, variables in {"warm": environment, "cold": {name: value for name, value in environment.items() if name != warm.FOLDER}}.items():
        subprocess.run([sys.executable, SCRIPT, *command, "--directory", tmp_path / kind], env=variables, cwd=tmp_path, check=True)
    of_fork, of_process = ((tmp_path / kind / "landscape.csv").read_bytes() for kind in ("warm", "cold"))
    assert of_fork == of_process
