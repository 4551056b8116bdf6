"""Errors that a user can correct, and how a script ends with one."""

import errno
import sys
from collections.abc import Callable

# errors of a full or unwritable disk: not errors of the program
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


class InputError(Exception):
    """Bad input; the message names the file, key or value, and says what is allowed."""


def run(main: Callable[[], None], log: str | None = None) -> None:
    """Run a script's main function; an error that a user can correct (InputError, full disk, no memory ...) ends it with one line and status 1.

    With a log file (jobs that snakemake runs in its own Python), all output goes there.
    """
    if log:
        sys.stdout = sys.stderr = open(log, "w", buffering=1, encoding="utf-8")  # noqa: SIM115  (open for the rest of the process)
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("error: interrupted; run the same command again to resume")
    except MemoryError:
        sys.exit("error: out of memory; give the job more (or its own machine) and run the same command again")
    except ModuleNotFoundError as error:
        if (error.name or "nnip").startswith("nnip"):
            raise
        sys.exit(f"error: {sys.executable} has no package {error.name!r}; put it back, or remove that environment's folder, and it is made again")
    except OSError as error:
        if error.errno not in DISK:
            raise
        where = f"{error.filename}: " if error.filename else ""
        sys.exit(f"error: {where}{error.strerror}; correct this and run the same command again")
