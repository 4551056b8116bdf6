"""CPU time and memory that a job has used, for its manifest."""

import atexit
import json
import os
import resource
import sys
from pathlib import Path

from nnip.jobs import warm

VARIABLE = "NNIP_SPENT"


class Spent:
    """CPU time and memory of this process and of the children that it waited for.

    A process that writes several manifests counts no second twice: each covers the time since the one before, the first all since the start of the
    process. A process forked from a server begins at zero. Attempts before an interruption were other processes and are not counted.
    """

    def __init__(self) -> None:
        self._restart()
        # the system counts a forked process from zero
        os.register_at_fork(after_in_child=self._restart)

    def _restart(self) -> None:
        self.counted_s = self.elsewhere_s = self.elsewhere_MB = 0.0

    def add(self, file: Path) -> None:
        """Count a command that was forked from a warm process, and so is no child of this one, from the file it has left (report)."""
        if file.exists():
            cpu_s, memory_MB = json.loads(file.read_text())
            self.elsewhere_s += cpu_s
            self.elsewhere_MB = max(self.elsewhere_MB, memory_MB)

    def report(self) -> None:
        """In such a command: write the file that the environment variable names, when this process ends."""
        if warm.is_fork and (file := os.environ.get(VARIABLE)):
            atexit.register(lambda: Path(file).write_text(json.dumps([self.cpu_s(), self.max_memory_MB()])))

    def cpu_s(self) -> float:
        """CPU time in s, user and system, since the last call."""
        total = sum(os.times()[:4]) + self.elsewhere_s
        spent, self.counted_s = total - self.counted_s, total
        return round(spent, 3)

    def max_memory_MB(self) -> float:
        """The most main memory that one of the processes held (resident) in MB."""
        of = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        unit = 1 if sys.platform == "darwin" else 1024  # bytes or kilobytes
        return round(max(self.elsewhere_MB, *(resource.getrusage(who).ru_maxrss * unit / 1024**2 for who in of)), 1)


SPENT = Spent()
