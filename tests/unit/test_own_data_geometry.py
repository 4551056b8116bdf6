"""Impossible geometry is refused in the data stage with frame and atoms; odd but possible geometry passes."""

import ase.build
import ase.io
import numpy as np
import pytest
from ase import Atoms
from data_stage import make_data

from nnip.data import geometry
from nnip.jobs.errors import InputError
from nnip.study.manifest import read_manifest

STUDY = {"seed": 1, "n_train": 10, "validation_fraction": 0.2, "learning_curve": [], "mirror": None}


def refusal(atoms):
    atoms.info["origin"] = "mine.xyz frame 3"
    with pytest.raises(InputError) as error:
        geometry.check([("test a", [atoms])])
    assert str(error.value).startswith("test a: mine.xyz frame 3: ")
    return str(error.value)


def passes(*frames):
    for frame in frames:
        frame.info["origin"] = "mine.xyz frame 0"
    geometry.check([("train", frames)])


def test_the_example_of_a_flat_cell_is_refused_by_name(field, tmp_path):
    options = {"source": "extxyz", "train": str(field / "08_flat_cell_train.xyz"), "test": {"a": str(field / "04_al_stress_test.xyz")}}
    options |= {"energy_key": "REF_energy", "forces_key": "REF_forces"}
    with pytest.raises(
        InputError, match=r"datasets.mine: train: 08_flat_cell_train\.xyz frame 7: the periodic cell vectors .* span no volume; correct"
    ):
        make_data("mine", options, STUDY, tmp_path)


def test_a_cell_that_is_not_a_number_is_refused(field, tmp_path):
    frames = ase.io.read(field / "04_al_stress_train.xyz", ":")
    text = (field / "04_al_stress_train.xyz").read_text()
    (tmp_path / "nan.xyz").write_text(text.replace(f'Lattice="{frames[2].cell[0, 0]!r}', 'Lattice="nan').replace(str(frames[2].cell[0, 0]), "nan"))
    options = {"source": "extxyz", "train": str(tmp_path / "nan.xyz"), "test": {"a": str(field / "04_al_stress_test.xyz")}}
    with pytest.raises(InputError, match=r"nan\.xyz: frame 2: 'Lattice' has a number that is not finite"):
        make_data("mine", options | {"energy_key": "REF_energy", "forces_key": "REF_forces"}, STUDY, tmp_path / "out")


@pytest.mark.parametrize(
    ("cell", "pbc", "words"),
    [
        ([[4, 0, 0], [0, 4, 0], [4, 4, 0]], True, "span no volume"),
        ([[4, 0, 0], [0, 4, 0], [4, 4, 1e-7]], True, "span no volume"),
        ([[4, 0, 0], [8, 0, 0], [0, 0, 9]], (True, True, False), "span no area"),
        ([[4, 0, 0], [0, 0, 0], [0, 0, 9]], (False, True, False), "span no length"),
        ([[4, 0, 0], [0, 4, 0], [4, 4, 0.1]], True, "the cell repeats every 0.1 Å"),
        ([0.4, 0.4, 0.4], True, "the cell repeats every 0.4 Å"),
    ],
)
def test_cells_that_repeat_nothing_or_too_often(cell, pbc, words):
    assert words in refusal(Atoms("Al", cell=cell, pbc=pbc))


def test_atoms_on_one_another_across_the_border_of_the_cell():
    atoms = Atoms("NaCl", [[0.01, 2, 2], [3.99, 2, 2]], cell=[4, 4, 4], pbc=True)
    assert "atoms 0 (Na) and 1 (Cl) are 0.02 Å apart across the cell's border, closer than 0.67 Å" in refusal(atoms)
    atoms.pbc = (False, True, True)
    passes(atoms)


def test_atoms_on_one_another_many_cells_apart_and_in_a_turned_cell():
    cell = np.array([[0.0, 0, 14], [5.7, 0, 0], [2.9, 5, 0]])
    atoms = Atoms("Al2", [[0, 1, 1], [0, 1, 1]] + np.array([[0, 0, 0], [7, -3, 2]]) @ cell, cell=cell, pbc=(True, True, True))
    assert "atoms 0 (Al) and 1 (Al) are at the same place across the cell's border" in refusal(atoms)
    atoms.pbc = (False, True, True)  # the first cell vector does not repeat
    passes(atoms)


