"""Labels of a user's frames: stress in every form, labels that a split lacks, charge and spin, and what is not used."""

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from ase.units import GPa
from data_stage import STUDY, draw_set

from nnip.data.extxyz import read_frames, write_frames
from nnip.data.frames import read_labelled
from nnip.data.prepare import prepare
from nnip.data.training_set import make_training_set
from nnip.jobs.errors import InputError
from nnip.study.manifest import read_manifest
from nnip.study.training_sets import TrainingSet

# xx, yy, zz, yz, xz, xy of a cell of 64 A^3, worked out by hand below
STRESS = np.array([[0.01, 0.006, 0.005], [0.006, 0.02, 0.004], [0.005, 0.004, 0.03]])
VOIGT = np.array([0.01, 0.02, 0.03, 0.004, 0.005, 0.006])
LONE = {"Al": -1.5, "Ni": -2.5}


def crystal(step=0.0, **info):
    atoms = Atoms("AlNi", positions=[[0, 0, 0], [2 + step, 2, 2]], cell=[4, 4, 4], pbc=True, info={"REF_energy": -3.0 + step} | info)
    atoms.arrays["REF_forces"] = np.array([[0.1, 0, step], [-0.1, 0, -step]])
    return atoms


def written(path, frames):
    ase.io.write(path, frames, format="extxyz")
    return path


def read(path, **options):
    warnings = []
    return read_frames(path, energy_key="REF_energy", forces_key="REF_forces", warnings=warnings, **options), warnings


@pytest.mark.parametrize(
    ("info", "key"),
    [
        ({"REF_stress": STRESS}, "stress_key"),
        ({"REF_stress": VOIGT}, "stress_key"),
        ({"REF_stress": STRESS.ravel()}, "stress_key"),
        ({"REF_virials": -64 * STRESS}, "virial_key"),
        ({"REF_virials": -64 * VOIGT}, "virial_key"),
        ({"virials": -64 * STRESS.ravel()}, "virial_key"),
        ({"virial": -64 * STRESS}, "virial_key"),
    ],
)
def test_stress_and_virial_in_every_form_are_one_tensor(tmp_path, info, key):
    """virial = -stress * volume, 64 A^3; the frames of the data stage have ase's Voigt form in eV/A^3."""
    (name,) = info
    (frame,), warnings = read(written(tmp_path / "a.xyz", crystal(**info)), **{key: name})
    assert np.allclose(frame.get_stress(), VOIGT, atol=1e-8)
    assert np.allclose(frame.get_stress(voigt=False), STRESS, atol=1e-8)
    assert warnings == []
    write_frames(tmp_path / "b.xyz", [frame])
    assert np.allclose(read_labelled(tmp_path / "b.xyz")[0].get_stress(), VOIGT, atol=1e-8)


def test_the_stress_of_a_calculator_is_read_as_ase_writes_it(tmp_path):
    atoms = crystal()
    atoms.calc = EMT()
    atoms.calc = SinglePointCalculator(atoms, energy=atoms.get_potential_energy(), forces=atoms.get_forces(), stress=atoms.get_stress())
    (frame,) = read_frames(written(tmp_path / "a.xyz", atoms), stress_key="stress")
    assert np.allclose(frame.get_stress(), atoms.get_stress(), atol=1e-7)


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ({"REF_stress": STRESS / GPa * 10}, ["'REF_stress' is", "GPa", "should be in eV/Å³", "1 kbar a tenth"]),
        ({"REF_stress": np.triu(STRESS)}, ["'REF_stress' is not symmetric"]),
        ({"REF_stress": [1.0, 2.0]}, ["'REF_stress' should be 3 x 3 numbers", "xx, yy, zz, yz, xz, xy", "(2,)"]),
        ({"REF_stress": 0.1}, ["'REF_stress' should be 3 x 3 numbers", "()"]),
        ({"REF_stress": "none"}, ["'REF_stress' is not a tensor of numbers"]),
        ({"REF_stress": [np.nan] * 6}, ["'REF_stress' has a number that is not finite"]),
        (
            {"REF_stress": STRESS, "REF_virials": 64 * STRESS},
            ["'REF_stress' and 'REF_virials' have signs that do not agree", "positive stress is tension"],
        ),
        (
            {"REF_stress": STRESS, "REF_virials": -64 * STRESS / GPa},
            ["'REF_stress' and 'REF_virials' do not agree", "zz of the stress is 0.03", f"makes {0.03 / GPa:.4g}"],
        ),
        ({}, ["has no 'REF_stress'", "training frame"]),
    ],
)
def test_a_stress_that_cannot_be_is_refused_by_frame_and_key(tmp_path, info, words):
    path = written(tmp_path / "a.xyz", [crystal(REF_stress=STRESS), crystal(0.1, **info)])
    with pytest.raises(InputError) as error:
        read(path, stress_key="REF_stress", virial_key="REF_virials", needed=("energy", "forces", "stress"))
    for word in ("a.xyz: frame 1", *words):
        assert word in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("pbc", [(True, True, False), False])
