"""How a script ends: what a user can mend in one line, what is wrong with the program with a traceback."""

import errno
import os

import pytest

from nnip.jobs.errors import InputError, run


def fails_with(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InputError("a.csv: the file is empty"), "error: a.csv: the file is empty"),
        (
            OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "b.csv"),
            "error: b.csv: No space left on device; correct this and run the same command again",
        ),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), "error: .*python.* has no package 'torch'; put it back"),
        (KeyboardInterrupt(), "error: interrupted; run the same command again"),
        (MemoryError(), "error: out of memory; give the job more"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS)), "error: Read-only file system; correct this"),
    ],
)
def test_what_a_user_can_mend_is_one_line(error, words):
    with pytest.raises(SystemExit, match=words):
        run(fails_with(error))


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "no such file", "c.csv"), ModuleNotFoundError("none", name="nnip.gone")])
def test_a_mistake_of_the_program_keeps_its_traceback(error):
    with pytest.raises(type(error)):
        run(fails_with(error))
