"""Where hot MD starts: the frame of lowest energy among frames whose energies compare, or the frame that the config gives."""

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator

from nnip.data.start import choose_start
from nnip.jobs.errors import InputError
from nnip.md.start import check_start
from nnip.study.manifest import read_manifest

WATER = Atoms("OH2", positions=[[0, 0, 0], [0.96, 0, 0], [0, 1.02, 0]])
BOND_RULE = {"max_bond_A": 2.0, "min_distance_A": None}


def frame(formula, energy_eV=None, x=0.0, **info):
    """Atoms in a row, 1 Å apart, from x on."""
    atoms = Atoms(formula, positions=[[x + i, 0, 0] for i in range(len(Atoms(formula)))], info=info)
    atoms.calc = SinglePointCalculator(atoms, energy=energy_eV) if energy_eV is not None else None
    return atoms


@pytest.fixture
def chosen(tmp_path):
    """chosen(frames, asked): the start frame and the manifest; the frames are numbered in the file train.xyz."""

    def choose(frames, asked=None, rules=BOND_RULE, trained=None):
        for index, each in enumerate(frames):
            each.info["origin"] = f"train.xyz frame {index}"
        ase.io.write(tmp_path / "train.xyz", frames, format="extxyz")
        asked = asked and {"file": None, "frame": None, "formula": None} | asked
        choose_start(asked, rules, [tmp_path / "train.xyz"], trained or {"n5": tmp_path / "train.xyz"}, tmp_path / "start")
        return ase.io.read(tmp_path / "start/start.xyz"), read_manifest(tmp_path / "start/manifest.json")

    return choose


def refusal(chosen, *given, **more):
    with pytest.raises(InputError) as error:
        chosen(*given, **more)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_commonest_composition_is_taken_and_its_lowest_frame(chosen):
    frames = [frame("H2O", -5.0), frame("CO2", -90.0), frame("H2O", -7.0, x=3.0), frame("H2O", -7.0, x=4.0)]
    start, manifest = chosen(frames)
    assert start.get_chemical_formula() == "H2O"
    assert start.positions[0, 0] == 3.0, "the first of equals"
    assert start.calc is None
    assert (manifest["formula"], manifest["origin"]) == ("H2O", "train.xyz frame 2")
    assert manifest["compositions"] == {"H2O": 3, "CO2": 1}
    (warning,) = manifest["warnings"]
    assert "hot MD starts from H2O, the commonest composition (3 of 4 training frames); others: CO2 (1)" in warning


def test_one_composition_needs_no_warning(chosen):
    start, manifest = chosen([frame("H2O", -5.0), frame("OH2", -6.0, x=1.0)])
    assert (start.positions[0, 0], manifest["warnings"]) == (1.0, [])


def test_a_single_atom_is_never_the_start(chosen):
    atoms = [frame("C", -1000.0), frame("C", -1001.0), frame("C", -1002.0)]
    assert len(chosen([*atoms, frame("H2O", -5.0)])[0]) == 3
    assert "every training frame is a single atom" in refusal(chosen, atoms)


def test_two_substances_that_are_equally_common_are_not_picked_from(chosen):
    frames = [frame("H2O", -5.0), frame("CO2", -90.0), frame("CO2", -91.0), frame("H2O", -7.0)]
    text = refusal(chosen, frames)
    assert "H2O (2), CO2 (2) are equally common among the 4 training frames" in text and "'md.start'" in text and "{formula: H2O}" in text
    start, manifest = chosen(frames, {"formula": "O2C"})
    assert (start.get_chemical_formula(), manifest["origin"], manifest["warnings"]) == ("CO2", "train.xyz frame 2", [])


def test_of_two_cells_of_one_metal_that_are_equally_common_the_first_is_taken_and_said(chosen):
    start, manifest = chosen([frame("Al2", -5.0), frame("Al4", -90.0)])
    assert len(start) == 2
    assert "others: Al4 (1)" in manifest["warnings"][0]


@pytest.mark.parametrize("formula", ["CH4", "H2"])
def test_a_formula_of_no_frame_lists_those_there_are(chosen, formula):
    text = refusal(chosen, [frame("H2O", -5.0), frame("CO2", -90.0), frame("CO2", -91.0)], {"formula": formula})
    assert f"'md.start.formula' is {formula}, which no training frame of the main set is; there are CO2 (2), H2O (1)" in text


