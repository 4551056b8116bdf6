"""Users' frames with isolated atoms among them, and the start of the MD in the config."""

import ase.io
import pytest
import yaml
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.singlepoint import SinglePointCalculator
from conftest import ROOT
from data_stage import make_data
from made_up_study import study

from nnip.data.isolated import ALONE_A, is_isolated, nearest_image_A
from nnip.data.prepare import prepare, prepare_pool
from nnip.data.start import choose_start, start_of_file
from nnip.data.training_set import make_training_set
from nnip.jobs.errors import InputError
from nnip.report.summary import summary
from nnip.study.config import check_config
from nnip.study.manifest import read_manifest
from nnip.study.tables import frame
from nnip.study.training_sets import TrainingSet

STUDY = {"seed": 1, "n_train": 10, "validation_fraction": 0.2, "learning_curve": [], "mirror": None}
KEYS = {"energy_key": "REF_energy", "forces_key": "REF_forces"}
BOND_RULE = {"max_bond_A": 2.0, "min_distance_A": None}


def atom(symbol, energy_eV, **info):
    """One atom without forces."""
    cell, pbc = info.pop("cell", None), info.pop("pbc", False)
    made = Atoms(symbol, positions=[[1, 2, 3]], cell=cell, pbc=pbc, info=info)
    made.calc = SinglePointCalculator(made, energy=energy_eV)
    return made


def water(n, **info):
    """The n-th water molecule, with forces."""
    made = molecule("H2O")
    made.positions[0, 0] += 0.01 * n
    made.info |= info
    made.calc = SinglePointCalculator(made, energy=-14.0 + 0.1 * n, forces=made.positions)
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


def own(tmp_path, field, train, n_train=10, **study):
    """Files of the main training set of a user's frames."""
    options = {"source": "extxyz", "train": train, "test": {"300K": str(field / "ethanol_test.xyz")}} | KEYS
    make_data("mine", options, STUDY | {"n_train": n_train} | study, tmp_path / "data")
    return [tmp_path / f"data/sets/n{n_train}/{part}.xyz" for part in ("train", "val")]


def test_of_two_molecules_that_are_equally_common_one_must_be_chosen(tmp_path, field):
    files = own(tmp_path, field, str(field / "02_molecules_train.xyz"), 24)
    text = refusal(choose_start, None, BOND_RULE, files, {"n24": files[0]}, tmp_path / "start")
    assert "(12)" in text and "C2H6O" in text and "CH4O" in text and "equally common among the 24 training frames" in text
    choose_start({"file": None, "frame": None, "formula": "CH3CH2OH"}, BOND_RULE, files, {"n24": files[0]}, tmp_path / "start")
    manifest = read_manifest(tmp_path / "start/manifest.json")
    given = ase.io.read(field / "02_molecules_train.xyz", ":")
    lowest = min((n for n in range(24) if len(given[n]) == 9), key=lambda n: given[n].info["REF_energy"])
    assert (manifest["formula"], manifest["origin"], manifest["warnings"]) == ("C2H6O", f"02_molecules_train.xyz frame {lowest}", [])


def test_of_two_molecules_the_commoner_is_taken_with_a_warning(tmp_path, field):
    files = own(tmp_path, field, {"file": str(field / "02_molecules_train.xyz"), "frames": "0:18"}, 18)
    frames = [frame for file in files for frame in ase.io.read(file, ":")]
    counts = {size: sum(len(frame) == size for frame in frames) for size in (9, 6)}
    choose_start(None, BOND_RULE, files, {"n18": files[0]}, tmp_path / "start")
    manifest = read_manifest(tmp_path / "start/manifest.json")
    assert (counts, manifest["formula"]) == ({9: 12, 6: 6}, "C2H6O")
    assert "(12 of 18 training frames); others: CH4O (6); md.start chooses another" in manifest["warnings"][0]


def test_a_charged_start_keeps_its_charge_and_spin(tmp_path, field):
    files = own(tmp_path, field, str(field / "ethanol_train.xyz"))
    asked = {"file": str(field / "05_charged_train.xyz"), "frame": 13, "formula": None}
    choose_start(asked, BOND_RULE, files, {"n10": files[0]}, tmp_path / "start")
    given, start = ase.io.read(field / "05_charged_train.xyz", 13), ase.io.read(tmp_path / "start/start.xyz")
    assert (start.info["total_charge"], start.info["total_spin"]) == (given.info["total_charge"], given.info["total_spin"]) == (1, 2)
    assert start.positions == pytest.approx(given.positions, abs=1e-8)


def test_rules_that_the_start_breaks_are_named_with_its_frame_and_atoms(tmp_path, field):
    files = own(tmp_path, field, str(field / "ethanol_train.xyz"))
    rules = {"max_bond_A": 1.4, "min_distance_A": None}
    text = refusal(choose_start, None, rules, files, {"n10": files[0]}, tmp_path / "start")
    assert (
        "'md.max_bond_A' is 1.4, but in the start frame, ethanol_train.xyz frame" in text
        and "the bond C" in text
        and "so every replica would" in text
    )
    assert not (tmp_path / "start/start.xyz").exists()


