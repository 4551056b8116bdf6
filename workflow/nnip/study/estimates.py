"""How long a job may take and how much memory: limits from a study's sizes, so that a scheduler can plan.

Rough power laws through step times measured on one CPU core with 27-atom frames (5 frames: NequIP 2 layers, 16 features, l 1 21 ms; 64 features,
l 3 190 ms; MACE 16 channels, l 1, body order 3 23 ms; 256 channels, l 3, hidden l 2 6.8 s). Three times that is allowed; a GPU counts as ten cores,
and as thirty for models whose steps are long enough to fill it: cautious guesses, no measurement.
"""

import math
from typing import Any

from nnip.study.runs import Run

START_MINUTES = 10
MARGIN = 3
FILLING_STEP_S = 0.1
LIBRARIES_MB = 3000
GPU_JOB_MB = 6000
MINUTES_AFTER_TRAINING = 30  # the epoch under way, and what a framework evaluates at the end


def step_s_per_frame(framework: str, row: dict[str, Any]) -> float:
    """Seconds per frame of one training step on one CPU core."""
    l_hidden = row["l_max"] if row["l_hidden"] is None else row["l_hidden"]
    if framework == "mace":
        order = (row["body_order"] or 3) - 1
        return 0.005 * (row["layers"] / 2) * (row["features"] / 16) ** 1.3 * ((row["l_max"] + 1) / 2) ** 1.3 * (l_hidden + 1) * order / 2
    return 0.004 * (row["layers"] / 2) ** 1.6 * max(row["features"] / 16, 0.5) * ((row["l_max"] + 1) / 2) ** 1.5


def minutes(stage: str, run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]]) -> int:
    """Wall-time limit in minutes of one job of a stage (train, evaluate, landscape, plane or md) of a run."""
    row = models[run.model]
    step = step_s_per_frame(run.framework, row)
    evaluation = step / 2.5
    landscape, plane, md = config["landscape"], config["planes"] or {"n_points": 0, "n_frames": 0}, config["md"]
    seconds = {
        "train": step * row["epochs"] * run.n_train,
        "evaluate": evaluation * 2000,
        "landscape": evaluation * landscape["n_directions"] * landscape["n_points"] * landscape["n_frames"],
        "plane": evaluation * plane["n_points"] ** 2 * plane["n_frames"],
        "md": evaluation * md["n_replicas"] * md["duration_fs"] / md["timestep_fs"],
    }[stage]
    speed = (30 if step > FILLING_STEP_S else 10) if config["device"] == "cuda" else 1
    estimate = MARGIN * seconds / speed / 60
    if stage == "train" and (max_hours := config["training"]["max_hours"]):
        estimate = min(estimate, 60 * max_hours + MINUTES_AFTER_TRAINING)
    return START_MINUTES + math.ceil(estimate)


def megabytes(stage: str, run: Run, config: dict[str, Any], models: dict[str, dict[str, Any]]) -> int:
    """Limit of a job's main memory in MB; stages as in minutes.

    Twice what MACE models took on a CPU, in proportion to the time of a step (a training step 600 MB, an evaluation 160 MB per frame and second).
    On a GPU the frames are in its own memory.
    """
    if config["device"] == "cuda":
        return GPU_JOB_MB
    row = models[run.model]
    evaluated = {
        "train": 50,
        "evaluate": config["evaluation"]["frames_per_batch"],
        "landscape": config["landscape"]["frames_per_batch"],
        "plane": config["landscape"]["frames_per_batch"],
        "md": config["md"]["n_replicas"],
    }[stage]
    trained = row["batch_size"] if stage == "train" else 0
    frames_MB = 2 * step_s_per_frame(run.framework, row) * max(600 * trained, 160 * evaluated)
    return LIBRARIES_MB + 500 * math.ceil(frames_MB / 500)


def gpus(device: str, given: int) -> int:
    """GPUs a job that runs a model asks for: one for `device` cuda, none for cpu, and for auto one if the run is given any to hand out."""
    return {"cpu": 0, "cuda": 1, "auto": min(given, 1)}[device]
