"""The two searches for neighbours, all pairs and cell list, against each other."""

import resource

import ase.build
import numpy as np
import pytest
import torch

from nnip.potentials import neighbours as searches
from nnip.potentials.neighbours import find_neighbours

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"))]


def with_search(monkeypatch, many_pairs, *given):
    monkeypatch.setattr(searches, "MANY_PAIRS", dict.fromkeys(searches.MANY_PAIRS, many_pairs))
    result = find_neighbours(*given)
    assert (result.edge_index[0].diff() >= 0).all()
    return sorted(map(tuple, torch.cat([result.edge_index.T, result.cell_shifts], dim=1).tolist())), result


@pytest.mark.parametrize("device", DEVICES)
def test_both_searches_find_the_same_pairs_in_any_cell(monkeypatch, device):
    """Random numbers of atoms, cells, periodic directions and cutoffs; some copies with a number that is not finite."""
    rng = np.random.default_rng(4)
    n_pairs = 0
    for _ in range(100):
        cell = rng.normal(0, 3, (3, 3)) + np.eye(3) * rng.uniform(1, 6)
        positions = rng.normal(0, 8, (3, rng.integers(1, 14), 3))
        if abs(np.linalg.det(cell)) < 2 or 1 / np.linalg.norm(np.linalg.inv(cell), axis=0).max() < 1.5:  # many images
            continue
        if rng.random() < 0.2:
            positions[1, 0, 0] = rng.choice([np.nan, np.inf])
        given = torch.tensor(positions, device=device), float(rng.uniform(1, 6)), torch.tensor(cell), tuple(map(bool, rng.integers(0, 2, 3)))
        dense, a = with_search(monkeypatch, 10**18, *given)
        listed, b = with_search(monkeypatch, 0, *given)
        assert dense == listed
        assert a.shifts_A.device == b.shifts_A.device == given[0].device
        n_pairs += len(dense)
    assert n_pairs > 1_000


@pytest.mark.parametrize("pbc", [(False, False, False), (True, True, True), (True, True, False)], ids=["molecule", "crystal", "slab"])
@pytest.mark.parametrize("far_A", [1e3, 1e6, 1e9])
def test_atoms_that_have_flown_away_are_no_trouble(monkeypatch, pbc, far_A):
    """Half the atoms of one replica are far outside, as after an explosion: a grid over all of space would fill the memory."""
    rng = np.random.default_rng(1)
    positions = torch.tensor(rng.normal(0, 8, (2, 50, 3)))
    positions[0, :25] *= far_A
    given = positions, 4.0, torch.eye(3, dtype=torch.float64) * 12.0, pbc
    assert with_search(monkeypatch, 10**18, *given)[0] == with_search(monkeypatch, 0, *given)[0]
    positions[0, :25] = 1e30  # nothing is asked of such a replica, but the other keeps its pairs
    (alone, _), (together, _) = (with_search(monkeypatch, 0, positions[copies], *given[1:]) for copies in ([1], [0, 1]))
    assert [(i + 50, j + 50, *shift) for i, j, *shift in alone] == [pair for pair in together if pair[0] >= 50]


def test_atoms_on_their_way_out_need_no_cell_that_spans_them(monkeypatch):
    """A cell list up to 1e4 Å would take gigabytes; this search takes no more than the other, in which 432 atoms are few."""
    positions = torch.tensor(np.random.default_rng(1).uniform(0, 20, (2, 432, 3)))
    for far_A in (1e2, 1e3, 1e4, 1e6):
        positions[0, 0], positions[0, 1] = far_A, -far_A
        all_pairs = with_search(monkeypatch, 10**18, positions, 5.0)[0]
        before_kB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert with_search(monkeypatch, 0, positions, 5.0)[0] == all_pairs
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kB < 100_000


def test_many_atoms_in_many_copies_need_little_memory(monkeypatch):
    """30 copies of 1,000 atoms: comparing all pairs would need 2 GB at once. An fcc atom has 18 neighbours up to 1.1 lattice constants."""
    monkeypatch.undo()
    before_kB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    crystal = ase.build.bulk("Al", "fcc", a=4.05, cubic=True) * (5, 5, 10)
    positions = torch.tensor(crystal.positions).expand(30, -1, -1)
    neighbours = find_neighbours(positions, 1.1 * 4.05, torch.tensor(crystal.cell.array), (True, True, True))
    assert neighbours.edge_index.shape == (2, 30 * 1000 * 18)
    assert (neighbours.edge_index[0].bincount() == 18).all()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kB < 500_000
