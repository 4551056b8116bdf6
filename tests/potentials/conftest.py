"""The framework under test is the one this Python has; its potentials are trained here, for real, in seconds."""

import importlib.util
import os

import ase.build
import ase.io
import numpy as np
import pytest
import torch
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator

from nnip.data.start import choose_start
from nnip.jobs import warm
from nnip.potentials import loading
from nnip.study.manifest import read_manifest
from nnip.training import train

# where the models of the contract are trained and run: NNIP_TESTS_DEVICE=cuda on a machine with a GPU
DEVICE = os.environ.get("NNIP_TESTS_DEVICE", "cpu")
exact_on_cpu = pytest.mark.skipif(DEVICE != "cpu", reason="a GPU adds in no fixed order: nothing is the same bit for bit")
HYPERPARAMETERS = {
    "layers": 2,
    "l_max": 1,
    "l_hidden": None,
    "body_order": None,
    "features": 4,
    "radial_mlp": [8, 8],
    "n_bessel": 6,
    "bessel_trainable": False,
    "cutoff_A": 4.0,
    "rescale": True,
    "amsgrad": True,
    "ema_decay": 0.9,
    "swa": None,
    "lr": 0.01,
    "lr_factor": 0.8,
    "lr_patience": 50,
    "weight_decay": 5.0e-7,
    "clip_gradient": 10,
    "energy_weight": 1,
    "forces_weight": 1000,
    "stress_weight": 0,
    "reference_energies": None,
    "epochs": 3,
    "patience": None,
    "batch_size": 4,
    "dtype": "float64",
    "extra": {},
}
# nearly every switch that both frameworks have differs
OTHER = {
    "layers": 3,
    "l_max": 2,
    "features": 6,
    "n_bessel": 5,
    "bessel_trainable": True,
    "cutoff_A": 3.5,
    "rescale": False,
    "amsgrad": False,
    "ema_decay": None,
    "lr": 0.02,
    "lr_factor": 0.5,
    "lr_patience": 7,
    "weight_decay": 1.0e-3,
    "clip_gradient": None,
    "energy_weight": 2,
    "forces_weight": 6,
    "epochs": 2,
    "patience": 9,
    "batch_size": 3,
    "dtype": "float32",
}


def pytest_configure(config):
    present = [name for name in ("nequip", "mace") if importlib.util.find_spec(name)]
    if len(present) != 1:
        raise pytest.UsageError(f"tests/potentials runs in one framework's environment; this Python has {present or 'neither nequip nor mace'}")
    config.framework = present[0]
    torch.set_num_threads(1)  # several split a matrix where its size says


@pytest.fixture(scope="session", autouse=True)
def warm_starts():
    """Trainings of these tests start warm, as those of a run on one machine do."""
    warm.begin()
    yield
    warm.refuse()


def pytest_ignore_collect(collection_path, config):
    """Tests of the other framework alone are not of this environment."""
    name = collection_path.name
    of_one = name.startswith(("test_training_", "test_potential_"))
    return True if of_one and not name.endswith(f"_{config.framework}.py") else None


@pytest.fixture(scope="session")
def framework(request):
    return request.config.framework


def load(directory):
    """The potential of a training, on the device of the tests."""
    return loading.load(directory, DEVICE)


def labelled(atoms, rng, amplitude):
    """The atoms, displaced, with EMT's energy, forces and stress (a toy: it knows C, H, N, O and Al)."""
    atoms = atoms.copy()
    atoms.positions += rng.normal(0, amplitude, atoms.positions.shape)
    atoms.calc = EMT()
    labels = {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces()} | ({"stress": atoms.get_stress()} if atoms.pbc.all() else {})
    atoms.calc = SinglePointCalculator(atoms, **labels)
    return atoms


def ethanol(n, seed):
    rng = np.random.default_rng(seed)
    return [labelled(ase.build.molecule("CH3CH2OH"), rng, 0.06) for _ in range(n)]


def with_force(value, n):
    """n labelled frames, one force component of the first being `value`."""
    frames = ethanol(n, seed=1)
    energy, forces = frames[0].get_potential_energy(), frames[0].get_forces()
    forces[0, 0] = value
    frames[0].calc = SinglePointCalculator(frames[0], energy=energy, forces=forces)
    return frames


def aluminium(n, seed):
    """Periodic cells smaller than twice the cutoff."""
    rng = np.random.default_rng(seed)
    return [labelled(ase.build.bulk("Al", "fcc", a=4.05, cubic=True), rng, 0.1) for _ in range(n)]


def strained_aluminium(n, seed):
    """The same in cells strained by some per cent, so that their stresses differ."""
    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(n):
        atoms = ase.build.bulk("Al", "fcc", a=4.0, cubic=True)
        atoms.set_cell(atoms.cell @ (np.eye(3) + rng.uniform(-0.03, 0.03, (3, 3))), scale_atoms=True)
        frames.append(labelled(atoms, rng, 0.05))
    return frames


@pytest.fixture(scope="session")
def settings_of(framework):
    """Settings of a run, as the workflow hands them to a training."""

    def make(**changes):
        run = {"run": "tiny.n16.seed1", "framework": framework, "model": "tiny", "training_set": "n16", "n_train": 16, "noise": 0.0}
        run |= {"seed": 1, "root_seed": 1, "device": DEVICE, "refit_energy_shift": True, "max_hours": None}
        return run | {"hyperparameters": HYPERPARAMETERS | changes}

    return make


@pytest.fixture(scope="session")
def frame_files(tmp_path_factory):
    """Files of training and validation frames by kind: molecule or periodic."""
    folder = tmp_path_factory.mktemp("frames")
    files = {}
    for kind, make in (("molecule", ethanol), ("periodic", aluminium), ("strained", strained_aluminium)):
        for part, n, seed in (("train", 12, 1), ("val", 4, 2)):
            frames = make(n, seed)
            for index, frame in enumerate(frames):
                frame.info["origin"] = f"{kind} {part} frame {index}"
            ase.io.write(folder / f"{kind}_{part}.xyz", frames, format="extxyz")
        files[kind] = (folder / f"{kind}_train.xyz", folder / f"{kind}_val.xyz")
    return files


@pytest.fixture(scope="session")
def start_file(frame_files, tmp_path_factory):
    """The file of the molecule's start frame."""
    folder = tmp_path_factory.mktemp("start")
    choose_start(None, {"max_bond_A": 2.0, "min_distance_A": None}, frame_files["molecule"], {}, folder)
    return folder / "start.xyz"


@pytest.fixture(scope="session")
def trained(framework, settings_of, frame_files, tmp_path_factory):
    """Directories of finished trainings, each made once: trained(kind, **hyperparameters that differ)."""
    made = {}

    def make(kind="molecule", **changes):
        key = (kind, repr(sorted(changes.items())))
        if key not in made:
            made[key] = tmp_path_factory.mktemp("training")
            train(settings_of(**changes), *frame_files[kind], made[key])
            manifest = read_manifest(made[key] / "manifest.json")
            assert manifest["status"] == "ok", manifest["reason"]
        return made[key]

    return make


@pytest.fixture(scope="session", params=["molecule", "periodic"])
def kind(request):
    return request.param


@pytest.fixture
def potential(trained, kind):
    """A potential of float64 weights, fresh for each test."""
    return load(trained(kind))


@pytest.fixture
def frames(kind):
    return (ethanol if kind == "molecule" else aluminium)(4, seed=7)