def test_only_a_frame_periodic_in_three_directions_has_a_stress(tmp_path, pbc):
    atoms = crystal(REF_stress=STRESS)
    atoms.pbc = pbc
    with pytest.raises(InputError, match=r"frame 0 has 'REF_stress', but is not periodic in three directions: it has no volume"):
        read(written(tmp_path / "a.xyz", atoms), stress_key="REF_stress")


def test_a_stress_that_no_key_names_is_not_used_and_that_is_said(tmp_path):
    (frame, _), warnings = read(written(tmp_path / "a.xyz", [crystal(REF_stress=STRESS, REF_virials=-64 * STRESS), crystal(0.1)]))
    assert set(frame.calc.results) == {"energy", "forces"}
    assert warnings == [
        f"{tmp_path / 'a.xyz'}: has REF_stress (1 of 2 frames), REF_virials (1 of 2 frames), which is not used; set stress_key or virial_key"
    ]


def strained(lengths, sign=1):
    """Cells whose stress follows from a bulk modulus of 0.5 eV/A^3."""
    frames = []
    for number, length in enumerate(lengths):
        atoms = crystal(0.001 * number, REF_stress=sign * 0.5 * np.log(length**3 / 64) * np.eye(3))
        atoms.set_cell([length] * 3, scale_atoms=True)
        frames.append(atoms)
    return frames


def test_odd_stresses_are_warned_of(tmp_path):
    lengths = np.linspace(3.9, 4.1, 6)
    assert read(written(tmp_path / "a.xyz", strained(lengths)), stress_key="REF_stress")[1] == []
    _, (falling,) = read(written(tmp_path / "b.xyz", strained(lengths, -1)), stress_key="REF_stress")
    assert "the stress of AlNi falls where its cell grows, as with the opposite sign" in falling
    _, (large,) = read(written(tmp_path / "c.xyz", crystal(REF_stress=0.7 * np.eye(3))), stress_key="REF_stress")
    assert "stresses are typically 0.7 eV/Å³, 112 GPa: are they in eV/Å³?" in large


def without(frames, label):
    """The frames without energies or forces."""
    for atoms in frames:
        if label == "energy":
            del atoms.info["REF_energy"]
        else:
            del atoms.arrays["REF_forces"]
    return frames


@pytest.mark.parametrize(("label", "left"), [("energy", "forces"), ("forces", "energy")])
def test_a_test_split_is_used_for_what_it_has(tmp_path, label, left):
    frames, (said,) = read(written(tmp_path / "a.xyz", without([crystal(), crystal(0.1)], label)), needed=())
    assert [set(frame.calc.results) for frame in frames] == [{left}] * 2
    assert f"no frame has 'REF_{label}' ({label}_key): errors of {'the energy' if label == 'energy' else 'forces'} are left out" in said


def test_a_label_that_some_frames_of_a_split_lack_is_refused_by_frame(tmp_path):
    path = written(tmp_path / "a.xyz", [crystal(), *without([crystal(0.1)], "forces"), crystal(0.2)])
    with pytest.raises(InputError, match=r"a\.xyz: frame 1 has no 'REF_forces' \(forces_key\), which 2 of 3 frames have; put the frames without it"):
        read(path, needed=())


def test_a_frame_with_no_label_at_all_is_refused(tmp_path):
    path = written(tmp_path / "a.xyz", without(without([crystal(dft=1.0)], "forces"), "energy"))
    with pytest.raises(InputError, match=r"frame 0 has no 'REF_energy' \(energy_key\)"):
        read(path, needed=())


def options(folder, **more):
    return (
        {"source": "extxyz", "train": str(folder / "train.xyz"), "test": {"scan": str(folder / "scan.xyz")}}
        | {
            "energy_key": "REF_energy",
            "forces_key": "REF_forces",
        }
        | more
    )


def data(folder, study=None, **more):
    told = {"seed": 1, "n_pool": None, "mirror": None} | (study or {})
    prepare("own", options(folder, **more), told, folder / "data")
    return read_manifest(folder / "data" / "manifest.json")


