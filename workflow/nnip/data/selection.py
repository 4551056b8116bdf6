"""Selections of the frames of a pool for a training set: one function per kind; in the config `select: {<name>: <value>}`.

A kind takes the pool's frames in order and a value, and returns the selected frames. It raises InputError for an invalid value, also for an empty
list of frames: this is how a config is checked.
"""

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nnip.jobs.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

Kind = Callable[["Sequence[Atoms]", Any], "Sequence[Atoms]"]


def every(frames: "Sequence[Atoms]", value: Any) -> "Sequence[Atoms]":
    """Every n-th frame (value n) in the pool's order, because successive frames of a trajectory are similar."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"is {repr(value)[:100]}, but must be a whole number, 1 or more")
    return frames[::value]


def largest_force_below_eV_per_A(frames: "Sequence[Atoms]", value: Any) -> "Sequence[Atoms]":
    """Frames in which no atom's force is so many eV/Å or larger: near equilibrium."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not value > 0:
        raise InputError(f"is {repr(value)[:100]}, but must be a number of eV/Å above 0")
    if frames and "forces" not in frames[0].calc.results:
        raise InputError("select.largest_force_below_eV_per_A: the frames of this pool have no forces")
    return [frame for frame in frames if (frame.get_forces() ** 2).sum(axis=1).max() < value**2]


def kinds() -> dict[str, Kind]:
    """The kinds by name: the functions of this module that take (frames, value)."""
    functions = inspect.getmembers(sys.modules[__name__], inspect.isfunction)
    return {name: function for name, function in functions if list(inspect.signature(function).parameters) == ["frames", "value"]}


def selected(pool: "Sequence[Atoms]", select: Mapping[str, Any]) -> "Sequence[Atoms]":
    """The frames left after all kinds of `select`, applied in order."""
    for kind, value in select.items():
        pool = kinds()[kind](pool, value)
    return pool
