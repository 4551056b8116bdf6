"""Several molecules in one data set: their frames and names, and those that are left out by name."""

from collections import Counter

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from data_stage import make_data

from nnip.data import molecule, molecules, xtb
from nnip.data.frames import substance
from nnip.data.noise import spread
from nnip.data.prepare import prepare
from nnip.data.similar import kind
from nnip.data.start import find_start
from nnip.jobs.errors import InputError
from nnip.study.manifest import read_manifest

SMALL = {
    "source": "xtb",
    "smiles": {"water": "O", "butanol": "CCCCO", "no-ring": "C1CC", "lawrencium": "C[Lr]"},
    "test_smiles": {"methanol": "CO"},
    "test_temperatures_K": [300, 900],
    "n_test": 2,
    "n_basin": 2,
    "n_conformers": 6,
    "frames_per_chunk": 3,
    "equilibration_fs": 30,
    "stride_fs": 15,
}
STUDY = {"seed": 1, "n_pool": 4, "mirror": None}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("molecules")
    prepare("many", SMALL, STUDY, folder, processes=1)
    return folder


def names(path):
    return [frame.info["molecule"] for frame in ase.io.read(path, ":")]


def test_frames_carry_the_names_of_their_molecules_and_stand_in_turn(made):
    assert names(made / "pools/many/pool.xyz") == ["water", "butanol"] * 4
    assert names(made / "test_900K.xyz") == ["water", "butanol", "methanol"] * 2
    assert names(made / "test_basin.xyz") == ["butanol"] * 2, "the others have one basin"
    for frame in ase.io.read(made / "test_900K.xyz", ":"):
        smiles = {"water": "O", "butanol": "CCCCO", "methanol": "CO"}[frame.info["molecule"]]
        assert np.array_equal(frame.numbers, molecule.numbers(molecule.from_smiles(smiles)))
        assert frame.info["origin"].startswith(frame.info["molecule"] + ", test_900K chunk")
        fresh = xtb.gfn2_atoms(molecule.from_smiles(smiles), frame.positions, accuracy=xtb.LABEL_ACCURACY)
        assert frame.get_potential_energy() == pytest.approx(fresh.get_potential_energy(), abs=1e-9)


def test_what_cannot_be_made_is_left_out_by_name_and_recorded(made):
    manifest = read_manifest(made / "manifest.json")
    assert manifest["left_out"] == {
        "no-ring": "'C1CC' is not a valid SMILES (example: CCO for ethanol)",
        "lawrencium": "'C[Lr]' has 'Lr', which GFN2-xTB does not know",
    }
    assert [words.split(" is left out")[0] for words in manifest["warnings"]] == ["molecule no-ring", "molecule lawrencium"]
    assert {name: (own["n_atoms"], own["only_tested"]) for name, own in manifest["molecules"].items()} == {
        "water": (3, False),
        "butanol": (15, False),
        "methanol": (6, True),
    }


def test_a_molecules_frames_do_not_depend_on_the_others(made, tmp_path):
    alone = SMALL | {"smiles": {"butanol": "CCCCO"}, "test_smiles": {}}
    prepare("many", alone, STUDY, tmp_path, processes=1)
    together = [frame for frame in ase.io.read(made / "pools/many/pool.xyz", ":") if frame.info["molecule"] == "butanol"]
    for one, other in zip(ase.io.read(tmp_path / "pools/many/pool.xyz", ":"), together, strict=True):
        assert np.array_equal(one.positions, other.positions)


def test_a_calculation_that_does_not_converge_leaves_its_molecule_out(monkeypatch, tmp_path):
    def sample(recipe, chunk):
        if recipe.smiles == "CO" and chunk.split == "test_900K":
            raise InputError("smiles: GFN2-xTB dynamics of 'CO' at 900 K fails (no convergence)")
        frame = Atoms(molecule.numbers(molecule.from_smiles(recipe.smiles)), chunk.start_A, info={"origin": "made"})
        frame.calc = SinglePointCalculator(frame, energy=1.0, forces=np.zeros((len(frame), 3)))
        return [frame.copy() for _ in range(chunk.n_frames)], False

    class Here:
        resumed, notes = 0, []

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def map(self, function, *arguments):
            return [function(*each) for each in zip(*arguments, strict=False)]

    monkeypatch.setattr(molecules, "workers", lambda *_: Here())
    monkeypatch.setattr(xtb, "sample", sample)
    monkeypatch.setattr(xtb, "relax", lambda smiles, start, _: None if smiles == "CCCCO" else (0.0, start))
    options = SMALL | {"smiles": {"water": "O", "butanol": "CCCCO", "methanol": "CO"}, "test_smiles": {}, "n_basin": 0}
    pool, tests, notes, _ = molecules.generate(options, 4, 1, 1, tmp_path)
    assert notes["left_out"] == {
        "butanol": "GFN2-xTB finds no geometry in which 'CCCCO' holds together; choose another molecule",
        "methanol": "GFN2-xTB dynamics of 'CO' at 900 K fails (no convergence)",
    }
    assert Counter(frame.info["molecule"] for frame in (*pool, *tests["900K"])) == {"water": 6}


