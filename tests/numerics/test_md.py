"""Batched Berendsen dynamics against ASE's, and against what physics demands."""

import math

import ase.build
import ase.io
import ase.units
import numpy as np
import pytest
import torch
from analytic import SETTINGS, MorsePotential, ethanol, labelled, write_training
from ase.md.nvtberendsen import NVTBerendsen

from nnip.jobs.errors import InputError
from nnip.md.berendsen import Berendsen, n_steps, temperatures_K
from nnip.md.bonds import find_bonds
from nnip.md.simulation import simulate
from nnip.md.velocities import initial_momenta
from nnip.measure.base import run_measurement
from nnip.study.manifest import read_manifest

MD = {"temperature_K": 300, "timestep_fs": 0.5, "tau_fs": 50, "duration_fs": 100, "max_bond_A": 2.0}


@pytest.fixture
def frame():
    return ethanol()


@pytest.fixture
def potential(frame):
    return MorsePotential(frame, energy_shift_eV_per_atom=-2.5)


class Recorder:
    """The trajectory of every replica as lists of (position, momenta, energy)."""

    def __init__(self):
        self.replicas = {}

    def __call__(self, step, alive, positions, momenta, energies):
        for place, replica in enumerate(alive):
            self.replicas.setdefault(replica, []).append((positions[place].clone(), momenta[place].clone(), energies[place].clone()))


def trajectories(potential, frame, momenta, **changes):
    recorder = Recorder()
    simulation = simulate(potential, frame, momenta, **(MD | changes), observe=recorder)
    return simulation, recorder.replicas


@pytest.mark.parametrize("kind", ["maxwell-boltzmann", "zero"])
def test_one_replica_follows_ases_nvtberendsen(potential, frame, kind):
    momenta = initial_momenta(frame, kind, 300, seeds=[3])
    frame.positions[0] += [0.03, -0.02, 0.05]  # off the minimum, so that zero velocities do not stay zero
    # 400 steps; a total momentum tells whether it is taken off as ASE does
    momenta += 0.5
    _, replicas = trajectories(potential, frame, momenta, duration_fs=200, max_bond_A=10)
    reference = frame.copy()
    reference.set_momenta(momenta[0].numpy())
    reference.calc = potential.calculator()
    dynamics = NVTBerendsen(reference, 0.5 * ase.units.fs, temperature_K=300, taut=50 * ase.units.fs)
    for step, _ in enumerate(dynamics.irun(400)):
        positions, momenta_now, energy = replicas[0][step]
        assert np.abs(positions.numpy() - reference.positions).max() < 1e-9
        assert np.abs(momenta_now.numpy() - reference.get_momenta()).max() < 1e-9
        assert float(energy) == pytest.approx(reference.get_potential_energy(), abs=1e-9)
    assert step == 400


def test_at_rest_the_scaling_is_clamped_and_nothing_becomes_nan():
    integrator = Berendsen(torch.ones(2, dtype=torch.float64), 300, 1.0, 100.0)
    assert torch.equal(integrator.scaled(torch.zeros(1, 2, 3, dtype=torch.float64)), torch.zeros(1, 2, 3, dtype=torch.float64))
    for factor, kelvin in ((1.1, 1e-3), (0.9, 1e9)):
        strong = Berendsen(torch.ones(2, dtype=torch.float64), 300, 1.0, 1.0)
        momenta = torch.full((1, 2, 3), math.sqrt(kelvin * ase.units.kB), dtype=torch.float64)
        assert torch.allclose(strong.scaled(momenta) / momenta, torch.tensor(factor, dtype=torch.float64))


def test_a_replica_that_fails_leaves_the_others_bit_identical(potential, frame):
    momenta = initial_momenta(frame, "maxwell-boltzmann", 300, seeds=range(6))
    calm, undisturbed = trajectories(potential, frame, momenta)
    assert not any(ending.failed for ending in calm.endings)
    wild = momenta.clone()
    wild[1, 8] += 60.0  # a hydrogen is shot off
    wild[4] *= 1e200  # positions overflow
    simulation, disturbed = trajectories(potential, frame, wild)
    assert [ending.replica for ending in simulation.endings if ending.failed] == [1, 4]
    alone, left = trajectories(potential, frame, momenta[[0, 2, 3, 5]])
    assert not any(ending.failed for ending in alone.endings)
    for place, replica in enumerate([0, 2, 3, 5]):
        for other in (disturbed[replica], left[place]):
            assert len(other) == len(undisturbed[replica]) == 201
            for now, before in zip(other, undisturbed[replica], strict=True):
                assert all(torch.equal(one, two) for one, two in zip(now, before, strict=True))


