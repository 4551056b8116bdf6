"""Which frames of a pool a training set is drawn from: one function for each kind, which the config names, `select: {<name>: <value>}`.

A kind takes the pool's frames in their order, and a value, and gives those that count. It says what is wrong with a value by an InputError, also
where there are no frames, for that is how a config is checked.
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
    """One frame in so many, in the pool's order: frames that follow one another in a trajectory are alike."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"is {repr(value)[:100]}, but must be a whole number, 1 or more")
    return frames[::value]


def kinds() -> dict[str, Kind]:
    """The kinds by name: the functions of this module that take (frames, value)."""
    functions = inspect.getmembers(sys.modules[__name__], inspect.isfunction)
    return {name: function for name, function in functions if list(inspect.signature(function).parameters) == ["frames", "value"]}


def selected(pool: "Sequence[Atoms]", select: Mapping[str, Any]) -> "Sequence[Atoms]":
    """The frames that all kinds of `select` leave, one after the other."""
    for kind, value in select.items():
        pool = kinds()[kind](pool, value)
    return pool
