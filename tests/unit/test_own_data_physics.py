"""People's data with wrong units, signs or references is named in the data stage; right data is passed without a word."""

import io
import json
import zipfile

import ase.build
import ase.io
import ase.units
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.calculators.singlepoint import SinglePointCalculator
from data_stage import make_data
from scipy.spatial.transform import Rotation

from nnip.data import emt, references, units
from nnip.data.extxyz import read_frames
from nnip.data.prepare import check_physics
from nnip.data.similar import similar_pairs
from nnip.data.stiffness import stiffnesses
from nnip.jobs.errors import InputError
from nnip.study.manifest import read_manifest

PHYSICS = ("look like", "look as if", "wrong sign", "shifted by", "eV/atom")
STUDY = {"seed": 1, "n_train": 10, "validation_fraction": 0.2, "learning_curve": [], "mirror": None}
HARTREE, BOHR = ase.units.Hartree, ase.units.Bohr
KCAL, KJ = ase.units.kcal / ase.units.mol, ase.units.kJ / ase.units.mol


def labelled(atoms, calculator, origin="made frame 0"):
    atoms.calc = calculator
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()
    made = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc, info={"origin": origin})
    made.calc = SinglePointCalculator(made, energy=energy, forces=forces)
    return made


def changed(frames, energy=1.0, forces=1.0, positions=1.0, shift_eV=0.0):
    """The frames with their labels and positions multiplied, and the energies shifted."""
    made = []
    for frame in frames:
        atoms = Atoms(frame.numbers, positions * frame.positions, cell=positions * frame.cell, pbc=frame.pbc, info=frame.info)
        results = frame.calc.results
        atoms.calc = SinglePointCalculator(atoms, energy=energy * results["energy"] + shift_eV, forces=forces * results["forces"])
        made.append(atoms)
    return made


def field_frames(field, name):
    return read_frames(field / name, ":", "REF_energy", "REF_forces")


@pytest.fixture(scope="session")
def ethanol(field):
    return field_frames(field, "ethanol_train.xyz")


@pytest.fixture(scope="session")
def aluminium():
    """Crystals of one cell that vibrate."""
    rng = np.random.default_rng(1)
    crystal = ase.build.bulk("Al", "fcc", a=3.994, cubic=True) * (2, 2, 2)
    made = []
    for i in range(24):
        atoms = crystal.copy()
        atoms.positions += rng.normal(0, 0.08, atoms.positions.shape)
        made.append(labelled(atoms, EMT(), f"al.xyz frame {i}"))
    return made


def prepared(field, tmp_path, kind):
    """The data stage's warnings about units, signs and references of an example's train and test files."""
    options = {"source": "extxyz", "energy_key": "REF_energy", "forces_key": "REF_forces"}
    options |= {"train": str(field / f"{kind}_train.xyz"), "test": {"a": str(field / f"{kind}_test.xyz")}}
    make_data("mine", options, STUDY, tmp_path)
    return [warning for warning in read_manifest(tmp_path / "manifest.json")["warnings"] if any(words in warning for words in PHYSICS)]


@pytest.mark.parametrize("kind", ["ethanol", "02_molecules", "04_al_stress", "08_slab_turned"])
def test_right_examples_pass_without_a_word(field, tmp_path, kind):
    assert prepared(field, tmp_path, kind) == []


def test_hartree_is_named_with_its_evidence(field, tmp_path, capsys):
    (warning,) = prepared(field, tmp_path, "09_hartree")
    assert warning.startswith(
        "train, test a: the labels look as if they are not in eV and eV/Å, but energies in Hartree and forces in Hartree/Bohr ("
    )
    assert "C-H 0.577" in warning and "covalent bonds, in eV/Å: 10 to 140" in warning
    assert f"warning: datasets.mine: {warning}" in capsys.readouterr().out


def test_gradients_are_refused_with_their_evidence(field, tmp_path):
    with pytest.raises(
        InputError, match=r"datasets.mine: train: the forces are gradients of the energy.*C-H -29\.7.*-0\.886 times.*multiply them by -1"
    ):
        prepared(field, tmp_path, "09_gradient")


WRONG = {
    "Hartree and Hartree/Å": (1 / HARTREE, 1 / HARTREE),
    "Hartree and Hartree/Bohr": (1 / HARTREE, BOHR / HARTREE),
    "kcal/mol and kcal/mol/Å": (1 / KCAL, 1 / KCAL),
    "kJ/mol and kJ/mol/Å": (1 / KJ, 1 / KJ),
    "kJ/mol and kJ/mol/nm": (1 / KJ, 10 / KJ),
    "meV and meV/Å": (1e3, 1e3),
    "Hartree and eV/Å": (1 / HARTREE, 1),
    "kcal/mol and eV/Å": (1 / KCAL, 1),
    "eV and Hartree/Bohr": (1, BOHR / HARTREE),
    "eV and kcal/mol/Å": (1, 1 / KCAL),
}


