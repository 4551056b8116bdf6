"""Trainings that are killed and go on from their checkpoints, as if nothing had been; NNIP_KILLS says how often (2), e.g. 10 for a long campaign."""

import contextlib
import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import ase.io
import numpy as np
import pytest
import torch
from conftest import OTHER, ethanol

from nnip.jobs.checkpoints import VARIABLE, Checkpoint, Checkpoints, Progress, random_states, set_random_states
from nnip.jobs.errors import InputError
from nnip.potentials import base
from nnip.potentials.command import run_command
from nnip.potentials.loading import framework_module, load
from nnip.study.manifest import read_manifest
from nnip.study.tables import read_table
from nnip.training import train

SCRIPT = Path(__file__).parents[2] / "workflow" / "scripts" / "train_model.py"
KILLS = int(os.environ.get("NNIP_KILLS", "2"))
LONG = KILLS > 2
# average of weights, AMSGrad, a falling learning rate, a second stage in which most of the kills are
STAGES = {
    "epochs": 4 + 3 * KILLS,
    "lr": 0.02,
    "lr_patience": 0,
    "lr_factor": 0.5,
    "swa": {"start_epoch": 3, "lr": 0.003, "energy_weight": 50, "forces_weight": 5},
}
# none of these, other precision, incomplete batches, trained frequencies; ended by its patience
PLAIN = OTHER | {"layers": 2, "l_max": 1, "epochs": 100, "patience": 4, "lr_patience": 1, "lr": 0.05, "batch_size": 5}


def started(settings, files, directory):
    options = {"settings": json.dumps(settings), "train": files[0], "val": files[1], "directory": directory, "checkpoint-minutes": 0}
    command = [sys.executable, SCRIPT, *(part for name, value in options.items() for part in (f"--{name}", value))]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1]), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(list(map(str, command)), env=environment, start_new_session=True)


def epochs_saved(directory):
    return max((int(file.name[:8]) for file in (directory / "checkpoints").glob("0*.pt")), default=0)


def interrupt(process, directory, number, rng, earliest=1):
    """End a training by a signal some checkpoints and a moment later, and see that it ended whole."""
    enough = epochs_saved(directory) + rng.randint(earliest - LONG, earliest + 1)
    while process.poll() is None and epochs_saved(directory) < enough:
        time.sleep(0.01)
    time.sleep(rng.uniform(0, 0.5))
    assert process.poll() is None, "the training ended before it could be interrupted"
    at = epochs_saved(directory)
    process.send_signal(number)
    # 128 and more while the framework's command is at work, which is ended first
    assert process.wait(timeout=600) in (-number, 128 + number)
    deadline = time.monotonic() + 20
    while still_alive(process.pid) or at_work_in(directory):
        assert time.monotonic() < deadline, "the framework's command outlived the training"
        time.sleep(0.05)
    print(f"killed by {number.name} after {at} epochs")
    return at


