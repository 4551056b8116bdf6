"""Hot molecular dynamics: the time until a bond breaks, atoms collide or numbers are not finite, for every replica of a model.

All replicas of all models start from one frame (nnip.data.start), which obeys the rules of failure. They advance in one batch (nnip.md.simulation)
with ASE's Berendsen thermostat. A replica that has not failed at the end is censored.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Table, block, choice, flag, integer, number, real, text, whole, word
from nnip.jobs.errors import InputError

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Run hot MD until the replicas fail of",
    compiles=True,
    options=block(
        {
            "n_replicas": integer(30, "Replicas of a model, each with different initial velocities; 0 = no MD.", minimum=0),
            "temperature_K": number(1600, "Temperature of the Berendsen thermostat.", "K", exclusiveMinimum=0),
            "timestep_fs": number(1.0, "Time step.", "fs", exclusiveMinimum=0),
            "tau_fs": number(250, "Time constant of the thermostat.", "fs", exclusiveMinimum=0),
            "duration_fs": number(6000, "Length of the MD; a replica that has not failed by then is censored.", "fs", exclusiveMinimum=0),
            "initial_velocities": choice(
                "maxwell-boltzmann",
                "Start at the thermostat's temperature, or at rest as in the paper (its replicas differ only by rounding).",
                ["maxwell-boltzmann", "zero"],
            ),
            "start": block(
                {
                    "file": word(None, "An extxyz file with the start frame; labels are not needed.", pattern="^[^{}]+$"),
                    "frame": integer(None, "Its number in `file`, from 0; null = 0.", minimum=0),
                    "formula": word(None, "A composition such as C2H6O: its training frame of lowest energy.", maxLength=100),
                    "molecule": word(None, "The name of a molecule: its training frame of lowest energy.", maxLength=100),
                },
                "The frame that all replicas of all models start from, by `file`, by `molecule` or by `formula`; null = the training frame of lowest "
                "energy, of the commonest molecule or composition of the main training set.",
                default=None,
            ),
            "max_bond_A": number(
                2.0,
                "A bond of the start frame that becomes longer than this is a failure; null = no such rule (for a metal without bonds).",
                "Å",
                nullable=True,
                exclusiveMinimum=0,
            ),
            "min_distance_A": number(
                None,
                "Two atoms closer than this are a failure, periodic images included; null = no such rule. The two rules cannot both be null.",
                "Å",
                exclusiveMinimum=0,
            ),
            "record_every_fs": number(
                None,
                "Interval at which temperature and energy of the replicas are recorded (table temperatures); null = never.",
                "fs",
                exclusiveMinimum=0,
            ),
        },
        "Hot molecular dynamics until a replica fails.",
    ),
    tables={
        "failures": Table(
            "A replica and its end.",
            TRAINED
            | {
                "replica": whole("number of the replica"),
                "time_fs": real("time to failure, or length of the MD if it did not fail", "fs"),
                "failed": flag("whether it failed"),
                "reason": text("bond, close, nonfinite, unknown or none"),
                "atom_i": whole("an atom of the pair that failed", optional=True),
                "atom_j": whole("the other", optional=True),
                "distance_A": real("their distance", "A", optional=True),
            },
        ),
        "md_start": Table(
            "A training whose model ran MD, and the frame that its replicas start from.",
            TRAINED | {"formula": text("composition of the frame"), "start": text("file and number of the frame")},
        ),
        "temperatures": Table(
            "The replicas of a model that have not failed at one time.",
            TRAINED
            | {
                "thermostat_K": real("temperature of the thermostat", "K"),
                "time_fs": real("time", "fs"),
                "n_alive": whole("replicas that have not failed"),
                "temperature_mean_K": real("their mean temperature", "K"),
                "temperature_std_K": real("standard deviation over them; blank for one", "K", optional=True),
                "potential_energy_eV_per_atom": real("their mean potential energy", "eV/atom"),
                "total_energy_eV_per_atom": real("their mean total energy", "eV/atom"),
            },
            when="record_every_fs",
        ),
    },
)
MOST_STEPS = 1_000_000_000
STEERING = ("temperature_K", "timestep_fs", "tau_fs", "duration_fs", "max_bond_A")


def problems(config: dict[str, Any], _: list[str]) -> list[str]:
    """Inconsistent times, and no rule of failure."""
    md, wrong = config["md"], []
    if (steps := md["duration_fs"] / md["timestep_fs"]) > MOST_STEPS:
        wrong.append(
            f"'md.duration_fs' ({md['duration_fs']}) and 'md.timestep_fs' ({md['timestep_fs']}) make {steps:.3g} steps, more than {MOST_STEPS}"
        )
    if md["tau_fs"] < md["timestep_fs"]:
        wrong.append(f"'md.tau_fs' is {md['tau_fs']}, but must not be smaller than md.timestep_fs ({md['timestep_fs']})")
    if md["max_bond_A"] is None and md["min_distance_A"] is None:
        wrong.append("'md.max_bond_A' and 'md.min_distance_A' are both null, so no replica could fail: set at least one")
    if md["record_every_fs"] and md["record_every_fs"] < md["timestep_fs"]:
        wrong.append(f"'md.record_every_fs' is {md['record_every_fs']}, but must not be smaller than md.timestep_fs ({md['timestep_fs']})")
    return [*wrong, *_start_problems(md["start"])]


def _start_problems(start: dict[str, Any] | None) -> Iterator[str]:
    """A start that is none or two, a formula that is none, and a file without the frame."""
    if start is None:
        return
    if sum(start[key] is not None for key in ("file", "formula", "molecule")) != 1:
        yield "'md.start' should have either file or formula or molecule: {file: PATH, frame: N}, {formula: C2H6O} or {molecule: NAME}"
    elif start["file"] is None:
        from ase.formula import Formula

        if start["frame"] is not None:
            yield f"'md.start.frame' is {start['frame']}, but it counts the frames of md.start.file, which is not given"
        if start["formula"] is None:
            return
        try:
            empty = not Formula(start["formula"], strict=True).count()
        except ValueError:
            empty = True
        if empty:
            yield f"'md.start.formula' is '{start['formula']}', which is not the formula of a composition such as C2H6O"
    else:
        from nnip.data.start import start_of_file

        try:
            start_of_file(start["file"], start["frame"] or 0)
        except InputError as error:
            yield f"'md.start': {error}"


def variants(config: dict[str, Any], _: Any) -> dict[str, dict[str, Any]]:
    """One job; none without replicas."""
    return {"": config["md"]} if config["md"]["n_replicas"] else {}


def splits(_: dict[str, Any], __: list[str]) -> list[str]:
    """The start frame alone."""
    return ["start"]


def cost(options: dict[str, Any], _: int) -> int:
    """One evaluation per replica, and for the spare replica of a batch, at the start and at every step."""
    return (options["n_replicas"] + 1) * (math.ceil(options["duration_fs"] / options["timestep_fs"] - 1e-9) + 1)


def frames_at_once(options: dict[str, Any]) -> int:
    """All replicas and the spare replica of a batch."""
    return options["n_replicas"] + 1


def measure(job: "Job") -> "Rows":
    """One row per replica, and the trace of the replicas if record_every_fs is set.

    On a CPU torch is set to one thread, also afterwards: with several threads a replica's rounding depends on the other replicas
    (nnip.md.simulation.Batch).
    """
    import torch

    from nnip.md.simulation import State, simulate
    from nnip.md.traces import Trace
    from nnip.md.velocities import initial_momenta
    from nnip.study.manifest import Stopwatch

    options, before = job.options, job.progress.state
    if job.potential.device.type == "cpu":
        torch.set_num_threads(1)
    model = (job.settings["model"], job.settings["seed"])
    seeds = [job.seed(f"replica {replica}", "md", *model, replica) for replica in range(options["n_replicas"])]
    start = job.start()
    started = {"formula": start.get_chemical_formula(), "start": start.info["origin"]}
    running = Stopwatch()
    trace = Trace(start, options["record_every_fs"], options["timestep_fs"]) if options.get("record_every_fs") else None
    traced: list[dict[str, Any]] = before.get("trace", [])
    if trace:
        trace.rows = traced
    result = simulate(
        job.potential,
        start,
        initial_momenta(start, options["initial_velocities"], options["temperature_K"], seeds),
        **{name: options[name] for name in STEERING},
        min_distance_A=options.get("min_distance_A"),
        observe=trace,
        keep=lambda state: job.progress.save_if_due(state.step, {"simulation": state.plain(), "trace": traced}),
        resume=State.of(before["simulation"]) if before else None,
    )
    job.notes |= {
        "start": started,
        "n_failed": sum(ending.failed for ending in result.endings),
        "n_steps": result.n_steps,
        "steps_per_s": round(result.n_steps / max(job.progress.earlier_s + running.wall_s, 1e-3), 3),
        "longest_bond_A": result.longest_bond_A,
        "closest_pair_A": result.closest_pair_A,
        "final_temperature_K": result.final_temperature_K,
        "replicas_per_batch": result.replicas_per_batch,
    }
    return {
        "failures": [vars(ending) for ending in result.endings],
        "md_start": [started],
        "temperatures": [{"thermostat_K": options["temperature_K"]} | row for row in traced],
    }
