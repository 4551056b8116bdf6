"""Berendsen dynamics of many replicas of one structure at once, with the steps of ASE's NVTBerendsen."""

import math

import torch
from ase import units


def temperatures_K(momenta: torch.Tensor, masses: torch.Tensor) -> torch.Tensor:
    """Temperature [n] of momenta [n, n_atoms, 3] (ASE units) and masses [n_atoms] (u): 2 E_kin / (3 n_atoms k_B), as ASE's get_temperature."""
    kinetic_eV = 0.5 * (momenta.pow(2) / masses[:, None]).flatten(1).sum(dim=1)
    return 2 * kinetic_eV / (3 * len(masses) * units.kB)


class Berendsen:
    """The two halves of an integration step; the forces at the new positions are computed between them.

    As in ASE, velocities are scaled before the half kick by sqrt(1 + (T0/T - 1) dt/tau), limited to [0.9, 1.1]. After the half kick the same
    momentum is subtracted from every atom, so that the total is zero (fixcm). At rest T0/T is infinite and the factor is 1.1. tau_fs = inf
    switches the thermostat off.
    Berendsen et al., J. Chem. Phys. 81, 3684 (1984).
    """

    def __init__(self, masses: torch.Tensor, temperature_K: float, timestep_fs: float, tau_fs: float) -> None:
        self.masses = masses
        self.temperature_K = temperature_K
        self.timestep = timestep_fs * units.fs
        self.coupling = timestep_fs / tau_fs

    def scaled(self, momenta: torch.Tensor) -> torch.Tensor:
        """Momenta after the thermostat."""
        if self.coupling == 0:
            return momenta
        factors = (1 + (self.temperature_K / temperatures_K(momenta, self.masses) - 1) * self.coupling).sqrt().clamp(0.9, 1.1)
        return factors[:, None, None] * momenta

    def drift(self, positions_A: torch.Tensor, momenta: torch.Tensor, forces_eV_per_A: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Scale, kick by half a step, move: new positions and momenta [n, n_atoms, 3] in Å and ASE units."""
        momenta = self.kick(self.scaled(momenta), forces_eV_per_A)
        momenta = momenta - momenta.sum(dim=1, keepdim=True) / len(self.masses)
        return positions_A + self.timestep * momenta / self.masses[:, None], momenta

    def kick(self, momenta: torch.Tensor, forces_eV_per_A: torch.Tensor) -> torch.Tensor:
        """Momenta after half a step under the forces."""
        return momenta + 0.5 * self.timestep * forces_eV_per_A


def n_steps(duration_fs: float, timestep_fs: float) -> int:
    """Number of steps that cover duration_fs (the last one may end a little later)."""
    return math.ceil(duration_fs / timestep_fs - 1e-9)
