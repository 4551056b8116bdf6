"""A slab or a wire has the same energies however its cell is written, and both frameworks train on it (nnip.potentials.base)."""

import json

import ase.build
import numpy as np
import pytest
import torch
from ase import Atoms
from conftest import labelled
from scipy.spatial.transform import Rotation

from nnip.data.extxyz import read_frames, write_frames
from nnip.potentials.loading import load
from nnip.study.manifest import read_manifest
from nnip.training import train

TOLERANCE = 1e-9  # eV and eV/Å; the weights are float64


def slab():
    """Two layers of aluminium in the plane of x and y."""
    made = ase.build.fcc111("Al", (1, 2, 2), a=4.05, vacuum=6.0)
    atoms = Atoms(made.numbers, made.positions, cell=made.cell, pbc=made.pbc)
    atoms.positions += np.random.default_rng(1).normal(0, 0.1, atoms.positions.shape)
    return atoms


def wire():
    """A zigzag along z."""
    positions = np.array([[0, 0, 0], [1.2, 0.3, 1.4], [0.2, 0.9, 2.7]])
    return Atoms("Al3", positions, cell=np.diag([9.0, 9.0, 4.2]), pbc=(False, False, True))


def written(atoms, vectors=None, order=(0, 1, 2), turn=None):
    """The same structure with other open vectors, its vectors in another order, or turned in space."""
    atoms = atoms.copy()
    for axis, vector in (vectors or {}).items():
        atoms.cell[axis] = vector
    atoms.set_cell(atoms.cell.array[list(order)])
    atoms.pbc = atoms.pbc[list(order)]
    if turn is not None:
        atoms.positions, cell = atoms.positions @ turn.T, atoms.cell.array @ turn.T
        atoms.set_cell(cell)
    return atoms


TURN = Rotation.from_euler("xyz", (0.4, 1.1, -0.7)).as_matrix()
ONTO_X = Rotation.from_euler("y", np.pi / 2).as_matrix()
SLABS = {
    "open vector first": {"order": (2, 0, 1)},
    "open vector second": {"order": (0, 2, 1)},
    "left-handed": {"order": (1, 0, 2)},
    "no open vector": {"vectors": {2: [0, 0, 0]}},
    "open vector tilted": {"vectors": {2: [3, 1, 9]}},
    "open vector first and zero": {"vectors": {2: [0, 0, 0]}, "order": (2, 1, 0)},
    "turned in space": {"turn": TURN},
    "normal to x": {"turn": ONTO_X},
    "normal to x, open vector second": {"turn": ONTO_X, "order": (0, 2, 1)},
}
WIRES = {
    "periodic vector first": {"order": (2, 0, 1)},
    "periodic vector second": {"order": (0, 2, 1)},
    "periodic vector first, no others": {"vectors": {0: [0, 0, 0], 1: [0, 0, 0]}, "order": (2, 1, 0)},
    "along x": {"turn": ONTO_X},
    "turned in space": {"turn": TURN, "order": (1, 2, 0)},
}
CASES = {f"slab, {name}": (slab, how) for name, how in SLABS.items()} | {f"wire, {name}": (wire, how) for name, how in WIRES.items()}


@pytest.mark.parametrize("case", CASES)
def test_energies_do_not_depend_on_how_the_cell_is_written(trained, case):
    make, how = CASES[case]
    potential = load(trained("periodic"))
    standard, other = make(), written(make(), **how)
    turn = torch.tensor(how.get("turn", np.eye(3)))
    energy, forces = potential.energies_forces(potential.graph([standard]))
    assert forces.abs().max() > 1e-3
    pbc = standard.copy()
    pbc.pbc = False
    assert abs(float(potential.energies_forces(potential.graph([pbc]))[0]) - float(energy)) > 1e4 * TOLERANCE, "its images count"
    for graph in (potential.graph([other]), potential.replicas(other, 1)):
        energy_now, forces_now = potential.energies_forces(graph)
        assert float(energy_now) == pytest.approx(float(energy), abs=TOLERANCE)
        assert torch.allclose(forces_now, forces @ turn.T, atol=TOLERANCE, rtol=0)
    batch, _ = potential.energies_forces(potential.graph([standard, other, slab()]))
    assert batch[:2].tolist() == pytest.approx([float(energy)] * 2, abs=TOLERANCE)
    other.calc = potential.calculator()
    assert other.get_potential_energy() == pytest.approx(float(energy), abs=TOLERANCE)
    assert np.allclose(other.get_forces(), (forces @ turn.T).numpy(), atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("kind", ["field", "wires"])
def test_a_training_takes_turned_slabs_and_wires(field, settings_of, tmp_path, kind):
    if kind == "field":
        frames = read_frames(field / "08_slab_turned_train.xyz", ":", "REF_energy", "REF_forces")[:12]
    else:
        rng = np.random.default_rng(1)
        hows = list(WIRES.values())
        frames = [labelled(written(wire(), **hows[i % len(hows)]), rng, 0.1) for i in range(12)]
    write_frames(tmp_path / "train.xyz", frames[:9])
    write_frames(tmp_path / "val.xyz", frames[9:])
    train(settings_of(epochs=2), tmp_path / "train.xyz", tmp_path / "val.xyz", tmp_path / "run")
    manifest = read_manifest(tmp_path / "run" / "manifest.json")
    assert manifest["status"] == "ok", json.dumps(manifest["reason"])
    potential = load(tmp_path / "run")
    energies, _ = potential.energies_forces(potential.graph(frames))
    assert energies.isfinite().all()


def test_files_without_turned_slabs_are_passed_as_they_are(framework, tmp_path):
    if framework != "mace":
        pytest.skip("NequIP takes all frames as they are")
    from nnip.potentials.mace.slabs import turned_file

    rng = np.random.default_rng(1)
    usual = [labelled(atoms, rng, 0.1) for atoms in (slab(), wire(), ase.build.bulk("Al", cubic=True), ase.build.molecule("H2O"))]
    write_frames(tmp_path / "usual.xyz", usual)
    assert turned_file(tmp_path / "usual.xyz", tmp_path / "new") == tmp_path / "usual.xyz"
    (tmp_path / "new").mkdir()
    write_frames(tmp_path / "mixed.xyz", [*usual, labelled(written(slab(), order=(2, 0, 1)), rng, 0.1)])
    assert turned_file(tmp_path / "mixed.xyz", tmp_path / "new") == tmp_path / "new" / "mixed.xyz"
    for before, after in zip(read_frames(tmp_path / "mixed.xyz"), read_frames(tmp_path / "new" / "mixed.xyz"), strict=True):
        assert after.get_potential_energy() == before.get_potential_energy()
        assert np.array_equal(after.get_forces(), before.get_forces())
        assert np.array_equal(after.positions, before.positions)
        assert sorted(map(tuple, after.cell.array[after.pbc])) == sorted(map(tuple, before.cell.array[before.pbc]))
