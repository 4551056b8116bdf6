"""Frames that a model visits in its own hot MD before it fails."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from ase import Atoms

from nnip.md.simulation import Simulation, State, simulate
from nnip.md.velocities import initial_momenta
from nnip.potentials.base import Potential


class Recorder:
    """An observer for nnip.md.simulation.simulate: positions [n_atoms, 3] in Å of the replicas alive, every so many steps, without step 0."""

    def __init__(self, every_steps: int, positions: list[torch.Tensor]) -> None:
        self.every_steps = every_steps
        self.positions = positions

    def __call__(self, step: int, _: list[int], positions_A: torch.Tensor, *__: torch.Tensor) -> None:
        if step and step % self.every_steps == 0:
            self.positions += list(positions_A.cpu().clone())


def own_frames(
    potential: Potential,
    start: Atoms,
    options: Mapping[str, Any],
    seeds: Sequence[int],
    state: Mapping[str, Any],
    keep: Callable[[int, dict[str, Any]], None],
) -> tuple[list[Atoms], Simulation]:
    """Frames of one replica per seed of the hot MD, every every_fs up to failure or duration_fs, and the simulation.

    options: every_fs, duration_fs, and those of the MD. keep(step, state) gets the state after every step; `state` is one to resume from, or empty.
    """
    recorder = Recorder(max(round(options["every_fs"] / options["timestep_fs"]), 1), list(state.get("positions", [])))
    result = simulate(
        potential,
        start,
        initial_momenta(start, options["initial_velocities"], options["temperature_K"], seeds),
        **{name: options[name] for name in ("temperature_K", "timestep_fs", "tau_fs", "duration_fs", "max_bond_A", "min_distance_A")},
        observe=recorder,
        keep=lambda after: keep(after.step + 1, {"simulation": after.plain(), "positions": recorder.positions}),
        resume=State.of(state["simulation"]) if state else None,
    )
    frames = []
    for positions in recorder.positions:
        frame = start.copy()
        frame.positions = positions.numpy()
        frames.append(frame)
    return frames, result
