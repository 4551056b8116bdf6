"""Locks that a killed Snakemake left in a study's folder, which nothing but this would ever remove but the user's --unlock."""

import contextlib
import fcntl
import os
import platform
from pathlib import Path

_held: list[int] = []  # descriptors of files whose locks last as long as this process


def release_locks_of_killed_runs(folder: Path) -> bool:
    """Remove the lock files in Snakemake's folder if the run they are of is dead for certain; whether any were removed.

    Each run of this workflow holds a lock of the operating system on one file, which ends with its process, however that ends; and it writes its
    machine's name there. Where another run holds it, other machines have run, jobs of a killed run may still be queued on a cluster, or the file
    system knows no such locks, nothing is removed: Snakemake then refuses to start, and says how to unlock.
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
                _add(handle, "?")  # locks of whom nobody knows stay so, though this machine is added now
        # at once, unless another run looks at the locks this very moment
        fcntl.flock(handle, fcntl.LOCK_SH)
        _add(handle, platform.node())
        return removed
    return False


def _add(handle: int, machine: str) -> None:
    if machine not in _machines(handle):
        os.pwrite(handle, f"{machine}\n".encode(), os.fstat(handle).st_size)


def _machines(handle: int) -> set[str]:
    """The machines that have run the workflow here since the locks were last seen gone."""
    return set(os.pread(handle, 1 << 20, 0).decode(errors="replace").split("\n")) - {""}


def _cluster_jobs(folder: Path) -> bool:
    """Whether unfinished files are of jobs that a scheduler knows by a number."""
    marks = [mark.read_bytes() for mark in (folder / "incomplete").glob("*") if mark.is_file()]
    return any(b'"external_jobid"' in mark and b'"external_jobid": null' not in mark for mark in marks)
