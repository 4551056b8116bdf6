"""Hops of a vacancy in molecular dynamics of the model: how many in a picosecond, beside the reference in the same dynamics.

Replicas of a crystal with a vacancy, at first on the lattice, advance in one batch with ASE's Berendsen thermostat. The empty site is that to which
no atom is nearest, after the median drift of all atoms is taken out; a hop counts once the new site has been empty for 5 observations in a row.
Rates have exact intervals of Poisson counts; their ratio to the reference's has a standard error of sqrt(1/n + 1/n').
Needs the reference's engine: data of source emt. Cost: one evaluation per replica and step.
"""

import math
from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Quantity, Table, block, integer, number, real, text, whole

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Count the hops of a vacancy in MD of",
    options=block(
        {
            "repeats": integer(2, "Cubic cells along each direction; 2 is 31 atoms and a vacancy.", minimum=2, maximum=8),
            "temperature_K": number(1000, "Temperature of the thermostat; at 1200 K small cells with a vacancy melt.", "K", exclusiveMinimum=0),
            "n_replicas": integer(6, "Replicas, each with different initial velocities.", minimum=1),
            "equilibration_fs": number(500, "Time before hops count.", "fs", minimum=0),
            "duration_fs": number(3000, "Time in which they count.", "fs", exclusiveMinimum=0),
            "timestep_fs": number(4.0, "Time step.", "fs", exclusiveMinimum=0),
            "tau_fs": number(250, "Time constant of the thermostat.", "fs", exclusiveMinimum=0),
            "every_fs": number(20, "Interval of the observations.", "fs", exclusiveMinimum=0),
            "min_distance_A": number(1.5, "A replica in which two atoms are closer than this is lost.", "Å", exclusiveMinimum=0),
        },
        "Hops of a vacancy in MD, for data of source emt (table hops); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "hops": Table(
            "The hops of a vacancy in the MD of a training.",
            TRAINED
            | {
                "temperature_K": real("temperature of the thermostat", "K"),
                "n_replicas": whole("replicas", "replicas"),
                "n_lost": whole("replicas that ended early: two atoms too close, or numbers that are not finite", "replicas"),
                "n_melted": whole("replicas that melted", "replicas"),
                "time_ps": real("time in which hops were counted, all replicas together", "ps"),
                "n_hops": whole("hops", "hops", optional=True),
                "rate_per_ps": real("hops over time", "1/ps", optional=True),
                "rate_low_per_ps": real("lower bound of its 95 % interval", "1/ps", optional=True),
                "rate_high_per_ps": real("upper bound", "1/ps", optional=True),
                "reference_rate_per_ps": real("by the reference", "1/ps"),
                "reference_low_per_ps": real("lower bound of its 95 % interval", "1/ps"),
                "reference_high_per_ps": real("upper bound", "1/ps"),
                "log_ratio": real("logarithm of the ratio of both rates, half a hop added to each count", optional=True),
                "log_ratio_error": real("its standard error", optional=True),
                "log_ratio_size": real("its absolute value", optional=True),
                "reason": text("why values are blank", optional=True),
                "n_passes": whole("frames whose energies and forces were computed", "frames"),
                "wall_s": real("wall time", "s"),
            },
        )
    },
    quantities=(
        Quantity(
            name="hop_rate_error", table="hops", column="log_ratio_size", label="|ln| of the hop rate over the reference's", role="outcome",
            better=-1, judged=True,
        ),
    ),
)  # fmt: skip
STEERING = ("temperature_K", "timestep_fs", "tau_fs", "min_distance_A")
MOST_GONE = 0.5  # share of lost and melted replicas beyond which there is no rate


def problems(config: dict[str, Any], _: list[str]) -> list[str]:
    """Data whose engine is not at hand, and inconsistent times."""
    from nnip.measure.reference_crystal import engine_problem

    options, wrong = config["hops"], engine_problem("hops", config)
    for longer in ("tau_fs", "every_fs"):
        if options[longer] < options["timestep_fs"]:
            wrong.append(f"'hops.{longer}' is {options[longer]}, but must not be smaller than hops.timestep_fs ({options['timestep_fs']})")
    return wrong


def splits(_: dict[str, Any], __: list[str]) -> list[str]:
    """The reference's frames alone."""
    return ["reference_crystal"]


