"""Measuring what one model costs on this machine: a short training by the framework's own command, a load, evaluations and MD steps."""

import importlib
import itertools
import json
import math
import resource
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ase.io
import torch
from ase import Atoms

from nnip.cost.calibration import Calibrated, machine, step_and_gap
from nnip.data.frames import read_frames
from nnip.jobs import step_times
from nnip.jobs.errors import InputError
from nnip.jobs.gpus import take_gpu
from nnip.potentials.base import Potential
from nnip.potentials.evaluation import Batches
from nnip.potentials.frameworks import choices
from nnip.potentials.loading import framework_module, pick_device
from nnip.study.manifest import package_versions, settings_hash

EPOCHS = 4
FEWEST_STEPS, MOST_STEPS = 3, 12  # of an epoch
ABOUT_S = 4.0  # what all steps, and each kind of evaluation, should take together
FEWEST_TIMES = 3
LEARNING_RATE = 1e-6  # the labels are made up, so nothing should be learnt


def calibrate(settings: dict[str, Any], frames_xyz: str, options: dict[str, Any], directory: Path) -> Calibrated:
    """What a model costs; settings are those of a run, frames_xyz is the study's frames (or frames like them), with labels of any size.

    options: architecture (nnip.cost.calibration); import_s, CPU time of this process until all packages were imported; origin of the frames in words;
    frames_at_once and n_replicas, the most that the study evaluates together.
    The directory is emptied before and removed after. InputError if the framework's command fails.
    """
    device = pick_device(settings["device"])
    if settings["device"] != "cpu":
        take_gpu()
    now = clock(device)
    framework, row = settings["framework"], settings["hyperparameters"]
    module = framework_module(framework, "potential")
    importlib.import_module("nnip.measure.base")  # as a measurement's job does
    start_s = time.process_time()
    frames = read_frames(frames_xyz)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    command_s = step_s = gap_s = command_MB = 0.0
    n_val = 0
    if row.get("trained"):
        model_file = Path(row["trained"])
    else:
        framework_module(framework, "training")
        start_s = time.process_time()
        train, val = _training_frames(frames, row, choices(framework).step_s_per_frame(row))
        n_val, n_steps = len(val), math.ceil(len(train) / row["batch_size"])
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.monotonic()
        model_file, times = _train(settings | {"device": device.type}, train, val, directory)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        whole_s = time.monotonic() - began if device.type == "cuda" else (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        # a command without optimizer steps counts as a whole
        step_s, gap_s = (0.0, 0.0) if not times else step_and_gap([stamp[device.type == "cuda"] for stamp in times], n_steps, EPOCHS)
        command_s = max(whole_s - EPOCHS * n_steps * step_s - (EPOCHS - 1) * gap_s, 0.0)
        command_MB = after.ru_maxrss / 1024
    began = now()
    potential = module.load(model_file, device, 0.0)
    load_s = now() - began
    job_MB = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rough_s = 0.0 if row.get("trained") else choices(framework).step_s_per_frame(row)
    n = _few_enough(options["frames_at_once"], rough_s)
    evaluated = list(itertools.islice(itertools.cycle(frames), n))
    graph_s = timed(lambda: potential.graph(evaluated), now) / n
    evaluation_s = Batches(potential, evaluated, n).use(lambda graphs: timed(lambda: potential.energies_forces(graphs[0]), now)) / n
    frame_MB = max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - job_MB, 0.0) / n
    replica_s = _replica_s(potential, frames[0], _few_enough(options["n_replicas"], rough_s), now)
    shutil.rmtree(directory)
    return Calibrated(
        architecture=options["architecture"],
        model=settings["model"],
        device=device.type,
        machine=machine() if device.type == "cpu" else torch.cuda.get_device_name(),
        packages_sha256=settings_hash(package_versions()),
        n_atoms=round(statistics.mean(map(len, frames))),
        frames=options["origin"],
        frames_at_once=n,
        import_s=round(options["import_s"], 4),
        start_s=round(start_s - options["import_s"], 4),
        load_s=round(load_s, 4),
        command_s=round(command_s, 4),
        step_s=round(step_s, 7),
        epoch_s=round(max(gap_s - n_val * evaluation_s, 0.0), 7),
        graph_s=round(graph_s, 8),
        evaluation_s=round(evaluation_s, 8),
        replica_s=round(replica_s, 8),
        job_MB=round(job_MB, 1),
        command_MB=round(command_MB, 1),
        frame_MB=round(frame_MB, 3),
    )


def clock(device: torch.device) -> Callable[[], float]:
    """The time in s that counts: CPU time of this process, or on a GPU wall time when its work is done."""
    if device.type == "cpu":
        return time.process_time

    def now() -> float:
        torch.cuda.synchronize()
        return time.monotonic()

    return now


def timed(work: Callable[[], Any], now: Callable[[], float]) -> float:
    """Median seconds of a call after three that compile, for ABOUT_S in all and at least FEWEST_TIMES."""
    for _ in range(3):
        work()
    seconds: list[float] = []
    while len(seconds) < FEWEST_TIMES or (sum(seconds) < ABOUT_S / 2 and len(seconds) < 100):
        began = now()
        work()
        seconds.append(now() - began)
    return statistics.median(seconds)


def _training_frames(frames: list[Atoms], row: dict[str, Any], step_s_per_frame: float) -> tuple[list[Atoms], list[Atoms]]:
    n_steps = round(ABOUT_S / (EPOCHS * row["batch_size"] * step_s_per_frame))
    n = row["batch_size"] * min(max(n_steps, FEWEST_STEPS), MOST_STEPS)
    every = list(itertools.islice(itertools.cycle(frames), n + 2))
    return every[:n], every[n:]


def _train(settings: dict[str, Any], train: list[Atoms], val: list[Atoms], directory: Path) -> tuple[Path, list[list[float]]]:
    row = settings["hyperparameters"] | {"epochs": EPOCHS, "patience": None, "swa": None, "lr": LEARNING_RATE, "reference_energies": None}
    files = {"train": train, "val": val}
    for name, part in files.items():
        ase.io.write(directory / f"{name}.xyz", part, format="extxyz")
    stamps = directory / "steps.json"
    (directory / settings["framework"]).mkdir()
    training = framework_module(settings["framework"], "training")
    given = settings | {"hyperparameters": row, "max_hours": None}
    fit = training.fit(given, directory / "train.xyz", directory / "val.xyz", directory, {step_times.VARIABLE: str(stamps)})
    if fit.failure or fit.model_file is None:
        raise InputError(f"calibration of model '{settings['model']}': {fit.failure or 'its training left no model'}")
    return fit.model_file, json.loads(stamps.read_text()) if stamps.exists() else []


def _replica_s(potential: Potential, frame: Atoms, n: int, now: Callable[[], float]) -> float:
    graph = potential.replicas(frame, n)
    positions = torch.tensor(frame.positions, device=potential.device).repeat(n, 1, 1)

    def step() -> None:
        potential.set_positions(graph, positions)
        potential.energies_forces(graph)

    return timed(step, now) / n


def _few_enough(n: int, step_s_per_frame: float) -> int:
    """At most n frames at once, fewer if a few evaluations would take long on a CPU."""
    return max(min(n, round(ABOUT_S / (6 * max(step_s_per_frame, 1e-6)))), 1)
