"""The calibration of a study: which models need one, and the file that holds the results."""

import csv
import itertools
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from nnip.jobs.errors import InputError
from nnip.study.manifest import settings_hash

# keys of the model table that change neither the time nor the memory of a step
FREE = frozenset(
    {"label", "lr", "lr_factor", "lr_patience", "amsgrad", "ema_decay", "swa", "weight_decay", "clip_gradient", "epochs", "patience", "rescale"}
    | {"reference_energies", "energy_weight", "forces_weight"}
)
AGAIN = "remove it, or run `snakemake cost` (make cost) again"


@dataclass(frozen=True)
class Calibrated:
    """Measured costs of one model. Seconds are CPU time on a CPU and wall time on a GPU.

    architecture:   hash of the keys that decide them (architecture)
    model:          the model of the table that was measured
    device, machine, packages_sha256: where
    n_atoms, frames: atoms per frame, and where the frames came from
    import_s:       start of an interpreter and its import of packages, which warm starts do once for a run (nnip.jobs.warm)
    start_s:        further start of a job, with imports of this project
    load_s:         loading the model
    command_s:      of a training command all that is neither steps nor epochs: its start with import_s, compilation, its end
    step_s:         one optimizer step
    epoch_s:        of an epoch, what is neither steps nor validation
    graph_s:        making the graph of one frame, with its neighbours
    evaluation_s:   energies and forces of one frame, in batches of frames_at_once
    replica_s:      one MD step of one replica
    job_MB, command_MB: main memory of the job's process with its model, and of the training command
    frame_MB:       further memory for a frame that is evaluated
    """

    architecture: str
    model: str
    device: str
    machine: str
    packages_sha256: str
    n_atoms: int
    frames: str
    frames_at_once: int
    import_s: float
    start_s: float
    load_s: float
    command_s: float
    step_s: float
    epoch_s: float
    graph_s: float
    evaluation_s: float
    replica_s: float
    job_MB: float
    command_MB: float
    frame_MB: float


COLUMNS = {field.name: field.type for field in fields(Calibrated)}


def architecture(row: Mapping[str, Any]) -> str:
    """A hash of what decides a model's costs: rows that differ in other keys share one calibration."""
    decides = {key: value for key, value in row.items() if key not in FREE}
    return settings_hash(decides | {"stress_weight": bool(row.get("stress_weight"))})[:12]


def representatives(models: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Architecture -> the first model of the table that has it."""
    first: dict[str, str] = {}
    for name, row in models.items():
        first.setdefault(architecture(row), name)
    return first


def machine() -> str:
    """The kind of this machine's processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"{line.split(':', 1)[1].strip()}, {os.cpu_count()} processors"
    except OSError:
        pass
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors"


def step_and_gap(times: Sequence[float], n_steps: int, n_epochs: int) -> tuple[float, float]:
    """Seconds of a step, and of an epoch beside its steps, from the times after all steps of a training of n_epochs of n_steps each.

    The first epoch is left out, for a model may be compiled in it. InputError for another number of times.
    """
    if len(times) != n_epochs * n_steps:
        raise InputError(f"the training command made {len(times)} optimizer steps, not {n_epochs} x {n_steps}: its steps cannot be timed")
    between = list(enumerate((b - a for a, b in itertools.pairwise(times)), start=1))
    step_s = statistics.mean(seconds for index, seconds in between if index > n_steps and index % n_steps)
    gap_s = statistics.median(seconds for index, seconds in between if index % n_steps == 0)
    return step_s, max(gap_s - step_s, 0.0)


def write_calibration(path: str | os.PathLike[str], rows: list[Calibrated]) -> None:
    """Write the rows as csv, whole."""
    from nnip.jobs.files import whole

    with whole(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(vars(row) for row in rows)


def read_calibration(path: str | os.PathLike[str], device: str) -> dict[str, Calibrated]:
    """Architecture -> its costs; empty without a file.

    InputError for a file that is no calibration, or for one of another device.
    """
    if not Path(path).is_file():
        return {}
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file, strict=True)
            if (found := list(reader.fieldnames or [])) != list(COLUMNS):
                different = sorted(set(found).symmetric_difference(COLUMNS)) or ["their order"]
                raise InputError(f"{path}: is not a calibration of this workflow (columns: {', '.join(map(str, different))[:200]}); {AGAIN}")
            rows = [_row(row) for row in reader]
    except (UnicodeDecodeError, csv.Error, ValueError, TypeError) as error:
        raise InputError(f"{path}: is not a whole calibration ({' '.join(str(error).split())[:100]}); {AGAIN}") from None
    for row in rows:
        if device not in ("auto", row.device):
            raise InputError(f"{path}: was made on {row.device}, but 'device' is {device}; {AGAIN}")
    return {row.architecture: row for row in rows}


def _row(texts: Mapping[str, str]) -> Calibrated:
    values = {name: kind(texts[name]) for name, kind in COLUMNS.items() if callable(kind)}
    if wrong := next((name for name, value in values.items() if isinstance(value, float) and not 0 <= value < 1e9), None):
        raise ValueError(f"{wrong} is {texts[wrong]}")
    return Calibrated(**values)
