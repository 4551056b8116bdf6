"""The wall at short distances against potentials with and without a hole in it."""

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, molecule
from surfaces import job, labelled, potential

from nnip.measure.repulsion import measure
from nnip.surface.walls import pushes

OPTIONS = {"closest_A": 0.6, "farthest_A": 1.2, "step_A": 0.05, "n_pairs": 5, "frames_per_batch": 7, "max_bond_A": 3.0, "min_distance_A": None}
PAIR = Atoms("OO", [[0, 0, 0], [0, 0, 1.48]])


def distance(positions):
    return (positions[:, 1] - positions[:, 0]).norm(dim=-1)


def measured(tmp_path, energy, frame=PAIR, **options):
    of = potential(frame, energy)
    return measure(job(tmp_path, of, {"train": [labelled(frame, of)], "val": []}, OPTIONS | options))


def test_a_wall_repels_everywhere_and_its_lowest_energy_is_at_its_foot(tmp_path):
    tables = measured(tmp_path, lambda positions: 5 * (distance(positions) - 1.48).pow(2))
    (row,), (pair,) = tables["repulsion"], tables["repulsion_pairs"]
    assert (pair["bonded"], pair["n_distances"], pair["n_attracting"]) == (True, 8, 0), "0.60 to 0.95 A: 0.75 times twice 0.66 A is 0.99 A"
    assert row["attracting"] == 0
    assert row["lowest_energy_eV"] == pair["lowest_energy_eV"] == pytest.approx(5 * 0.53**2, rel=1e-2)


def test_a_hole_in_the_wall_attracts_below_its_top(tmp_path):
    """E = 2 sin^2(pi (r - 1.48) / 1.2) has its top at 0.88: the six distances from 0.60 to 0.85 attract, 0.90 and 0.95 do not."""
    tables = measured(tmp_path, lambda positions: 2 * torch.sin(torch.pi * (distance(positions) - 1.48) / 1.2).pow(2))
    (row,), (pair,) = tables["repulsion"], tables["repulsion_pairs"]
    assert (pair["n_attracting"], pair["n_distances"]) == (6, 8)
    assert row["attracting"] == pytest.approx(6 / 8)
    assert row["lowest_energy_eV"] == pytest.approx(2 * np.sin(np.pi * 0.88 / 1.2) ** 2, rel=1e-2), "at 0.6 A"


def test_without_bonds_the_nearest_pairs_are_pushed(tmp_path):
    tables = measured(tmp_path, lambda positions: 5 * (distance(positions) - 1.48).pow(2), max_bond_A=None, min_distance_A=0.5)
    (pair,) = tables["repulsion_pairs"]
    assert (pair["bonded"], pair["n_distances"], pair["n_attracting"]) == (False, 8, 0)


def test_distances_above_the_pairs_own_do_not_count(tmp_path):
    """A bond of 0.82 A: 0.60 to 0.80 A, of at most 0.75 (1.22 + 0.66) A."""
    frame = Atoms("GeO", [[0, 0, 0], [0, 0, 0.82]])
    tables = measured(tmp_path, lambda positions: 5 * (distance(positions) - 0.82).pow(2), frame)
    (pair,) = tables["repulsion_pairs"]
    assert (pair["n_distances"], pair["n_attracting"]) == (5, 0)


def test_no_pair_is_next_but_one_bonded_or_meets_a_third_atom():
    frame = molecule("CH3CH2OH")
    found = pushes(frame, frame.positions, True, 100, np.array([0.6, 1.2]))
    bonds = {push.pair.atoms for push in found if push.bonded}
    assert len(bonds) == 8
    near = {(a, c) for a, b in (*bonds, *((b, a) for a, b in bonds)) for b2, c in (*bonds, *((b, a) for a, b in bonds)) if b == b2 and a < c}
    others = [push.pair for push in found if not push.bonded]
    assert others and not {pair.atoms for pair in others} & (bonds | near)
    lengths = [pair.length_A for pair in others]
    assert lengths == sorted(lengths)


def test_pairs_of_a_crystal_reach_across_its_boundary():
    frame = bulk("Al", "fcc", a=4.05, cubic=True)
    found = pushes(frame, frame.positions, False, 1000, np.array([0.6, 1.2]))
    assert {round(push.pair.length_A, 3) for push in found if push.pair.length_A < 3} == {round(4.05 / np.sqrt(2), 3)}
    assert sum(push.pair.length_A < 3 for push in found) == 4 * 12 / 2


def test_a_wall_that_is_not_finite_is_a_reason(tmp_path):
    tables = measured(tmp_path, lambda positions: 5 * (distance(positions) - 1.48).pow(2) + torch.where(distance(positions) < 0.7, torch.nan, 0.0))
    (row,) = tables["repulsion"]
    assert row["reason"] == "O0-O1: an energy or force is not finite"
    assert "attracting" not in row
