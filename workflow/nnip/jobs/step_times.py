"""CPU and wall time at every optimizer step of a training command, for the calibration of cost estimates (nnip.cost).

Frameworks train with torch's optimizers, so torch's own hook after a step times all of them alike, and no framework needs code for it.
"""

import atexit
import json
import os
import time

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

VARIABLE = "NNIP_STEP_TIMES"


def record_if_asked() -> None:
    """If the environment variable names a file, write [[cpu_s, wall_s], ...] of all optimizer steps into it when this process ends."""
    if not (file := os.environ.get(VARIABLE)):
        return
    times: list[tuple[float, float]] = []

    def note(*_: object) -> None:
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()
        times.append((time.process_time(), time.monotonic()))

    def write() -> None:
        with open(file, "w", encoding="utf-8") as stream:
            json.dump(times, stream)

    register_optimizer_step_post_hook(note)
    atexit.register(write)
