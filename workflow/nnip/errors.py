"""Errors a user can mend, and how a script ends on one."""

import sys
from collections.abc import Callable


class InputError(Exception):
    """Bad input: the message names the file, key or value and what would be right."""


def run(main: Callable[[], None]) -> None:
    """Run a script's main function; an InputError ends it with one line on stderr and exit status 1, never a traceback."""
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
