"""A user's own frames: every way a file can be wrong is named, and what is right comes through unchanged."""

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from data_stage import counts, make_data

from nnip.data.extxyz import read_frames
from nnip.jobs.errors import InputError
from nnip.study.manifest import read_manifest

STUDY = {"seed": 1, "n_train": 10, "validation_fraction": 0.2, "learning_curve": [5], "mirror": None}


def water(seed, symbols="OH2", **more):
    random = np.random.default_rng(seed)
    atoms = Atoms(symbols, np.array([[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]]) + random.normal(0, 0.05, (3, 3)), **more)
    atoms.calc = SinglePointCalculator(atoms, energy=-14.0 + random.normal(), forces=random.normal(size=(3, 3)))
    return atoms


def renamed(atoms, energy_key, forces_key):
    atoms.info[energy_key], atoms.arrays[forces_key] = atoms.get_potential_energy(), atoms.get_forces()
    atoms.calc = None
    return atoms


@pytest.fixture
def files(tmp_path):
    """Write frames as NAME.xyz and give its path: files(name, frames)."""

    def write(name, frames):
        ase.io.write(tmp_path / f"{name}.xyz", frames, format="extxyz")
        return str(tmp_path / f"{name}.xyz")

    return write


@pytest.fixture
def options(files):
    return {
        "source": "extxyz",
        "train": files("train", [water(i) for i in range(12)]),
        "test": {"same": files("same", [water(i) for i in range(20, 25)])},
    }


def failure(options, tmp_path, study=STUDY):
    with pytest.raises(InputError) as error:
        make_data("mine", options, study, tmp_path / "data")
    assert not list((tmp_path / "data").glob("sets/*/*.xyz")), "files were written in spite of the error"
    return str(error.value)


def test_what_is_written_is_what_was_given(tmp_path, options):
    make_data("mine", options, STUDY, tmp_path / "data")
    manifest = read_manifest(tmp_path / "data" / "manifest.json")
    assert manifest["stage"] == "data"
    made = counts(tmp_path / "data")
    assert made == {
        "sets/n10/train.xyz": 8,
        "sets/n10/val.xyz": 2,
        "sets/n5/train.xyz": 4,
        "sets/n5/val.xyz": 1,
        "test_same.xyz": 5,
        "pools/mine/pool.xyz": 12,
    }
    for name in made:
        for frame in ase.io.read(tmp_path / "data" / name, index=":"):
            assert not frame.pbc.any()
            file, _, index = frame.info["origin"].rsplit(" ", 2)
            original = water(int(index) + (20 if file == "same.xyz" else 0))
            assert frame.get_potential_energy() == original.get_potential_energy()
            np.testing.assert_allclose(frame.get_forces(), original.get_forces(), rtol=0, atol=1e-8)
            np.testing.assert_allclose(frame.positions, original.positions, rtol=0, atol=1e-8)


def test_the_same_seed_writes_the_same_bytes(tmp_path, options):
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_data("mine", options, STUDY | {"seed": seed}, tmp_path / folder)
    train = {folder: (tmp_path / folder / "sets/n10/train.xyz").read_bytes() for folder in "abc"}
    assert train["a"] == train["b"] != train["c"]


@pytest.mark.parametrize(("energy_key", "forces_key"), [("REF_energy", "REF_forces"), ("dft_energy", "forces"), ("energy", "forces")])
def test_labels_are_found_under_any_key(files, energy_key, forces_key):
    frames = [renamed(water(i), energy_key, forces_key) for i in range(3)]
    frames = read_frames(files("renamed", frames), "1:", energy_key, forces_key)
    assert [frame.info["origin"] for frame in frames] == ["renamed.xyz frame 1", "renamed.xyz frame 2"]
    for seed, frame in enumerate(frames, start=1):
        assert frame.get_potential_energy() == pytest.approx(water(seed).get_potential_energy(), abs=1e-8)
        np.testing.assert_allclose(frame.get_forces(), water(seed).get_forces(), rtol=0, atol=1e-8)


def test_other_labels_do_not_shadow_the_asked_ones(files):
    frame = water(1)
    frame.info["REF_energy"], frame.arrays["REF_forces"] = 3.0, np.full((3, 3), 2.0)
    (frame,) = read_frames(files("both", [frame]), ":", "REF_energy", "REF_forces")
    assert frame.get_potential_energy() == 3.0
    assert (frame.get_forces() == 2.0).all()


@pytest.mark.parametrize("pbc", [False, True, (True, True, False)])
def test_pbc_is_kept_and_a_cell_alone_makes_no_crystal(files, pbc):
    (frame,) = read_frames(files("cell", [water(1, cell=[20, 20, 20], pbc=pbc)]))
    assert (frame.pbc == np.broadcast_to(pbc, 3)).all()
    assert (frame.cell.lengths() == 20).all()


def test_each_unreadable_file_is_named(tmp_path):
    (tmp_path / "empty.xyz").write_text("")
    (tmp_path / "cut.xyz").write_text("3\nenergy=1\nO 0 0 0\n")
    (tmp_path / "bytes.xyz").write_bytes(b"\xff\xfe\x00\x01" * 20)
    with pytest.raises(InputError, match=r"nowhere\.xyz: no such file"):
        read_frames(tmp_path / "nowhere.xyz")
    with pytest.raises(InputError, match=r"empty\.xyz: is empty"):
        read_frames(tmp_path / "empty.xyz")
    for name, words in (("cut", "the file ends after 1 of its 3 atoms"), ("bytes", "text in UTF-16; save it as UTF-8")):
        with pytest.raises(InputError, match=rf"{name}\.xyz: .*{words}"):
            read_frames(tmp_path / f"{name}.xyz")


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ("0:13", r"frames '0:13' are not in this file, which has 12"),
        ("5:5", "are not in this file"),
        ("12:", "are not in this file"),
        ("-3:", "is not a range"),
        ("all", "is not a range"),
    ],
)
def test_frame_ranges_outside_the_file(tmp_path, options, frames, message):
    options["train"] = {"file": options["train"], "frames": frames}
    text = failure(options, tmp_path)
    assert text.startswith("datasets.mine: ") and "train.xyz: " in text
    with pytest.raises(InputError, match=message):
        read_frames(options["train"]["file"], frames)


