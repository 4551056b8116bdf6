"""Limits of time and memory for jobs, estimated from the sizes of a study, for the scheduler.

If the study's models are calibrated (nnip.cost), the limits are MARGIN times the estimated time and MEMORY_MARGIN times the estimated memory.

Otherwise the time of a step on one CPU core with frames of 27 atoms is from each framework (step_s_per_frame in its choices.py); it is proportional
to the number of atoms. The limit is again MARGIN times the estimate. A GPU counts as ten cores, or as thirty if the steps of a model are long enough
to fill it. Beside one core, an H200 took training steps of one frame of the paper's smallest and largest MACE 13 and 20 times as fast, and landscape
points of five frames of the largest 118 times (docs/performance.md).
"""

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnip.cost import estimate
from nnip.cost.calibration import Calibrated, architecture
from nnip.potentials.frameworks import ATOMS, EVALUATION, choices
from nnip.study.runs import Run

START_MINUTES = 10
MARGIN = 3
FILLING_STEP_S = 0.1
LIBRARIES_MB = 3000
GPU_JOB_MB = 6000
MEMORY_MARGIN = 1.5
TRAINED_AT_ONCE = estimate.TRAINED_AT_ONCE
MINUTES_AFTER_TRAINING = 30  # for the current epoch and the framework's final evaluation


@dataclass(frozen=True)
class Work:
    """What a measurement does: frame evaluations, different frames at most, and whether they are of moving replicas."""

    evaluations: int
    n_frames: int
    of_replicas: bool


def training_minutes(
    run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]], n_atoms: int, calibration: Mapping[str, Calibrated] | None = None
) -> int:
    """Wall-time limit of a training in minutes."""
    row, max_hours = models[run.model], config["training"]["max_hours"]
    if cost := _calibrated(row, calibration):
        minutes = MARGIN * estimate.training_s(row, run.n_train, config["validation_fraction"], cost) / 60
    elif row.get("trained"):
        minutes = _minutes(run.n_train, EVALUATION, run, config, models, n_atoms)
    else:
        minutes = _minutes(row["epochs"] * run.n_train, 1.0, run, config, models, n_atoms)
    if max_hours and not row.get("trained"):
        minutes = min(minutes, 60 * max_hours + MINUTES_AFTER_TRAINING)
    return START_MINUTES + math.ceil(minutes)


def measurement_minutes(
    work: Work, run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]], n_atoms: int, calibration: Mapping[str, Calibrated] | None = None
) -> int:
    """Wall-time limit of a measurement in minutes."""
    if cost := _calibrated(models[run.model], calibration):
        return START_MINUTES + math.ceil(MARGIN * estimate.measurement_s(work.evaluations, work.n_frames, work.of_replicas, cost) / 60)
    return START_MINUTES + math.ceil(_minutes(work.evaluations, EVALUATION, run, config, models, n_atoms))


def _calibrated(row: dict[str, Any], calibration: Mapping[str, Calibrated] | None) -> Calibrated | None:
    return calibration.get(architecture(row)) if calibration else None


def _minutes(n_frames: int, share: float, run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]], n_atoms: int) -> float:
    step = choices(run.framework).step_s_per_frame(models[run.model]) * n_atoms / ATOMS
    speed = (30 if step > FILLING_STEP_S else 10) if config["device"] == "cuda" else 1
    return MARGIN * step * share * n_frames / speed / 60


def training_megabytes(
    run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]], n_atoms: int, calibration: Mapping[str, Calibrated] | None = None
) -> int:
    """Main-memory limit of a training in MB, for its steps and the final evaluation of its frames."""
    if cost := _calibrated(models[run.model], calibration):
        return _rounded(estimate.training_MB(cost, TRAINED_AT_ONCE))
    return _megabytes(max(600 * models[run.model]["batch_size"], 160 * TRAINED_AT_ONCE), run, config, models, n_atoms)


def measurement_megabytes(
    frames_at_once: int,
    run: Run,
    config: dict[str, Any],
    models: dict[str, dict[str, Any]],
    n_atoms: int,
    calibration: Mapping[str, Calibrated] | None = None,
) -> int:
    """Main-memory limit of a measurement in MB."""
    if cost := _calibrated(models[run.model], calibration):
        return _rounded(estimate.measurement_MB(cost, frames_at_once))
    return _megabytes(160 * frames_at_once, run, config, models, n_atoms)


def _rounded(estimated_MB: float) -> int:
    return 500 * math.ceil(MEMORY_MARGIN * estimated_MB / 500)


def _megabytes(megabytes_per_step_s: int, run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]], n_atoms: int) -> int:
    """Twice the memory of MACE models on a CPU, proportional to the time of a step (training 600 MB, evaluation 160 MB per frame and second).

    On a GPU the frames are in the GPU's own memory.
    """
    if config["device"] == "cuda":
        return GPU_JOB_MB
    frames_MB = 2 * choices(run.framework).step_s_per_frame(models[run.model]) * n_atoms / ATOMS * megabytes_per_step_s
    return LIBRARIES_MB + 500 * math.ceil(frames_MB / 500)


def frames_expected(dataset: dict[str, Any], n_splits: int, n_train: int) -> int:
    """Number of frames in all splits: from the config if it gives n_test, else 2,000 beside the training frames."""
    n_tested = len(dataset["smiles"] | dataset["test_smiles"]) if isinstance(dataset.get("smiles"), dict) else 1
    return n_train + (n_splits * dataset["n_test"] * n_tested if "n_test" in dataset else 2000)


def atoms_expected(dataset: dict[str, Any]) -> int:
    """Number of atoms of a frame: of a generated cell, or of the first frame of a user's file that is no single atom; else 27, as in 3BPA."""
    if dataset["source"] == "emt":
        return (1 if dataset["primitive"] else 4) * dataset["repeats"] ** 3
    if dataset["source"] == "silicon-re":
        return 64
    if dataset["source"] == "extxyz":
        entry = dataset["train"]
        with contextlib.suppress(OSError, ValueError), open(entry["file"] if isinstance(entry, dict) else entry, encoding="utf-8") as file:
            while (n_atoms := int(file.readline()[:20])) == 1:
                file.readline(), file.readline()
            return max(n_atoms, 1)
    return ATOMS


def gpus(device: str, given: int) -> int:
    """Number of GPUs that a job with a model requests: one for `device` cuda, none for cpu; for auto one if the run has any."""
    return {"cpu": 0, "cuda": 1, "auto": min(given, 1)}[device]
