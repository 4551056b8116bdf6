"""Runs pytest on the files named on each line of its input, in a fork of a process that has imported what takes long; answers 0 or 1 each time."""

import contextlib
import importlib
import os
import signal
import sys

import pytest

LIBRARIES = ("numpy", "pandas", "scipy.stats", "scipy.optimize", "lifelines", "lifelines.statistics", "ase.build", "yaml", "torch")
SECONDS = 300  # a change can make a loop endless


def run(tests: list[str]) -> int:
    """0 if all pass; what they print is thrown away."""
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
        os.setsid()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os._exit(min(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])), 1))
    return int(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0)


if __name__ == "__main__":
    sys.dont_write_bytecode = True  # two changes can be closer in time than files' times tell
    for library in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(library)
    for line in sys.stdin:
        print(run(line.split()), flush=True)