def test_frames_without_energies_need_a_start(chosen, tmp_path):
    frames = [frame("H2O", -5.0), frame("H2O")]
    assert "train.xyz frame 1 has no energy" in refusal(chosen, frames) and "{file: PATH, frame: N}" in refusal(chosen, frames)
    ase.io.write(tmp_path / "one.xyz", frame("HHO", x=2.5))
    start, manifest = chosen(frames, {"file": str(tmp_path / "one.xyz")})
    assert (start.positions[0, 0], manifest["origin"]) == (2.5, "one.xyz frame 0")


def test_a_frame_of_a_file_keeps_charge_spin_and_cell_but_no_labels(chosen, tmp_path):
    charged = frame("H2O", -1.0, x=1.25, total_charge=1, total_spin=2, other=5)
    charged.set_cell([9.1, 9.2, 9.3])
    charged.pbc = (True, True, False)
    ase.io.write(tmp_path / "some.xyz", [frame("CO2"), charged], format="extxyz")
    start, manifest = chosen([frame("H2O", -5.0)], {"file": str(tmp_path / "some.xyz"), "frame": 1})
    assert {key: int(value) for key, value in start.info.items() if key != "origin"} == {"total_charge": 1, "total_spin": 2}
    assert (start.positions == charged.positions).all() and (start.cell == charged.cell).all() and (start.pbc == charged.pbc).all()
    assert start.calc is None
    assert len(manifest["input_sha256"][str(tmp_path / "some.xyz")]) == 64


@pytest.mark.parametrize(("formula", "unknown"), [("CO2", "C"), ("SN2", "N, S")])
def test_elements_that_the_models_do_not_know(chosen, tmp_path, formula, unknown):
    ase.io.write(tmp_path / "one.xyz", frame(formula))
    text = refusal(chosen, [frame("H2O", -5.0)], {"file": str(tmp_path / "one.xyz")})
    assert f"'md.start.file': one.xyz frame 0 has {unknown}, which no training frame of training set n5 has" in text


def test_elements_that_the_models_of_another_training_set_do_not_know(chosen, tmp_path):
    ase.io.write(tmp_path / "water.xyz", frame("H2O", -1.0))
    frames = [frame("CO2", -5.0)]
    text = refusal(chosen, frames, trained={"n5": tmp_path / "train.xyz", "wet": tmp_path / "water.xyz"})
    assert "'md.start': train.xyz frame 0 has C, which no training frame of training set wet has" in text


@pytest.mark.parametrize(
    ("start", "rules", "words"),
    [
        (WATER, (0.99, None), "'md.max_bond_A' is 0.99, but in the start frame, train.xyz frame 0, the bond O0-H2 (counted from 0) is 1.020 Å long"),
        (frame("He2", -5.0), (2.0, None), "the start frame, train.xyz frame 0, (He2) has no bonds"),
        (WATER, (2.0, 0.97), "'md.min_distance_A' is 0.97, but in the start frame, train.xyz frame 0, the atoms O0-H1 (counted from 0) are 0.960 Å"),
        (bulk("Cu", cubic=True), (None, 3.62), "the images of an atom are 3.610 Å apart"),
    ],
)
def test_a_start_that_breaks_the_rules_is_refused(chosen, start, rules, words):
    start.calc = SinglePointCalculator(start, energy=1.0)
    text = refusal(chosen, [start], rules=dict(zip(("max_bond_A", "min_distance_A"), rules, strict=True)))
    assert words in text and "md." in text


def test_bonds_across_a_border_count_by_their_nearest_images():
    atoms = Atoms("OH", positions=[[0.2, 0, 0], [7.4, 0, 0]], cell=[8, 8, 8], pbc=True)  # 0.8 Å apart across the border
    check_start(atoms, 0.81, 0.79)
    with pytest.raises(InputError, match=r"the bond O0-H1 .* is 0\.800 Å long"):
        check_start(atoms, 0.79, None)
    with pytest.raises(InputError, match=r"the atoms O0-H1 .* are 0\.800 Å apart"):
        check_start(atoms, None, 0.81)
    np.testing.assert_equal(atoms.positions[1, 0], 7.4)
