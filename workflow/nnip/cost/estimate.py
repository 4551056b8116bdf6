"""Expected cost of every job of a study, from the calibration of its models and the numbers of its config.

Seconds are CPU time on a CPU, of one core, and wall time on a GPU. A training may stop before its last epoch and a replica before its last step, and
measurements state the most that they evaluate, so these are costs "at most" where such an end is possible.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nnip.cost.calibration import Calibrated, architecture
from nnip.study.measured import jobs, module, splits_read
from nnip.study.runs import Run
from nnip.study.training_sets import MADE_HERE, n_molecules, pool_frames, pools

RELAXATION_CALLS = 60  # of the engine, for each conformer
KICK_EVERY_FS = 3.0  # nnip.data.xtb calls GFN2 every third step of 1 fs
EMT_STEP_FS = 2.0
TRAINED_AT_ONCE = 50  # nnip.training evaluates so many frames at once
MELT_FS, LIQUID_FROM_K = 600.0, 1400.0  # nnip.data.emt


@dataclass(frozen=True)
class JobCost:
    """One job, or several equal ones: stage, its name (a folder under runs/), seconds, memory in MB; whether it is done; number of jobs."""

    stage: str
    name: str
    seconds: float
    memory_MB: float
    done: bool = False
    jobs: int = 1


def warm(cost: Calibrated) -> Calibrated:
    """The same costs where all jobs and commands are forked from a process that has imported the packages (nnip.jobs.warm)."""
    return replace(cost, import_s=0.0, command_s=max(cost.command_s - cost.import_s, 0.0))


def training_s(row: Mapping[str, Any], n_labelled: int, validation_fraction: float, cost: Calibrated, max_hours: float | None = None) -> float:
    """Seconds of a training of n_labelled frames, of which every round(1 / validation_fraction)-th is for validation."""
    fixed = cost.import_s + cost.start_s + cost.load_s + n_labelled * (cost.graph_s + cost.evaluation_s)
    if row.get("trained"):
        return fixed
    n_val = n_labelled // round(1 / validation_fraction)
    epoch_s = math.ceil((n_labelled - n_val) / row["batch_size"]) * cost.step_s + cost.epoch_s + n_val * cost.evaluation_s
    epochs_s = row["epochs"] * epoch_s
    return fixed + cost.command_s + (min(epochs_s, 3600 * max_hours) if max_hours else epochs_s)


def measurement_s(evaluations: int, n_frames: int, of_replicas: bool, cost: Calibrated) -> float:
    """Seconds of a measurement with this number of frame evaluations, over at most n_frames different frames, or steps of replicas."""
    work_s = evaluations * cost.replica_s if of_replicas else evaluations * cost.evaluation_s + min(evaluations, n_frames) * cost.graph_s
    return cost.import_s + cost.start_s + cost.load_s + work_s


def training_MB(cost: Calibrated, at_once: int) -> float:
    """Main memory of a training in MB: its own process with the framework's command, or with the final evaluation of at_once frames."""
    return cost.job_MB + max(cost.command_MB, at_once * cost.frame_MB)


def measurement_MB(cost: Calibrated, at_once: int) -> float:
    """Main memory of a measurement in MB that holds this many frames at once."""
    return cost.job_MB + at_once * cost.frame_MB


def model_jobs(
    config: dict[str, Any],
    models: Mapping[str, dict[str, Any]],
    runs: Mapping[str, Run],
    measured: Iterable[str],
    n_frames: int,
    calibration: Mapping[str, Calibrated],
    results: Path,
) -> list[JobCost]:
    """Trainings and measurements of trained models; n_frames: frames in all splits.

    results: folder of the study, whose manifests tell what is done.
    """

    def is_done(folder: str) -> bool:
        return (results / "runs" / folder / "manifest.json").exists()

    made = []
    for run in runs.values():
        row, cost = models[run.model], calibration[architecture(models[run.model])]
        seconds = training_s(row, run.n_train, config["validation_fraction"], cost, config["training"]["max_hours"])
        folder = f"{run.name}/train"
        made.append(JobCost("train", folder, seconds, training_MB(cost, TRAINED_AT_ONCE), is_done(folder)))
    for name in measured:
        for folder, job in jobs(name, config, dict(runs)).items():
            cost = calibration[architecture(models[runs[job.run].model])]
            seconds = measurement_s(module(name).cost(job.options, n_frames), n_frames, of_replicas(name, job.options), cost)
            memory = measurement_MB(cost, module(name).frames_at_once(job.options))
            made.append(JobCost(name, folder, seconds, memory, is_done(folder)))
    return made


