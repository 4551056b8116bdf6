"""Aluminium with vacancies, interstitials and hops: the right numbers of atoms and sites, honest labels, marked atoms, refused cells."""

import ase.io
import numpy as np
import pytest
from ase.calculators.emt import EMT
from data_stage import make_data

from nnip.crystal import cells
from nnip.crystal.sites import Sites
from nnip.data import EVENT, emt, split_names
from nnip.data.frames import read_labelled
from nnip.jobs.errors import InputError
from nnip.study.config import check_config
from nnip.study.estimates import atoms_expected
from nnip.study.manifest import read_manifest

OPTIONS = {"source": "emt", "repeats": 2, "primitive": False, "defects": ["none", "vacancy", "dumbbell", "hop"], "n_event": 2, "displacement_A": 0.05}
OPTIONS |= {"strain": 0.02, "train_temperatures_K": [300], "test_temperatures_K": [300], "n_test": 6, "frames_per_chunk": 2, "equilibration_fs": 40}
OPTIONS |= {"tau_fs": 50, "stride_fs": 10}
STUDY = {"seed": 1, "n_train": 16, "validation_fraction": 0.25, "learning_curve": [], "mirror": None}
MOST_A = 0.35 * cells.NEIGHBOUR_A


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("defects")
    make_data("emt", OPTIONS, STUDY, folder, processes=2)
    return folder


def block(**change):
    given = {"study": "s", "dataset": "al", "models": "m.yaml", "datasets": {"al": {"source": "emt"} | change}}
    return check_config(given, "test")["datasets"]["al"]


@pytest.mark.parametrize(("repeats", "primitive", "n"), [(1, False, 4), (2, True, 8), (2, False, 32), (3, False, 108)])
def test_cells_of_4_8_32_and_108_atoms_of_one_crystal(repeats, primitive, n):
    crystal = cells.perfect(repeats, primitive)
    crystal.calc = EMT()
    assert len(crystal) == n == atoms_expected(block(repeats=repeats, primitive=primitive))
    assert np.abs(crystal.get_forces()).max() < 1e-10
    assert np.abs(crystal.get_stress()).max() < 1e-5
    assert crystal.cell.volume / n == pytest.approx(cells.LATTICE_CONSTANT_A**3 / 4)
    assert np.sort(crystal.get_all_distances(mic=True)[0])[1:][0] == pytest.approx(cells.NEIGHBOUR_A)


def test_defects_change_the_number_of_atoms_by_one(made):
    pool = ase.io.read(made / "pools/emt/pool.xyz", ":")
    assert [len(frame) for frame in pool] == [32, 32, 31, 31, 33, 33, 31, 31] * 2
    assert [len(frame) for frame in ase.io.read(made / "test_300K.xyz", ":")] == [32, 32, 31, 31, 33, 33], "tests have no hops"
    assert read_manifest(made / "manifest.json")["chunks_of_defects"] == {"none": 3, "vacancy": 3, "dumbbell": 3, "hop": 9}


def test_labels_with_stress_are_emts(made):
    for frame in ase.io.read(made / "pools/emt/pool.xyz", ":") + ase.io.read(made / "test_event.xyz", ":"):
        fresh = frame.copy()
        fresh.calc = EMT()
        assert frame.get_potential_energy() == pytest.approx(fresh.get_potential_energy(), abs=1e-6)
        np.testing.assert_allclose(frame.get_forces(), fresh.get_forces(), rtol=0, atol=1e-6)
        np.testing.assert_allclose(frame.get_stress(), fresh.get_stress(), rtol=0, atol=1e-6)


def test_the_event_split_goes_along_the_path_and_marks_the_atom_that_hops(made):
    frames, sites = read_labelled(made / "test_event.xyz"), Sites(cells.perfect(2))
    assert split_names(OPTIONS) == ["300K", EVENT] and len(frames) == 7 * 2
    off = []
    for frame in frames:
        (atom,) = np.flatnonzero(frame.arrays[EVENT])
        _, apart = sites.nearest(frame.positions)
        distance = np.linalg.norm(apart, axis=1)
        off.append(distance[atom])
        assert np.delete(distance, atom).max() < MOST_A
    # at the saddle the atom is half a neighbour's distance from both sites, at the ends it is on one; the images come twice
    half = cells.NEIGHBOUR_A / 2
    assert np.array(off).reshape(2, 7).mean(axis=0)[[0, 3, 6]] == pytest.approx([0.1, half, 0.1], abs=0.15)


def test_emts_path_has_the_known_barrier():
    images, atom = emt.hop_path(2, False)
    energies = []
    for image in images:
        image.calc = EMT()
        energies.append(image.get_potential_energy())
    assert max(energies) - energies[0] == pytest.approx(0.3980, abs=5e-4)
    assert energies == pytest.approx(energies[::-1], abs=2e-3)
    lengths = [np.linalg.norm(image.get_forces()[atom]) for image in images]
    assert lengths[1:-1] == pytest.approx([0.335, 0.332, 0.0, 0.332, 0.335], abs=0.02)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"repeats": 1, "defects": ["vacancy"]}, "'datasets.al.defects' are in a cell of 4 sites, where a defect is its own neighbour: at least 8"),
        ({"repeats": 2, "primitive": True, "defects": ["none", "hop"]}, "'datasets.al.defects' has hop, but in a cell of 8 sites a vacancy meets"),
        ({"repeats": 1, "n_event": 3}, "'datasets.al.n_event' is 3, but in a cell of 4 sites a vacancy meets its own image on its way: at least 27"),
        ({"repeats": 1, "primitive": True}, "'datasets.al.repeats' is 1 of primitive cells, a single atom"),
        ({"defects": ["vacncy"]}, "'defects.0' is 'vacncy': did you mean 'vacancy'?"),
    ],
)
def test_cells_that_are_too_small_are_refused(change, words):
    with pytest.raises(InputError) as error:
        block(**change)
    assert words in str(error.value)
