"""Frames whose making is interrupted: what is finished is kept, and the files are the same bytes."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from data_stage import make_data

from nnip.data.prepare import prepare
from nnip.data.workers import Workers
from nnip.study.manifest import read_manifest

SCRIPT = Path(__file__).resolve().parents[2] / "workflow/scripts/prepare_data.py"
STUDY = {"seed": 1, "n_train": 12, "validation_fraction": 0.25, "learning_curve": [8], "mirror": None}
EMT = {"source": "emt", "repeats": 1, "strain": 0.03, "train_temperatures_K": [300, 600], "test_temperatures_K": [600, 2000], "n_test": 6}
EMT |= {
    "primitive": False,
    "defects": ["none"],
    "n_event": 0,
    "displacement_A": 0.05,
    "frames_per_chunk": 3,
    "equilibration_fs": 20,
    "tau_fs": 50,
    "stride_fs": 20,
}
XTB = {"source": "xtb", "smiles": "CO", "n_test": 4, "test_temperatures_K": [600], "n_conformers": 2, "frames_per_chunk": 4, "equilibration_fs": 9}
OPTIONS = {"emt": EMT, "xtb": XTB}


def frames(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.xyz")}


@pytest.mark.parametrize("source", OPTIONS)
def test_frames_made_of_what_was_kept_are_the_same_bytes(tmp_path, monkeypatch, source):
    chunks = tmp_path / "chunks"
    with monkeypatch.context() as patched:
        patched.setattr("nnip.data.prepare.shutil.rmtree", lambda *_, **__: None)
        make_data("mine", OPTIONS[source], STUDY, tmp_path, processes=1)
    whole, manifest = frames(tmp_path), read_manifest(tmp_path / "manifest.json")
    assert len(whole) >= 5
    assert (manifest["resumed"], manifest["resume_notes"]) == (0, [])
    kept = sorted(chunks.iterdir())
    assert len(kept) == {"emt": 8, "xtb": 2 + 4}[source]
    lost, spoilt, *_ = random.Random(1).sample(kept, 4)
    for path in [*tmp_path.rglob("*.xyz"), lost]:
        path.unlink()
    spoilt.write_bytes(spoilt.read_bytes()[:-5])
    make_data("mine", OPTIONS[source], STUDY, tmp_path, processes=1)
    assert frames(tmp_path) == whole
    manifest = read_manifest(tmp_path / "manifest.json")
    assert manifest["resumed"] == 1
    assert manifest["resume_notes"] == [f"{spoilt.name} was not used: its content is not what was written (SHA-256)"]
    assert not chunks.exists()


def test_a_piece_is_used_for_the_same_call_alone(tmp_path, monkeypatch):
    def results(calls):
        """What calls of a function give, and how many of them were made."""
        pool = ThreadPoolExecutor(1)
        made.clear()
        given = Workers(pool, tmp_path)
        return given.map(piece, *calls), len(made), given.resumed

    made = []

    def piece(options, seed):
        made.append(seed)
        return [seed, {"x": np.array([[0.1, np.inf]])}, None] if options["a"] else None

    both = ([{"a": 1}] * 2, [np.int64(5), 6])
    (first, second), n, resumed = results(both)
    assert (n, resumed, second[0]) == (2, 0, 6)
    (again, _), n, resumed = results(both)
    assert (n, resumed) == (0, 1)
    assert again[0] == 5 and again[1]["x"].tobytes() == first[1]["x"].tobytes() and again[2] is None
    assert results([[{"a": 0}], [5]]) == ([None], 1, 0)
    assert results([[{"a": 0}], [5]]) == ([None], 0, 1)
    assert results([[{"a": 1}], [7]])[1] == 1
    monkeypatch.setattr("nnip.data.workers.code_version", lambda: "another")
    assert results(both)[1:] == (2, 0)


def test_a_killed_script_leaves_no_worker_and_goes_on(tmp_path):
    study = {"seed": 1, "n_pool": 60}
    command = [sys.executable, SCRIPT, "--dataset", "mine", "--options", json.dumps(EMT), "--study", json.dumps(study), "--processes", "2"]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1])}

    def start(folder):
        return subprocess.Popen([*map(str, command), "--directory", str(folder)], env=environment, start_new_session=True)

    job = start(tmp_path / "cut")
    while len(list((tmp_path / "cut").glob("chunks/*.json"))) < 3:
        assert job.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    job.send_signal(signal.SIGKILL)
    assert job.wait() == -signal.SIGKILL
    assert not list((tmp_path / "cut").rglob("*.xyz"))
    deadline = time.monotonic() + 60
    while alive(job.pid):
        assert time.monotonic() < deadline, "a worker outlived the script"
        time.sleep(0.05)
    assert start(tmp_path / "cut").wait() == 0
    prepare("mine", EMT, study | {"mirror": None}, tmp_path / "whole", processes=1)
    assert frames(tmp_path / "cut") == frames(tmp_path / "whole")
    assert read_manifest(tmp_path / "cut" / "manifest.json")["resumed"] == 1


def alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
