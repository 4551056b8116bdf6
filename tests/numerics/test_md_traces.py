"""What is written down of replicas while they run, and that writing it down changes nothing."""

import ase.units
import pytest
import torch
from analytic import MorsePotential, ethanol

from nnip.md.simulation import simulate
from nnip.md.traces import Trace
from nnip.md.velocities import initial_momenta

MD = {"temperature_K": 300, "timestep_fs": 0.5, "tau_fs": 50, "duration_fs": 20, "max_bond_A": 2.0}


@pytest.fixture
def frame():
    return ethanol()


@pytest.fixture
def potential(frame):
    return MorsePotential(frame, energy_shift_eV_per_atom=-2.5)


def run(potential, frame, momenta, every_fs):
    trace = Trace(frame, every_fs, MD["timestep_fs"])
    return simulate(potential, frame, momenta, **MD, observe=trace), trace.rows


def test_means_over_the_replicas_alive(potential, frame):
    momenta = initial_momenta(frame, "maxwell-boltzmann", 300, seeds=range(3))
    momenta[1, 8] += 60.0  # a hydrogen is shot off
    simulation, rows = run(potential, frame, momenta, every_fs=2.0)
    plain = simulate(potential, frame, momenta, **MD)
    assert simulation == plain
    assert [row["time_fs"] for row in rows] == [2.0 * index for index in range(11)]
    lost = next(ending for ending in simulation.endings if ending.failed).time_fs
    assert [row["n_alive"] for row in rows] == [3 if row["time_fs"] < lost else 2 for row in rows]
    replicas = [frame.copy() for _ in range(3)]
    for replica, own in zip(replicas, momenta, strict=True):
        replica.set_momenta(own.numpy())
    temperatures = torch.tensor([replica.get_temperature() for replica in replicas], dtype=torch.float64)
    assert rows[0]["temperature_mean_K"] == pytest.approx(float(temperatures.mean()))
    assert rows[0]["temperature_std_K"] == pytest.approx(float(temperatures.std()))
    kinetic = sum(replica.get_kinetic_energy() for replica in replicas) / 3 / len(frame)
    frame.calc = potential.calculator()
    assert rows[0]["potential_energy_eV_per_atom"] == pytest.approx(frame.get_potential_energy() / len(frame))
    assert rows[0]["total_energy_eV_per_atom"] - rows[0]["potential_energy_eV_per_atom"] == pytest.approx(kinetic)


def test_one_replica_has_no_scatter_and_energy_is_kept_without_a_thermostat(potential, frame):
    momenta = initial_momenta(frame, "maxwell-boltzmann", 300, seeds=[1])
    trace = Trace(frame, 0.2, 0.1)
    simulate(potential, frame, momenta, **(MD | {"timestep_fs": 0.1, "tau_fs": float("inf")}), observe=trace)
    energies = [row["total_energy_eV_per_atom"] for row in trace.rows]
    assert len(trace.rows) == 101
    assert all(row["temperature_std_K"] is None for row in trace.rows)
    kinetic = 1.5 * ase.units.kB * trace.rows[0]["temperature_mean_K"]
    assert max(energies) - min(energies) < 0.01 * kinetic
