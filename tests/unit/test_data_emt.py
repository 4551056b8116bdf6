"""Periodic aluminium made here: solid or liquid as asked, honest labels, the same bytes for the same seed."""

import ase.io
import numpy as np
import pytest
from ase.calculators.emt import EMT
from data_stage import make_data

from nnip.crystal import cells
from nnip.data import emt
from nnip.study.manifest import read_manifest

OPTIONS = {
    "source": "emt",
    "repeats": 2,
    "primitive": False,
    "defects": ["none"],
    "n_event": 0,
    "displacement_A": 0.05,
    "strain": 0.03,
    "train_temperatures_K": [300, 600],
    "test_temperatures_K": [2000],
    "n_test": 3,
    "frames_per_chunk": 3,
    "equilibration_fs": 200,
    "tau_fs": 50,
    "stride_fs": 20,
}
STUDY = {"seed": 1, "n_train": 6, "validation_fraction": 0.5, "learning_curve": [], "mirror": None}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aluminium")
    make_data("emt", OPTIONS, STUDY, folder, processes=2)
    return folder


def order(frame):
    """How well planes of atoms a quarter of the cell apart stand: 1 in the perfect crystal, about 0.2 for 32 atoms anywhere."""
    return np.abs(np.exp(8j * np.pi * frame.get_scaled_positions()).mean(axis=0)).mean()


def test_frames_are_periodic_labelled_and_in_their_cells(made):
    frames = [frame for name in ("sets/n6/train", "sets/n6/val", "test_2000K") for frame in ase.io.read(made / f"{name}.xyz", ":")]
    assert len(frames) == 9
    assert len({frame.positions.tobytes() for frame in frames}) == 9
    for frame in frames:
        assert frame.pbc.all()
        assert len(frame) == 32
        scaled = frame.get_scaled_positions(wrap=False)
        assert scaled.min() > -1e-6
        assert scaled.max() < 1 + 1e-6
        fresh = frame.copy()
        fresh.calc = EMT()
        assert frame.get_potential_energy() == pytest.approx(fresh.get_potential_energy(), abs=1e-6)
        np.testing.assert_allclose(frame.get_forces(), fresh.get_forces(), rtol=0, atol=1e-6)
        np.testing.assert_allclose(frame.get_stress(), fresh.get_stress(), rtol=0, atol=1e-6)
    notes = read_manifest(made / "manifest.json")
    assert (notes["chunks"], notes["n_atoms"], notes["liquid_chunks"]) == (3, 32, 1)


def test_solids_are_solid_and_liquids_liquid(made):
    # at 600 K atoms are 0.2 Å (rms) from planes 2 Å apart, which leaves exp(-(pi * 0.2)^2 / 2) = 0.8 of the order
    assert min(order(frame) for name in ("sets/n6/train", "sets/n6/val") for frame in ase.io.read(made / f"{name}.xyz", ":")) > 0.65
    assert max(order(frame) for frame in ase.io.read(made / "test_2000K.xyz", ":")) < 0.45


def test_one_and_two_processes_make_the_same_bytes_and_seeds_differ(tmp_path):
    options = OPTIONS | {"repeats": 1, "equilibration_fs": 20, "test_temperatures_K": [600]}
    for folder, seed, processes in (("one", 1, 1), ("two", 1, 2), ("other", 2, 2)):
        make_data("emt", options, STUDY | {"seed": seed}, tmp_path / folder, processes)
    for name in ("sets/n6/train.xyz", "sets/n6/val.xyz", "test_600K.xyz"):
        one, two, other = ((tmp_path / folder / name).read_bytes() for folder in ("one", "two", "other"))
        assert one == two != other


def test_strains_are_those_asked_for():
    rng = np.random.default_rng(1)
    drawn = np.array([emt.strained(cells.perfect(2), 0.03, rng).cell.array / (2 * cells.LATTICE_CONSTANT_A) - np.eye(3) for _ in range(200)])
    assert np.abs(drawn).max() <= 0.03
    assert drawn[:, 0, 1].tolist() == pytest.approx(drawn[:, 1, 0].tolist())
    assert np.abs(drawn).max(axis=0).min() > 0.028
    assert np.abs(drawn.mean(axis=0)).max() < 4 * 0.03 / np.sqrt(3 * 200)
