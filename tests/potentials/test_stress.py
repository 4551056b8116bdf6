"""The stress of every framework's potential: against its own ASE calculator, and against the energy in strained cells."""

import ase.build
import numpy as np
import pytest
import torch
from ase import Atoms
from ase.stress import voigt_6_to_full_3x3_stress
from conftest import strained_aluminium

from nnip.potentials.loading import load

H = 1e-4


@pytest.fixture
def potential(trained):
    """Not trained on stresses."""
    return load(trained("periodic"))


@pytest.fixture
def frames():
    small = ase.build.bulk("Al", "hcp", a=2.9, c=4.7)
    small.rattle(0.05, rng=np.random.default_rng(3))
    return [*strained_aluminium(2, seed=5), small]


def strained(atoms, strain):
    moved = atoms.copy()
    moved.set_cell(atoms.cell @ (np.eye(3) + strain), scale_atoms=True)
    return moved


def test_the_stress_is_that_of_the_frameworks_own_calculator(potential, frames):
    energies, forces, stresses = potential.energies_forces_stress(potential.graph(frames))
    assert stresses.shape == (len(frames), 3, 3)
    assert stresses.dtype == torch.float64 and not stresses.requires_grad
    for frame, stress in zip(frames, stresses, strict=True):
        atoms = frame.copy()
        atoms.calc = potential.calculator()
        assert np.abs(atoms.get_stress()).max() > 1e-4
        assert np.allclose(voigt_6_to_full_3x3_stress(atoms.get_stress()), stress, atol=1e-10)
    usual = potential.energies_forces(potential.graph(frames))
    assert torch.allclose(energies, usual[0], atol=1e-9, rtol=0) and torch.allclose(forces, usual[1], atol=1e-9, rtol=0)


def test_the_stress_is_the_energys_derivative_by_strain_over_the_volume(potential, frames):
    """So a stretched crystal has a positive stress, as in ase."""
    stresses = potential.energies_forces_stress(potential.graph(frames))[2]
    for atoms, stress in zip(frames, stresses, strict=True):
        for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2)):
            strain = np.zeros((3, 3))
            strain[i, j] += H / 2
            strain[j, i] += H / 2
            up, down = potential.energies_forces(potential.graph([strained(atoms, strain), strained(atoms, -strain)]))[0]
            assert float(up - down) / (2 * H) / atoms.cell.volume == pytest.approx(float(stress[i, j]), abs=1e-7)
        assert torch.allclose(stress, stress.T, atol=1e-10)


def test_replicas_have_the_stress_of_their_frame(potential, frames):
    atoms = frames[0]
    graph = potential.replicas(atoms, 2)
    moved = atoms.copy()
    moved.positions[1] += [0.1, 0.0, -0.05]
    potential.set_positions(graph, torch.tensor(np.array([atoms.positions, moved.positions])))
    expected = potential.energies_forces_stress(potential.graph([atoms, moved]))
    for found, known in zip(potential.energies_forces_stress(graph), expected, strict=True):
        assert torch.allclose(found, known, atol=1e-9, rtol=0)


def test_a_frame_without_a_volume_has_no_stress(potential, frames):
    slab = frames[0].copy()
    slab.pbc = (True, True, False)
    slab.cell[2] = (0, 0, 30)
    lone = Atoms("Al2", positions=[[0, 0, 0], [2.5, 0, 0]])
    energies, forces, stresses = potential.energies_forces_stress(potential.graph([frames[0], slab, lone]))
    assert stresses.isfinite().flatten(1).all(dim=1).tolist() == [True, False, False]
    usual = potential.energies_forces(potential.graph([frames[0], slab, lone]))
    assert torch.allclose(energies, usual[0], atol=1e-9, rtol=0) and torch.allclose(forces, usual[1], atol=1e-9, rtol=0)
    alone = potential.energies_forces_stress(potential.graph([lone]))[2]
    assert alone.shape == (1, 3, 3) and alone.isnan().all()


def test_labels_of_stress_come_with_the_graph(potential):
    frames = strained_aluminium(2, seed=5)
    assert np.allclose(potential.graph(frames).stresses_eV_per_A3, [atoms.get_stress(voigt=False) for atoms in frames], atol=0)
    assert potential.graph([frames[0], frames[1].copy()]).stresses_eV_per_A3 is None
