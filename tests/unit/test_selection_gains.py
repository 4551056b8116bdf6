"""What chosen frames bring, by hand; and the training sets that have them."""

from pathlib import Path

import ase.io
import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from scipy import stats

from nnip.analyse.selection_gains import selection_gains
from nnip.data.additions import add_selected
from nnip.data.extxyz import write_frames
from nnip.data.start import bare
from nnip.jobs.errors import InputError
from nnip.study.config import check_config
from nnip.study.manifest import Stopwatch, write_manifest
from nnip.study.tables import frame
from nnip.study.training_sets import training_sets

ROOT = Path(__file__).resolve().parents[2]
ERRORS = {"n20": (0.4, 0.5, 0.3), "plus4.distance": (0.2, 0.3, 0.2), "plus4.random": (0.3, 0.5, 0.25)}


def test_gains_are_ratios_seed_by_seed():
    sets = [
        {"training_set": name, "role": "main" if name == "n20" else "beside", "pool": "x", "n_train": 20 if name == "n20" else 24} for name in ERRORS
    ]
    sets = frame("training_sets", [row | {"learn": "energy+forces", "noise": 0.0} for row in sets])
    rows = [
        {"framework": "mace", "model": "m", "seed": seed, "training_set": name, "split": split, "forces_rmse_eV_per_A": error}
        for name, of_seeds in ERRORS.items()
        for seed, error in enumerate(of_seeds)
        for split in ("300K", "train")
    ]
    table = selection_gains(frame("errors", rows), sets, 4, ["distance", "random", "spread"], 0.9)
    assert table[["by", "split", "n_train", "n_seeds"]].to_numpy().tolist() == [["distance", "300K", 24, 3], ["random", "300K", 24, 3]]
    apart = np.log(ERRORS["plus4.distance"]) - np.log(ERRORS["plus4.random"])
    half = stats.t.ppf(0.95, 2) * apart.std(ddof=1) / np.sqrt(3)
    row = table.iloc[0]
    expected = np.exp([apart.mean(), apart.mean() - half, apart.mean() + half])
    assert row[["to_random", "to_random_low", "to_random_high"]].tolist() == pytest.approx(expected)
    assert row["to_main"] == pytest.approx(np.prod(np.divide(ERRORS["plus4.distance"], ERRORS["n20"])) ** (1 / 3))
    assert table.iloc[1][["to_random", "to_random_low"]].isna().all() and table["to_main_low"].notna().all()


def hydrogen(i, labels=True):
    atoms = Atoms("H2", positions=[[0, 0, 0.01 * i], [0, 0, 0.75 + 0.01 * i * i]], info={"origin": f"pool {i}"})
    atoms.calc = SinglePointCalculator(atoms, energy=-float(i), forces=np.full((2, 3), 0.1 * i)) if labels else None
    return atoms


def test_chosen_frames_get_their_labels_and_every_nth_validates(tmp_path):
    frames = [hydrogen(i) for i in range(12)]
    for name, part in (("pool", frames), ("train", frames[:3]), ("val", frames[3:4]), ("chosen", [bare(each) for each in frames[6:12]])):
        write_frames(tmp_path / f"{name}.xyz", part)
    main = {"pool_frames": 12, "left_out_for_tests": 0, "isolated_atoms_eV": {}, "untested": {}}
    write_manifest(tmp_path / "main.json", "training set", {"study": {}}, {"root": 1}, "cpu", Stopwatch(), **main)
    files = {"train": tmp_path / "train.xyz", "val": tmp_path / "val.xyz", "manifest": tmp_path / "main.json"}
    add_selected({"name": "plus6.distance"}, 0.5, files, tmp_path / "chosen.xyz", tmp_path / "pool.xyz", tmp_path / "set")
    train, val = (ase.io.read(tmp_path / f"set/{part}.xyz", ":") for part in ("train", "val"))
    assert [round(-each.get_potential_energy()) for each in train] == [0, 1, 2, 6, 8, 10]
    assert [round(-each.get_potential_energy()) for each in val] == [3, 7, 9, 11]
    assert train[4].get_forces()[0, 0] == pytest.approx(0.8)


@pytest.fixture
def config():
    return yaml.safe_load((ROOT / "config/demo.yaml").read_text()) | {"noise": None, "learning_curve": [], "n_train": 20}


def test_the_select_block_expands_to_the_main_set_with_more_frames(config):
    config["datasets"]["xtb"] = config["datasets"]["xtb"] | {"n_pool": 40}
    block = {"model": "mace-base", "n_frames": 5, "by": ["distance", "spread", "random"]}
    sets = training_sets(check_config(config | {"seeds": [1, 2], "select": block}))
    assert list(sets) == ["n20", "plus5.distance", "plus5.spread", "plus5.random"]
    assert {(each.size, each.role, each.models) for name, each in sets.items() if each.chosen} == {(25, "beside", ("mace-base",))}
    assert list(training_sets(check_config(config | {"seeds": [1, 2], "select": block | {"file": str(ROOT / "README.md")}}))) == ["n20"]


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ({"by": ["spread"]}, "'select.by' has spread, which is that over the seeds of a model, but 'seeds' has one"),
        ({"file": "nowhere.xyz"}, "'select.file': there is no file nowhere.xyz"),
        ({"by": ["nearest"]}, "'select.by.0' is 'nearest'"),
        ({}, "'select.n_frames' is 5 beside the 20 of the main set, but 20 frames of 'xtb' are made: set 'datasets.xtb.n_pool' to 25 or more"),
    ],
)
def test_a_mistake_in_the_block_is_named(config, block, words):
    with pytest.raises(InputError) as error:
        check_config(config | {"select": {"model": "mace-base", "n_frames": 5} | block}, "my.yaml")
    assert str(error.value).startswith("my.yaml: ") and words in str(error.value)
