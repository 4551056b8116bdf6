"""Three molecules of different sizes through every stage: what each stage says is what its frames say one by one."""

import ase.build
import ase.io
import numpy as np
import pandas as pd
import pytest
from conftest import labelled

from nnip.data.prepare import prepare
from nnip.data.start import choose_start
from nnip.data.training_set import make_training_set
from nnip.measure.base import run_measurement
from nnip.measure.distributions import measure as measure_distributions
from nnip.potentials.loading import load
from nnip.study.manifest import read_manifest
from nnip.study.tables import read_table
from nnip.training import train

TRAINED = {"water": "H2O", "ethanol": "CH3CH2OH"}
ONLY_TESTED = {"propane": "C3H8", "nitro": "CH3NO2"}  # no training frame has nitrogen
SPLITS = {"300K": 0.05, "900K": 0.12}
STUDY = {"seed": 1, "validation_fraction": 0.25, "dataset": "mine"}
OPTIONS = {"larger": ["propane"], "only_tested": [], "distances": True, "frames_per_batch": 3}


def frames_of(name, formula, n, amplitude, seed):
    """n displaced frames of a molecule, with its name."""
    rng = np.random.default_rng(seed)
    made = [labelled(ase.build.molecule(formula), rng, amplitude) for _ in range(n)]
    for frame in made:
        frame.info["molecule"] = name
    return made


@pytest.fixture(scope="module")
def stages(tmp_path_factory, settings_of):
    """The folder of a data set of these molecules, of a training set drawn from it and of a training."""
    folder = tmp_path_factory.mktemp("molecules")
    pool = [frame for seed, (name, formula) in enumerate(TRAINED.items()) for frame in frames_of(name, formula, 14, 0.05, seed)]
    ase.io.write(folder / "train_of_user.xyz", pool, format="extxyz")
    for split, amplitude in SPLITS.items():
        every = (TRAINED | ONLY_TESTED).items()
        tests = [frame for seed, (name, formula) in enumerate(every, 10) for frame in frames_of(name, formula, 3, amplitude, seed)]
        ase.io.write(folder / f"{split}_of_user.xyz", tests, format="extxyz")
    tests = {split: str(folder / f"{split}_of_user.xyz") for split in SPLITS}
    options = {"source": "extxyz", "train": str(folder / "train_of_user.xyz"), "test": tests}
    prepare("mine", options, {"seed": 1, "n_pool": None, "mirror": None}, folder)
    draw = {"n_molecules": 2, "n_conformers": 12, "number": 1, "most_conformers": 12, "numbers_of_molecules": [2]}
    recipe = {"name": "2x12.draw1", "size": 24, "size_key": "diversity", "pool": "mine", "select": {}, "noise": {}, "draw": draw}
    made = {name: folder / f"test_{name}.xyz" for name in SPLITS}
    make_training_set(recipe, STUDY, folder / "pools/mine/pool.xyz", made, folder / "set")
    train(settings_of(epochs=4, training_set="2x12.draw1"), folder / "set/train.xyz", folder / "set/val.xyz", folder / "train")
    return folder


@pytest.fixture
def measure(stages, settings_of, tmp_path):
    """measure(name, options, splits): the tables of a measurement by name."""
    files = {"train": stages / "set/train.xyz", "val": stages / "set/val.xyz", "start": stages / "start/start.xyz"}
    files |= {f"test_{split}": stages / f"test_{split}.xyz" for split in SPLITS}

    def run(name, options, splits):
        run_measurement(name, settings_of(training_set="x"), options, stages / "train", {split: files[split] for split in splits}, tmp_path)
        return {path.stem: read_table(path.stem, path) for path in tmp_path.glob("*.csv")}

    return run


def residuals(stages, path):
    """The known frames of a file, and of each by ASE's calculator: label less prediction of the energy and of the forces."""
    calculator, found = load(stages / "train").calculator(), []
    for frame in ase.io.read(stages / path, ":"):
        if frame.info["molecule"] != "nitro":
            bare = frame.copy()
            bare.calc = calculator
            found.append((frame, frame.get_potential_energy() - bare.get_potential_energy(), frame.get_forces() - bare.get_forces()))
    return found