def test_missing_labels_name_the_keys_that_look_like_them(tmp_path, files, options):
    frames = [water(i) for i in range(12)]
    frames[4] = renamed(frames[4], "REF_energy", "REF_forces")
    options["train"] = files("train", frames)
    text = failure(options, tmp_path)
    assert "train.xyz: frame 4 has no 'energy' (energy_key); it has REF_energy: set energy_key: REF_energy" in text
    frames[4].info["energy"] = 1.0
    options["train"] = files("train", frames)
    assert "frame 4 has no 'forces' (forces_key); it has REF_forces: set forces_key: REF_forces" in failure(options, tmp_path)


@pytest.mark.parametrize("what", ["energy", "forces", "positions"])
def test_numbers_that_are_not_finite(tmp_path, files, options, what):
    frames = [water(i) for i in range(20, 25)]
    if what == "positions":
        frames[3].positions[1, 2] = np.inf
    elif what == "forces":
        frames[3].calc.results["forces"][0, 0] = np.nan
    else:
        frames[3].calc.results["energy"] = np.nan
    frames[3].calc.atoms = frames[3].copy()
    options["test"]["same"] = files("same", frames)
    assert f"same.xyz: frame 3: '{what}' has a number that is not finite" in failure(options, tmp_path)


def test_labels_of_the_wrong_shape(files):
    path = files("train", [renamed(water(1), "E", "F")])
    with pytest.raises(InputError, match=r"frame 0: 'F' should be one number"):
        read_frames(path, ":", "F", "F")
    with pytest.raises(InputError, match=r"frame 0: 'E' should be three numbers an atom, \(3, 3\)"):
        read_frames(path, ":", "E", "E")


def test_periodic_without_a_cell(tmp_path):
    (tmp_path / "a.xyz").write_text('1\nProperties=species:S:1:pos:R:3:forces:R:3 energy=1.0 pbc="T T T"\nH 0 0 0 0 0 0\n')
    with pytest.raises(InputError, match="frame 0: pbc is true along a direction in which Lattice is zero"):
        read_frames(tmp_path / "a.xyz")


def test_a_species_only_in_a_test_split(tmp_path, files, options):
    options["test"]["sulphur"] = files("sulphur", [water(30), water(31, "SH2")])
    assert "test sulphur: sulphur.xyz frame 1 has S, which no training frame of n_train 10 has" in failure(options, tmp_path)


def test_duplicates_across_splits(tmp_path, files, options):
    repeated = water(7)
    repeated.calc.results["energy"] += 0.0005  # as if written with fewer digits
    options["test"]["same"] = files("same", [water(20), water(21), repeated])
    text = failure(options, tmp_path)
    assert "test same: same.xyz frame 2 repeats train.xyz frame 7 of the training frames" in text
    assert "drop_duplicates: true" in text
    make_data("mine", options | {"drop_duplicates": True}, STUDY, tmp_path / "data")
    manifest = read_manifest(tmp_path / "data" / "manifest.json")
    assert manifest["files"]["test_same.xyz"]["n_frames"] == 2
    assert manifest["dropped_duplicates"] == [{"split": "test same", "frame": "same.xyz frame 2", "repeats": "train.xyz frame 7"}]


def test_duplicates_within_the_training_frames(tmp_path, files, options):
    options["train"] = files("train", [water(i % 11) for i in range(12)])
    assert "train: train.xyz frame 11 repeats train.xyz frame 0" in failure(options, tmp_path)


def test_the_same_atoms_in_another_cell_are_no_duplicate(tmp_path, files):
    made = {"train": [water(i, cell=[9, 9, 9], pbc=True) for i in range(12)], "test": [water(3, cell=[9, 9, 10], pbc=True)]}
    options = {"source": "extxyz", "train": files("train", made["train"]), "test": {"cell": files("cell", made["test"])}}
    make_data("mine", options, STUDY, tmp_path / "data")
    options["test"]["cell"] = files("cell", made["train"][3:4])
    with pytest.raises(InputError, match=r"test cell: cell\.xyz frame 0 repeats train\.xyz frame 3"):
        make_data("mine", options, STUDY, tmp_path / "data")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "hdf5"}, "datasets.mine: source: 'hdf5' should be xtb, emt, 3bpa, ani-al, silicon-re or extxyz"),
        ({"energykey": "E"}, "datasets.mine: energykey: no key of source extxyz; it knows train, test, energy_key"),
        ({"test": {}}, "datasets.mine: train and test: both are needed"),
        ({"train": {"frames": "0:3"}}, "datasets.mine: train: {'frames': '0:3'} should be a file, or"),
    ],
)
def test_options_that_cannot_be_used(tmp_path, options, changes, message):
    assert message in failure(options | changes, tmp_path)


def test_too_few_frames(tmp_path, options):
    assert "n_train: 13 frames asked for, but the training data has 12" in failure(options, tmp_path, STUDY | {"n_train": 13})