def at_work_in(directory):
    """Whether a process has its working directory there, as the framework's command has: a fork of the warm process ends a moment later."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(directory):
                return True
    return False


def still_alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def outcome(directory):
    """All that a training decided: its row without the time, its losses as the framework logged them, its weights."""
    row = read_table("trainings", directory / "training.csv").drop(columns="wall_s").iloc[0].to_dict()
    (log,) = [*directory.glob("nequip/csv/metrics.csv"), *directory.glob("mace/results/*_train.txt")]
    lines = log.read_text().splitlines()
    if log.suffix == ".txt":
        lines = [json.loads(line) | {"time": None} for line in lines]
    return row, lines, dict(load(directory).module.named_parameters())


def assert_same(interrupted, whole):
    (row, lines, weights), (expected_row, expected_lines, expected_weights) = outcome(interrupted), outcome(whole)
    assert str(row) == str(expected_row)
    assert lines == expected_lines
    assert weights.keys() == expected_weights.keys()
    for name, weight in weights.items():
        assert torch.equal(weight, expected_weights[name]), name


def test_a_training_killed_and_resumed_is_the_training(trained, settings_of, frame_files, tmp_path):
    settings, rng = settings_of(**STAGES), random.Random(KILLS)
    for kill in range(KILLS):
        interrupt(started(settings, frame_files["molecule"], tmp_path), tmp_path, (signal.SIGKILL, signal.SIGTERM)[kill % 2], rng)
        assert not (tmp_path / "manifest.json").exists()
    assert started(settings, frame_files["molecule"], tmp_path).wait() == 0
    whole = trained("molecule", **STAGES)
    assert_same(tmp_path, whole)
    manifest = read_manifest(tmp_path / "manifest.json")
    assert 1 <= manifest["resumed"] <= KILLS
    assert manifest["resume_notes"] == []
    assert manifest["epochs"] == STAGES["epochs"]
    assert manifest["best_epoch"] > STAGES["swa"]["start_epoch"]
    assert not (tmp_path / "checkpoints").exists()
    assert read_manifest(whole / "manifest.json")["resumed"] == 0


def test_patience_is_kept_and_a_spoilt_checkpoint_gives_way_to_the_one_before(trained, settings_of, frame_files, tmp_path):
    settings, rng = settings_of(**PLAIN), random.Random(1)
    at = interrupt(started(settings, frame_files["molecule"], tmp_path), tmp_path, signal.SIGKILL, rng, earliest=8)
    newest = max((tmp_path / "checkpoints").glob("0*.pt"))
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    assert started(settings, frame_files["molecule"], tmp_path).wait() == 0
    whole = trained("molecule", **PLAIN)
    assert_same(tmp_path, whole)
    manifest = read_manifest(tmp_path / "manifest.json")
    assert at < manifest["epochs"] < PLAIN["epochs"]
    assert manifest["resumed"] == 1
    assert manifest["resume_notes"] == [f"{newest.name} was not used: its content is not what was written (SHA-256)"]


def checkpoint(epochs, identity, **changes):
    values = {"done": epochs, "state": {"a": torch.ones(2)}, "files": {}, "wall_s": 10.0 * epochs, "resumed": 0, "notes": [], "identity": identity}
    return Checkpoint(**values | changes)


@pytest.fixture
def told(tmp_path, trained, framework, monkeypatch):
    """What a training tells the framework's fit, which is replaced by one that does as `outcomes` say, one a call: killed, after so many epochs."""
    given, told = trained("molecule"), SimpleNamespace(outcomes=[], calls=[])

    def fit(settings, train_xyz, val_xyz, directory, environment):
        assert list((directory / framework).iterdir()) == []
        call = json.loads(environment[VARIABLE])
        told.calls.append(call)
        killed, epochs = told.outcomes.pop(0) if told.outcomes else (False, None)
        if epochs is not None:
            Checkpoints(Path(call["folder"]), call["identity"]).save(checkpoint(epochs, call["identity"]))
        model = directory / framework / "given.model"
        shutil.copy(given / read_manifest(given / "manifest.json")["model_file"], model)
        return base.Fit(model, 2, 2, [3.0, 2.0, 1.0], 1.5, {}, "killed" if killed else None, killed)

    monkeypatch.setattr(framework_module(framework, "training"), "fit", fit)
    return told


def test_a_killed_command_is_started_again_while_it_gets_anywhere(told, settings_of, frame_files, tmp_path):
    told.outcomes = [(True, 3), (True, 5), (False, None)]
    train(settings_of(), *frame_files["molecule"], tmp_path, 7.0)
    assert [call["resume"] for call in told.calls] == [False, True, True]
    assert {call["minutes"] for call in told.calls} == {7.0}
    manifest = read_manifest(tmp_path / "manifest.json")
    assert manifest["status"] == "ok"
    assert manifest["training_wall_s"] == 51.5
    assert manifest["wall_s"] > 50
    assert not (tmp_path / "checkpoints").exists()
    told.outcomes = [(True, None), (True, None)]
    train(settings_of(), *frame_files["molecule"], tmp_path)
    assert len(told.calls) == 5, "twice from the start, no more"
    assert (read_manifest(tmp_path / "manifest.json")["status"], read_manifest(tmp_path / "manifest.json")["reason"]) == ("failed", "killed")


