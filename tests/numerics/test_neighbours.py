import ase.build
import ase.neighborlist
import numpy as np
import pytest
import torch
from ase import Atoms

from nnip.jobs.errors import InputError
from nnip.potentials import neighbours as searches
from nnip.potentials.neighbours import find_neighbours

MOLECULE = ase.build.molecule("CH3CH2OH")
ALUMINIUM = ase.build.bulk("Al", "fcc", a=4.05)  # one atom, cell vectors of 2.9 Å


@pytest.fixture(autouse=True, params=["all pairs", "cell list"])
def search(request, monkeypatch):
    """Every test is of both searches, whatever the number of atoms."""
    monkeypatch.setattr(searches, "MANY_PAIRS", dict.fromkeys(searches.MANY_PAIRS, 10**18 if request.param == "all pairs" else 0))


def triclinic(pbc):
    rng = np.random.default_rng(3)
    cell = [[4.0, 0.3, 0.0], [1.9, 3.5, 0.4], [-1.2, 0.8, 5.0]]
    return Atoms("H6", scaled_positions=rng.uniform(-1.6, 2.3, (6, 3)), cell=cell, pbc=pbc)


def pairs_of(neighbours, atoms_of_one, copy=0):
    i, j = neighbours.edge_index.numpy()
    own = i // atoms_of_one == copy
    return sorted(
        map(tuple, np.column_stack([i[own] - copy * atoms_of_one, j[own] - copy * atoms_of_one, neighbours.cell_shifts.numpy()[own]]).tolist())
    )


def found(frames, cutoff):
    positions = torch.tensor(np.array([frame.positions for frame in frames]))
    return find_neighbours(positions, cutoff, torch.tensor(frames[0].cell.array), tuple(map(bool, frames[0].pbc)))


@pytest.mark.parametrize(
    ("frame", "cutoff"),
    [
        (MOLECULE, 2.0),
        (ALUMINIUM, 6.5),
        (ase.build.bulk("Al", "fcc", a=4.05, cubic=True) * (2, 1, 1), 5.0),
        (triclinic(True), 5.0),
        (triclinic([True, False, True]), 4.5),
        (triclinic([False, False, True]), 4.5),
        (triclinic(False), 9.0),
    ],
    ids=["molecule", "cutoff larger than the cell", "cubic", "triclinic, atoms outside the cell", "slab", "wire", "cell but no pbc"],
)
def test_pairs_are_those_of_ase(frame, cutoff):
    neighbours = found([frame], cutoff)
    i, j, S = ase.neighborlist.primitive_neighbor_list("ijS", frame.pbc, frame.cell, frame.positions, cutoff)
    assert len(i)
    assert pairs_of(neighbours, len(frame)) == sorted(map(tuple, np.column_stack([i, j, S]).tolist()))
    assert torch.allclose(neighbours.shifts_A, neighbours.cell_shifts.double() @ torch.tensor(frame.cell.array), atol=1e-12, rtol=0)


def test_a_periodic_direction_needs_a_cell_vector():
    with pytest.raises(InputError, match="span no cell"):
        found([Atoms("H2", positions=[[0, 0, 0], [0, 0, 1]], pbc=True)], 3.0)
    with pytest.raises(InputError, match="span no cell"):
        found([Atoms("H2", positions=[[0, 0, 0], [0, 0, 1]], cell=[[1, 0, 0], [2, 0, 0], [0, 0, 3]], pbc=True)], 3.0)


@pytest.mark.parametrize("frame", [MOLECULE, triclinic(True)], ids=["molecule", "periodic"])
def test_each_copy_has_its_own_pairs(frame):
    copies = [frame.copy() for _ in range(3)]
    for k, copy in enumerate(copies):
        copy.rattle(0.2, seed=k)
    together = found(copies, 3.0)
    for k, copy in enumerate(copies):
        assert pairs_of(together, len(frame), k) == pairs_of(found([copy], 3.0), len(frame))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("frame", [MOLECULE, triclinic(True)], ids=["molecule", "periodic"])
def test_a_non_finite_copy_has_no_pairs_and_leaves_the_others_as_they_are(frame, bad):
    broken = frame.copy()
    broken.positions[1, 2] = bad
    together = found([frame, broken, frame], 3.0)
    assert not pairs_of(together, len(frame), 1)
    assert pairs_of(together, len(frame), 0) == pairs_of(together, len(frame), 2) == pairs_of(found([frame], 3.0), len(frame))
    assert together.shifts_A.isfinite().all()


def test_order_of_a_copys_pairs_does_not_depend_on_the_others():
    frame = triclinic(True)
    moved = frame.copy()
    moved.rattle(0.3, seed=1)
    alone, together = found([frame], 3.5), found([moved, frame], 3.5)
    assert (together.edge_index[0].diff() >= 0).all(), "a copy's pairs stand together"
    own = together.edge_index[0] >= len(frame)
    assert torch.equal(together.edge_index[:, own] - len(frame), alone.edge_index)
    assert torch.equal(together.shifts_A[own], alone.shifts_A)
