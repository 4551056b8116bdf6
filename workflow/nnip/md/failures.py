"""Time to failure of every replica of one trained model."""

import os
from collections.abc import Sequence
from typing import Any

import torch
from ase import Atoms

from nnip.data.frames import lowest_energy, read_labelled
from nnip.jobs.checkpoints import Progress
from nnip.md.simulation import Simulation, State, simulate
from nnip.md.traces import Trace
from nnip.md.velocities import initial_momenta
from nnip.measure.stages import load_trained, names, resumable, write_measured
from nnip.potentials.base import Potential
from nnip.study.manifest import Stopwatch
from nnip.study.seeds import derive
from nnip.study.tables import write_table


def measure_failures(
    settings: dict[str, Any],
    options: dict[str, Any],
    train_directory: str | os.PathLike[str],
    frames_files: Sequence[str | os.PathLike[str]],
    directory: str | os.PathLike[str],
    checkpoint_minutes: float = 5.0,
) -> None:
    """Write failures.csv (one row per replica), temperatures.csv (if record_every_fs is set) and manifest.json of one trained model.

    options: the config's md block; frames_files: labelled frames, the one of lowest energy is where all replicas start. A training without a model
    gives a table without rows and a manifest that says why. On a CPU torch is set to one thread and left there, whatever it had before: on several
    a replica's numbers hang on the others by rounding (nnip.md.simulation.Batch). What was interrupted goes on from its newest checkpoint.
    """
    watch = Stopwatch()
    potential, reason = load_trained(train_directory, settings["device"])
    seeds = [derive(settings["root_seed"], "md", settings["model"], settings["seed"], replica) for replica in range(options["n_replicas"])]
    rows: list[dict[str, Any]] = []
    traced: list[dict[str, Any]] = []
    found: dict[str, Any] = {}
    with resumable(potential, [settings, options], train_directory, frames_files, directory, checkpoint_minutes) as progress:
        if potential:
            if potential.device.type == "cpu":
                torch.set_num_threads(1)
            start = lowest_energy([frame for path in frames_files for frame in read_labelled(path)])
            running = Stopwatch()
            result, trace_rows = _simulate(potential, start, options, seeds, progress)
            wall_s = progress.earlier_s + running.wall_s
            traced = [names(settings) | {"thermostat_K": options["temperature_K"]} | row for row in trace_rows]
            rows = [names(settings) | vars(ending) for ending in result.endings]
            found = {
                "n_failed": sum(ending.failed for ending in result.endings),
                "n_steps": result.n_steps,
                "steps_per_s": round(result.n_steps / max(wall_s, 1e-3), 3),
                "longest_bond_A": result.longest_bond_A,
                "closest_pair_A": result.closest_pair_A,
                "final_temperature_K": result.final_temperature_K,
                "replicas_per_batch": result.replicas_per_batch,
            }
        write_table("failures", rows, f"{directory}/failures.csv")
        if options.get("record_every_fs"):
            write_table("temperatures", traced, f"{directory}/temperatures.csv")
        used = {f"replica {replica}": seed for replica, seed in enumerate(seeds)}
        write_measured(directory, "md", settings | {"md": options}, used, potential, reason, watch, progress, **found)


def _simulate(
    potential: Potential, start: Atoms, options: dict[str, Any], seeds: Sequence[int], progress: Progress
) -> tuple[Simulation, list[dict[str, Any]]]:
    """The simulation of one replica per seed, and the rows of its trace if the options ask for one."""
    every_fs, before = options.get("record_every_fs"), progress.state
    trace = Trace(start, every_fs, options["timestep_fs"]) if every_fs else None
    rows: list[dict[str, Any]] = before.get("trace", [])
    if trace:
        trace.rows = rows
    result = simulate(
        potential,
        start,
        initial_momenta(start, options["initial_velocities"], options["temperature_K"], seeds),
        **{name: options[name] for name in ("temperature_K", "timestep_fs", "tau_fs", "duration_fs", "max_bond_A")},
        min_distance_A=options.get("min_distance_A"),
        observe=trace,
        keep=lambda state: progress.save_if_due(state.step, {"simulation": state.plain(), "trace": rows}),
        resume=State.of(before["simulation"]) if before else None,
    )
    return result, rows
