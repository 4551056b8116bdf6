"""A user's file of frames with another content makes the study again from there, whatever its time says; a new time alone makes nothing."""

import contextlib
import os
import shutil

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from conftest import Study, planned

RUNS = ("nequip-a.n20.seed1", "nequip-a.more.seed1")
LATER = {"prepare_data", "make_training_set", "train_model"}


def write_water(path, n, seed):
    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(n):
        atoms = Atoms("OH2", np.array([[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]]) + rng.normal(0, 0.05, (3, 3)))
        atoms.calc = SinglePointCalculator(atoms, energy=-14 + rng.normal(), forces=rng.normal(size=(3, 3)))
        frames.append(atoms)
    write(path, frames, format="extxyz")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A study of the user's frames whose frames are prepared; the trainings of two runs stand for all that follows."""
    folder = tmp_path_factory.mktemp("replaced")
    write_water(folder / "train.xyz", 24, 1)
    write_water(folder / "test.xyz", 6, 2)
    write_water(folder / "more.xyz", 24, 3)
    study = Study(folder)
    own = {"source": "extxyz", "train": "train.xyz", "test": {"900K": "test.xyz"}}
    datasets = {"mine": own, "more": {"source": "extxyz", "train": "more.xyz"}}
    study.write_config({"dataset": "mine", "datasets": datasets, "training_sets": {"more": {"pool": "more", "size": 20}}})
    for name in RUNS:
        made = folder / "results/small/runs" / name / "train"
        made.mkdir(parents=True)
        (made / "manifest.json").write_text("{}")
        (made / "training.csv").write_text("")
    run = study.snakemake(*(f"results/small/data/sets/{name}/manifest.json" for name in ("n20", "more")))
    assert run.returncode == 0, run.stdout + run.stderr
    for file in (folder / "results/small/runs").rglob("*.*"):
        os.utime(file)
    assert plan(study) == set()
    return study


def plan(study):
    """The rules that must run for the two trainings."""
    return set(planned(study.snakemake("-n", *(f"results/small/runs/{name}/train/manifest.json" for name in RUNS))))


@contextlib.contextmanager
def as_before(prepared, name):
    """A user's file, which is put back with the time that it had."""
    file, kept = prepared.folder / name, prepared.folder / "kept"
    shutil.copy2(file, kept)
    yield file
    shutil.copy2(kept, file)


def test_another_content_with_an_older_time(prepared):
    for name, rules in (("train.xyz", LATER), ("test.xyz", LATER), ("more.xyz", {"prepare_pool", "make_training_set", "train_model"})):
        with as_before(prepared, name) as file:
            before, text = file.stat(), file.read_text()
            digit = text.index("energy=-1") + len("energy=-1")
            file.write_text(f"{text[:digit]}{(int(text[digit]) + 1) % 10}{text[digit + 1 :]}")  # of the same size
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns - 10**16))  # older than all results
            assert plan(prepared) >= rules, name
            if name == "train.xyz":
                os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # the very time that it had
                assert plan(prepared) >= rules
    assert plan(prepared) == set(), "all files are what they were"


def test_a_new_time_alone(prepared):
    for name in ("train.xyz", "test.xyz", "more.xyz"):
        os.utime(prepared.folder / name)
    assert plan(prepared) == set()


def test_a_backup_moved_over_the_file(prepared):
    with as_before(prepared, "train.xyz") as file:
        write_water(prepared.folder / "restored.xyz", 24, 9)
        os.utime(prepared.folder / "restored.xyz", (1e9, 1e9))
        os.replace(prepared.folder / "restored.xyz", file)
        assert plan(prepared) >= LATER


def test_without_the_records_of_snakemake_the_time_of_another_content_decides(prepared):
    shutil.rmtree(prepared.folder / ".snakemake")
    with as_before(prepared, "train.xyz") as file:
        write_water(file, 24, 9)
        assert plan(prepared) >= LATER
