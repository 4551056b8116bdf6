"""Measurements that are interrupted anywhere and go on from their checkpoints, as if nothing had been."""

import os
import random
import signal

import ase.io
import pytest
from analytic import SETTINGS, MorsePotential, ethanol, labelled, write_start, write_training

from nnip.jobs.checkpoints import Progress
from nnip.measure.base import run_measurement
from nnip.study.manifest import read_manifest
from nnip.study.tables import read_table

# replicas fail all the time, one after the other
MD = {"n_replicas": 8, "initial_velocities": "maxwell-boltzmann", "temperature_K": 4000, "timestep_fs": 0.5, "tau_fs": 50, "duration_fs": 60}
MD |= {"max_bond_A": 1.62, "min_distance_A": 0.5, "record_every_fs": 2}
LINES = {"mode": "isotropic", "split": "train", "n_directions": 6, "n_points": 5, "distance": 0.2, "n_frames": 4, "frames_per_batch": 3}
PLANE = {"mode": "paper", "split": "train", "n_points": 7, "distance": 0.2, "n_frames": 4, "frames_per_batch": 3}
OPTIONS = {"md": MD, "landscape": LINES, "planes": PLANE}


class Interruption(BaseException):
    """What no code expects."""


class Mortal(MorsePotential):
    """A potential that is interrupted after so many evaluations."""

    def __init__(self, calls):
        super().__init__(ethanol())
        self.calls_left = calls

    def energies_forces(self, graph):
        if self.calls_left == 0:
            raise Interruption
        self.calls_left -= 1
        return super().energies_forces(graph)


def trained(folder, model_sha256):
    write_training(folder / "train", model_sha256=model_sha256, energy_shift_eV_per_atom=0)


@pytest.fixture
def measure(tmp_path, monkeypatch):
    """measure(name, folder, calls): a measurement with a potential that is interrupted after so many evaluations, into a folder."""
    trained(tmp_path, "of the model")
    frames = tmp_path / "frames.xyz"
    ase.io.write(frames, labelled(MorsePotential(ethanol()), 4, seed=1), format="extxyz")
    start = write_start(frames, tmp_path / "start")

    def run(name, folder, calls=-1, minutes=0.0, **changes):
        directory = tmp_path / folder
        monkeypatch.setattr("nnip.measure.base.load", lambda *_: Mortal(calls))
        files = {"train": frames, "start": start}
        run_measurement(name, SETTINGS, OPTIONS[name] | changes, tmp_path / "train", files, directory, minutes)
        return {file.name: file.read_bytes() for file in directory.glob("*.csv")}

    return run


@pytest.fixture
def often(monkeypatch):
    """Checkpoints at every third chance or so, so that an interruption loses something."""
    rng = random.Random(5)
    monkeypatch.setattr(Progress, "is_due", lambda self: rng.random() < 0.3)


EVALUATIONS = {"md": 25, "landscape": 18, "planes": 30}


@pytest.mark.parametrize("name", EVALUATIONS)
def test_interrupted_at_random_places_the_tables_are_the_same(measure, often, tmp_path, name):
    whole = measure(name, "whole")
    assert read_manifest(tmp_path / "whole" / "manifest.json")["resumed"] == 0
    rng, tables, tries = random.Random(name), None, 0
    while tables is None:
        tries += 1
        try:
            tables = measure(name, "cut", calls=rng.randrange(1, EVALUATIONS[name]) if tries < 40 else -1)
        except Interruption:
            assert not list((tmp_path / "cut").glob("*.*"))
    assert tables == whole
    manifests = [read_manifest(tmp_path / folder / "manifest.json") for folder in ("whole", "cut")]
    assert 2 < manifests[1]["resumed"] < tries
    assert manifests[1]["resume_notes"] == []
    assert not (tmp_path / "cut" / "checkpoints").exists()
    for manifest in manifests:
        for entry in ("resumed", "wall_s", "steps_per_s", "cpu_s", "max_memory_MB"):
            manifest.pop(entry, None)
    assert manifests[0] == manifests[1]


