"""Counts the CPU seconds of every Python process of a study: before Python was ready, in imports, and in all else (benchmarks/start_up.py).

Python imports this module when it starts. A timer of CPU time interrupts the process every 10 ms. The CPU seconds since the last interruption count
as import if a function of the import system is on the stack. Forked processes begin at zero. The sums are in a mapped file, so that they survive any
end of the process.
"""

import atexit
import mmap
import os
import signal
import struct
import sys
import time
from types import FrameType

FOLDER = os.environ.get("NNIP_BENCH_METER")
INTERVAL_S = 0.01
IMPORT_SYSTEM = "<frozen importlib._bootstrap>"


class Meter:
    """The sums of this process: seconds at the beginning, in imports, in all else."""

    def __init__(self) -> None:
        self.last = time.process_time()
        self.sums = [self.last, 0.0, 0.0]
        with open("/proc/self/cmdline", "rb") as command, open(f"{FOLDER}/{os.getpid()}-{time.monotonic_ns()}", "w+b") as file:
            file.write(struct.pack("3d", *self.sums) + command.read()[:4000])
            file.flush()
            self.memory = mmap.mmap(file.fileno(), 24)
        signal.signal(signal.SIGPROF, self.sample)
        signal.siginterrupt(signal.SIGPROF, False)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)

    def sample(self, _: int, frame: FrameType | None) -> None:
        """Count the time since the last sample."""
        now = time.process_time()
        self.sums[1 if importing(frame) else 2] += now - self.last
        self.last = now
        self.memory[:] = struct.pack("3d", *self.sums)


def importing(frame: FrameType | None) -> bool:
    """Whether a function of the import system is on the stack."""
    while frame:
        if frame.f_code.co_filename == IMPORT_SYSTEM:
            return True
        frame = frame.f_back
    return False


def begin() -> None:
    """Start to count, but not in a child that is about to become another program: the timer would outlive this module and end it."""
    frame: FrameType | None = sys._getframe()
    while frame:
        if frame.f_code.co_name == "_execute_child":
            return
        frame = frame.f_back
    Meter()


if FOLDER:
    begin()
    # when Python ends it gives signals back to the system, which would end the process
    atexit.register(signal.setitimer, signal.ITIMER_PROF, 0)
    os.register_at_fork(after_in_child=begin)
