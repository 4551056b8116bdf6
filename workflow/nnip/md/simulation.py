"""Dynamics of all replicas of a potential in one batch, until each fails or time is up."""

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
    """What a simulation gave: an ending per replica, the survivors' mean temperature (None without any), how many replicas were evaluated at once.

    longest_bond_A, closest_pair_A: of replicas not failed, over all steps; None where there is no rule about it. The latter is a bound from above
    where it exceeds min_distance_A in a cell smaller than twice that (nnip.md.pairs).
    """

    endings: list[Ending]
    n_steps: int
    longest_bond_A: float | None
    closest_pair_A: float | None
    final_temperature_K: float | None
    replicas_per_batch: int


@dataclass(frozen=True)
class State:
    """All that a simulation goes on from after a step: the replicas alive (positions, momenta and forces [n, n_atoms, 3]), the endings of the others,
    and of each rule the extreme length so far.
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
        """The state that `plain` was made of."""
        return cls(**plain | {"endings": [Ending(**ending) for ending in plain["endings"]]})

    def plain(self) -> dict[str, Any]:
        """The state as tensors and plain values, for a checkpoint."""
        return vars(self) | {"endings": [vars(ending) for ending in self.endings]}


class Batch:
    """Replicas of one frame evaluated at once, so that none changes another's result by a single bit, on one CPU thread.

    Matrix kernels add up the last rows of a matrix in another way than the others, and which rows those are hangs on the number of all neighbour
    pairs, so on every replica. A spare replica, which rests at the start frame, takes the last rows; what is found for it is not used.
    Several threads or a GPU split the rows by their number: there the others' results stay equal within rounding only.
    Where memory runs out (nnip.jobs.memory) the replicas are evaluated in parts, each with a spare one, which changes nothing more.
    """

    def __init__(self, potential: Potential, frame: Atoms, at_once: AtOnce) -> None:
        self.potential = potential
        self.frame = frame
        self.at_once = at_once
        self.spare = torch.tensor(frame.positions, device=potential.device)[None]
        self.graphs: list[Graph] = []
        self.sizes: list[int] = []

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

    A replica has failed at the first step (0 is the start frame) in which a bond of the start frame is longer than max_bond_A, two atoms (or images
    of them across a periodic border) are closer than min_distance_A, or an energy, force or position is not finite; it then leaves the batch. Where
    several happen at once, the first of these is named. None leaves a rule out: where nothing is bonded, as in a metal, max_bond_A means nothing.
    observe(step, replicas, positions_A, momenta, energies_eV), if given, sees the replicas still alive after every step; keep(state), after it, may
    write the state down, and a simulation that resumes from one (whatever momenta it is given) ends as if it had never stopped, bit for bit on a CPU.
    InputError for a thermostat faster than the time step, and for rules that this frame cannot start with (nnip.md.rules.find_rules).
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
        good = torch.stack([finite, *(rule.kept(its) for rule, its in zip(rules, lengths, strict=True))]).all(dim=0)
        # the one place in a step where the device is waited for
        if not good.all():
            kept = good.nonzero()[:, 0]
            for place in (~good).nonzero()[:, 0].tolist():
                endings.append(_failure(alive[place], step * timestep_fs, rules, [its[place] for its in lengths]))
            alive = [alive[place] for place in kept.tolist()]
            if not alive:
                break
            positions, momenta, forces, energies = (kept_of[kept] for kept_of in (positions, momenta, forces, energies))
            lengths = [its[kept] for its in lengths]
        extremes = [rule.extreme(torch.stack((before, rule.extreme(its)))) for rule, before, its in zip(rules, extremes, lengths, strict=True)]
        if observe:
            observe(step, alive, positions, momenta, energies)
        if keep:
            keep(State(step, alive, positions, momenta, forces, extremes, endings))
    endings += [Ending(replica, duration_fs, failed=False, reason="none") for replica in alive]
    endings.sort(key=lambda ending: ending.replica)
    temperature = float(temperatures_K(momenta, integrator.masses).mean()) if alive else None
    found = {rule.reason: float(extreme) for rule, extreme in zip(rules, extremes, strict=True)}
    return Simulation(endings, step, found.get("bond"), found.get("close"), temperature, batch.at_once.n)


def _start(frame: Atoms, momenta: torch.Tensor, rules: list[Rule]) -> State:
    """Before step 0."""
    positions = torch.tensor(frame.positions, device=momenta.device).repeat(len(momenta), 1, 1)
    extremes = [rule.extreme(rule.pairs.lengths_A(positions[:1])) for rule in rules]
    return State(-1, list(range(len(momenta))), positions, momenta, torch.zeros_like(positions), extremes, [])


def _failure(replica: int, time_fs: float, rules: list[Rule], lengths_A: list[torch.Tensor]) -> Ending:
    for rule, its in zip(rules, lengths_A, strict=True):
        if broken := rule.broken_by(its):
            atom_i, atom_j, distance_A = broken
            return Ending(replica, time_fs, failed=True, reason=rule.reason, atom_i=atom_i, atom_j=atom_j, distance_A=distance_A)
    return Ending(replica, time_fs, failed=True, reason="nonfinite")