def of_replicas(name: str, options: Mapping[str, Any]) -> bool:
    """Whether a measurement evaluates moving copies of one frame, whose neighbours are searched at every step."""
    return not {"start", "reference_crystal"}.isdisjoint(splits_read(name, options, []))


def engine_s(config: Mapping[str, Any], engine: Mapping[str, Any]) -> float:
    """Seconds of CPU for the frames of all data sets of the study that this workflow makes (engine: nnip.cost.frames.make_frames)."""
    calls = labels = 0.0
    for pool in pools(config):
        options = config["datasets"][pool]
        if options["source"] not in MADE_HERE:
            continue
        n_trained = n_molecules(options)
        n_tested = n_trained + len(options.get("test_smiles", ())) if pool == config["dataset"] else n_trained
        sampled = {("train", 0.0): pool_frames(pool, config) * n_trained}
        if pool == config["dataset"]:
            sampled |= {("test", float(temperature)): options["n_test"] * n_tested for temperature in options["test_temperatures_K"]}
            sampled |= {("basin", 0.0): options.get("n_basin", 0) * n_tested}
        step_fs = KICK_EVERY_FS if options["source"] == "xtb" else EMT_STEP_FS
        for (_, temperature_K), n in sampled.items():
            chunks = math.ceil(n / options["frames_per_chunk"])
            melt_fs = MELT_FS if options["source"] == "emt" and temperature_K > LIQUID_FROM_K else 0.0
            calls += (n * options["stride_fs"] + chunks * (options["equilibration_fs"] + melt_fs)) / step_fs
            labels += n
        calls += options.get("n_conformers", 0) * RELAXATION_CALLS * n_tested
    return calls * engine["engine_s"] + labels * engine["label_s"]


@dataclass(frozen=True)
class StageCost:
    """One row of the table: jobs and those done, hours of all and of those left, the longest job in minutes, the most memory of a job in MB."""

    stage: str
    jobs: int
    done: int
    hours: float
    hours_left: float
    longest_min: float
    memory_MB: float


def by_stage(every: Sequence[JobCost]) -> list[StageCost]:
    """The stages in the order of their first jobs, and their total."""
    stages = {stage: [job for job in every if job.stage == stage] for stage in dict.fromkeys(job.stage for job in every)}
    return [_sum(stage, group) for stage, group in (stages | {"total": list(every)}).items()]


def _sum(stage: str, group: Sequence[JobCost]) -> StageCost:
    return StageCost(
        stage,
        sum(job.jobs for job in group),
        sum(job.jobs for job in group if job.done),
        sum(job.seconds * job.jobs for job in group) / 3600,
        sum(job.seconds * job.jobs for job in group if not job.done) / 3600,
        max((job.seconds for job in group), default=0.0) / 60,
        max((job.memory_MB for job in group), default=0.0),
    )


def wall_hours(every: Sequence[JobCost], at_once: int) -> float:
    """Hours until all jobs that are left are done, with this number of cores (or GPUs), each with one job.

    The data stage comes first, and can use all cores. Then all cores are busy, but never shorter than the longest training with its longest
    measurement. Analyses and figures come last.
    """
    left = [job for job in every if not job.done]
    shared = {"data", "tables and figures"}
    work = [job for job in left if job.stage not in shared]
    longest: dict[str, dict[str, float]] = {}
    for job in work:
        parts = longest.setdefault(job.name.split("/")[0], {"train": 0.0, "measured": 0.0})
        part = "train" if job.stage == "train" else "measured"
        parts[part] = max(parts[part], job.seconds)
    chain = max((sum(parts.values()) for parts in longest.values()), default=0.0)
    together = sum(job.seconds * job.jobs for job in left if job.stage in shared) / at_once
    return (together + max(sum(job.seconds * job.jobs for job in work) / at_once, chain)) / 3600


def in_words(stages: Sequence[StageCost], hours: str, at_once: int, wall_h: float, notes: Sequence[str]) -> str:
    """The table as text; hours: "core-hours" or "GPU-hours"."""
    header = ("stage", "jobs", "done", hours, "left", "longest (min)", "memory (MB)")
    rows = [(s.stage, str(s.jobs), str(s.done), _hours(s.hours), _hours(s.hours_left), f"{s.longest_min:.1f}", f"{s.memory_MB:.0f}") for s in stages]
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]) for row in (header, *rows)
    ]
    what = "GPU" if hours.startswith("GPU") else "core"
    return "\n".join([*lines, f"What is left takes about {_hours(wall_h)} h with {at_once} {what}{'s' * (at_once != 1)}.", *notes]) + "\n"


def _hours(hours: float) -> str:
    return f"{hours:.3f}" if hours < 1 else f"{hours:.1f}"
