"""Normal modes of springs against the text book's frequencies, and ASE's for a molecule."""

import math

import numpy as np
import pytest
import torch
from analytic import MorsePotential, ethanol
from ase import Atoms, units
from ase.vibrations import VibrationsData
from surfaces import job, labelled, potential

from nnip.measure.normal_modes import measure
from nnip.surface.surface import Surface
from nnip.surface.vibrations import hessian_rows, rigid_motions, wavenumbers

OPTIONS = {"h_A": 0.005, "frames_per_batch": 4, "max_bond_A": 3.0, "min_distance_A": None}
K = 30.0  # eV/A^2
# 1/(2 pi c) sqrt(1 eV/A^2/u) from SI constants
PER_CM = math.sqrt(1.602176634e-19 / 1e-20 / 1.66053906660e-27) / (2 * math.pi * 2.99792458e10)


def springs(pairs, rests):
    def energy(positions):
        lengths = (positions[:, [b for _, b in pairs]] - positions[:, [a for a, _ in pairs]]).norm(dim=-1)
        return (0.5 * K * (lengths - torch.tensor(rests)).pow(2)).sum(dim=1)

    return energy


def measured(tmp_path, frame, energy, **options):
    of = potential(frame, energy)
    (row,) = measure(job(tmp_path, of, {"train": [labelled(frame, of)], "val": []}, OPTIONS | options))["normal_modes"]
    return row


def test_a_diatomic_has_one_mode_of_its_reduced_mass(tmp_path):
    frame = Atoms("CO", [[0, 0, 0], [0.6, 0.7, 0.65]])
    row = measured(tmp_path, frame, springs([(0, 1)], [1.13]))
    mass = 1 / (1 / frame.get_masses()).sum()
    assert (row["n_modes"], row["n_negative"]) == (1, 0)
    assert row["lowest_per_cm"] == row["highest_per_cm"] == pytest.approx(PER_CM * math.sqrt(K / mass), rel=1e-4)
    assert row["lowest_error_per_cm"] < 0.1


def test_an_equilateral_triangle_has_a_breathing_and_two_equal_modes(tmp_path):
    """Equal masses m: w^2 = 3k/m of the breathing, and 3k/2m twice (Landau & Lifshitz, Mechanics, section 24)."""
    side = 1.1
    frame = Atoms("NNN", [[0, 0, 0], [side, 0, 0], [side / 2, side * math.sqrt(0.75), 0]])
    row = measured(tmp_path, frame, springs([(0, 1), (1, 2), (2, 0)], [side] * 3))
    mass = frame.get_masses()[0]
    assert row["n_modes"] == 3
    assert row["highest_per_cm"] == pytest.approx(PER_CM * math.sqrt(3 * K / mass), rel=1e-3)
    assert row["lowest_per_cm"] == pytest.approx(PER_CM * math.sqrt(1.5 * K / mass), rel=1e-3)


def test_a_maximum_along_a_bend_is_a_negative_mode():
    """A linear molecule with energy -b/2 |r_0 + r_2 - 2 r_1|^2 across its axis: two bends with w^2 = -b (2/m + 4/M), and one is not a rotation."""
    frame, b = Atoms("HCH", [[0, 0, -1], [0, 0, 0], [0, 0, 1]]), 0.5

    def energy(positions):
        bend = (positions[:, 0] + positions[:, 2] - 2 * positions[:, 1])[:, :2]
        stretches = (positions[:, [0, 2]] - positions[:, [1, 1]])[:, :, 2].abs() - 1
        return 0.5 * K * stretches.pow(2).sum(dim=1) - 0.5 * b * bend.pow(2).sum(dim=1)

    surface = Surface(potential(frame, energy), frame, 5)
    matrix = hessian_rows(surface, frame.positions, np.arange(9), 0.005)
    found = wavenumbers(matrix, frame.positions, frame.get_masses(), rotations=True)
    light, heavy = frame.get_masses()[:2]
    bend = -PER_CM * math.sqrt(b * (2 / light + 4 / heavy))
    stretches = [PER_CM * math.sqrt(K / light), PER_CM * math.sqrt(K * (1 / light + 2 / heavy))]
    assert found == pytest.approx([bend, bend, *stretches], rel=1e-6)


def test_modes_of_a_molecule_are_those_of_ase():
    frame = ethanol()
    surface = Surface(MorsePotential(frame), frame, 20)
    matrix = hessian_rows(surface, frame.positions, np.arange(27), 0.005)
    found = wavenumbers(matrix, frame.positions, frame.get_masses(), rotations=True)
    theirs = VibrationsData.from_2d(frame, (matrix + matrix.T) / 2).get_energies() / units.invcm
    assert len(found) == 21
    # theirs contain the six rigid motions
    assert found[-10:] == pytest.approx(np.sort(theirs.real)[-10:], rel=1e-3)


def test_rotations_of_a_crystal_are_no_rigid_motions(tmp_path):
    assert rigid_motions(ethanol().positions, ethanol().get_masses(), rotations=False).shape == (27, 3)


def test_without_a_minimum_there_is_a_reason(tmp_path):
    row = measured(tmp_path, Atoms("CO", [[0, 0, 0], [0, 0, 1.1]]), lambda positions: -(positions[:, 1] - positions[:, 0]).pow(2).sum(dim=1))
    assert "relaxation leaves" in row["reason"] and "lowest_per_cm" not in row
