"""The data stage as the workflow's rules run it: pool and test splits, then the training sets that are drawn from the pool."""

from pathlib import Path

from ase.build import molecule
from ase.calculators.singlepoint import SinglePointCalculator

from nnip.data import pool_folder, split_names
from nnip.data.prepare import prepare
from nnip.data.training_set import make_training_set
from nnip.study.manifest import read_manifest
from nnip.study.training_sets import TrainingSet

STUDY = {"seed": 1, "n_train": 10, "validation_fraction": 0.2, "learning_curve": [], "mirror": None}


def make_data(dataset, options, study, directory, processes=1):
    """Frames of a data set, and the training sets n<size> of n_train and learning_curve."""
    directory = Path(directory)
    prepare(dataset, options, {"seed": study["seed"], "n_pool": study["n_train"], "mirror": study.get("mirror")}, directory, processes)
    for size in (study["n_train"], *study["learning_curve"]):
        draw_set(TrainingSet(f"n{size}", "main" if size == study["n_train"] else "curve", dataset, size), options, study, directory)


def draw_set(training_set, options, study, directory):
    """One training set from the pool and the tests that are in the directory."""
    tests = {name: directory / f"test_{name}.xyz" for name in split_names(options)}
    told = {"seed": study["seed"], "validation_fraction": study["validation_fraction"], "dataset": study.get("dataset", training_set.pool)}
    folder = directory / "sets" / training_set.name
    make_training_set(training_set.recipe(), told, directory / "pools" / pool_folder(training_set.pool) / "pool.xyz", tests, folder)


def counts(directory):
    """Frames of every file of the data stage, by its path in the directory."""
    found = {}
    for file in Path(directory).rglob("manifest.json"):
        folder = file.parent.relative_to(directory)
        found |= {(folder / name).as_posix(): entry["n_frames"] for name, entry in read_manifest(file)["files"].items()}
    return found


def water(n, **info):
    """The n-th water molecule, with forces."""
    made = molecule("H2O")
    made.positions[0, 0] += 0.01 * n
    made.info |= info
    made.calc = SinglePointCalculator(made, energy=-14.0 + 0.1 * n, forces=made.positions)
    return made
