"""Checkpoints of a training or a measurement: written whole and verified when read; the previous one stays until the newest is complete.

A training's own process (nnip.training) looks for a usable checkpoint and passes its choice on in an environment variable. The framework's
command resumes from it and writes new ones. A measurement does both itself. A file's name holds the amount of work done and the SHA-256 of its
content. The content is read as weights and plain values only (torch.load), so a checkpoint cannot run code.
"""

import hashlib
import io
import json
import os
import random
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nnip.jobs import step_times
from nnip.jobs.files import whole, write_synced
from nnip.jobs.spent import SPENT

VARIABLE = "NNIP_CHECKPOINTS"
KEPT = 2


@dataclass
class Checkpoint:
    """The state of a job between two units of work.

    done:     number of finished units: epochs of a training, steps of a simulation, lines of a landscape, rows of a plane
    state:    what the job needs to resume: tensors and plain values
    files:    content of its files, by their paths in the framework's folder (the best model, the log of the losses)
    wall_s:   wall time so far, including the time before an interruption
    resumed:  number of times the job resumed from a checkpoint
    notes:    why earlier checkpoints could not be used, in words
    identity: identifies the job
    """

    done: int
    state: dict[str, Any]
    files: dict[str, torch.Tensor]
    wall_s: float
    resumed: int
    notes: list[str]
    identity: str

    def restore_files(self, folder: Path) -> None:
        """Write the files back into the framework's folder; ValueError for a name that leads out of it."""
        for name, content in self.files.items():
            if not (folder / name).resolve().is_relative_to(folder.resolve()):
                raise ValueError(f"a checkpoint's file '{name}' leads outside its folder")
            with whole(folder / name) as temporary:
                temporary.write_bytes(content.numpy().tobytes())


@dataclass
class Checkpoints:
    """The checkpoints of one job in its folder; `identity` is a hash of everything that defines the job.

    alternatives: further identities; a job that finds a checkpoint of one goes on as that one
    """

    folder: Path
    identity: str
    alternatives: Sequence[str] = ()
    notes: list[str] = field(default_factory=list)

    def newest(self) -> Checkpoint | None:
        """The newest whole checkpoint of this job; others are removed and noted."""
        for file in self._files():
            try:
                checkpoint = _read(file)
            except ValueError as error:
                self.notes.append(f"{file.name} was not used: {error}")
            else:
                if checkpoint.identity in (self.identity, *self.alternatives):
                    self.identity = checkpoint.identity
                    self.notes = list(dict.fromkeys([*checkpoint.notes, *self.notes]))
                    return checkpoint
                self.notes.append(f"{file.name} was not used: it is of other settings, frames, packages or code")
            file.unlink(missing_ok=True)
            if not self._files():
                self.notes.append("there was no other: the job started from the beginning")
        return None

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint; once it is on the disk, remove all but the last KEPT."""
        buffer = io.BytesIO()
        torch.save(vars(checkpoint), buffer)
        content = buffer.getvalue()
        name = f"{checkpoint.done:08d}-{hashlib.sha256(content).hexdigest()}.pt"
        write_synced(self.folder / name, content)
        for old in self._files()[KEPT:]:
            old.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove all checkpoints and the remains of a killed write."""
        if self.folder.is_dir():
            for file in self.folder.iterdir():
                file.unlink()
            self.folder.rmdir()

    def _files(self) -> list[Path]:
        files = [file for file in self.folder.glob("*.pt") if re.fullmatch(r"\d{8}-[0-9a-f]{64}\.pt", file.name)]
        return sorted(files, key=lambda file: file.name[:8], reverse=True)


def _read(file: Path) -> Checkpoint:
    """Read a checkpoint; ValueError, with the reason, if its content is not what was written."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror})") from None
    if hashlib.sha256(content).hexdigest() != file.stem[9:]:
        raise ValueError("its content is not what was written (SHA-256)")
    try:
        return Checkpoint(**torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
    except Exception as error:
        # from another version, or with more than weights and plain values
        raise ValueError(f"it cannot be read ({type(error).__name__})") from None


def environment_for(checkpoints: Checkpoints, minutes: float, resume: Checkpoint | None) -> dict[str, str]:
    """The environment variable that tells a framework's command where and how often to write checkpoints, and whether to resume."""
    options = {
        "folder": str(checkpoints.folder.resolve()),
        "identity": checkpoints.identity,
        "minutes": minutes,
        "notes": checkpoints.notes,
        "resume": resume is not None,
        "started": time.monotonic(),
    }
    return {VARIABLE: json.dumps(options)}