@pytest.mark.parametrize("names", WRONG)
def test_wrong_units_of_molecules_are_named(ethanol, mirror, names):
    energy, forces = names.split(" and ")
    for frames in (ethanol, ase.io.read(mirror / "3bpa" / "train_300K.xyz", "0:40")):
        (warning,) = units.check({"train": changed(frames, *WRONG[names])})
        assert f"energies in {energy} and forces in {forces}" in warning


@pytest.mark.parametrize("names", [name for name in WRONG if name.startswith("eV ") or name.endswith(" eV/Å")])
def test_unlike_units_of_a_metal_are_named(aluminium, names):
    energy, forces = names.split(" and ")
    (warning,) = units.check({"train": changed(aluminium, *WRONG[names])})
    assert f"energies in {energy} and forces in {forces}" in warning


def test_labels_that_are_missing_say_nothing_and_the_others_are_still_judged(ethanol):
    for label, words in (("energy", "forces in Hartree/Bohr"), ("forces", None)):
        frames = changed(ethanol, 1 / HARTREE, BOHR / HARTREE)
        for frame in frames:
            del frame.calc.results[label]
        warnings = units.check({"train": frames}) + references.check({"train": frames})
        assert [words in warning for warning in warnings] == ([True] if words else [])
    assert units.check({"train": [Atoms("H", info={"origin": "a"})]}) == []


def test_the_sign_is_judged_for_a_metal_and_by_forces_alone(aluminium, ethanol):
    with pytest.raises(InputError, match="train: the forces are gradients"):
        units.check({"train": changed(aluminium, forces=-1)})
    for right in (aluminium, ethanol):
        frames = changed(right, forces=-1)
        for frame in frames:
            del frame.calc.results["energy"]
        (warning,) = units.check({"hot": frames})
        assert warning.startswith("hot: the forces look like gradients of the energy")
        (warning,) = units.check({"train": changed(right, energy=-1)})
        assert "the energies rise along the forces" in warning


@pytest.mark.parametrize("kind", ["molecule", "metal"])
def test_positions_in_bohr(ethanol, aluminium, kind):
    frames = ethanol if kind == "molecule" else aluminium
    (warning,) = units.check({"train": changed(frames, 1, 1, 1 / BOHR)})
    assert warning.startswith("train: the positions look like Bohr, not Å (nearest neighbours are ")


def hydrogen(rng):
    return Atoms("H2", [[0, 0, 0], [0, 0, 0.76 + rng.normal(0, 0.05)]])


def argon(rng):
    atoms = ase.build.bulk("Ar", "fcc", a=5.26, cubic=True) * (2, 2, 2)
    atoms.positions += rng.normal(0, 0.1, atoms.positions.shape)
    return atoms


def hot_copper(rng):
    atoms = ase.build.bulk("Cu", "fcc", a=3.6 * rng.uniform(0.9, 1.15), cubic=True) * (2, 2, 2)
    atoms.positions += rng.normal(0, 0.25, atoms.positions.shape)
    return atoms


@pytest.mark.parametrize(
    ("make", "calculator"),
    [(hydrogen, EMT), (hot_copper, EMT), (argon, lambda: LennardJones(sigma=3.4, epsilon=0.0104, rc=8.0))],
    ids=["hydrogen", "hot copper", "argon"],
)
def test_right_labels_of_other_matter_pass(make, calculator):
    rng = np.random.default_rng(3)
    frames = [labelled(make(rng), calculator(), f"frame {i}") for i in range(20)]
    assert units.check({"train": frames}) + references.check({"train": frames[:14], "test": frames[14:]}) == []


def test_right_real_frames_pass(mirror):
    splits = {name: ase.io.read(mirror / "3bpa" / f"{name}.xyz", ":") for name in ("train_300K", "train_mixedT", "iso_atoms")}
    for name, frames in splits.items():
        for i, frame in enumerate(frames):
            frame.info["origin"] = f"{name}.xyz frame {i}"
            if "forces" not in frame.calc.results:
                frame.calc.results["forces"] = np.zeros((len(frame), 3))
    assert units.check(splits) + references.check(splits) == []


def test_the_softest_right_frames_pass(mirror):
    """Silicon with defects, by DFT: the slope is 4 eV/Å², and a bond of silicon alone is not judged by its size."""
    folder = mirror / "silicon-re" / "Enhanced_Validation_Set"
    labels = json.loads((folder / "DATA.json").read_text())
    frames = []
    with zipfile.ZipFile(folder / "structure_poscars.zip") as archive:
        for i, (energy, forces) in enumerate(zip(labels["Energies"]["DFT_K4"], labels["Forces"]["DFT_K4"], strict=True)):
            atoms = ase.io.read(io.StringIO(archive.read(f"{i}.POSCAR.vasp").decode()), format="vasp")
            atoms.info["origin"] = f"frame {i}"
            atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=np.array(forces))
            frames.append(atoms)
    assert [found.slope for found in stiffnesses(frames)] == [pytest.approx(4.0, abs=0.1)]
    assert check_physics({"train": frames[:40], "test": frames[40:]}) == []


