"""Compiled code against plain code, of one model whose code is compiled once: cells, and a cluster among them."""

import ase.build
import numpy as np
import pytest
import torch
from ase import Atoms
from conftest import DEVICE, aluminium, exact_on_cpu, load
from scipy import stats

from nnip.landscape.losses import losses
from nnip.landscape.weights import weight_vector
from nnip.md.simulation import simulate
from nnip.md.velocities import initial_momenta
from nnip.potentials.evaluation import Batches

# of float64 weights: relative to energies of some eV and forces of some eV/Å
TOLERANCE = 1e-9
HOT = {"temperature_K": 3000, "timestep_fs": 2.0, "tau_fs": 50, "duration_fs": 400, "max_bond_A": None, "min_distance_A": 1.9}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def plain(trained):
    return load(trained("periodic"))


@pytest.fixture(scope="session")
def compiled(trained):
    """Compiling takes minutes, so all tests share this potential."""
    potential = load(trained("periodic"))
    if potential.not_compiled:
        pytest.skip(potential.not_compiled)
    potential.compile(potential.graph(aluminium(12, seed=5)))
    return potential


def n_compilations():
    from torch._dynamo.utils import counters

    return counters["stats"]["unique_graphs"]


def assert_same(compiled, plain, frames):
    energies, forces = plain.energies_forces(plain.graph(frames))
    energies_now, forces_now = compiled.energies_forces(compiled.graph(frames))
    assert forces.abs().max() > 1000 * TOLERANCE
    assert (energies_now - energies).abs().max() < TOLERANCE
    assert (forces_now - forces).abs().max() < TOLERANCE


def test_energies_and_forces_of_any_batch_without_compiling_again(compiled, plain):
    """Numbers of frames, atoms and pairs differ, and the graph of replicas is another one's; all run the same code (few atoms have their own)."""
    bulk = ase.build.bulk("Al", "fcc", a=4.05, cubic=True)
    slab = bulk * (2, 1, 1)
    slab.pbc = [True, True, False]
    cluster = Atoms("Al3", positions=[[0, 0, 0], [2.6, 0, 0], [0, 2.7, 0.3]])
    frames = aluminium(14, seed=6)
    before = n_compilations()
    for batch in (frames, frames[:9], [*frames[:10], slab, cluster], [bulk * (2, 2, 2), cluster]):
        assert_same(compiled, plain, batch)
    of_plain, of_compiled = plain.replicas(frames[0], 11), compiled.replicas(frames[0], 11)
    rng = torch.Generator().manual_seed(1)
    for _ in range(4):
        positions = torch.tensor(frames[0].positions) + 0.3 * torch.randn((11, 4, 3), generator=rng, dtype=torch.float64)
        results = []
        for potential, graph in ((plain, of_plain), (compiled, of_compiled)):
            potential.set_positions(graph, positions.to(DEVICE))
            results.append(potential.energies_forces(graph))
        assert torch.allclose(results[0][0], results[1][0], atol=TOLERANCE, rtol=TOLERANCE)
        assert torch.allclose(results[0][1], results[1][1], atol=TOLERANCE, rtol=TOLERANCE)
    assert n_compilations() == before


@exact_on_cpu
def test_the_same_batch_twice_is_the_same_bit_for_bit(compiled):
    graph = compiled.graph(aluminium(5, seed=7))
    first, second = (compiled.energies_forces(graph) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


def test_a_single_frame_and_nothing_but_lost_replicas_run_too(compiled, plain):
    assert_same(compiled, plain, aluminium(1, seed=8))
    frame = aluminium(1, seed=8)[0]
    graph = compiled.replicas(frame, 3)
    compiled.set_positions(graph, torch.full((3, len(frame), 3), torch.nan, dtype=torch.float64, device=DEVICE))
    assert compiled.energies_forces(graph)[1].shape == (3 * len(frame), 3)


def test_a_landscape_sees_the_displaced_weights_and_leaves_the_trained_ones(compiled, plain):
    frames = aluminium(4, seed=9)
    direction = torch.randn(len(weight_vector(plain.module)), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    direction = direction.to(DEVICE) * weight_vector(plain.module).norm() / float(direction.norm())
    of = [losses(Batches(potential, frames, 4), (t * direction for t in (-0.1, 0.0, 0.1))) for potential in (plain, compiled)]
    for column in of[0][0]:
        lines = np.array([[point[column] for point in line] for line in of])
        assert np.ptp(lines[0]) > 1e-3
        np.testing.assert_allclose(lines[1], lines[0], rtol=1e-8)
    assert_same(compiled, plain, frames)


def test_derivatives_by_the_weights_stay_plain(compiled, plain):
    frames = aluminium(3, seed=10)
    of = [potential.differentiable_energies_forces(potential.graph(frames)) for potential in (plain, compiled)]
    for one, other in zip(*of, strict=True):
        assert torch.equal(one, other) if DEVICE == "cpu" else torch.allclose(one, other, atol=TOLERANCE)


def test_md_fails_at_the_same_times_to_within_chaos(compiled, plain):
    """The same velocities: the trajectories begin alike, and the times to failure come from one distribution (log-rank test)."""
    start = ase.build.bulk("Al", "fcc", a=4.05, cubic=True)
    momenta = initial_momenta(start, "maxwell-boltzmann", HOT["temperature_K"], list(range(12)))
    early, times, failed = [], [], []
    for potential in (plain, compiled):
        seen = {}
        result = simulate(potential, start, momenta, **HOT, observe=lambda step, _, positions, *__, seen=seen: seen.setdefault(step, positions))
        early.append(seen[5])
        times.append(np.array([ending.time_fs for ending in result.endings]))
        failed.append(np.array([ending.failed for ending in result.endings]))
    assert early[0].shape == early[1].shape
    assert (early[0] - early[1]).abs().max() < 1e-7
    assert failed[0].sum() > 3, "otherwise nothing is compared"
    censored = [stats.CensoredData.right_censored(time, ~end) for time, end in zip(times, failed, strict=True)]
    assert stats.logrank(*censored).pvalue > 0.01
