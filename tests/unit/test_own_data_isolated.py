"""Users' frames with isolated atoms among them: reference energies, not frames."""

import ase.io
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from data_stage import make_data, water

from nnip.data.isolated import ALONE_A, is_isolated, nearest_image_A
from nnip.data.prepare import prepare, prepare_pool
from nnip.jobs.errors import InputError
from nnip.study.manifest import read_manifest

STUDY = {"seed": 1, "n_train": 10, "validation_fraction": 0.2, "learning_curve": [], "mirror": None}
KEYS = {"energy_key": "REF_energy", "forces_key": "REF_forces"}
BOND_RULE = {"max_bond_A": 2.0, "min_distance_A": None}


def atom(symbol, energy_eV, **info):
    """One atom without forces."""
    cell, pbc = info.pop("cell", None), info.pop("pbc", False)
    made = Atoms(symbol, positions=[[1, 2, 3]], cell=cell, pbc=pbc, info=info)
    made.calc = SinglePointCalculator(made, energy=energy_eV)
    return made


@pytest.fixture
def prepared(tmp_path):
    """prepared(train, test, frames): the pool's and the test split's frames and the manifest, of frames written as train.xyz and test.xyz."""

    def run(train, test, frames=":"):
        for name, written in (("train", train), ("test", test)):
            ase.io.write(tmp_path / f"{name}.xyz", written, format="extxyz")
        files = {"train": {"file": str(tmp_path / "train.xyz"), "frames": frames}, "test": {"300K": str(tmp_path / "test.xyz")}}
        options = {"source": "extxyz"} | files
        prepare("mine", options, {"seed": 1, "n_pool": None, "mirror": None}, tmp_path / "data")
        read = [ase.io.read(tmp_path / f"data/{name}.xyz", ":") for name in ("pools/mine/pool", "test_300K")]
        return *read, read_manifest(tmp_path / "data/manifest.json")

    return run


def refusal(function, *given, **more):
    with pytest.raises(InputError) as error:
        function(*given, **more)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_isolated_atoms_of_a_users_file_are_reference_energies(tmp_path, field, capsys):
    options = {"source": "extxyz", "train": str(field / "01_isolated_with_forces.xyz"), "test": {"300K": str(field / "ethanol_test.xyz")}} | KEYS
    make_data("mine", options, STUDY | {"n_train": 24}, tmp_path)
    manifest = read_manifest(tmp_path / "manifest.json")
    assert manifest["isolated_atoms_eV"] == pytest.approx({"H": -10.707211383283003, "C": -48.79807984748428, "O": -102.5218071447532}, abs=1e-9)
    assert manifest["isolated_atoms"]["O"] == "01_isolated_with_forces.xyz frame 2"
    pool = ase.io.read(tmp_path / "pools/mine/pool.xyz", ":")
    assert len(pool) == 24 and {len(frame) for frame in pool} == {9}
    assert "H -10.7072 eV" in capsys.readouterr().out


def test_isolated_atoms_of_3bpa_are_used_by_name_or_without_one(tmp_path, mirror):
    atoms = ase.io.read(mirror / "3bpa/iso_atoms.xyz", ":")
    molecules = ase.io.read(mirror / "3bpa/train_300K.xyz", ":13")
    ase.io.write(tmp_path / "train.xyz", [*molecules[:12], *atoms], format="extxyz")
    ase.io.write(tmp_path / "test.xyz", molecules[12], format="extxyz")
    options = {"source": "extxyz", "train": str(tmp_path / "train.xyz"), "test": {"300K": str(tmp_path / "test.xyz")}}
    make_data("mine", options, STUDY, tmp_path / "data")
    energies = {"C": -1029.4889999855063, "H": -13.587222780835477, "N": -1484.9814568572233, "O": -2041.9816003861047}
    assert read_manifest(tmp_path / "data/manifest.json")["isolated_atoms_eV"] == pytest.approx(energies, abs=1e-6)
    assert len(ase.io.read(tmp_path / "data/pools/mine/pool.xyz", ":")) == 12


@pytest.mark.parametrize("name", ["IsolatedAtom", "isolated_atom", "ISOLATED", "e0", "E0s", "isolated-atom", "Isolated Atom"])
def test_every_usual_name_of_an_isolated_atom_counts_even_in_a_small_cell(prepared, name):
    given = atom("H", -13.6, config_type=name, cell=[3, 3, 3], pbc=True)
    pool, test, manifest = prepared([water(0), given, water(1)], [water(2), atom("O", -430.25, config_type=name)])
    assert [len(frame) for frame in (*pool, *test)] == [3, 3, 3]
    assert manifest["isolated_atoms_eV"] == {"H": -13.6, "O": -430.25}
    assert manifest["isolated_atoms"] == {"H": "train.xyz frame 1", "O": "test.xyz frame 1"}


def test_frame_ranges_count_the_isolated_atoms_of_the_file(prepared):
    pool, _, manifest = prepared([atom("H", -13.6), water(0), atom("O", -430.0), water(1), atom("C", -1000.0)], [water(2)], frames="1:4")
    assert [frame.info["origin"] for frame in pool] == ["train.xyz frame 1", "train.xyz frame 3"]
    assert manifest["isolated_atoms_eV"] == {"O": -430.0}


