"""Removing the locks that a killed Snakemake left in a study's folder; otherwise only the user's --unlock removes them."""

import contextlib
import fcntl
import os
import platform
from pathlib import Path

_held: list[int] = []  # descriptors of files whose locks last as long as this process


def release_locks_of_killed_runs(folder: Path) -> bool:
    """Remove the lock files in Snakemake's folder if their run is certainly dead; returns whether any were removed.

    Every run holds an operating-system lock on one file, which ends with the process, and writes the name of its machine into that file.
    Nothing is removed if another run holds the lock, if other machines have run here, if jobs of a killed run may still be in a cluster's queue,
    or if the file system has no such locks. Snakemake then refuses to start and says how to unlock.
    """
    with contextlib.suppress(OSError):
        folder.mkdir(exist_ok=True)
        handle = os.open(folder / "runs", os.O_RDWR | os.O_CREAT, 0o666)
        _held.append(handle)
        removed = False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            locks = list((folder / "locks").glob("*.lock"))
            removed = bool(locks) and _machines(handle) == {platform.node()} and not _cluster_jobs(folder)
            for lock in locks if removed else []:
                lock.unlink()
            if removed or not locks:
                os.ftruncate(handle, 0)
            else:
                _add(handle, "?")  # the owner of these locks is unknown, and stays so when this machine is added
        # does not wait, unless another run is checking the locks at this moment
        fcntl.flock(handle, fcntl.LOCK_SH)
        _add(handle, platform.node())
        return removed
    return False


def _add(handle: int, machine: str) -> None:
    if machine not in _machines(handle):
        os.pwrite(handle, f"{machine}\n".encode(), os.fstat(handle).st_size)


def _machines(handle: int) -> set[str]:
    """The machines that have run the workflow here since there were last no locks."""
    return set(os.pread(handle, 1 << 20, 0).decode(errors="replace").split("\n")) - {""}


def _cluster_jobs(folder: Path) -> bool:
    """Whether unfinished files belong to jobs with a scheduler's job number."""
    marks = [mark.read_bytes() for mark in (folder / "incomplete").glob("*") if mark.is_file()]
    return any(b'"external_jobid"' in mark and b'"external_jobid": null' not in mark for mark in marks)