def cost(options: dict[str, Any], _: int) -> int:
    """At most one evaluation per replica, and for the spare replica of a batch, at the start and at every step."""
    from nnip.measure.reference_crystal import size

    steps = math.ceil((options["equilibration_fs"] + options["duration_fs"]) / options["timestep_fs"] - 1e-9)
    return size(options["repeats"]) * (options["n_replicas"] + 1) * (steps + 1)


def frames_at_once(options: dict[str, Any]) -> int:
    """All replicas and the spare replica of a batch."""
    return options["n_replicas"] + 1


def measure(job: "Job") -> "Rows":
    """One row; a checkpoint holds the simulation and the counters."""
    import torch

    from nnip.crystal.cells import thickness_A
    from nnip.crystal.hops import HopCounter, log_ratio, rate, summary
    from nnip.crystal.sites import Sites
    from nnip.md.simulation import State, simulate
    from nnip.md.velocities import initial_momenta
    from nnip.measure.reference_crystal import of_part

    if job.potential.device.type == "cpu":
        torch.set_num_threads(1)
    options, frames, before = job.options, of_part(job, "hops"), job.progress.state
    start, crystal = frames["start"][0], frames["bulk"][0]
    known = {name: start.info[name] for name in ("n_hops", "time_ps")}
    names = ("reference_rate_per_ps", "reference_low_per_ps", "reference_high_per_ps")
    row: dict[str, Any] = {"temperature_K": options["temperature_K"], "n_replicas": options["n_replicas"], "n_lost": 0, "n_melted": 0, "time_ps": 0.0}
    row |= dict(zip(names, rate(known["n_hops"], known["time_ps"]).values(), strict=True)) | {"n_passes": 0}
    if (thickness := thickness_A(start)) < job.potential.cutoff_A:
        row["reason"] = f"the cell is {thickness:.1f} A thick, less than the cutoff of {job.potential.cutoff_A:g} A: the vacancy meets its own image"
        return {"hops": [row | {"wall_s": job.progress.wall_s}]}
    model = (job.settings["model"], job.settings["seed"])
    seeds = [job.seed(f"replica {replica}", "hops", *model, replica) for replica in range(options["n_replicas"])]
    every, sites = max(round(options["every_fs"] / options["timestep_fs"]), 1), Sites(crystal)
    states: list[list[int]] = before.get("counters") or [[]] * len(seeds)
    counters = [HopCounter(sites, 0, state or None) for state in states]

    def observe(step: int, alive: list[int], positions: Any, *_: Any) -> None:
        if step % every == 0:
            counting = step * options["timestep_fs"] > options["equilibration_fs"]
            for replica, place in zip(alive, positions.cpu().numpy(), strict=True):
                counters[replica].see(place, counting)

    result = simulate(
        job.potential,
        start,
        initial_momenta(start, "maxwell-boltzmann", options["temperature_K"], seeds),
        **{name: options[name] for name in STEERING},
        duration_fs=options["equilibration_fs"] + options["duration_fs"],
        max_bond_A=None,
        observe=observe,
        keep=lambda state: job.progress.save_if_due(
            state.step + 1, {"simulation": state.plain(), "counters": [counter.state() for counter in counters]}
        ),
        resume=State.of(before["simulation"]) if before else None,
    )
    n_lost = sum(ending.failed for ending in result.endings)
    counted = summary(counters, every * options["timestep_fs"])
    row |= {"n_lost": n_lost, "n_melted": counted["n_melted"], "time_ps": counted["time_ps"], "n_passes": result.n_evaluated(options["timestep_fs"])}
    gone = sum(ending.failed or counters[ending.replica].melted for ending in result.endings)
    if gone > MOST_GONE * len(seeds) or not counted["time_ps"]:
        row["reason"] = f"{gone} of {len(seeds)} replicas melted or were lost, so the rate is none of a crystal"
    else:
        row |= {"n_hops": counted["n_hops"]} | rate(counted["n_hops"], counted["time_ps"])
        value, error = log_ratio(counted["n_hops"], counted["time_ps"], known["n_hops"], known["time_ps"])
        row |= {"log_ratio": value, "log_ratio_error": error, "log_ratio_size": abs(value)}
    return {"hops": [row | {"wall_s": job.progress.wall_s}]}
