"""Dynamics of all replicas of a potential in one batch, until each fails or time is up."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from ase import Atoms

from nnip.errors import InputError
from nnip.md.berendsen import Berendsen, n_steps, temperatures_K
from nnip.md.bonds import Bonds, find_bonds
from nnip.potentials.base import Potential


@dataclass(frozen=True)
class Ending:
    """How one replica ended: reason bond (with the atoms and length of its longest bond), nonfinite, or none if it did not fail by time_fs."""

    replica: int
    time_fs: float
    failed: bool
    reason: str
    atom_i: int | None = None
    atom_j: int | None = None
    distance_A: float | None = None


@dataclass(frozen=True)
class Simulation:
    """What a simulation gave: an ending per replica, the longest bond of replicas not failed, the survivors' mean temperature (None without any)."""

    endings: list[Ending]
    n_steps: int
    longest_bond_A: float
    final_temperature_K: float | None


class Batch:
    """Replicas of one frame evaluated at once, so that none changes another's result by a single bit, on one CPU thread.

    Matrix kernels add up the last rows of a matrix in another way than the others, and which rows those are hangs on the number of all neighbour
    pairs, so on every replica. A spare replica, which rests at the start frame, takes the last rows; what is found for it is not used.
    Several threads or a GPU split the rows by their number: there the others' results stay equal within rounding only.
    """

    def __init__(self, potential: Potential, frame: Atoms, n: int) -> None:
        self.potential = potential
        self.spare = torch.tensor(frame.positions, device=potential.device)[None]
        self.graph = potential.replicas(frame, n + 1)

    def energies_forces(self, positions_A: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Energies [n] in eV and forces [n, n_atoms, 3] in eV/A at positions [n, n_atoms, 3]."""
        positions_A = torch.cat((positions_A, self.spare))
        self.potential.set_positions(self.graph, positions_A)
        energies, forces = self.potential.energies_forces(self.graph)
        return energies[:-1], forces.view_as(positions_A)[:-1]


Observer = Callable[[int, list[int], torch.Tensor, torch.Tensor, torch.Tensor], None]


def simulate(
    potential: Potential,
    frame: Atoms,
    momenta: torch.Tensor,
    *,
    temperature_K: float,
    timestep_fs: float,
    tau_fs: float,
    duration_fs: float,
    max_bond_A: float,
    observe: Observer | None = None,
) -> Simulation:
    """Berendsen dynamics of n replicas that start from one frame with momenta float64 [n, n_atoms, 3] (ASE units).

    A replica has failed at the first step (0 is the start frame) in which a bond of the start frame is longer than max_bond_A, or an energy, force
    or position is not finite; it then leaves the batch. A long bond is named first where both happen at once.
    observe(step, replicas, positions_A, momenta, energies_eV), if given, sees the replicas still alive after every step.
    InputError for a thermostat faster than the time step, for a frame without bonds, and for a frame with a bond already longer than max_bond_A.
    """
    if tau_fs < timestep_fs:
        raise InputError(f"'md.tau_fs' is {tau_fs:g}, but must not be smaller than md.timestep_fs ({timestep_fs:g})")
    device = potential.device
    bonds = find_bonds(frame, device)
    _check_start(frame, bonds, max_bond_A)
    integrator = Berendsen(torch.tensor(frame.get_masses(), device=device), temperature_K, timestep_fs, tau_fs)
    alive = list(range(len(momenta)))
    endings: dict[int, Ending] = {}
    momenta = momenta.to(device)
    positions = torch.tensor(frame.positions, device=device).repeat(len(alive), 1, 1)
    batch = Batch(potential, frame, len(alive))
    longest = torch.zeros((), dtype=torch.float64, device=device)
    forces = torch.zeros_like(positions)
    for step in range(n_steps(duration_fs, timestep_fs) + 1):
        if step:
            positions, momenta = integrator.drift(positions, momenta, forces)
        energies, forces = batch.energies_forces(positions)
        if step:
            momenta = integrator.kick(momenta, forces)
        lengths = bonds.lengths_A(positions)
        finite = energies.isfinite() & forces.flatten(1).isfinite().all(dim=1) & positions.flatten(1).isfinite().all(dim=1)
        good = finite & (lengths <= max_bond_A).all(dim=1)
        # the one place in a step where the device is waited for
        if not good.all():
            kept = good.nonzero()[:, 0]
            for place in (~good).nonzero()[:, 0].tolist():
                endings[alive[place]] = _failure(alive[place], step * timestep_fs, lengths[place], bonds, max_bond_A)
            alive = [alive[place] for place in kept.tolist()]
            if not alive:
                break
            positions, momenta, forces, energies, lengths = (kept_of[kept] for kept_of in (positions, momenta, forces, energies, lengths))
            batch = Batch(potential, frame, len(alive))
        longest = torch.maximum(longest, lengths.max())
        if observe:
            observe(step, alive, positions, momenta, energies)
    for replica in alive:
        endings[replica] = Ending(replica, duration_fs, failed=False, reason="none")
    temperature = float(temperatures_K(momenta, integrator.masses).mean()) if alive else None
    return Simulation([endings[replica] for replica in sorted(endings)], step, float(longest), temperature)


def _check_start(frame: Atoms, bonds: Bonds, max_bond_A: float) -> None:
    lengths_A = bonds.lengths_A(torch.tensor(frame.positions, device=bonds.shifts_A.device)[None])[0]
    longest = int(lengths_A.argmax())
    length = float(lengths_A[longest])
    if length > max_bond_A:
        bond = "-".join(f"{frame.symbols[atom]}{atom}" for atom in bonds.atoms[longest].tolist())
        raise InputError(
            f"'md.max_bond_A' is {max_bond_A:g}, but the start frame's bond {bond} (atoms counted from 0) is {length:.3f} Å long, so every replica "
            f"would fail at 0 fs: set it well above that, to {1.3 * length:.1f} say"
        )


def _failure(replica: int, time_fs: float, lengths_A: torch.Tensor, bonds: Bonds, max_bond_A: float) -> Ending:
    longest = int(lengths_A.argmax())
    length = float(lengths_A[longest])
    if not max_bond_A < length < math.inf:
        return Ending(replica, time_fs, failed=True, reason="nonfinite")
    atom_i, atom_j = bonds.atoms[longest].tolist()
    return Ending(replica, time_fs, failed=True, reason="bond", atom_i=atom_i, atom_j=atom_j, distance_A=length)
