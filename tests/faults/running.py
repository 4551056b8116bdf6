"""The command at work: its start, signals to it, and what it ended with."""

import contextlib
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 600


@dataclass(frozen=True)
class Outcome:
    """End of one run of the command: exit status (negative: a signal), all output that the user saw, and wall time."""

    status: int
    output: str
    wall_s: float


class Running:
    """The command at work, in a session of its own, as in a terminal."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str], log: Path) -> None:
        self.log, self.started = log, time.monotonic()
        with open(log, "wb") as file:
            # signals as in a terminal, though the campaign itself may run under nohup or in the background
            self.process = subprocess.Popen(
                ["env", "--default-signal=HUP,INT", *command],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def send(self, number: int, whole_group: bool = False) -> None:
        """A signal to snakemake alone, or to it and all its jobs as a terminal sends it."""
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if whole_group else os.kill)(self.process.pid, number)

    def end(self) -> Outcome:
        """Wait for its end; a run that takes too long is killed, which no fault can survive unseen."""
        try:
            status = self.process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL, whole_group=True)
            status = self.process.wait()
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return Outcome(status, text, round(time.monotonic() - self.started, 1))


def jobs_run(output: str) -> int:
    """How many jobs a run of snakemake finished."""
    return len(re.findall(r"^Finished jobid", output, flags=re.MULTILINE))