def test_a_checkpoint_is_only_of_these_settings_and_frames(told, settings_of, frame_files, tmp_path):
    def left_by(settings, files):
        told.calls.clear()
        train(settings, *files, tmp_path)
        Checkpoints(tmp_path / "checkpoints", told.calls[0]["identity"]).save(checkpoint(1, told.calls[0]["identity"]))

    ours = frame_files["molecule"]
    others = [ours[0], tmp_path / "other.xyz"]
    ase.io.write(others[1], ethanol(4, seed=3), format="extxyz")
    for settings, files in ((settings_of(lr=0.5), ours), (settings_of(), others), (settings_of() | {"seed": 2}, ours)):
        left_by(settings, files)
        told.calls.clear()
        train(settings_of(), *ours, tmp_path)
        assert not told.calls[0]["resume"]
        notes = read_manifest(tmp_path / "manifest.json")["resume_notes"]
        assert "other settings, frames, packages or code" in notes[0]
        assert notes[1] == "there was no other: the job started from the beginning"
    left_by(settings_of(), ours)
    told.calls.clear()
    train(settings_of(), *ours, tmp_path)
    assert told.calls[0]["resume"]
    assert read_manifest(tmp_path / "manifest.json")["resumed"] == 1


def test_two_trainings_in_one_directory_are_refused(settings_of, frame_files, tmp_path):
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(InputError, match="another job is at work in it"):
        train(settings_of(), *frame_files["molecule"], tmp_path)
    os.close(handle)


def test_a_command_that_is_told_to_end_leaves_no_result(tmp_path):
    with pytest.raises(SystemExit, match=r"interrupted: python.* was ended by SIGTERM"):
        run_command([sys.executable, "-c", "import os; os.kill(os.getpid(), 15)"], tmp_path, tmp_path / "log")
    assert run_command([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], tmp_path, tmp_path / "log").killed
    assert not run_command([sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"], tmp_path, tmp_path / "log").killed


def test_want_of_memory_is_the_reason_wherever_it_stands(tmp_path):
    code = "import sys; print('torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 9.00 GiB'); print('set HYDRA_FULL_ERROR'); sys.exit(1)"
    ending = run_command([sys.executable, "-c", code], tmp_path, tmp_path / "log")
    assert ending.failure.startswith("out of memory: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 9.00 GiB; give the job more, or")
    assert "smaller batch_size" in ending.failure and "ended with status 1" in ending.failure and not ending.killed
    ending = run_command([sys.executable, "-c", "print('epoch 3', flush=True); import os; os.kill(os.getpid(), 9)"], tmp_path, tmp_path / "log")
    assert "was killed by SIGKILL; its last line (of log): epoch 3; the system does that when memory runs out: " in ending.failure


def test_random_streams_go_on_where_they_were():
    def draw():
        return torch.rand(2).tolist(), np.random.random(2).tolist(), random.random()

    before = random_states()
    first = draw()
    assert draw() != first
    set_random_states(before)
    assert draw() == first


def test_the_newest_whole_checkpoint_is_taken(tmp_path):
    store = Checkpoints(tmp_path / "c", "me")
    for epochs in (1, 2, 3, 12):
        store.save(checkpoint(epochs, "me", files={"a/b": torch.arange(5, dtype=torch.uint8)}, notes=["before"]))
    older, newest = sorted(store.folder.iterdir())
    assert [int(file.name[:8]) for file in (older, newest)] == [3, 12]
    found = store.newest()
    assert (found.done, store.notes) == (12, ["before"])
    found.restore_files(tmp_path)
    assert (tmp_path / "a" / "b").read_bytes() == bytes(range(5))
    newest.write_bytes(newest.read_bytes()[:-1])
    (store.folder / ".left-by-a-kill.pt").touch()
    assert store.newest().done == 3
    assert not newest.exists()
    older.write_bytes(b"")
    assert store.newest() is None
    assert store.notes[-1] == "there was no other: the job started from the beginning"
    store.remove()
    assert not store.folder.exists()


class Runs:
    def __reduce__(self):
        return (print, ("code ran",))


def test_a_checkpoint_runs_no_code(tmp_path, capsys):
    store = Checkpoints(tmp_path / "c", "me")
    store.save(checkpoint(1, "me", state={"a": Runs()}))
    assert store.newest() is None
    assert "cannot be read (UnpicklingError)" in store.notes[0]
    assert capsys.readouterr().out == ""


def test_a_full_disk_ends_no_training(tmp_path, monkeypatch, capsys):
    told = {"folder": str(tmp_path / "c"), "identity": "me", "minutes": 0, "notes": [], "resume": False, "started": time.monotonic()}
    progress = Progress(told)
    assert progress.is_due()

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        progress.save_training(1, {}, tmp_path, [])
    assert "no checkpoint at 1: [Errno 28] No space left on device" in capsys.readouterr().out
    assert list((tmp_path / "c").iterdir()) == []
    progress.save_training(2, {}, tmp_path, [])
    assert Progress(told | {"resume": True}).done == 2
