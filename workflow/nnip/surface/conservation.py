"""What a potential must conserve: energy and forces under rotation of a frame, and the total energy of dynamics without a thermostat."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from ase import Atoms, units
from scipy.spatial.transform import Rotation

from nnip.md.berendsen import temperatures_K
from nnip.md.simulation import Simulation, State, simulate
from nnip.md.velocities import initial_momenta
from nnip.potentials.base import Potential
from nnip.potentials.evaluation import Batches


def rotation_errors(potential: Potential, frame: Atoms, rotations: Sequence[Rotation], frames_per_batch: int) -> tuple[np.ndarray, np.ndarray]:
    """|E(Rx) - E(x)| in eV and max |F(Rx) - R F(x)| in eV/Å for each rotation R of a frame and its cell; 1 + the rotations' number of passes."""
    frames = [frame]
    for rotation in rotations:
        turned = frame.copy()
        turned.set_cell(rotation.apply(frame.cell.array))
        turned.positions = rotation.apply(frame.positions)
        frames.append(turned)
    results = Batches(potential, frames, frames_per_batch).use(lambda graphs: [potential.energies_forces(graph) for graph in graphs])
    energies, forces = (torch.cat(parts).cpu().numpy() for parts in zip(*results, strict=True))
    forces = forces.reshape(len(frames), len(frame), 3)
    turned_back = np.array([rotation.apply(forces[0]) for rotation in rotations])
    return np.abs(energies[1:] - energies[0]), np.abs(forces[1:] - turned_back).max(axis=(1, 2))


class Totals:
    """An observer for nnip.md.simulation.simulate: total energies in eV per atom of all replicas after every step; nan after a failure."""

    def __init__(self, frame: Atoms, n_replicas: int, rows: list[list[float]]) -> None:
        self.masses = torch.tensor(frame.get_masses())
        self.n_replicas = n_replicas
        self.rows = rows

    def __call__(self, _: int, replicas: list[int], __: torch.Tensor, momenta: torch.Tensor, energies_eV: torch.Tensor) -> None:
        kinetic = 1.5 * units.kB * temperatures_K(momenta, self.masses.to(momenta.device))
        row = np.full(self.n_replicas, np.nan)
        row[replicas] = (energies_eV / len(self.masses) + kinetic).cpu().numpy()
        self.rows.append(row.tolist())


def free_dynamics(
    potential: Potential,
    start: Atoms,
    options: Mapping[str, Any],
    seeds: Sequence[int],
    state: Mapping[str, Any],
    keep: Callable[[int, dict[str, Any]], None],
) -> tuple[np.ndarray, Simulation]:
    """Total energies in eV per atom [n_steps + 1, n_replicas] of dynamics without a thermostat, and the simulation.

    keep and state: as of nnip.surface.own_frames.own_frames.
    """
    totals = Totals(start, len(seeds), list(state.get("totals", [])))
    result = simulate(
        potential,
        start,
        initial_momenta(start, "maxwell-boltzmann", options["temperature_K"], seeds),
        **{name: options[name] for name in ("temperature_K", "timestep_fs", "duration_fs", "max_bond_A", "min_distance_A")},
        tau_fs=np.inf,
        observe=totals,
        keep=lambda after: keep(after.step + 1, {"simulation": after.plain(), "totals": totals.rows}),
        resume=State.of(state["simulation"]) if state else None,
    )
    return np.array(totals.rows), result


def drifts(totals_eV: np.ndarray, timestep_fs: float) -> np.ndarray:
    """|slope| by least squares in eV/atom/ps [n_replicas] of total energies per atom [n_steps + 1, n_replicas]; nan for a replica that failed."""
    times_ps = timestep_fs * 1e-3 * np.arange(len(totals_eV))
    centred = times_ps - times_ps.mean()
    return np.abs(centred @ totals_eV / (centred @ centred))
