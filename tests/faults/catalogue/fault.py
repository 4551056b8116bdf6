"""What a fault is: a function whose docstring says in one sentence what happens.

A fault is a generator: it does its harm to the bench and yields the outcome of the command that met it. Where the command cannot complete before
somebody mends the cause, it goes on from there: mends it, and yields in words what had to be done.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from bench import Bench
from running import Outcome

Inject = Callable[[Bench], Generator[Outcome | str, None, None]]


class NotHereError(Exception):
    """The fault cannot be made on this machine, for the reason given."""


@dataclass(frozen=True)
class Fault:
    """One fault; lasts: the cause stays until it is mended, so that the command is not even tried before."""

    name: str
    kind: str
    sentence: str
    inject: Inject
    lasts: bool


FAULTS: list[Fault] = []


def fault(kind: str, lasts: bool = False) -> Callable[[Inject], Inject]:
    """Put a function into the catalogue."""

    def add(inject: Inject) -> Inject:
        FAULTS.append(Fault(inject.__name__.replace("_", "-"), kind, " ".join((inject.__doc__ or "").split()), inject, lasts))
        return inject

    return add
