"""What the tests of users' own files share: made frames, the message of a refusal, and the data stage on files."""

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write

from nnip.data.extxyz import read_frames
from nnip.data.prepare import prepare
from nnip.jobs.errors import InputError
from nnip.study.manifest import read_manifest

STUDY = {"seed": 1, "n_pool": None, "mirror": None}
COLUMNS = "Properties=species:S:1:pos:R:3:forces:R:3"
ATOMS = "H 0 0 0 0.1 0 0\nO 0 0 1 -0.1 0 0\n"


def made(n, symbols="OH2", **more):
    rng = np.random.default_rng(5)
    frames = []
    for _ in range(n):
        atoms = Atoms(symbols, rng.uniform(0, 5, (3, 3)), **more)
        atoms.calc = SinglePointCalculator(atoms, energy=float(rng.normal()), forces=rng.normal(size=(3, 3)))
        frames.append(atoms)
    return frames


def refusal(path, **keys):
    with pytest.raises(InputError) as error:
        read_frames(path, **keys)
    text = str(error.value)
    assert text.startswith(f"{path}: ") and "\n" not in text
    return text


def prepare_files(folder, train, test=None, **more):
    """The frames that the data stage makes of files, by file, as ase reads them; `manifest` too."""
    other = folder / "other.xyz"
    if test is None:
        write(other, made(2), format="extxyz")
        read_from = read(other, ":")
        for frame in read_from:
            for option, key in (("energy_key", "energy"), ("forces_key", "forces")):
                if option in more:
                    (frame.info if key == "energy" else frame.arrays)[more[option]] = frame.calc.results[key]
            if more:
                frame.calc = None
        write(other, read_from, format="extxyz")
    options = {"source": "extxyz", "train": str(train), "test": {"a": str(test or other)}, **more}
    prepare("mine", options, STUDY, folder / "data")
    return {
        "pool": read(folder / "data/pools/mine/pool.xyz", ":"),
        "test": read(folder / "data/test_a.xyz", ":"),
        "manifest": read_manifest(folder / "data/manifest.json"),
    }
