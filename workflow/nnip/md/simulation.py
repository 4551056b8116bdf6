"""Dynamics of all replicas of a potential in one batch, until each has failed or the time is over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from ase import Atoms

from nnip.jobs.errors import InputError
from nnip.jobs.memory import AtOnce
from nnip.md.berendsen import Berendsen, n_steps, temperatures_K
from nnip.md.rules import Rule, find_rules
from nnip.potentials.base import Graph, Potential


@dataclass(frozen=True)
class Ending:
    """How one replica ended: reason bond or close (with atoms and distance of the worst pair), nonfinite, or none if it did not fail by time_fs."""

    replica: int
    time_fs: float
    failed: bool
    reason: str
    atom_i: int | None = None
    atom_j: int | None = None
    distance_A: float | None = None


@dataclass(frozen=True)
class Simulation:
    """Results of a simulation: an ending per replica, the survivors' mean temperature (None without any), the number of replicas evaluated at once.

    longest_bond_A and closest_pair_A are over all steps of the replicas that had not failed; None without such a rule. closest_pair_A is only an
    upper bound if it exceeds min_distance_A in a cell smaller than twice that distance (nnip.md.pairs).
    """

    endings: list[Ending]
    n_steps: int
    longest_bond_A: float | None
    closest_pair_A: float | None
    final_temperature_K: float | None
    replicas_per_batch: int

    def n_evaluated(self, timestep_fs: float) -> int:
        """Number of frames evaluated in one batch: each replica's from step 0 to its end, and the spare replica's."""
        return sum(min(round(ending.time_fs / timestep_fs), self.n_steps) + 1 for ending in self.endings) + self.n_steps + 1


@dataclass(frozen=True)
class State:
    """The full state after a step, from which a simulation resumes: the replicas alive (positions, momenta and forces [n, n_atoms, 3]), the endings
    of the others, and the extreme length so far for each rule.
    """

    step: int
    alive: list[int]
    positions: torch.Tensor
    momenta: torch.Tensor
    forces: torch.Tensor
    extremes: list[torch.Tensor]
    endings: list[Ending]

    @classmethod
    def of(cls, plain: dict[str, Any]) -> "State":
        """The state from the values of `plain`."""
        return cls(**plain | {"endings": [Ending(**ending) for ending in plain["endings"]]})

    def plain(self) -> dict[str, Any]:
        """The state as tensors and plain values, for a checkpoint."""
        return vars(self) | {"endings": [vars(ending) for ending in self.endings]}


class Batch:
    """Replicas of one frame evaluated at once; on one CPU thread the result for a replica does not depend on the others, bit for bit.

    Matrix kernels sum the last rows of a matrix in a different order. Which rows these are depends on the number of neighbour pairs of all
    replicas. A spare replica at rest in the start frame occupies the last rows, and its results are not used.
    Several threads or a GPU split the rows by their number: there a replica's results depend on the others within rounding.
    If memory runs out (nnip.jobs.memory), the replicas are evaluated in parts, each with its own spare replica; the results stay the same.
    n_evaluated counts the frames evaluated, spare replicas included.
    """

    def __init__(self, potential: Potential, frame: Atoms, at_once: AtOnce) -> None:
        self.potential = potential
        self.frame = frame
        self.at_once = at_once
        self.spare = torch.tensor(frame.positions, device=potential.device)[None]
        self.graphs: list[Graph] = []
        self.sizes: list[int] = []
        self.n_evaluated = 0

    def energies_forces(self, positions_A: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Energies [n] in eV and forces [n, n_atoms, 3] in eV/A at positions [n, n_atoms, 3]."""
        return self.at_once.run(lambda at_once: self._in_parts(positions_A.split(at_once)), len(positions_A))

    def _in_parts(self, parts: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        if self.sizes != [len(part) for part in parts]:
            self.graphs, self.sizes = [], []
            self.graphs = [self.potential.replicas(self.frame, len(part) + 1) for part in parts]
            self.sizes = [len(part) for part in parts]
        energies, forces = zip(*(self._of_part(graph, part) for graph, part in zip(self.graphs, parts, strict=True)), strict=True)
        return torch.cat(energies), torch.cat(forces)

    def _of_part(self, graph: Graph, positions_A: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        positions_A = torch.cat((positions_A, self.spare))
        self.potential.set_positions(graph, positions_A)
        self.n_evaluated += len(positions_A)
        energies, forces = self.potential.energies_forces(graph)
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
    max_bond_A: float | None,
    min_distance_A: float | None = None,
    observe: Observer | None = None,
    keep: Callable[[State], None] | None = None,
    resume: State | None = None,
) -> Simulation:
    """Berendsen dynamics of n replicas that start from one frame with momenta float64 [n, n_atoms, 3] (ASE units).

    A replica fails at the first step (0 is the start frame) in which a bond of the start frame is longer than max_bond_A, two atoms (or their
    periodic images) are closer than min_distance_A, or an energy, force or position is not finite. It then leaves the batch. If several of these
    happen in one step, the first in this order is the reason. None leaves a rule out: max_bond_A is meaningless without bonds, as in a metal.
    After every step observe(step, replicas, positions_A, momenta, energies_eV) gets the replicas still alive. keep(state) is called next and may
    save the state. A simulation that resumes from a state ignores the values of `momenta` and ends as if it had never stopped, bit for bit on a CPU.
    InputError for a thermostat faster than the time step, and for rules that the frame already breaks (nnip.md.rules.find_rules).
    """
    if tau_fs < timestep_fs:
        raise InputError(f"'md.tau_fs' is {tau_fs:g}, but must not be smaller than md.timestep_fs ({timestep_fs:g})")
    device = potential.device
    rules = find_rules(frame, max_bond_A, min_distance_A, device)
    integrator = Berendsen(torch.tensor(frame.get_masses(), device=device), temperature_K, timestep_fs, tau_fs)
    state = resume or _start(frame, momenta.to(device), rules)
    batch = Batch(potential, frame, AtOnce(len(momenta), f"{len(momenta)} replicas of {len(frame)} atoms"))
    step, alive, endings = state.step, state.alive, list(state.endings)
    positions, momenta, forces, *extremes = (tensor.to(device) for tensor in (state.positions, state.momenta, state.forces, *state.extremes))
    for step in range(state.step + 1, n_steps(duration_fs, timestep_fs) + 1):
        if step:
            positions, momenta = integrator.drift(positions, momenta, forces)
        energies, forces = batch.energies_forces(positions)
        if step:
            momenta = integrator.kick(momenta, forces)
        lengths = [rule.pairs.lengths_A(positions) for rule in rules]
        finite = energies.isfinite() & forces.flatten(1).isfinite().all(dim=1) & positions.flatten(1).isfinite().all(dim=1)
        good = torch.stack([finite, *(rule.kept(distances) for rule, distances in zip(rules, lengths, strict=True))]).all(dim=0)
        # the only synchronization with the device in a step
        if not good.all():
            survivors = good.nonzero()[:, 0]
            for place in (~good).nonzero()[:, 0].tolist():
                endings.append(_failure(alive[place], step * timestep_fs, rules, [distances[place] for distances in lengths]))
            alive = [alive[place] for place in survivors.tolist()]
            if not alive:
                break
            positions, momenta, forces, energies = (tensor[survivors] for tensor in (positions, momenta, forces, energies))
            lengths = [distances[survivors] for distances in lengths]
        extremes = [
            rule.extreme(torch.stack((before, rule.extreme(distances)))) for rule, before, distances in zip(rules, extremes, lengths, strict=True)
        ]
        if observe:
            observe(step, alive, positions, momenta, energies)
        if keep:
            keep(State(step, alive, positions, momenta, forces, extremes, endings))
    endings += [Ending(replica, duration_fs, failed=False, reason="none") for replica in alive]
    endings.sort(key=lambda ending: ending.replica)
    temperature = float(temperatures_K(momenta, integrator.masses).mean()) if alive else None
    extreme_of = {rule.reason: float(extreme) for rule, extreme in zip(rules, extremes, strict=True)}
    return Simulation(endings, step, extreme_of.get("bond"), extreme_of.get("close"), temperature, batch.at_once.n)


def _start(frame: Atoms, momenta: torch.Tensor, rules: list[Rule]) -> State:
    """The state before step 0."""
    positions = torch.tensor(frame.positions, device=momenta.device).repeat(len(momenta), 1, 1)
    extremes = [rule.extreme(rule.pairs.lengths_A(positions[:1])) for rule in rules]
    return State(-1, list(range(len(momenta))), positions, momenta, torch.zeros_like(positions), extremes, [])


def _failure(replica: int, time_fs: float, rules: list[Rule], lengths_A: list[torch.Tensor]) -> Ending:
    for rule, distances in zip(rules, lengths_A, strict=True):
        if broken := rule.broken_by(distances):
            atom_i, atom_j, distance_A = broken
            return Ending(replica, time_fs, failed=True, reason=rule.reason, atom_i=atom_i, atom_j=atom_j, distance_A=distance_A)
    return Ending(replica, time_fs, failed=True, reason="nonfinite")