def test_failures_say_when_why_and_where(potential, frame):
    momenta = initial_momenta(frame, "maxwell-boltzmann", 300, seeds=range(3))
    momenta[1, 8] += 60.0
    momenta[2] *= 1e200
    simulation, replicas = trajectories(potential, frame, momenta)
    calm, bond, overflow = simulation.endings
    assert (calm.failed, calm.reason, calm.time_fs, calm.atom_i) == (False, "none", 100, None)
    assert (bond.failed, bond.reason) == (True, "bond")
    assert 8 in (bond.atom_i, bond.atom_j)
    assert bond.distance_A > 2.0
    # alive at every step before the one it failed in, counted from 0
    assert bond.time_fs == pytest.approx(len(replicas[1]) * 0.5)
    assert 0.5 <= bond.time_fs < 10
    positions, _, _ = replicas[1][-1]
    assert float(find_bonds(frame).lengths_A(positions[None]).max()) <= 2.0
    assert (overflow.failed, overflow.reason, overflow.atom_i, overflow.distance_A) == (True, "nonfinite", None, None)
    longest = max(float(find_bonds(frame).lengths_A(x[None]).max()) for parts in replicas.values() for x, _, _ in parts)
    assert simulation.longest_bond_A == longest
    assert simulation.final_temperature_K == pytest.approx(float(temperatures_K(replicas[0][-1][1][None], torch.tensor(frame.get_masses()))))


def test_a_start_frame_with_a_bond_that_has_failed_already_is_refused(potential, frame):
    longest = float(find_bonds(frame).lengths_A(torch.tensor(frame.positions)[None]).max())
    momenta = initial_momenta(frame, "zero", 300, seeds=[1])
    with pytest.raises(InputError, match=rf"'md.max_bond_A' is 1.4, .*bond C0-C1 .*{longest:.3f} Å long.*to {1.3 * longest:.1f} say"):
        trajectories(potential, frame, momenta, max_bond_A=1.4)
    simulation, _ = trajectories(potential, frame, momenta, max_bond_A=longest + 1e-6, duration_fs=0.5)
    assert not simulation.endings[0].failed


def test_a_simulation_ends_when_all_have_failed(potential, frame):
    momenta = initial_momenta(frame, "maxwell-boltzmann", 300, seeds=range(2))
    momenta[:, 8] += 60.0
    simulation, _ = trajectories(potential, frame, momenta)
    assert all(ending.failed for ending in simulation.endings)
    assert simulation.final_temperature_K is None
    assert simulation.n_steps < 20


def test_a_potential_that_is_not_finite_fails_at_time_zero(potential, frame):
    potential.module.depth[0] = torch.nan
    simulation, _ = trajectories(potential, frame, initial_momenta(frame, "zero", 300, seeds=[1]))
    assert (simulation.endings[0].time_fs, simulation.endings[0].reason) == (0, "nonfinite")


@pytest.mark.physical
def test_energy_is_conserved_without_a_thermostat_better_for_smaller_steps(potential, frame):
    momenta = initial_momenta(frame, "maxwell-boltzmann", 300, seeds=[1, 2])
    masses = torch.tensor(frame.get_masses())
    drifts = []
    for timestep_fs in (0.5, 0.25):
        _, replicas = trajectories(potential, frame, momenta, tau_fs=math.inf, timestep_fs=timestep_fs)
        totals = torch.stack(
            [torch.stack([energy + 0.5 * (p.pow(2) / masses[:, None]).sum() for _, p, energy in parts]) for parts in replicas.values()]
        )
        drifts.append(float((totals - totals[:, :1]).abs().max()))
    assert drifts[0] < 0.01  # of 0.35 eV kinetic energy
    assert drifts[1] == pytest.approx(drifts[0] / 4, rel=0.2)  # velocity Verlet is of second order