@pytest.mark.parametrize("name", ["n24", "n6"])
def test_no_training_set_of_those_frames_is_made_where_md_has_no_start(tmp_path, field, name):
    own(tmp_path, field, str(field / "02_molecules_train.xyz"), 24)
    made = TrainingSet(name, "main" if name == "n24" else "curve", "mine", int(name[1:]))
    told = {"seed": 1, "validation_fraction": 0.2, "dataset": "mine"}
    files = (tmp_path / "data/pools/mine/pool.xyz", {"300K": tmp_path / "data/test_300K.xyz"}, tmp_path / "set")
    md = BOND_RULE | {"n_train": 24, "start": None}
    assert "equally common among the 24 training frames" in refusal(make_training_set, made.recipe(), told, *files, None, md)
    assert not list(tmp_path.glob("set/*"))
    make_training_set(made.recipe(), told, *files, md=md | {"start": {"file": None, "frame": None, "formula": "C2H6O"}})
    assert len(ase.io.read(tmp_path / "set/train.xyz", ":")) == int(name[1:]) * 5 // 6


def test_sets_drawn_like_the_main_one_are_those_of_its_pool_and_selection():
    main = TrainingSet("n24", "main", "mine", 24)
    assert TrainingSet("n6", "curve", "mine", 6).is_drawn_like(main)
    assert not TrainingSet("other", "beside", "other", 24).is_drawn_like(main)
    assert not TrainingSet("few", "beside", "mine", 24, {"every": 2}).is_drawn_like(main)


@pytest.fixture
def config():
    return yaml.safe_load((ROOT / "config/demo.yaml").read_text())


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ({}, "'md.start' should have either file or formula"),
        ({"file": "a.xyz", "formula": "H2O"}, "'md.start' should have either file or formula"),
        ({"frame": 3}, "'md.start' should have either file or formula"),
        ({"formula": "H2O", "frame": 3}, "'md.start.frame' is 3, but it counts the frames of md.start.file"),
        ({"formula": "C2H6Q"}, "'md.start.formula' is 'C2H6Q', which is not the formula"),
        ({"formula": "ethanol"}, "'md.start.formula' is 'ethanol', which is not the formula"),
        ({"formula": ""}, "'md.start.formula' is '', which is not the formula"),
        ({"file": "nowhere.xyz"}, "'md.start': nowhere.xyz: no such file"),
        ({"file": "nowhere.xyz", "frame": -1}, "'md.start.frame' is -1"),
        ({"file": "two.xyz", "frame": 2}, "'md.start': two.xyz: has no frame 2, but 2, counted from 0"),
        ({"file": "two.xyz", "frame": 90}, "'md.start': two.xyz: has no frame 90, but 2, counted from 0"),
        ({"file": "cut.xyz"}, "'md.start': cut.xyz: frame 0 is not readable extxyz"),
        ({"fil": "two.xyz"}, "unknown key 'md.start.fil': did you mean 'file'?"),
        ("lowest", "'md.start' is 'lowest', but must be of type object or null"),
    ],
)
def test_an_impossible_start_is_named_before_any_work(config, tmp_path, monkeypatch, start, words):
    monkeypatch.chdir(tmp_path)
    ase.io.write("two.xyz", [water(0), water(1)], format="extxyz")
    (tmp_path / "cut.xyz").write_text("3\n\nH 0 0 0\n")
    text = refusal(check_config, config | {"md": config["md"] | {"start": start}}, "my.yaml")
    assert text.startswith("my.yaml: ") and words in text


@pytest.mark.parametrize("start", [None, {"formula": "C12H12N2O"}, {"file": "two.xyz"}, {"file": "two.xyz", "frame": 1}])
def test_a_possible_start_is_accepted(config, tmp_path, monkeypatch, start):
    monkeypatch.chdir(tmp_path)
    ase.io.write("two.xyz", [water(0), water(1)], format="extxyz")
    assert check_config(config | {"md": config["md"] | {"start": start}})["md"]["start"] == (
        start and {"file": None, "frame": None, "formula": None, "molecule": None} | start
    )


def test_a_frame_is_found_by_its_number_in_a_file_of_any_readable_format(tmp_path, field):
    ase.io.write(tmp_path / "some.xyz", [water(n) for n in range(4)], format="extxyz")
    assert start_of_file(tmp_path / "some.xyz", 2).positions == pytest.approx(water(2).positions, abs=1e-8)
    (tmp_path / "odd.xyz").write_text("1\n\nH 0 0 0\n\n2\n\nH 0 0 0\nO 0 0 1\nnot a frame\n")
    assert start_of_file(tmp_path / "odd.xyz", 1).get_chemical_formula() == "HO"
    packed = start_of_file(field / "gz.xyz.gz", 0)
    assert (len(packed), packed.info["origin"]) == (9, "gz.xyz.gz frame 0")
    with pytest.raises(InputError, match=r"odd\.xyz: frame 2 is not readable"):
        start_of_file(tmp_path / "odd.xyz", 2)
    with pytest.raises(InputError, match=r"lammps_types\.xyz: .*types"):
        start_of_file(field / "lammps_types.xyz", 0)


def test_the_summary_names_the_start_and_the_isolated_atoms():
    tables = study()
    rows = [{"framework": "mace", "model": m, "training_set": "n20", "seed": 1, "formula": "C2H6O", "start": "mine.xyz frame 17"} for m in "ab"]
    text = summary(
        "mine", tables | {"md_start": frame("md_start", rows)}, 0.95, "train", notes=["Isolated atoms (H -13.6000 eV) are reference energies."]
    )
    assert text.count("Hot MD of C2H6O (mine.xyz frame 17).") == 1
    assert "Isolated atoms (H -13.6000 eV) are reference energies." in text.split("## What there is")[1].split("##")[0]
