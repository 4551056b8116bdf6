"""The data stage as the workflow calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def prepare(directory, options, dataset="mine", *more):
    study = {"seed": 1, "n_pool": 10}
    command = [sys.executable, ROOT / "workflow/scripts/prepare_data.py", "--dataset", dataset, "--directory", directory, *more]
    command += ["--options", json.dumps(options), "--study", json.dumps(study)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_makes_a_data_set(tmp_path):
    options = {"source": "xtb", "smiles": "O", "n_test": 2, "test_temperatures_K": [600], "n_conformers": 1, "equilibration_fs": 3, "stride_fs": 9}
    result = prepare(tmp_path, options)
    assert result.returncode == 0, result.stderr
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")} == {"pools/mine/pool.xyz", "test_600K.xyz", "manifest.json"}


def test_makes_a_further_pool_without_tests(tmp_path):
    options = {"source": "emt", "repeats": 1, "strain": 0, "train_temperatures_K": [300], "test_temperatures_K": [900], "n_test": 5}
    options |= {"primitive": False, "defects": ["none"], "n_event": 0, "displacement_A": 0.05}
    options |= {"frames_per_chunk": 5, "equilibration_fs": 4, "tau_fs": 50, "stride_fs": 2, "n_pool": None}
    result = prepare(tmp_path, options, "cells", "--pool")
    assert result.returncode == 0, result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"pool.xyz", "manifest.json"}
    assert json.loads((tmp_path / "manifest.json").read_text())["files"]["pool.xyz"]["n_frames"] == 10


def test_ends_on_bad_input_with_one_line(tmp_path):
    result = prepare(tmp_path, {"source": "extxyz", "train": "nowhere.xyz", "test": {"a": "b.xyz"}})
    assert result.returncode == 1
    assert result.stderr == "error: datasets.mine: nowhere.xyz: no such file\n"


def test_names_of_splits_need_no_chemistry():
    heavy = "import sys, nnip.data; sys.exit(bool({'ase', 'rdkit', 'tblite', 'numpy'} & set(sys.modules)))"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow")}
    assert subprocess.run([sys.executable, "-c", heavy], env=environment, check=False).returncode == 0