@pytest.mark.physical
def test_the_thermostat_reaches_its_temperature(potential, frame):
    momenta = initial_momenta(frame, "maxwell-boltzmann", 100, seeds=range(8))
    _, replicas = trajectories(potential, frame, momenta, duration_fs=400, tau_fs=25)
    masses = torch.tensor(frame.get_masses())
    late = torch.stack([torch.stack([temperatures_K(p[None], masses)[0] for _, p, _ in parts[400:]]) for parts in replicas.values()])
    assert float(late.mean()) == pytest.approx(300, rel=0.03)


def test_momenta_are_maxwell_boltzmann_without_drift_and_seeded(frame):
    momenta = initial_momenta(frame, "maxwell-boltzmann", 1600, seeds=range(2000))
    masses = torch.tensor(frame.get_masses())
    assert momenta.sum(dim=1).abs().max() < 1e-12
    temperatures = temperatures_K(momenta, masses)
    # chi-squared with 3 N degrees of freedom: spread sqrt(2 / 3N) of the mean
    assert float(temperatures.mean()) == pytest.approx(1600, rel=4 * math.sqrt(2 / 27 / 2000))
    assert float(temperatures.std()) == pytest.approx(1600 * math.sqrt(2 / 27), rel=0.1)
    # equipartition: taking the drift off costs atom i its share m_i / M
    kinetic = (momenta.pow(2) / masses[:, None]).sum(dim=2).mean(dim=0) / (3 * ase.units.kB * 1600)
    expected = (1 - masses / masses.sum()) * len(masses) / (len(masses) - 1)
    assert torch.allclose(kinetic, expected, rtol=0.1)
    assert torch.equal(momenta[7:8], initial_momenta(frame, "maxwell-boltzmann", 1600, seeds=[7]))
    assert not initial_momenta(frame, "zero", 1600, seeds=[1]).any()
    with pytest.raises(InputError, match="'gaussian'"):
        initial_momenta(frame, "gaussian", 1600, seeds=[1])


def test_bonds_of_molecules_and_across_periodic_boundaries(frame):
    assert len(find_bonds(frame).atoms) == 8
    silicon = ase.build.bulk("Si", "diamond", a=5.43, cubic=True)
    bonds = find_bonds(silicon)
    assert len(bonds.atoms) == 16
    # atoms are not wrapped back into the cell
    moved = torch.tensor(silicon.positions)[None] + torch.tensor([9.0, -1.0, 0.0])
    assert torch.allclose(bonds.lengths_A(moved), torch.tensor(5.43 * math.sqrt(3) / 4, dtype=torch.float64))
    with pytest.raises(InputError, match="no bonds"):
        find_bonds(ase.Atoms("He2", positions=[[0, 0, 0], [0, 0, 5]]))


def test_replicas_run_on_one_thread_whatever_is_allowed(potential, frame, tmp_path, monkeypatch):
    ase.io.write(tmp_path / "start.xyz", labelled(potential, 1, seed=1), format="extxyz")
    write_training(tmp_path / "train")
    threads = []

    class Watched(MorsePotential):
        def energies_forces(self, graph):
            threads.append(torch.get_num_threads())
            return super().energies_forces(graph)

    monkeypatch.setattr("nnip.measure.base.load", lambda *_: Watched(frame))
    allowed = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        options = MD | {"n_replicas": 2, "initial_velocities": "zero", "duration_fs": 1}
        files = {"start": tmp_path / "start.xyz"}
        run_measurement("md", SETTINGS, options, tmp_path / "train", files, tmp_path)
    finally:
        torch.set_num_threads(allowed)
    assert threads == [1, 1, 1]
    assert read_manifest(tmp_path / "manifest.json")["status"] == "ok"


def test_steps_of_a_duration():
    assert [n_steps(*pair) for pair in ((6000, 1.0), (0.3, 0.1), (10, 3))] == [6000, 3, 4]


def test_a_thermostat_faster_than_the_step_is_refused(potential, frame):
    with pytest.raises(InputError, match=r"'md.tau_fs' is 0.1"):
        trajectories(potential, frame, initial_momenta(frame, "zero", 300, seeds=[1]), tau_fs=0.1)
