"""Running a framework's training command: its output kept, its end put into words."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[2]


@dataclass
class Ending:
    """How a command ended: its wall time, and why it failed in words (None if it did not)."""

    wall_s: float
    failure: str | None


def run_command(command: Sequence[str], directory: Path, output: Path, environment: Mapping[str, str] | None = None) -> Ending:
    """Run a command in a directory, stdout and stderr to the file `output`; it can import nnip and has this process's variables besides."""
    search_path = os.pathsep.join(filter(None, (str(LIBRARY), os.environ.get("PYTHONPATH"))))
    variables = {**os.environ, "PYTHONPATH": search_path, **(environment or {})}
    started = time.monotonic()
    with open(output, "wb") as file:
        status = subprocess.run(
            command, cwd=directory, env=variables, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, check=False
        ).returncode
    wall_s = round(time.monotonic() - started, 3)
    if status == 0:
        return Ending(wall_s, None)
    how = f"ended with status {status}" if status > 0 else f"was killed by {signal.Signals(-status).name}"
    return Ending(wall_s, f"{Path(command[0]).name} {how}; its last line (of {output.name}): {last_line(output)}")


def last_line(output: Path, longest: int = 300) -> str:
    """The last line of a log that is not blank, cut to a readable length."""
    lines = [line.strip() for line in output.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1][:longest] if lines else "(no output)"
