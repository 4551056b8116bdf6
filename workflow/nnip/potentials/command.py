"""Running a framework's training command, with its output in a log and a description of how it ended."""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from nnip.jobs import spent
from nnip.jobs.memory import tells_of_memory
from nnip.jobs.parents import end_with

LIBRARY = Path(__file__).resolve().parents[2]
# before a Python script, or before -m and a module: a fork of the run's warm process, if there is one
WARM = (sys.executable, "-P", "-m", "nnip.jobs.warm")
# sent by schedulers and people to end a job; they say nothing about the training
INTERRUPTIONS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU, signal.SIGUSR1, signal.SIGUSR2)
# the batch size is a setting of the model, so a training is never silently repeated with another one
LESS_MEMORY = "give the job more, or the model a smaller batch_size"


@dataclass
class Ending:
    """How a command ended: its wall time, the reason of a failure in words (None if there was none), and whether SIGKILL ended it."""

    wall_s: float
    failure: str | None
    killed: bool = False


def run_command(
    command: Sequence[str], directory: Path, output: Path, environment: Mapping[str, str] | None = None, name: str | None = None
) -> Ending:
    """Run a command in a directory, with stdout and stderr in the file `output`; it can import nnip and inherits this process's environment.

    `name` is what messages call it. The command never outlives this process. If either gets a signal to end (SIGTERM and the like), both end at
    once: SystemExit.
    """
    name = name or Path(command[0]).name
    search_path = os.pathsep.join(dict.fromkeys([str(LIBRARY), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]))
    used = output.with_suffix(".spent.json")
    used.unlink(missing_ok=True)
    variables = {**os.environ, "PYTHONPATH": search_path, spent.VARIABLE: str(used.resolve()), **(environment or {})}
    started = time.monotonic()
    with open(output, "wb") as file, _ended_by_sigterm():
        # subprocess kills the command when an exception ends the wait for it
        status = subprocess.run(
            command,
            cwd=directory,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
            preexec_fn=functools.partial(end_with, os.getpid()),
        ).returncode
    spent.SPENT.add(used)
    used.unlink(missing_ok=True)
    wall_s = round(time.monotonic() - started, 3)
    if status == 0:
        return Ending(wall_s, None)
    if -status in INTERRUPTIONS:
        raise SystemExit(f"interrupted: {name} was ended by {signal.Signals(-status).name}; run the same command again to resume")
    how = f"ended with status {status}" if status > 0 else f"was killed by {signal.Signals(-status).name}"
    killed = -status == signal.SIGKILL
    words = f"{name} {how}; its last line (of {output.name}): {last_line(output)}"
    if line := next((line for line in reversed(_lines(output)) if tells_of_memory(line)), None):
        words = f"out of memory: {line[:300]}; {LESS_MEMORY} ({name} {how})"
    elif killed:
        words += f"; the system does that when memory runs out: {LESS_MEMORY}"
    return Ending(wall_s, words, killed)


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """In the block SIGTERM raises an exception; by default it would end this process and not the command."""

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def last_line(output: Path, longest: int = 300) -> str:
    """The last line of a log that is not blank, cut to a readable length."""
    lines = _lines(output)
    return lines[-1][:longest] if lines else "(no output)"


def _lines(output: Path) -> list[str]:
    return [line.strip() for line in output.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
