"""When a replica has failed where nothing is bonded: pairs of atoms, and of their images, that come too close."""

import math
import re

import ase.build
import ase.neighborlist
import numpy as np
import pytest
import torch
from analytic import MorsePotential, ethanol
from ase import Atoms, units

from nnip.jobs.errors import InputError
from nnip.md.pairs import find_pairs
from nnip.md.rules import find_rules
from nnip.md.simulation import simulate
from nnip.md.velocities import initial_momenta
from nnip.potentials.base import Graph

MD = {"temperature_K": 300, "timestep_fs": 1.0, "tau_fs": math.inf, "duration_fs": 100}
TRICLINIC = [[4.0, 0.3, 0.0], [1.9, 3.5, 0.4], [-1.2, 0.8, 5.0]]


class Free:
    """Atoms that feel nothing, so that where they meet is known."""

    device = torch.device("cpu")

    def replicas(self, frame, n):
        return Graph({}, torch.full((n,), len(frame)), torch.arange(n).repeat_interleave(len(frame)))

    def set_positions(self, graph, positions_A):
        self.positions = positions_A

    def energies_forces(self, graph):
        return torch.zeros(len(self.positions), dtype=torch.float64), torch.zeros_like(self.positions).reshape(-1, 3)


def brute_force(frame, reach_A):
    """Distance of every pair i < j that is closer than reach_A, by ASE's neighbour list."""
    i, j, d = ase.neighborlist.primitive_neighbor_list("ijd", frame.pbc, frame.cell, frame.positions, reach_A)
    closest = {}
    for a, b, distance in zip(i, j, d, strict=True):
        if a < b:
            closest[a, b] = min(distance, closest.get((a, b), math.inf))
    return closest


@pytest.mark.parametrize("pbc", [True, [True, False, True], False], ids=["periodic", "slab", "molecule"])
@pytest.mark.parametrize("reach_A", [1.5, 3.4])
def test_pairs_within_reach_are_those_of_ase(pbc, reach_A):
    rng = np.random.default_rng(3)
    near = Atoms("H9", scaled_positions=rng.uniform(-1.6, 2.3, (9, 3)) if pbc else rng.uniform(0, 1, (9, 3)), cell=TRICLINIC, pbc=pbc)
    pairs = find_pairs(near, reach_A)
    lengths = pairs.lengths_A(torch.tensor(near.positions)[None])[0]
    expected = brute_force(near, reach_A)
    assert len(expected) > 2
    found = {tuple(atoms): float(length) for atoms, length in zip(pairs.atoms.tolist(), lengths, strict=True) if length < reach_A}
    assert found.keys() == expected.keys()
    for atoms, length in found.items():
        assert length == pytest.approx(expected[atoms], abs=1e-12)


def test_atoms_that_meet_across_the_border_have_failed():
    frame = Atoms("Al3", positions=[[0.5, 1, 1], [7.0, 1, 1], [4, 5, 5]], cell=[8, 8, 8], pbc=True)
    speeds = [0.0, 0.02, 0.01]  # Å/fs; the replicas' first atoms move to the left, towards the second's image 1.5 Å away
    momenta = torch.zeros(3, 3, 3, dtype=torch.float64)
    for replica, speed in enumerate(speeds):
        momenta[replica, 0, 0] = -speed * frame.get_masses()[0] / units.fs
        momenta[replica, 2, 0] = -momenta[replica, 0, 0]  # no total momentum, which would be taken off
    result = simulate(Free(), frame, momenta, **MD, max_bond_A=None, min_distance_A=1.005)
    calm, fast, slow = result.endings
    assert (calm.failed, calm.reason) == (False, "none")
    for ending, speed in ((fast, 0.02), (slow, 0.01)):
        assert (ending.failed, ending.reason, ending.atom_i, ending.atom_j) == (True, "close", 0, 1)
        assert ending.time_fs == math.ceil(0.495 / speed)
        assert ending.distance_A == pytest.approx(1.5 - speed * ending.time_fs, abs=1e-9)
    assert 1.005 <= result.closest_pair_A < 1.015
    assert result.longest_bond_A is None


def test_a_molecule_may_have_both_rules():
    frame = ethanol()
    potential = MorsePotential(frame)
    momenta = initial_momenta(frame, "maxwell-boltzmann", 300, seeds=range(3))
    momenta[1, 8] += 60.0
    momenta[2] *= 1e200
    options = MD | {"timestep_fs": 0.5, "tau_fs": 50}
    alone = simulate(potential, frame, momenta, **options, max_bond_A=2.0)
    both = simulate(potential, frame, momenta, **options, max_bond_A=2.0, min_distance_A=0.3)
    assert alone.endings == both.endings
    assert [ending.reason for ending in both.endings] == ["none", "bond", "nonfinite"]
    assert alone.closest_pair_A is None
    assert 0.3 < both.closest_pair_A < both.longest_bond_A


@pytest.mark.parametrize(
    ("frame", "limits", "message"),
    [
        (ase.build.bulk("Al", cubic=True), (None, None), "are both null"),
        (
            ase.build.bulk("Al", cubic=True),
            (None, 3.0),
            "'md.min_distance_A' is 3, but in the start frame the atoms Al0-Al[123] .* 2.864 Å apart.*1.7 say",
        ),
        (ase.build.bulk("Al", cubic=True), (None, 4.2), "in the start frame the images of an atom are 4.050 Å apart"),
        (ase.build.bulk("Al", cubic=True), (2.0, None), "'md.max_bond_A' is 2, .*where nothing is bonded .* to null"),
        (Atoms("Al", cell=[9, 9, 9], pbc=True), (None, 2.0), "has one atom"),
        (Atoms("He2", positions=[[0, 0, 0], [0, 0, 5]]), (2.0, None), "has no bonds, so 'md.max_bond_A' means nothing"),
    ],
)
def test_rules_that_a_frame_cannot_start_with_are_refused(frame, limits, message):
    with pytest.raises(InputError) as error:
        find_rules(frame, *limits)
    assert re.search(message, str(error.value))