def test_a_data_set_without_isolated_atoms_says_so_by_none(prepared):
    assert prepared([water(0), water(1)], [water(2)])[2]["isolated_atoms_eV"] == {}


@pytest.mark.parametrize(
    ("atoms", "alone", "image_A"),
    [
        (bulk("Fe"), False, 2.87 * 3**0.5 / 2),  # bcc: half the body diagonal
        (bulk("Al"), False, 4.05 / 2**0.5),  # fcc: half the face diagonal
        (Atoms("Cs", cell=[5.9, 20, 20], pbc=True), False, 5.9),
        (Atoms("Cs", cell=[5.9, 20, 20], pbc=[False, True, True]), True, 20),
        (Atoms("Cs", cell=[6.1, 6.2, 20], pbc=[True, True, False]), True, 6.1),
        (Atoms("H", cell=[[9, 0, 0], [27, 2, 0], [0, 0, 9]], pbc=True), False, 2.0),  # the second vector less three times the first
        (Atoms("H", cell=[9, 0, 0], pbc=[True, False, False]), True, 9),
        (Atoms("H"), True, float("inf")),
    ],
)
def test_a_crystal_of_one_atom_a_cell_is_none_unless_its_images_are_far(atoms, alone, image_A):
    assert nearest_image_A(atoms) == pytest.approx(image_A, abs=0.01)
    assert is_isolated(atoms, "x") == alone == (image_A >= ALONE_A)


def test_crystals_of_one_atom_are_trained_on(prepared):
    iron = [bulk("Fe", a=2.8 + 0.02 * n) for n in range(4)]
    for n, crystal in enumerate(iron):
        crystal.info["config_type"] = "bcc_bulk"
        crystal.calc = SinglePointCalculator(crystal, energy=-8.0 + n, forces=[[0, 0, 0]])
    pool, _, manifest = prepared([*iron[:3], atom("Fe", -3.25, cell=[15, 15, 15], pbc=True)], iron[3:])
    assert len(pool) == 3 and manifest["isolated_atoms_eV"] == {"Fe": -3.25}


@pytest.mark.parametrize(("where", "energies_eV"), [("train", (-13.6, -13.5)), ("test", (-13.6, -13.6002))])
def test_two_energies_of_one_element_are_refused(prepared, where, energies_eV):
    first, second = (atom("H", energy) for energy in energies_eV)
    split = {"train": [water(0), first], "test": [water(1)]}
    split[where].append(second)
    text = refusal(prepared, split["train"], split["test"])
    assert f"the isolated atom H has two energies, -13.600000 eV in train.xyz frame 1 and {energies_eV[1]:.6f} eV in" in text
    assert f"{where}.xyz frame {2 if where == 'train' else 1}" in text


def test_the_same_energy_to_a_files_digits_is_one(prepared):
    manifest = prepared([water(0), atom("H", -13.587223)], [water(1), atom("H", -13.58722)])[2]
    assert manifest["isolated_atoms_eV"] == {"H": -13.587223}


@pytest.mark.parametrize(("config_type", "n"), [("IsolatedAtom", 1), ("E0s", 2)])
def test_several_atoms_called_an_isolated_one_are_refused(prepared, config_type, n):
    frames = [water(0), water(1), water(2)]
    frames[n].info["config_type"] = config_type
    assert f"train.xyz: frame {n} has config_type {config_type}, but 3 atoms" in refusal(prepared, frames, [water(5)])


def test_an_isolated_molecule_is_a_frame_like_others(prepared):
    assert len(prepared([water(0), water(1, config_type="isolated")], [water(2)])[0]) == 2


@pytest.mark.parametrize(
    ("train", "test", "words"),
    [
        ([atom("H", -13.6), atom("O", -430.0)], [water(1)], "train: every frame is an isolated atom, so there is nothing to train on"),
        ([water(0), water(1)], [atom("H", -13.6)], "test.300K: every frame is an isolated atom, so there is nothing to test"),
    ],
)
def test_a_split_of_nothing_but_isolated_atoms_is_refused(prepared, train, test, words):
    assert words in refusal(prepared, train, test)


def test_an_isolated_atom_without_energy_is_named(prepared):
    lost = atom("O", 1.0)
    lost.calc = None
    assert "train.xyz: frame 1 has no labels" in refusal(prepared, [water(0), lost], [water(1)])


def test_isolated_atoms_of_a_further_pool_are_left_out_too(tmp_path):
    ase.io.write(tmp_path / "more.xyz", [water(0), atom("H", -13.6), water(1)], format="extxyz")
    options = {"source": "extxyz", "train": str(tmp_path / "more.xyz")}
    prepare_pool("more", options, {"seed": 1, "n_pool": None, "mirror": None}, tmp_path / "pool")
    assert len(ase.io.read(tmp_path / "pool/pool.xyz", ":")) == 2
    assert read_manifest(tmp_path / "pool/manifest.json")["isolated_atoms_eV"] == {"H": -13.6}