@pytest.mark.parametrize("name", EVALUATIONS)
def test_killed_outright_it_goes_on(measure, tmp_path, name):
    for _ in range(2):
        if not (child := os.fork()):
            try:
                measure(name, "cut")
            finally:
                os._exit(1)  # not on with the tests, whatever happened
        before = newest(tmp_path / "cut")
        while newest(tmp_path / "cut") == before:
            assert os.waitpid(child, os.WNOHANG) == (0, 0), "it ended before it could be killed"
        os.kill(child, signal.SIGKILL)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert measure(name, "cut", minutes=5) == measure(name, "whole", minutes=5)
    assert read_manifest(tmp_path / "cut" / "manifest.json")["resumed"] == 2


def newest(directory):
    return max((file.name for file in directory.glob("checkpoints/0*.pt")), default=None)


def test_replicas_fail_before_and_after_the_interruptions(measure, tmp_path):
    measure("md", "whole", minutes=5)
    failures = read_table("failures", tmp_path / "whole" / "failures.csv")
    assert failures["failed"].sum() >= 4
    assert failures["time_fs"].nunique() >= 4


@pytest.mark.parametrize("name", EVALUATIONS)
def test_a_spoilt_checkpoint_gives_way_to_the_one_before(measure, tmp_path, name):
    whole = measure(name, "whole", minutes=5)
    with pytest.raises(Interruption):
        measure(name, "cut", calls=40)
    _, newest = sorted((tmp_path / "cut" / "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:-9])
    assert measure(name, "cut", minutes=5) == whole
    manifest = read_manifest(tmp_path / "cut" / "manifest.json")
    assert manifest["resumed"] == 1
    assert manifest["resume_notes"] == [f"{newest.name} was not used: its content is not what was written (SHA-256)"]


@pytest.mark.parametrize("differs", ["options", "model", "frames", "code"])
@pytest.mark.parametrize("name", EVALUATIONS)
def test_a_checkpoint_is_only_of_these_options_model_frames_and_code(measure, tmp_path, monkeypatch, name, differs):
    if differs == "frames":
        ase.io.write(tmp_path / "frames.xyz", labelled(MorsePotential(ethanol()), 4, seed=2), format="extxyz")
    changes = {} if differs != "options" else {"temperature_K": 3900} if name == "md" else {"distance": 0.1}
    with pytest.raises(Interruption):
        measure(name, "cut", calls=15, **changes)
    (tmp_path / "cut" / "checkpoints" / ".left-by-a-kill").touch()
    if differs == "frames":
        ase.io.write(tmp_path / "frames.xyz", labelled(MorsePotential(ethanol()), 4, seed=1), format="extxyz")
    if differs == "model":
        trained(tmp_path, "of another")
    if differs == "code":
        monkeypatch.setattr("nnip.measure.base.code_version", lambda: "another")
    tables = measure(name, "cut", minutes=5)
    assert tables == measure(name, "whole", minutes=5)
    manifest = read_manifest(tmp_path / "cut" / "manifest.json")
    assert "other settings, frames, packages or code" in manifest["resume_notes"][0]
    assert manifest["resume_notes"][-1] == "there was no other: the job started from the beginning"
    assert manifest["resumed"] == 0
    assert not (tmp_path / "cut" / "checkpoints").exists()


def test_nothing_is_written_before_its_time(measure, tmp_path):
    with pytest.raises(Interruption):
        measure("md", "cut", calls=40, minutes=5)
    assert not (tmp_path / "cut" / "checkpoints").exists()


def test_a_job_that_ends_just_before_its_manifest_is_at_its_end(measure, tmp_path, monkeypatch):
    whole = measure("md", "whole", duration_fs=10)
    with monkeypatch.context() as patched:
        patched.setattr("nnip.measure.base.write_tables", None)
        with pytest.raises(TypeError):
            measure("md", "cut", duration_fs=10)
    assert measure("md", "cut", calls=1, duration_fs=10) == whole
