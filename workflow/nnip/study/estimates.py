"""How long a job may take and how much memory: limits from a study's sizes, so that a scheduler can plan.

Each framework says how long a step of its models takes on one CPU core with frames of 27 atoms (step_s_per_frame in its choices.py); more atoms take
more in proportion. Three times that is allowed; a GPU counts as ten cores, and as thirty for models whose steps are long enough to fill it: cautious
guesses, no measurement.
"""

import contextlib
import math
from typing import Any

from nnip.potentials.frameworks import choices
from nnip.study.runs import Run

START_MINUTES = 10
MARGIN = 3
FILLING_STEP_S = 0.1
LIBRARIES_MB = 3000
GPU_JOB_MB = 6000
EVALUATION = 0.4  # of a training step
ATOMS = 27  # of the frames that steps were timed with
TRAINED_AT_ONCE = 50
MINUTES_AFTER_TRAINING = 30  # the epoch under way, and what a framework evaluates at the end


def training_minutes(run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]], n_atoms: int) -> int:
    """Wall-time limit in minutes of a training."""
    row = models[run.model]
    estimate = _minutes(row["epochs"] * run.n_train, 1.0, run, config, models, n_atoms)
    if max_hours := config["training"]["max_hours"]:
        estimate = min(estimate, 60 * max_hours + MINUTES_AFTER_TRAINING)
    return START_MINUTES + math.ceil(estimate)


def measurement_minutes(evaluations: int, run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]], n_atoms: int) -> int:
    """Wall-time limit in minutes of a measurement that evaluates so many frames."""
    return START_MINUTES + math.ceil(_minutes(evaluations, EVALUATION, run, config, models, n_atoms))


def _minutes(n_frames: int, share: float, run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]], n_atoms: int) -> float:
    step = choices(run.framework).step_s_per_frame(models[run.model]) * n_atoms / ATOMS
    speed = (30 if step > FILLING_STEP_S else 10) if config["device"] == "cuda" else 1
    return MARGIN * step * share * n_frames / speed / 60


def training_megabytes(run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]], n_atoms: int) -> int:
    """Limit of a training's main memory in MB: of its steps, and of the evaluation of its frames at the end."""
    return _megabytes(max(600 * models[run.model]["batch_size"], 160 * TRAINED_AT_ONCE), run, config, models, n_atoms)


def measurement_megabytes(frames_at_once: int, run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]], n_atoms: int) -> int:
    """Limit of a measurement's main memory in MB."""
    return _megabytes(160 * frames_at_once, run, config, models, n_atoms)


def _megabytes(megabytes_per_step_s: int, run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]], n_atoms: int) -> int:
    """Twice what MACE models took on a CPU, in proportion to the time of a step (a training step 600 MB, an evaluation 160 MB per frame and second).

    On a GPU the frames are in its own memory.
    """
    if config["device"] == "cuda":
        return GPU_JOB_MB
    frames_MB = 2 * choices(run.framework).step_s_per_frame(models[run.model]) * n_atoms / ATOMS * megabytes_per_step_s
    return LIBRARIES_MB + 500 * math.ceil(frames_MB / 500)


def frames_expected(dataset: dict[str, Any], n_splits: int, n_train: int) -> int:
    """Frames of all splits: known where the config says how many are made, else 2,000 beside the training frames."""
    return n_train + (n_splits * dataset["n_test"] if "n_test" in dataset else 2000)


def atoms_expected(dataset: dict[str, Any]) -> int:
    """Atoms of a frame: of a cell that is made here, or of the first frame of a user's own file; 27, as in 3BPA, where neither tells."""
    if dataset["source"] == "emt":
        return 4 * dataset["repeats"] ** 3
    if dataset["source"] == "extxyz":
        entry = dataset["train"]
        with contextlib.suppress(OSError, ValueError), open(entry["file"] if isinstance(entry, dict) else entry, encoding="utf-8") as file:
            return max(int(file.readline()[:20]), 1)
    return ATOMS


def gpus(device: str, given: int) -> int:
    """GPUs a job that runs a model asks for: one for `device` cuda, none for cpu, and for auto one if the run is given any to hand out."""
    return {"cpu": 0, "cuda": 1, "auto": min(given, 1)}[device]
