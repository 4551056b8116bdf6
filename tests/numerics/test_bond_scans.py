"""Barriers of bonds against closed forms: Morse bonds of a chain, a bond that breaks over a hill, a ring, and what has no barrier."""

import math

import numpy as np
import pytest
import torch
from ase import Atoms, units
from surfaces import job, labelled, potential

from nnip.measure.bond_scans import measure
from nnip.surface.stretching import bond_weights

DEPTH_EV, INVERSE_WIDTH, AT_A = 4.0, 1.7, 0.75
OPTIONS = {"step_A": 0.02, "frames_per_batch": 7, "max_bond_A": 2.0, "min_distance_A": None, "temperature_K": 900.0}
CHAIN = Atoms("HHH", [[0, 0, 0], [0.75, 0, 0], [1.5, 0, 0]])


def distances(positions, pairs):
    return (positions[:, [b for _, b in pairs]] - positions[:, [a for a, _ in pairs]]).norm(dim=-1)


def morse(lengths):
    return (DEPTH_EV * (1 - torch.exp(-INVERSE_WIDTH * (lengths - AT_A))).pow(2)).sum(dim=1)


def measured(tmp_path, frame, energy, **options):
    of = potential(frame, energy)
    return measure(job(tmp_path, of, {"train": [labelled(frame, of)], "val": []}, OPTIONS | options))


def test_a_morse_bond_has_its_height_and_the_sum_its_boltzmann_factors(tmp_path):
    tables = measured(tmp_path, CHAIN, lambda positions: morse(distances(positions, [(0, 1), (1, 2)])))
    height = DEPTH_EV * (1 - math.exp(-INVERSE_WIDTH * (2.0 - AT_A))) ** 2
    for row, atoms in zip(tables["bond_barriers"], ((0, 1), (1, 2)), strict=True):
        assert (row["atom_i"], row["atom_j"], row["element_i"], row["in_ring"]) == (*atoms, "H", False)
        assert row["length_A"] == pytest.approx(AT_A, abs=1e-3)
        assert row["barrier_eV"] == pytest.approx(height, abs=1e-4)
        assert row["height_eV"] == row["barrier_eV"]
        assert row["barrier_at_A"] == 2.0
    (row,) = tables["bond_scans"]
    assert row["lowest_barrier_eV"] == pytest.approx(height, abs=1e-4)
    assert row["escape_sum"] == pytest.approx(2 * math.exp(-height / (units.kB * 900)), rel=2e-3)
    assert row["n_bonds"] == 2


def test_a_hill_before_the_failure_distance_is_the_barrier(tmp_path):
    """E = A sin^2(pi (l - l0) / w): its top A is at l0 + w/2 = 1.25, and at 2.0 it is A sin^2(1.25 pi) = A / 2."""

    def hill(positions):
        lengths = distances(positions, [(0, 1), (1, 2)])
        return (torch.tensor([0.8, 1.3]) * torch.sin(torch.pi * (lengths - AT_A)).pow(2)).sum(dim=1)

    tables = measured(tmp_path, CHAIN, hill)
    for row, top in zip(tables["bond_barriers"], (0.8, 1.3), strict=True):
        assert row["barrier_eV"] == pytest.approx(top, rel=1e-2)
        assert row["barrier_at_A"] == pytest.approx(1.25, abs=0.02)
        assert row["height_eV"] == pytest.approx(top / 2, rel=1e-2)
    (row,) = tables["bond_scans"]
    assert row["lowest_bond"] == "H0-H1"
    assert row["lowest_barrier_eV"] == tables["bond_barriers"][0]["barrier_eV"]


def test_in_a_ring_only_the_two_atoms_move(tmp_path):
    """An equilateral triangle of springs: the stretched side is l, the others sqrt(h^2 + l^2 / 4) with the height h of the third atom."""
    side, k = 0.8, 3.0
    triangle = Atoms("HHH", [[0, 0, 0], [side, 0, 0], [side / 2, side * math.sqrt(0.75), 0]])
    tables = measured(tmp_path, triangle, lambda positions: k * (distances(positions, [(0, 1), (1, 2), (2, 0)]) - side).pow(2).sum(dim=1))
    other = math.sqrt(0.75 * side**2 + 2.0**2 / 4)
    expected = k * ((2.0 - side) ** 2 + 2 * (other - side) ** 2)
    assert [row["in_ring"] for row in tables["bond_barriers"]] == [True] * 3
    assert [row["barrier_eV"] for row in tables["bond_barriers"]] == pytest.approx([expected] * 3, rel=1e-3)


def test_of_a_bond_in_no_ring_one_fragment_moves_as_a_whole():
    """A triangle with a tail of two atoms: 0-1-2 is the ring, 2-3-4 the tail."""
    bonds = np.array([[0, 1], [1, 2], [0, 2], [2, 3], [3, 4]])
    assert bond_weights(5, bonds).tolist() == [[-0.5, 0.5, 0, 0, 0], [0, -0.5, 0.5, 0, 0], [-0.5, 0, 0.5, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 0, 1]]


def test_a_start_that_falls_apart_is_a_reason_without_numbers(tmp_path):
    tables = measured(tmp_path, CHAIN, lambda positions: -distances(positions, [(0, 1), (1, 2)]).pow(2).sum(dim=1))
    (row,) = tables["bond_scans"]
    assert tables["bond_barriers"] == []
    assert "relaxation leaves the structure of the start: H" in row["reason"]
    assert "lowest_barrier_eV" not in row and row["n_passes"] > 0


def test_a_scan_without_finite_energies_is_a_reason_without_numbers(tmp_path):
    def infinite(positions):
        lengths = distances(positions, [(0, 1), (1, 2)])
        return morse(lengths) + torch.where(lengths[:, 1] > 1.5, torch.inf, 0.0)

    tables = measured(tmp_path, CHAIN, infinite)
    first, second = tables["bond_barriers"]
    assert "reason" not in first and first["barrier_eV"] > 1
    assert "barrier_eV" not in second and "is not finite" in second["reason"]
    (row,) = tables["bond_scans"]
    assert row["reason"].startswith("bond H1-H2: the energy at 1.5") and "lowest_barrier_eV" not in row
