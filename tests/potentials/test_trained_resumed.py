"""MD and landscapes of really trained models whose script is killed and called again, as if nothing had been.

NNIP_KILLS says how often (1), e.g. 10 for a long campaign.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nnip.measure.base import run_measurement
from nnip.study.manifest import read_manifest

SCRIPT = Path(__file__).resolve().parents[2] / "workflow" / "scripts" / "measure.py"
KILLS = int(os.environ.get("NNIP_KILLS", "1"))
LINES = {"mode": "isotropic", "split": "train", "n_directions": 6 * KILLS, "n_points": 3, "distance": 0.1, "n_frames": 6, "frames_per_batch": 4}
PLANE = {"mode": "isotropic", "split": "train", "n_points": 4 + 2 * KILLS, "distance": 0.1, "n_frames": 6, "frames_per_batch": 4}
# some replicas fail, some do not
MD = {"n_replicas": 4, "initial_velocities": "maxwell-boltzmann", "temperature_K": 900, "timestep_fs": 0.5, "tau_fs": 50, "duration_fs": 50 * KILLS}
MD |= {"max_bond_A": 1.7, "record_every_fs": 2}
if KILLS > 1:
    # so that some live long enough to be killed so often
    MD |= {"temperature_K": 50, "max_bond_A": 3.0}
OPTIONS = {"md": MD, "landscape": LINES, "planes": PLANE}


def start(name, settings, train_directory, files, directory, checkpoint_minutes):
    given = ["--name", name, "--settings", json.dumps(settings), "--options", json.dumps(OPTIONS[name]), "--train-directory", train_directory]
    given += ["--frames", *(f"{split}={path}" for split, path in files.items())]
    given += ["--directory", directory, "--checkpoint-minutes", checkpoint_minutes]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1]), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, *map(str, [SCRIPT, *given])], env=environment)


def done(directory):
    return max((int(file.name[:8]) for file in (directory / "checkpoints").glob("0*.pt")), default=0)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_measurement_killed_and_resumed_is_the_measurement(trained, settings_of, frame_files, start_file, tmp_path, name):
    given = (settings_of(), trained("molecule"), {"train": frame_files["molecule"][0], "start": start_file})
    settings, *where = given
    run_measurement(name, settings, OPTIONS[name], *where, tmp_path / "whole")
    rng, cut = random.Random(name), tmp_path / "cut"
    pieces = {
        "md": read_manifest(tmp_path / "whole" / "manifest.json").get("n_steps"),
        "landscape": LINES["n_directions"],
        "planes": PLANE["n_points"],
    }
    for kill, moment in enumerate(sorted(rng.sample(range(1, pieces[name] * 4 // 5), KILLS))):
        job = start(name, *given, cut, 0)
        enough = max(moment, done(cut) + 1)
        while done(cut) < enough:
            assert job.poll() is None, "it ended before it could be killed"
            time.sleep(0.001)
        # anywhere in a step, a line or the writing of a checkpoint
        time.sleep(rng.uniform(0, 0.05))
        job.send_signal((signal.SIGKILL, signal.SIGTERM)[kill % 2] if name != "md" else signal.SIGKILL)
        assert job.wait() < 0, "it ended before it could be killed"
        print(f"{name} killed at {done(cut)} of {pieces[name]}")
        assert not list(cut.glob("*.csv"))
    assert start(name, *given, cut, 5).wait() == 0
    tables = [{file.name: file.read_bytes() for file in directory.glob("*.csv")} for directory in (tmp_path / "whole", cut)]
    assert tables[0] == tables[1]
    manifest = read_manifest(cut / "manifest.json")
    assert (manifest["resumed"], manifest["resume_notes"]) == (KILLS, [])
    assert not (cut / "checkpoints").exists()