def test_training_frames_need_the_labels_that_are_learnt(tmp_path):
    written(tmp_path / "train.xyz", without([crystal(0.01 * k) for k in range(20)], "forces"))
    written(tmp_path / "scan.xyz", without([crystal(0.005)], "forces"))
    with pytest.raises(InputError, match=r"datasets\.own: .*train\.xyz: frame 0 .*'REF_forces' \(forces_key\)"):
        data(tmp_path)
    manifest = data(tmp_path, {"learn": ["energy"]})
    assert len(manifest["warnings"]) == 2 and all("errors of forces are left out" in said for said in manifest["warnings"])
    draw_set(TrainingSet("n10", "main", "own", 10, learn=("energy",)), options(tmp_path), STUDY, tmp_path / "data")
    assert all(set(frame.calc.results) == {"energy"} for frame in read_labelled(tmp_path / "data/sets/n10/train.xyz"))


def test_stress_charge_spin_and_config_type_reach_every_file_of_the_data_stage(tmp_path):
    frames = [crystal(0.01 * k, REF_stress=STRESS, charge=-1 if k % 2 else 0, multiplicity=1 + k % 2, config_type=f"kind {k % 3}") for k in range(20)]
    written(tmp_path / "train.xyz", frames)
    written(tmp_path / "scan.xyz", [crystal(0.005, REF_stress=2 * STRESS, charge=0, multiplicity=1)])
    manifest = data(tmp_path, {"blind_to": ["total_charge"]}, stress_key="REF_stress")
    draw_set(TrainingSet("n10", "main", "own", 10), options(tmp_path), STUDY, tmp_path / "data")
    for file in ("pools/own/pool.xyz", "sets/n10/train.xyz", "sets/n10/val.xyz"):
        for frame in read_labelled(tmp_path / "data" / file):
            k = int(frame.info["origin"].rsplit(" ", 1)[1])
            assert np.allclose(frame.get_stress(), VOIGT)
            assert {name: frame.info[name] for name in ("total_charge", "total_spin", "config_type")} == {
                "total_charge": -(k % 2),
                "total_spin": 1 + k % 2,
                "config_type": f"kind {k % 3}",
            }
    (test,) = read_labelled(tmp_path / "data/test_scan.xyz")
    assert np.allclose(test.get_stress(), 2 * VOIGT) and test.info["total_charge"] == 0
    assert f"{tmp_path / 'train.xyz'}: read 'charge' as total_charge, 'multiplicity' as total_spin" in manifest["warnings"]
    (blind,) = (said for said in manifest["warnings"] if "differs between frames" in said)
    assert blind.startswith("total_charge (-1, 0) differs between frames, but some models of the study do not take it")


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ({"total_charge": "two"}, "'total_charge' should be one number, but is 'two'"),
        ({"total_charge": True}, "'total_charge' should be one number, but is 'True'"),
        ({"total_charge": 1, "charge": 0}, "'charge' is 0, but 'total_charge' of the same frame is 1"),
    ],
)
def test_a_charge_that_is_no_number_or_contradicts_another_is_refused(tmp_path, info, words):
    with pytest.raises(InputError, match=f"frame 0: {words}"):
        read(written(tmp_path / "a.xyz", crystal(**info)))


def test_labels_and_weights_that_are_not_used_are_named(tmp_path):
    weighted = [crystal(config_energy_weight=2.0, REF_dipole=[0.0, 0, 1]), crystal(0.1, REF_dipole=[0.0, 0, 1])]
    weighted[0].arrays["charges"] = np.zeros(2)
    _, (said,) = read(written(tmp_path / "a.xyz", weighted))
    assert said.endswith("a.xyz: not used: REF_dipole (2 of 2 frames), charges (1 of 2 frames), config_energy_weight (1 of 2 frames)")


def test_the_energies_of_isolated_atoms_come_with_a_training_set_that_needs_them(tmp_path):
    lone = [Atoms(symbol, positions=[[0, 0, 0]], info={"REF_energy": energy, "config_type": "IsolatedAtom"}) for symbol, energy in LONE.items()]
    written(tmp_path / "train.xyz", [*lone, *(crystal(0.01 * k) for k in range(20))])
    written(tmp_path / "scan.xyz", [crystal(0.005)])
    isolated = data(tmp_path)["isolated_atoms_eV"]
    assert isolated == {"Al": -1.5, "Ni": -2.5}
    folder, told = tmp_path / "data", {"seed": 1, "validation_fraction": 0.2, "dataset": "own", "isolated": True}

    def make(energies):
        recipe = TrainingSet("n10", "main", "own", 10).recipe()
        make_training_set(recipe, told, folder / "pools/own/pool.xyz", {"scan": folder / "test_scan.xyz"}, folder / "sets/n10", energies)

    make(isolated)
    assert read_manifest(folder / "sets/n10/manifest.json")["isolated_atoms_eV"] == isolated
    with pytest.raises(
        InputError, match=r"'reference_energies: isolated' .* needs an isolated atom of Ni in 'datasets\.own': add a frame of that atom"
    ):
        make({"Al": -1.5})