@pytest.mark.parametrize(
    ("smiles", "words"),
    [
        ({"first": "CCO", "second": "OCC"}, "smiles.second: is the same molecule as 'first' (CCO); leave one out"),
        ({"T": "CCO"}, "smiles.T: 'T' is read as a number or a truth value in extxyz files"),
        ({"1e5": "CCO"}, "smiles.1e5: '1e5' is read as a number"),
        ({"ring": "C1CC"}, "smiles: no molecule is left to train on: 'C1CC' is not a valid SMILES"),
    ],
)
def test_a_set_of_molecules_that_means_nothing_is_refused(tmp_path, smiles, words):
    with pytest.raises(InputError) as error:
        prepare("many", SMALL | {"smiles": smiles, "test_smiles": {}}, STUDY, tmp_path)
    assert str(error.value).startswith("datasets.many: ") and words in str(error.value)


def test_the_highest_conformers_are_held_out():
    starts = [np.full((2, 3), i) for i in range(4)]
    own, apart = molecules.basins(starts, [0.0, 0.1, 0.197, 0.2])
    assert [int(start[0, 0]) for start in own] == [0, 1] and [int(start[0, 0]) for start in apart] == [2, 3]
    assert molecules.basins(starts, [0.0, 0.001, 0.002, 0.003]) == (starts, [])


def frame(name, formula, energy_eV, x=0.0):
    atoms = Atoms(formula, positions=[[x + i, 0, 0] for i in range(len(Atoms(formula)))], info={"molecule": name, "origin": f"{name} {energy_eV}"})
    atoms.calc = SinglePointCalculator(atoms, energy=energy_eV)
    return atoms


def test_isomers_are_different_substances():
    isomers = [frame("cyanic", "HOCN", -1.0), frame("fulminic", "HOCN", -40.0), frame("cyanic", "HOCN", -1.4), frame("fulminic", "HOCN", -40.4)]
    assert [substance(each) for each in isomers[:2]] == ["cyanic", "fulminic"]
    assert spread(isomers, "energy") == pytest.approx(0.05)
    assert kind(isomers[0]) != kind(isomers[1]) == kind(isomers[3])


def test_the_start_of_a_named_molecule_is_its_own_lowest_frame():
    frames = [frame("cyanic", "HOCN", -1.0), frame("fulminic", "HOCN", -40.0), frame("cyanic", "HOCN", -1.4)]
    rules, train = {"max_bond_A": 2.0, "min_distance_A": None}, {"x": frames}
    start, _ = find_start({"file": None, "formula": None, "molecule": "cyanic"}, rules, frames, train)
    assert start.info == {"origin": "cyanic -1.4", "molecule": "cyanic"}
    start, (warning,) = find_start(None, rules, frames, train)
    assert start.info["origin"] == "cyanic -1.4" and "hot MD starts from cyanic, the commonest molecule (2 of 3" in warning
    for asked, words in (
        ({"formula": "HOCN"}, "'md.start.formula' is HOCN, which cyanic and fulminic are: give md.start.molecule instead"),
        ({"molecule": "water"}, "'md.start.molecule' is water, which no training frame of the main set is; there are cyanic (2), fulminic (1)"),
        (None, "cyanic (1), fulminic (1) are equally common among the 2 training frames; choose one by 'md.start', {molecule: cyanic}"),
    ):
        with pytest.raises(InputError) as error:
            find_start(asked, rules, frames if asked else frames[:2], train)
        assert words in str(error.value)


def test_names_in_a_users_file_are_kept(tmp_path):
    frames = []
    for index in range(6):
        each = frame("any", "HOCN", -1.0 - 0.01 * index, x=index)
        each.info["molecule"] = [7, "two words", "T"][index % 3]
        each.calc = SinglePointCalculator(each, energy=-1.0 - 0.01 * index, forces=np.zeros((4, 3)))
        frames.append(each)
    ase.io.write(tmp_path / "train.xyz", frames, format="extxyz")
    ase.io.write(tmp_path / "test.xyz", [frame("7", "HOCN", -2.0, x=9.0)], format="extxyz")
    options = {"source": "extxyz", "train": str(tmp_path / "train.xyz"), "test": {"300K": str(tmp_path / "test.xyz")}}
    study = {"seed": 1, "n_train": 6, "validation_fraction": 0.5, "learning_curve": [], "mirror": None}
    test = ase.io.read(tmp_path / "test.xyz")
    test.calc = SinglePointCalculator(test, energy=-2.0, forces=np.zeros((4, 3)))
    ase.io.write(tmp_path / "test.xyz", test, format="extxyz")
    make_data("mine", options, study, tmp_path / "data")
    drawn = [frame for part in ("train", "val") for frame in ase.io.read(tmp_path / f"data/sets/n6/{part}.xyz", ":")]
    assert Counter(substance(each) for each in drawn) == {"7": 2, "two words": 2, "True": 2}
