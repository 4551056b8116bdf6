"""The frame that MD starts from: chosen, refused before any work, found in a file."""

import ase.io
import pytest
import yaml
from conftest import ROOT
from data_stage import make_data, water
from made_up_study import study

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


def refusal(function, *given, **more):
    with pytest.raises(InputError) as error:
        function(*given, **more)
    assert "\n" not in str(error.value)
    return str(error.value)


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