def test_generated_aluminium_passes_solid_and_liquid(tmp_path):
    options = {"repeats": 2, "strain": 0.03, "train_temperatures_K": [300], "test_temperatures_K": [2000], "n_test": 6}
    options |= {"frames_per_chunk": 6, "equilibration_fs": 200, "stride_fs": 20, "tau_fs": 100}
    options |= {"primitive": False, "defects": ["none"], "n_event": 0, "displacement_A": 0.05}
    pool, tests, _ = emt.generate(options, 12, 1, 1, tmp_path)
    splits = {"train": pool, "test": tests["2000K"]}
    assert units.check(splits) + references.check(splits) == []


def test_a_diatomic_molecules_stiffness_is_its_force_constant():
    """A spring of 30 eV/Å², turned at random: the reduced force is -k (r - r0) whatever the masses."""
    rng = np.random.default_rng(1)
    frames = []
    for length in rng.normal(1.1, 0.05, 15):
        axis = Rotation.random(rng=rng).as_matrix()[0]
        frame = Atoms("CH", [[0, 0, 0], length * axis])
        force = 30 * (length - 1.1) * axis
        frame.calc = SinglePointCalculator(frame, energy=0.0, forces=[force, -force])
        frames.append(frame)
    (found,) = stiffnesses(frames)
    assert (found.name, found.covalent, found.certain) == ("C-H", True, True)
    assert found.slope == pytest.approx(30)


def test_differences_from_forces_are_exact_for_springs_that_turn():
    rng = np.random.default_rng(2)
    frames = []
    for turn in range(6):
        lengths = 1.0 + rng.normal(0, 0.05, 2)
        atoms = Atoms("OH2", [[0, 0, 0], [lengths[0], 0, 0], [-lengths[1], 0, 0]])
        energy = 0.5 * 40 * ((lengths - 1) ** 2).sum()
        pulls = 40 * (lengths - 1)
        forces = np.array([[pulls[0] - pulls[1], 0, 0], [-pulls[0], 0, 0], [pulls[1], 0, 0]])
        rotation = Rotation.random(rng=turn).as_matrix()
        atoms.positions = atoms.positions @ rotation + turn
        atoms.calc = SinglePointCalculator(atoms, energy=energy, forces=forces @ rotation)
        frames.append(atoms)
    pairs = similar_pairs(frames, frames)
    assert len(pairs) >= 3
    for pair in pairs:
        assert pair.from_forces == pytest.approx(pair.difference, abs=1e-9)
        assert pair.bound > 0


def test_another_reference_of_a_split_is_named(ethanol, field):
    tests = field_frames(field, "ethanol_test.xyz")
    assert references.check({"train": ethanol, "test a": tests}) == []
    (warning,) = references.check({"train": ethanol, "test a": changed(tests, shift_eV=5.0)})
    assert warning.startswith(
        "test a: energies are shifted by 5.03 eV against train (ethanol_test.xyz frame 0, -304.032 eV; the similar ethanol_train.xyz"
    )


def test_another_reference_of_some_frames_of_a_split_is_named(ethanol, aluminium):
    mixed = [changed([frame], shift_eV=5.0)[0] if i in (3, 8) else frame for i, frame in enumerate(ethanol)]
    (warning,) = references.check({"train": mixed})
    assert "train: energies of 2 frames are shifted by" in warning and "against the 22 others (ethanol_train.xyz frame" in warning
    (warning,) = references.check({"train": [*aluminium[:20], *changed(aluminium[20:], shift_eV=-6.0)]})
    assert "shifted by" in warning and "al.xyz frame" in warning


def test_energies_that_no_matter_has_beside_others_are_refused(ethanol):
    atomisation = changed(ethanol[:4], shift_eV=275.0)
    with pytest.raises(
        InputError, match=r"energies of C2H6O: 20 frames at -34.*train; ethanol_train.*and 4 frames at -3.*test; .*cannot come from one method"
    ):
        references.check({"train": ethanol[4:], "test": atomisation})
    with pytest.raises(InputError, match="cannot come from one method"):
        references.check({"train": [*ethanol[4:], *changed(ethanol[:4], 1 / HARTREE)]})


def test_charge_states_and_cells_do_not_compare(ethanol):
    charged = changed(ethanol[:8], shift_eV=8.0)
    for frame in charged:
        frame.info["charge"] = 1
    assert references.check({"train": [*ethanol[8:], *charged]}) == []
    assert len(references.check({"train": [*ethanol[8:], *changed(ethanol[:8], shift_eV=8.0)]})) == 1
