"""Two or more ways to do one piece of work, timed in turn in one process, round by round; ratios are of times of the same round."""

import os
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

COLUMNS = (
    *("framework", "path", "work", "against", "unit", "rounds", "ours_wall_s", "other_wall_s", "wall_ratio", "wall_ratio_min", "wall_ratio_max"),
    *("ours_cpu_s", "other_cpu_s", "cpu_ratio", "cpu_ratio_min", "cpu_ratio_max", "target", "judged_by", "device", "threads", "load_1min", "note"),
)
MOST_UNITS = 100_000


@dataclass
class Side:
    """One way to do the work.

    run:    run(n) does n units of it and returns when they are done, on a device too
    target: the ratio (time of this side / time of ours) that is to be reached; None for our own side
    note:   what a reader of the row should know
    least, most: units of one call, which are a multiple of least
    """

    run: Callable[[int], None]
    target: float | None = None
    note: str = ""
    least: int = 2
    most: int = MOST_UNITS


@dataclass
class Times:
    """Wall and CPU seconds of one unit in each round; CPU seconds are those of this process and of its finished children."""

    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    load_1min: list[float] = field(default_factory=list)


def cpu_s() -> float:
    """CPU seconds so far of this process and of its finished children."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def seconds_of(run: Callable[[int], None], n: int) -> tuple[float, float]:
    """Wall and CPU seconds of one of n units."""
    wall, cpu = time.perf_counter(), cpu_s()
    run(n)
    return (time.perf_counter() - wall) / n, (cpu_s() - cpu) / n


def take_turns(sides: Mapping[str, Side], rounds: int, seconds: float) -> dict[str, Times]:
    """The times of all sides in every round, in turn, every other round backwards.

    Each side does a multiple of its `least` units that takes about `seconds`. A first call warms it up; unless that was too long already, a second
    tells how many units. With seconds 0 there are no such calls, and each does `least`.
    """
    units = {}
    for name, side in sides.items():
        units[name] = side.least
        if seconds and seconds_of(side.run, side.least)[0] * side.least < seconds:
            times_least = seconds / max(seconds_of(side.run, side.least)[0] * side.least, 1e-9)
            units[name] = side.least * min(max(round(times_least), 1), side.most // side.least)
    times = {name: Times() for name in sides}
    for number in range(rounds):
        for name in list(sides)[:: 1 if number % 2 == 0 else -1]:
            wall, cpu = seconds_of(sides[name].run, units[name])
            times[name].wall_s.append(wall)
            times[name].cpu_s.append(cpu)
            times[name].load_1min.append(os.getloadavg()[0])
    return times


def rows(times: Mapping[str, Times], sides: Mapping[str, Side], **common: Any) -> list[dict[str, Any]]:
    """One row per side against the first, which is ours: medians, and the median, least and largest ratio over the rounds.

    A side of `sides` without times is a row without numbers: its note says why.
    """
    ours, made = next(iter(times.values())), []
    for name, side in list(sides.items())[1:]:
        row = dict.fromkeys(COLUMNS) | common | {"against": name, "target": side.target, "note": side.note}
        if other := times.get(name):
            row |= {"rounds": len(ours.wall_s)}
            for kind in ("wall", "cpu"):
                of_ours, of_other = getattr(ours, f"{kind}_s"), getattr(other, f"{kind}_s")
                ratios = [b / a for a, b in zip(of_ours, of_other, strict=True)]
                row |= {f"ours_{kind}_s": digits(statistics.median(of_ours)), f"other_{kind}_s": digits(statistics.median(of_other))}
                row |= {f"{kind}_ratio{end}": digits(of(ratios)) for end, of in (("", statistics.median), ("_min", min), ("_max", max))}
            row["load_1min"] = digits(statistics.mean([*ours.load_1min, *other.load_1min]))
        made.append(row)
    return made


def compare(sides: Mapping[str, Side], missing: Mapping[str, str], rounds: int, seconds: float, **common: Any) -> list[dict[str, Any]]:
    """Rows of all sides; missing: sides that cannot run here, and why."""
    return rows(take_turns(sides, rounds, seconds), {**sides, **{name: Side(lambda _: None, note=why) for name, why in missing.items()}}, **common)


def digits(number: float) -> float:
    """A number with four digits."""
    return float(f"{number:.4g}")