@pytest.mark.parametrize(
    ("atoms", "words"),
    [
        (Atoms("H2", [[0, 0, 0], [0, 0, 0.2]]), "atoms 0 (H) and 1 (H) are 0.2 Å apart, closer than 0.3 Å"),
        (Atoms("OCH", [[5, 0, 0], [0, 0, 0], [0, 0, 0.109]]), "atoms 1 (C) and 2 (H) are 0.109 Å apart"),  # in nm
        (Atoms("AlAl", [[0.0, 0, 0], [0.5, 0.5, 0]], cell=[4, 4, 4], pbc=True).repeat((1, 1, 1)), None),
        (Atoms("UH", [[0, 0, 0], [0, 0, 0.5]]), "atoms 0 (U) and 1 (H) are 0.5 Å apart, closer than 0.57 Å"),
    ],
)
def test_atoms_closer_than_any_are(atoms, words):
    if words is None:
        passes(atoms)
    else:
        assert words in refusal(atoms)


def test_odd_but_possible_geometry_passes():
    rng = np.random.default_rng(0)
    outside = ase.build.bulk("Al", "fcc", a=4.05, cubic=True)
    outside.positions += rng.integers(-40, 40, (4, 3)) @ outside.cell.array
    left = ase.build.bulk("Si", "diamond", a=5.43)
    left.cell = left.cell[[1, 0, 2]]
    skewed = ase.build.bulk("Cu", "fcc", a=3.6)
    skewed.set_cell(skewed.cell.array + np.array([[0, 0, 0], [0, 0, 0], 30 * skewed.cell[0] - 17 * skewed.cell[1]]))
    compressed = ase.build.bulk("Fe", "bcc", a=2.0)
    huge = Atoms("OH2", [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]], cell=[1e4, 1e4, 1e4], pbc=True)
    molecule = Atoms("OH2", huge.positions, cell=[[1, 0, 0], [2, 0, 0], [0, 0, 1]], pbc=False)
    wire = Atoms("Au", cell=[0, 0, 2.6], pbc=(False, False, True))
    passes(outside, left, skewed, compressed, huge, molecule, wire, Atoms("H2", [[0, 0, 0], [0, 0, 0.5]]))


@pytest.mark.parametrize("pbc", [True, (True, True, False), (False, True, False)])
def test_images_within_reach_are_all_found(pbc):
    """Against a search over all shifts of up to 9 cells."""
    rng = np.random.default_rng(4)
    cell = np.array([[2.1, 0.3, 0.0], [-0.4, 1.8, 0.5], [0.2, 0.0, 2.5]])
    pbc = np.broadcast_to(pbc, 3)
    positions, reach = rng.uniform(-4, 4, (5, 3)), 2.9
    shifts = np.stack(np.meshgrid(*[range(-9, 10) if periodic else [0] for periodic in pbc], indexing="ij"), axis=-1).reshape(-1, 3)
    everywhere = (positions[:, None] + shifts @ cell).reshape(-1, 3)
    found, atoms = geometry.with_images(positions, cell, pbc, reach)
    np.testing.assert_array_equal(atoms[:5], range(5))
    for position, home in zip(positions, found, strict=False):
        expected = np.sort(np.linalg.norm(everywhere - position, axis=1))
        distances = np.sort(np.linalg.norm(found - home, axis=1))
        np.testing.assert_allclose(distances[distances < reach], expected[expected < reach], atol=1e-9)


def test_an_open_vector_in_the_plane_of_the_others_is_dropped(tmp_path):
    """Frameworks invert the whole cell, of which this vector means nothing."""
    rng = np.random.default_rng(0)
    frames = []
    for _ in range(15):
        positions = np.array([[0, 0, 0], [1.5, 1.5, 0]]) + rng.normal(0, 0.1, (2, 3))
        frames.append(Atoms("Al2", positions, cell=[[3, 0, 0], [0, 3, 0], [3, 3, 0]], pbc=(True, True, False)))
        frames[-1].info["energy"], frames[-1].arrays["forces"] = float(rng.normal()), rng.normal(size=(2, 3))
    ase.io.write(tmp_path / "all.xyz", frames, format="extxyz")
    file = str(tmp_path / "all.xyz")
    options = {"source": "extxyz", "train": {"file": file, "frames": ":12"}, "test": {"a": {"file": file, "frames": "12:"}}}
    make_data("mine", options, STUDY, tmp_path / "out")
    for frame in ase.io.read(tmp_path / "out" / "test_a.xyz", ":"):
        np.testing.assert_array_equal(frame.cell.array, [[3, 0, 0], [0, 3, 0], [0, 0, 0]])
    assert read_manifest(tmp_path / "out" / "manifest.json")["warnings"] == []
