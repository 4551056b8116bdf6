"""Measurements where memory runs out: half as many frames or replicas at once, and the same results."""

import os
import resource
import sys

import ase.io
import pytest
import torch
from analytic import SETTINGS, MorsePotential, ethanol, labelled, write_start, write_training

from nnip.jobs.errors import InputError
from nnip.jobs.memory import AtOnce
from nnip.measure.base import run_measurement
from nnip.potentials.evaluation import Batches, errors
from nnip.study.manifest import read_manifest
from nnip.study.tables import read_table

LINES = {"mode": "isotropic", "split": "train", "n_directions": 2, "n_points": 3, "distance": 0.2, "n_frames": 7, "frames_per_batch": 7}
PLANE = {"mode": "paper", "split": "train", "n_points": 3, "distance": 0.2, "n_frames": 7, "frames_per_batch": 7}
MD = {"n_replicas": 8, "initial_velocities": "maxwell-boltzmann", "temperature_K": 4000, "timestep_fs": 0.5, "tau_fs": 50, "duration_fs": 60}
MD |= {"max_bond_A": 1.62, "min_distance_A": 0.5, "record_every_fs": 2}
OPTIONS = {"errors": {"frames_per_batch": 7}, "landscape": LINES, "planes": PLANE, "md": MD}


class Large(MorsePotential):
    """A potential that needs more memory than there is for more than so many frames; after so many good evaluations, if a number is given."""

    def __init__(self, most, good=0, error=torch.OutOfMemoryError):
        super().__init__(ethanol())
        self.most, self.good, self.error = most, good, error

    def energies_forces(self, graph):
        if self.good == 0 and len(graph.n_atoms) > self.most:
            raise self.error("CUDA out of memory. Tried to allocate 9.00 GiB")
        self.good = max(self.good - 1, 0)
        return super().energies_forces(graph)


@pytest.fixture
def measure(tmp_path, monkeypatch):
    """measure(name, folder, potential): a measurement's tables and manifest with a potential."""
    write_training(tmp_path / "train")
    frames = tmp_path / "frames.xyz"
    ase.io.write(frames, labelled(MorsePotential(ethanol()), 7, seed=1), format="extxyz")
    start = write_start(frames, tmp_path / "start")

    def run(name, folder, potential):
        directory = tmp_path / folder
        potential.module.depth.mul_(1.01)
        monkeypatch.setattr("nnip.measure.base.load", lambda *_: potential)
        files = {"start": start} if name == "md" else {"train": frames, "val": frames}
        run_measurement(name, SETTINGS, OPTIONS[name], tmp_path / "train", files, directory)
        tables = {file.stem: file for file in directory.glob("*.csv")}
        return tables, read_manifest(directory / "manifest.json")

    return run


@pytest.mark.parametrize("good", [0, 11])
def test_md_in_parts_is_the_md(measure, good):
    whole, manifest = measure("md", "whole", MorsePotential(ethanol()))
    assert manifest["replicas_per_batch"] == 8
    assert 4 <= manifest["n_failed"] <= 8
    parts, manifest = measure("md", f"parts{good}", Large(4, good))
    assert manifest["replicas_per_batch"] == 2, "with a spare one in each part"
    assert {name: file.read_bytes() for name, file in parts.items()} == {name: file.read_bytes() for name, file in whole.items()}


@pytest.mark.parametrize(
    ("name", "good", "error"), [("errors", 1, torch.OutOfMemoryError), ("landscape", 5, MemoryError), ("planes", 5, RuntimeError)]
)
def test_smaller_batches_give_the_same_errors(measure, name, good, error):
    whole, manifest = measure(name, "whole", MorsePotential(ethanol()))
    assert manifest["frames_per_batch"] == 7
    parts, manifest = measure(name, "parts", Large(3, good, error))
    assert manifest["frames_per_batch"] == 2
    for table in whole:
        one, other = (read_table(table, files[table]) for files in (whole, parts))
        assert len(one) and list(one) == list(other)
        for column in one:
            if one[column].dtype == "Float64":
                assert other[column].astype(float).to_numpy() == pytest.approx(
                    one[column].astype(float).to_numpy(), rel=1e-12, abs=1e-15, nan_ok=True
                )
            else:
                assert one[column].equals(other[column])


def test_weights_are_restored_after_a_measurement_that_never_fits(measure):
    potential = Large(0)
    with pytest.raises(InputError, match=r"one of 7 frames \(the largest of 9 atoms\) at a time \(CUDA out of memory.*more memory"):
        measure("landscape", "never", potential)
    fresh = MorsePotential(ethanol())
    fresh.module.depth.mul_(1.01)
    assert all(torch.equal(*pair) for pair in zip(potential.module.parameters(), fresh.module.parameters(), strict=True))
    with pytest.raises(InputError, match=r"one of 8 replicas of 9 atoms at a time"):
        measure("md", "nor-this", Large(1))


class OnGPU:
    """What Batches asks of a potential on a GPU whose memory holds so many frames; a graph is its number of frames."""

    device = torch.device("cuda")

    def __init__(self, most):
        self.most = most

    def graph(self, frames):
        if len(frames) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB")
        return len(frames)


@pytest.mark.parametrize("most, sizes", [(100, [50]), (25, [25, 25]), (20, [13, 13, 13, 11])])
def test_a_gpu_takes_all_frames_that_fit(most, sizes):
    batches = Batches(OnGPU(most), [ethanol()] * 50, 10)
    assert batches.use(list) == sizes


def test_other_errors_are_not_tried_again():
    calls = []

    def work(n):
        calls.append(n)
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        AtOnce(8, "frames").run(work, 8)
    assert calls == [8]


@pytest.mark.skipif(sys.platform != "linux", reason="reads its own size in /proc")
def test_what_the_system_refuses_is_halved():
    """Really too little memory: the limit of a child's address space is what it has plus 300 MB, and 100 MB a frame are asked for."""

    class Greedy(MorsePotential):
        def energies_forces(self, graph):
            kept = torch.empty(len(graph.n_atoms), 100_000_000, dtype=torch.uint8)
            assert len(kept) <= 2
            return super().energies_forces(graph)

    potential = Greedy(ethanol())
    frames = labelled(MorsePotential(ethanol()), 8, seed=1)
    expected = errors(Batches(MorsePotential(ethanol()), frames, 2))
    if not (child := os.fork()):
        try:
            with open("/proc/self/statm", encoding="ascii") as file:
                size = int(file.read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + 300_000_000, -1))
            batches = Batches(potential, frames, 8)
            assert errors(batches) == expected
            os._exit(10 + batches.frames_per_batch)
        finally:
            os._exit(1)  # not on with the tests, whatever happened
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 12