class Progress:
    """The checkpoints as a job uses them: the one it resumes from (None at the start), and when and how to write the next."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.checkpoints = Checkpoints(Path(options["folder"]), options["identity"], options.get("alternatives", ()))
        self.resumed_from = self.checkpoints.newest() if options["resume"] else None
        self.notes: list[str] = list(options["notes"])
        self.minutes: float = options["minutes"]
        self.earlier_s = self.resumed_from.wall_s if self.resumed_from else 0.0
        self.started: float = options["started"]
        self.saved_at: float | None = time.monotonic() if self.resumed_from else None

    @classmethod
    def from_environment(cls) -> "Progress | None":
        """The progress from the environment variable; None if it is not set: the command was started by hand, or to be timed."""
        step_times.record_if_asked()
        SPENT.report()
        options = os.environ.get(VARIABLE)
        return cls(json.loads(options)) if options else None

    @classmethod
    def of_measurement(cls, folder: Path, identity: str, minutes: float, alternatives: Sequence[str] = ()) -> "Progress":
        """The progress of a job that resumes from what is in the folder; its first checkpoint is due after this many minutes."""
        options = {"folder": folder, "identity": identity, "alternatives": alternatives, "minutes": minutes, "notes": [], "resume": True}
        progress = cls(options | {"started": time.monotonic()})
        progress.notes = progress.checkpoints.notes
        progress.saved_at = progress.started
        return progress

    @property
    def done(self) -> int:
        """Amount of work done before."""
        return self.resumed_from.done if self.resumed_from else 0

    @property
    def state(self) -> dict[str, Any]:
        """State of the checkpoint, empty at the start."""
        return self.resumed_from.state if self.resumed_from else {}

    @property
    def wall_s(self) -> float:
        """Wall time of the job so far in seconds, including the time before an interruption."""
        return round(self.earlier_s + time.monotonic() - self.started, 3)

    @property
    def resumed(self) -> int:
        """Number of times the job resumed from a checkpoint, this time included."""
        return self.resumed_from.resumed + 1 if self.resumed_from else 0

    def is_due(self) -> bool:
        """Whether a checkpoint is due: the first of a training after its first epoch, then one every `minutes`."""
        return self.saved_at is None or time.monotonic() - self.saved_at >= 60 * self.minutes

    def save_training(self, epochs: int, state: dict[str, Any], folder: Path, files: Iterable[Path]) -> None:
        """Write a checkpoint with all random states and the content of files in the framework's folder."""
        contents = {str(file.relative_to(folder)): torch.from_numpy(np.fromfile(file, dtype=np.uint8)) for file in files}
        self.save(epochs, state | {"random": random_states()}, contents)

    def save_if_due(self, done: int, state: dict[str, Any]) -> None:
        """Write a checkpoint if one is due."""
        if self.is_due():
            self.save(done, state, {})

    def save(self, done: int, state: dict[str, Any], files: dict[str, torch.Tensor]) -> None:
        """Write a checkpoint; a full disk is only reported and does not stop the job."""
        checkpoint = Checkpoint(
            done=done,
            state=state,
            files=files,
            wall_s=self.wall_s,
            resumed=self.resumed,
            notes=self.notes,
            identity=self.checkpoints.identity,
        )
        try:
            self.checkpoints.save(checkpoint)
        except OSError as error:
            print(f"no checkpoint at {done}: {error}", flush=True)
        self.saved_at = time.monotonic()


def random_states() -> dict[str, Any]:
    """The states of all global random generators: of torch (every GPU included), numpy and Python."""
    kind, keys, *rest = np.random.get_state(legacy=True)
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [kind, torch.from_numpy(np.asarray(keys, dtype=np.int64)), *rest],
        "python": random.getstate(),
    }


def set_random_states(states: Mapping[str, Any]) -> None:
    """Restore the states of the global random generators."""
    torch.set_rng_state(states["torch"])
    if states["cuda"]:
        torch.cuda.set_rng_state_all(states["cuda"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    random.setstate(states["python"])
