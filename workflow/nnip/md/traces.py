"""Temperature and energy of the replicas during the dynamics (the paper's figure S8)."""

from typing import Any

import torch
from ase import Atoms, units

from nnip.md.berendsen import temperatures_K


class Trace:
    """An observer for nnip.md.simulation.simulate that records means over the replicas still alive, every every_fs femtoseconds.

    rows: time_fs, n_alive, the mean and (for two replicas or more) the standard deviation of their temperatures in K, and their mean potential
    and total energies in eV per atom. A replica is left out from the step in which it fails.
    """

    def __init__(self, frame: Atoms, every_fs: float, timestep_fs: float) -> None:
        self.masses = torch.tensor(frame.get_masses())
        self.timestep_fs = timestep_fs
        self.every = max(round(every_fs / timestep_fs), 1)
        self.rows: list[dict[str, Any]] = []

    def __call__(self, step: int, replicas: list[int], _: torch.Tensor, momenta: torch.Tensor, energies_eV: torch.Tensor) -> None:
        if step % self.every:
            return
        temperatures = temperatures_K(momenta, self.masses.to(momenta.device))
        potential = energies_eV.to(temperatures.dtype) / len(self.masses)
        total = potential + 1.5 * units.kB * temperatures
        # one transfer from the device
        mean, spread, potential_mean, total_mean = torch.stack(
            (temperatures.mean(), temperatures.std(correction=min(len(replicas) - 1, 1)), potential.mean(), total.mean())
        ).tolist()
        self.rows.append(
            {
                "time_fs": step * self.timestep_fs,
                "n_alive": len(replicas),
                "temperature_mean_K": mean,
                "temperature_std_K": spread if len(replicas) > 1 else None,
                "potential_energy_eV_per_atom": potential_mean,
                "total_energy_eV_per_atom": total_mean,
            }
        )
