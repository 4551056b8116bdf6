"""Time to failure of every replica of one trained model."""

import os
from collections.abc import Sequence
from typing import Any

import torch

from nnip.frames import lowest_energy, read_labelled
from nnip.manifest import Stopwatch
from nnip.md.simulation import simulate
from nnip.md.traces import Trace
from nnip.md.velocities import initial_momenta
from nnip.seeds import derive
from nnip.stages import load_trained, names, write_measured
from nnip.tables import write_table


def measure_failures(
    settings: dict[str, Any],
    options: dict[str, Any],
    train_directory: str | os.PathLike[str],
    frames_files: Sequence[str | os.PathLike[str]],
    directory: str | os.PathLike[str],
) -> None:
    """Write failures.csv (one row per replica), temperatures.csv (if record_every_fs is set) and manifest.json of one trained model.

    options: the config's md block; frames_files: labelled frames, the one of lowest energy is where all replicas start. A training without a model
    gives a table without rows and a manifest that says why. On a CPU torch is set to one thread and left there, whatever it had before: on several
    a replica's numbers hang on the others by rounding (nnip.md.simulation.Batch).
    """
    watch = Stopwatch()
    potential, reason = load_trained(train_directory, settings["device"])
    seeds = [derive(settings["root_seed"], "md", settings["model"], settings["seed"], replica) for replica in range(options["n_replicas"])]
    rows: list[dict[str, Any]] = []
    traced: list[dict[str, Any]] = []
    found: dict[str, Any] = {}
    every_fs = options.get("record_every_fs")
    if potential:
        if potential.device.type == "cpu":
            torch.set_num_threads(1)
        start = lowest_energy([frame for path in frames_files for frame in read_labelled(path)])
        momenta = initial_momenta(start, options["initial_velocities"], options["temperature_K"], seeds)
        trace = Trace(start, every_fs, options["timestep_fs"]) if every_fs else None
        running = Stopwatch()
        result = simulate(
            potential,
            start,
            momenta,
            **{name: options[name] for name in ("temperature_K", "timestep_fs", "tau_fs", "duration_fs", "max_bond_A")},
            min_distance_A=options.get("min_distance_A"),
            observe=trace,
        )
        traced = [names(settings) | {"thermostat_K": options["temperature_K"]} | row for row in trace.rows] if trace else []
        rows = [names(settings) | vars(ending) for ending in result.endings]
        found = {
            "n_failed": sum(ending.failed for ending in result.endings),
            "n_steps": result.n_steps,
            "steps_per_s": round(result.n_steps / max(running.wall_s, 1e-3), 3),
            "longest_bond_A": result.longest_bond_A,
            "closest_pair_A": result.closest_pair_A,
            "final_temperature_K": result.final_temperature_K,
        }
    write_table("failures", rows, f"{directory}/failures.csv")
    if every_fs:
        write_table("temperatures", traced, f"{directory}/temperatures.csv")
    used = {f"replica {replica}": seed for replica, seed in enumerate(seeds)}
    write_measured(directory, "md", settings | {"md": options}, used, potential, reason, watch, **found)
