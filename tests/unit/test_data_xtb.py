"""Frames made from a SMILES: the right ensemble, honest labels, the same bytes for the same seed."""

import os
from itertools import islice

import ase.io
import numpy as np
import pytest
from ase import units
from data_stage import counts, make_data

from nnip.data import molecule, xtb
from nnip.data.dynamics import langevin
from nnip.jobs.errors import InputError
from nnip.study.manifest import read_manifest

ETHANOL = {
    "source": "xtb",
    "smiles": "CCO",
    "n_test": 10,
    "train_temperature_K": 300,
    "test_temperatures_K": [300, 1200],
    "n_conformers": 3,
    "frames_per_chunk": 10,
}
STUDY = {"seed": 1, "n_train": 200, "validation_fraction": 0.1, "learning_curve": [25], "mirror": None}
FILES = ("sets/n200/train.xyz", "sets/n200/val.xyz", "sets/n25/train.xyz", "sets/n25/val.xyz", "test_300K.xyz", "test_1200K.xyz")


@pytest.fixture(scope="module")
def ethanol(tmp_path_factory):
    directory = tmp_path_factory.mktemp("ethanol")
    make_data("xtb", ETHANOL, STUDY, directory, processes=2)
    return directory


def energies(path):
    return np.array([frame.get_potential_energy() for frame in ase.io.read(path, index=":")])


def test_all_files_are_there_and_no_chunk_is_in_two_splits(ethanol):
    manifest = read_manifest(ethanol / "manifest.json")
    assert counts(ethanol) == dict(zip(FILES, (180, 20, 23, 2, 10, 10), strict=True)) | {"pools/xtb/pool.xyz": 200}
    assert manifest["chunks"] == 22
    assert manifest["chunks_by_plain_gfn2"] == []
    positions = [frame.positions.tobytes() for name in FILES if "n25" not in name for frame in ase.io.read(ethanol / name, index=":")]
    assert len(set(positions)) == len(positions) == 220


def test_labels_are_those_of_the_written_geometry(ethanol):
    for frame in ase.io.read(ethanol / "test_1200K.xyz", index="::4"):
        fresh = xtb.gfn2_atoms(molecule.from_smiles("CCO"), frame.positions, accuracy=xtb.LABEL_ACCURACY)
        assert frame.get_potential_energy() == pytest.approx(fresh.get_potential_energy(), abs=1e-9)
        np.testing.assert_allclose(frame.get_forces(), fresh.get_forces(), rtol=0, atol=1e-5)


@pytest.mark.physical
def test_the_mean_potential_energy_is_that_of_the_temperature(ethanol):
    # Classical and harmonic: half kT for each of 3N - 6 = 21 modes. A frame's energy scatters by sqrt(2/21) = 31 % about it; 200 frames 30 fs
    # apart are worth about 100 independent ones, so 4 standard errors are 12 %; anharmonicity adds a few per cent.
    pool = np.concatenate([energies(ethanol / name) for name in FILES[:2]])
    above = pool.mean() - read_manifest(ethanol / "manifest.json")["lowest_energy_eV"]
    assert above == pytest.approx(21 / 2 * units.kB * 300, rel=0.15)


@pytest.mark.physical
def test_the_dynamics_has_the_right_temperature_with_a_force_inside_another():
    # 6,000 oscillators of a stiff inner and a soft outer spring, 30 frames 60 fs apart (tau 50 fs): at least 60,000 independent squares,
    # whose mean scatters by sqrt(2 / 60,000) = 0.6 %. BAOAB's positions are exact for harmonic forces, and kicks every 3 fs warm these by 1 %;
    # its velocities at the step's end are colder by (omega dt)^2 / 4 for the inner spring and 1.2 % for the outer one. Half kicks left out
    # would be seen as 6 % too warm.
    n, temperature, mass = 2000, 300.0, 12.0
    fast, slow = (mass * (omega / units.fs) ** 2 for omega in (0.25, 0.08))
    zero = np.zeros((n, 3))
    steps = langevin(zero, np.full(n, mass), temperature, 50.0, lambda x: -fast * x, lambda x: -slow * x, inner_steps=3, rng=np.random.default_rng(1))
    frames = list(islice(steps, 120, 720, 20))
    potential = np.mean([(fast + slow) * (x**2).mean() for x, _ in frames]) / units.kB
    kinetic = np.mean([mass * (v**2).mean() for _, v in frames]) / units.kB
    assert len(frames) == 30
    assert potential == pytest.approx(temperature, rel=0.03)
    assert kinetic == pytest.approx(temperature * (1 - 0.25**2 / 4), rel=0.035)


