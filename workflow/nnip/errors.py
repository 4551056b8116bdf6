"""Errors a user can mend, and how a script ends on one."""

import sys
from collections.abc import Callable


class InputError(Exception):
    """Bad input: the message names the file, key or value and what would be right."""


def run(main: Callable[[], None], log: str | None = None) -> None:
    """Run a script's main function; an InputError ends it with one line on stderr and exit status 1, never a traceback.

    Where a log file is named (the jobs that snakemake runs in its own Python), all output goes there.
    """
    if log:
        sys.stdout = sys.stderr = open(log, "w", buffering=1, encoding="utf-8")  # noqa: SIM115  (open for the rest of the process)
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