def test_the_draw_has_both_molecules_in_train_and_validation(stages):
    train_frames, val = (ase.io.read(stages / f"set/{part}.xyz", ":") for part in ("train", "val"))
    assert {name: sum(frame.info["molecule"] == name for frame in train_frames) for name in TRAINED} == dict.fromkeys(TRAINED, 9)
    assert {name: sum(frame.info["molecule"] == name for frame in val) for name in TRAINED} == dict.fromkeys(TRAINED, 3)
    manifest = read_manifest(stages / "set/manifest.json")
    assert (sorted(manifest["molecules"]), manifest["missing_elements"], manifest["untested"]) == (["ethanol", "water"], [], {"nitro": "N"})


def test_both_frameworks_start_from_the_least_squares_energies_of_the_elements(stages, framework):
    frames = ase.io.read(stages / "set/train.xyz", ":")
    counts = np.array([[sum(frame.symbols == symbol) for symbol in "CHO"] for frame in frames], dtype=float)
    expected, *_ = np.linalg.lstsq(counts, np.array([frame.get_potential_energy() for frame in frames]), rcond=None)
    module = load(stages / "train").module
    if framework == "mace":
        by_number = dict(zip(module.atomic_numbers.tolist(), module.atomic_energies_fn.atomic_energies.flatten().tolist(), strict=True))
        found = [by_number[number] for number in (6, 1, 8)]
    else:
        shifts = next(value for name, value in module.state_dict().items() if name.endswith("per_type_energy_scale_shift.shifts"))
        found = [dict(zip(module.type_names, shifts.flatten().tolist(), strict=True))[symbol] for symbol in "CHO"]
    assert found == pytest.approx(expected, abs=1e-5)


def test_errors_are_those_of_the_frames_one_by_one(stages, measure):
    rows = measure("errors", {"frames_per_batch": 4}, ["train", "val", "test_300K", "test_900K"])["errors"].set_index("split")
    files = {"train": "set/train.xyz", "val": "set/val.xyz"} | {split: f"test_{split}.xyz" for split in SPLITS}
    for split, path in files.items():
        left = residuals(stages, path)
        forces = np.concatenate([force for _, _, force in left])
        energies = np.array([energy / len(frame) for frame, energy, _ in left])
        row = rows.loc[split]
        assert (row["n_frames"], row["n_components"]) == (len(left), forces.size)
        assert row["forces_rmse_eV_per_A"] == pytest.approx(np.sqrt((forces**2).mean()), rel=1e-6)
        assert row["energy_rmse_eV_per_atom"] == pytest.approx(np.sqrt((energies**2).mean()), rel=1e-6)