def test_mmff_forces_are_the_gradient_at_each_new_geometry():
    mol = molecule.from_smiles("CCO")
    start = molecule.conformers(mol, 1, 1)[0]
    field = molecule.MMFF94(mol, start)
    rng = np.random.default_rng(1)
    for _ in range(3):
        x = start + 0.1 * rng.standard_normal(start.shape)
        direction = rng.standard_normal(x.shape)
        up, down = (field.field.CalcEnergy((x + step * direction).ravel().tolist()) for step in (1e-4, -1e-4))
        slope = (up - down) / 2e-4 * units.kcal / units.mol
        assert -np.sum(field.forces(x) * direction) == pytest.approx(slope, rel=1e-5)


def test_unstable_dynamics_is_noticed():
    steps = langevin(np.ones((2, 3)), np.ones(2), 300.0, 50.0, lambda x: 1e300 * x, None, 1, np.random.default_rng(1))
    with np.errstate(all="ignore"), pytest.raises(RuntimeError, match="positions are not finite"):
        list(islice(steps, 10))


def test_one_and_two_processes_make_the_same_bytes_and_seeds_differ(tmp_path):
    small = ETHANOL | {"n_test": 4, "frames_per_chunk": 4, "equilibration_fs": 30, "test_temperatures_K": [300]}
    study = STUDY | {"n_train": 12, "learning_curve": []}
    threads = os.environ.get("OMP_NUM_THREADS")
    for folder, seed, processes in (("one", 1, 1), ("two", 1, 2), ("other", 2, 2)):
        make_data("xtb", small, study | {"seed": seed}, tmp_path / folder, processes)
    assert os.environ.get("OMP_NUM_THREADS") == threads
    for name in ("sets/n12/train.xyz", "sets/n12/val.xyz", "test_300K.xyz"):
        one, two, other = ((tmp_path / folder / name).read_bytes() for folder in ("one", "two", "other"))
        assert one == two != other


def chunk(smiles):
    mol = molecule.from_smiles(smiles)
    recipe = xtb.Recipe.of({"source": "xtb", "smiles": smiles, "n_test": 1, "equilibration_fs": 30})
    return recipe, xtb.Chunk("train", 0, molecule.conformers(mol, 1, 1)[0], 300, 2, 1)


def test_plain_gfn2_takes_over_where_mmff_has_no_parameters():
    recipe, its_chunk = chunk("CB(C)C")
    frames, plain = xtb.sample(recipe, its_chunk)
    assert plain and len(frames) == 2


def test_plain_gfn2_takes_over_where_the_fast_dynamics_fails(monkeypatch):
    recipe, its_chunk = chunk("O")
    assert not xtb.sample(recipe, its_chunk)[1]
    monkeypatch.setattr(molecule.MMFF94, "forces", lambda self, x: np.full(x.shape, np.nan))
    frames, plain = xtb.sample(recipe, its_chunk)
    assert plain
    assert all(np.isfinite(frame.get_forces()).all() for frame in frames)


def test_charge_and_spin_come_from_the_smiles():
    assert molecule.charge_multiplicity(molecule.from_smiles("C[NH3+]")) == (1, 1)
    assert molecule.charge_multiplicity(molecule.from_smiles("C[CH2]")) == (0, 2)


@pytest.mark.parametrize(
    ("smiles", "message"),
    [
        ("C1CC", "smiles: 'C1CC' is not a valid SMILES"),
        ("", "'smiles' is '': it should be non-empty"),
        ("CCO.O", "smiles: 'CCO.O' is several molecules"),
        ("[He]", "smiles: '[He]' is a single atom"),
        ("C*", "has '*', which GFN2-xTB does not know"),
    ],
)
def test_a_bad_smiles_is_named(tmp_path, smiles, message):
    with pytest.raises(InputError) as error:
        make_data("mine", ETHANOL | {"smiles": smiles}, STUDY, tmp_path)
    assert str(error.value).startswith("datasets.mine: ")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stride_fs": 10}, "'stride_fs' is 10: it is not a multiple of 3"),
        ({"equilibration_fs": -3}, "'equilibration_fs' is -3: it is less than the minimum of 0"),
        ({"n_test": 0}, "'n_test' is 0: it is less than the minimum of 1"),
        ({"test_temperatures_K": [300, 300.0]}, "'test_temperatures_K' .* has non-unique elements"),
        ({"stride": 30}, "unknown key 'stride': did you mean 'stride_fs'?"),
    ],
)
def test_a_bad_recipe_is_named_by_its_key(changes, message):
    with pytest.raises(InputError, match=message):
        xtb.Recipe.of(ETHANOL | changes)


def test_a_missing_smiles_is_named():
    with pytest.raises(InputError, match="lacks the key 'smiles'"):
        xtb.Recipe.of({"source": "xtb", "n_test": 5})
