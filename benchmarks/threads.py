"""As many jobs of one thread as there are cores, side by side, against one job of as many threads, which does their work in turn."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from rounds import Side, compare

# of a work: its name, units that one job does at a time at least, and at most
WORKS = {"md": ("MD of 30 replicas", "step of 30 replicas", 5, 100), "landscape": ("landscape", "point", 60, 100_000)}


def rows(command: Sequence[str], n_cores: int, rounds: int, seconds: float, **common: Any) -> list[dict[str, Any]]:
    """The row of every work; command: that of worker.py for one model. Wall seconds of a unit of all jobs together."""
    made = []
    for work, (name, unit, least, most) in WORKS.items():
        with ExitStack() as stack:
            narrow = [stack.enter_context(worker(command, work, 1)) for _ in range(n_cores)]
            wide = stack.enter_context(worker(command, work, n_cores))
            size = {"least": least * n_cores, "most": most * n_cores}
            sides = {
                "ours": Side(lambda n, narrow=narrow: do(narrow, n), **size),
                f"one job of {n_cores} threads": Side(
                    lambda n, wide=wide: do([wide] * n_cores, n), 1.0, f"{n_cores} jobs of one thread are ours", **size
                ),
            }
            own = {"work": f"{name}, {n_cores} jobs", "unit": unit, "judged_by": "wall", "threads": n_cores}
            (row,) = compare(sides, {}, rounds, seconds, **common, **own)
            # the CPU time of a worker is known when it has ended
            made.append(row | {name: None for name in row if "cpu" in name})
    return made


def do(workers: Sequence[subprocess.Popen[str]], n: int) -> None:
    """Share n units among workers and wait for all; one that is named twice does two pieces. RuntimeError if one has ended."""
    for each in workers:
        tell(each, str(n // len(workers)))
    for each in workers:
        hear(each)


@contextmanager
def worker(command: Sequence[str], work: str, n_threads: int) -> Iterator[subprocess.Popen[str]]:
    """A process that does units of a work when told how many, ready to be told."""
    environment = os.environ | {"OMP_NUM_THREADS": str(n_threads)}
    pipe = subprocess.PIPE
    with subprocess.Popen([*command, work], stdin=pipe, stdout=pipe, text=True, env=environment) as process:
        hear(process)
        yield process
        assert process.stdin
        process.stdin.close()


def tell(process: subprocess.Popen[str], words: str) -> None:
    """Write a line to a process."""
    assert process.stdin
    process.stdin.write(f"{words}\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> None:
    """Wait until a process says that it is done. RuntimeError if it ends instead."""
    assert process.stdout
    if not process.stdout.readline():
        raise RuntimeError(f"a worker of the comparison of threads has ended with {process.wait()}")
