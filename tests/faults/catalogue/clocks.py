"""Faults of clocks: files that are older or newer than they can be."""

import os

from bench import Bench

from catalogue.fault import fault

CLOCK = "clocks and file times"
YEAR_S = 365 * 24 * 3600


def shift(bench: Bench, seconds: float, *patterns: str) -> None:
    """Move the times of results."""
    for pattern in patterns:
        for path in [path for path in bench.results.glob(pattern) if path.is_file()]:
            at = path.stat().st_mtime + seconds
            os.utime(path, (at, at))


@fault(CLOCK)
def results_a_year_old(bench):
    """All results are a year older than the code and each other's inputs, as after an archive was unpacked."""
    shift(bench, -YEAR_S, "**/*")
    yield bench.run()


@fault(CLOCK)
def results_from_the_future(bench):
    """All results are dated a year ahead when an MD is still to be run."""
    shift(bench, YEAR_S, "**/*")
    bench.lose("runs/mace-a*/md")
    yield bench.run()
    for path in bench.found("**/*"):
        os.utime(path)
    yield "the files are given true times (`find results -newermt now -exec touch {} +`)"


@fault(CLOCK)
def tables_older_than_runs(bench):
    """The runs' tables are dated a year after the study's tables made of them."""
    shift(bench, YEAR_S, "runs/*/errors/*", "runs/*/md/*")
    yield bench.run()


@fault(CLOCK)
def clock_before_1970(bench):
    """The trainings are dated before 1970 by a clock that was not set."""
    for path in bench.found("runs/*/train/*.*"):
        os.utime(path, (-1e6, -1e6))
    yield bench.run()
