"""Whether a user's file of frames is still the one that the data stage read: its content decides, not its time."""

import functools
import os
from pathlib import Path

from nnip.jobs.errors import InputError
from nnip.jobs.files import sha256
from nnip.study.manifest import read_manifest

File = str | os.PathLike[str]


def stamp(path: File) -> list[int]:
    """Size in bytes, times of the last change of content and of the file's entry in ns, and inode.

    The system sets the second time itself at every write, copy and replacement, so an old content time that was put back does not hide one.
    """
    status = Path(path).stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def checksum(path: File, manifest: File) -> str | None:
    """SHA-256 of a file; the one on record in the data stage's manifest if the file has the stamp of then, so that planning need not read it.

    None for a file that cannot be read: the data stage says why.
    """
    made = _recorded(manifest)
    try:
        if (found := stamp(path)) == made.get("input_stamps", {}).get(str(path)):
            return str(made["input_sha256"][str(path)])
        return _computed(str(path), *found)
    except OSError:
        return None


def is_recorded(path: File, manifest: File) -> bool:
    """Whether a file has the content that the data stage read."""
    content = checksum(path, manifest)
    return content is not None and content == _recorded(manifest).get("input_sha256", {}).get(str(path))


def _recorded(manifest: File) -> dict[str, dict[str, list[int] | str]]:
    """The manifest's records of input files; none if it is missing or damaged, for then its stage runs anyway."""
    try:
        found = read_manifest(manifest)
    except InputError:
        return {}
    return {key: found[key] for key in ("input_stamps", "input_sha256") if isinstance(found.get(key), dict)}


@functools.cache
def _computed(path: str, *_stamp: int) -> str:
    return sha256(path)