def test_errors_of_molecules_and_cells_are_those_of_the_frames_one_by_one(stages, measure, tmp_path):
    tables = measure("molecule_errors", OPTIONS, ["train", "test_300K", "test_900K"])
    assert read_manifest(tmp_path / "manifest.json")["untested"] == {"nitro": "N"}
    learnt = residuals(stages, "set/train.xyz")
    counts = np.array([[sum(frame.symbols == symbol) for symbol in "CHO"] for frame, _, _ in learnt], dtype=float)
    lacking, *_ = np.linalg.lstsq(counts, np.array([energy for _, energy, _ in learnt]), rcond=None)
    cells = {"water": "seen", "ethanol": "seen", "propane": "larger"}
    for split in SPLITS:
        left = residuals(stages, f"test_{split}.xyz")
        after = [energy - sum(lacking["CHO".index(symbol)] for symbol in frame.symbols) for frame, energy, _ in left]
        means = {name: np.mean([e for (frame, _, _), e in zip(left, after, strict=True) if frame.info["molecule"] == name]) for name in cells}
        rows = tables["molecule_errors"].query("split == @split").set_index("molecule")
        assert rows["cell"].to_dict() == cells
        for group, table, key in (
            ("molecule", rows, dict(zip(cells, cells, strict=True))),
            ("cell", tables["cell_errors"].query("split == @split").set_index("cell"), cells),
        ):
            for name in {*key.values(), *(["family"] if group == "cell" else [])}:
                members = {"water", "ethanol"} if name == "family" else {molecule for molecule, its in key.items() if its == name}
                own = [i for i, (frame, _, _) in enumerate(left) if frame.info["molecule"] in members]
                forces = np.concatenate([left[i][2] for i in own])
                true = np.concatenate([left[i][0].get_forces() for i in own])
                per_atom = np.array([after[i] / len(left[i][0]) for i in own])
                relative = np.array([(after[i] - means[left[i][0].info["molecule"]]) / len(left[i][0]) for i in own])
                row = table.loc[name]
                assert (row["n_frames"], row["n_components"]) == (len(own), forces.size), group
                assert row["forces_rmse_eV_per_A"] == pytest.approx(np.sqrt((forces**2).mean()), rel=1e-6)
                assert row["forces_rms_eV_per_A"] == pytest.approx(np.sqrt((true**2).mean()), rel=1e-9)
                assert row["normalised_force_error"] == pytest.approx(np.sqrt((forces**2).mean() / (true**2).mean()), rel=1e-6)
                assert row["energy_rmse_eV_per_atom"] == pytest.approx(np.sqrt((per_atom**2).mean()), rel=1e-4, abs=1e-8)
                assert row["relative_energy_rmse_eV_per_atom"] == pytest.approx(np.sqrt((relative**2).mean()), rel=1e-4, abs=1e-8)
        assert set(tables["cell_errors"].query("split == @split")["untested"]) == {"nitro"}
        frames = tables["frame_errors"].query("split == @split").reset_index(drop=True)
        assert frames["molecule"].tolist() == [frame.info["molecule"] for frame, _, _ in left]
        assert frames["forces_rmse_eV_per_A"].tolist() == pytest.approx([np.sqrt((force**2).mean()) for _, _, force in left], rel=1e-6)
        assert frames["energy_error_eV_per_atom"].tolist() == pytest.approx([e / len(f) for (f, _, _), e in zip(left, after, strict=True)], abs=1e-6)
        assert (frames["largest"] >= frames["mean"]).all() and (frames["mean"] > 0).all()


def test_hot_md_starts_from_the_named_molecule(stages, measure):
    rules = {"max_bond_A": 2.5, "min_distance_A": None}
    own = [stages / f"set/{part}.xyz" for part in ("train", "val")]
    choose_start({"file": None, "formula": None, "molecule": "water"}, rules, own, {"x": own[0]}, stages / "start")
    options = {"temperature_K": 300, "timestep_fs": 0.5, "tau_fs": 100, "duration_fs": 2, "n_replicas": 2, "initial_velocities": "zero"}
    tables = measure("md", options | rules | {"record_every_fs": None}, ["start"])
    assert tables["md_start"]["formula"].tolist() == ["H2O"]
    assert len(tables["failures"]) == 2


def test_distributions_compare_energies_within_a_molecule(stages):
    splits = {"train": ase.io.read(stages / "set/train.xyz", ":"), "test_300K": ase.io.read(stages / "test_300K.xyz", ":")}
    moments = pd.DataFrame(measure_distributions(splits, {"n_bins": 5})["distribution_moments"]).set_index(["split", "quantity"])
    lowest = {}
    for frame in splits["train"]:
        lowest[frame.info["molecule"]] = min(lowest.get(frame.info["molecule"], np.inf), frame.get_potential_energy() / len(frame))
    above = [frame.get_potential_energy() / len(frame) - lowest[frame.info["molecule"]] for frame in splits["train"]]
    assert moments.loc[("train", "energy_per_atom"), "mean"] == pytest.approx(np.mean(above))
