"""Writing files that are either whole or absent, and checksums of files."""

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from nnip.jobs.errors import InputError


@contextlib.contextmanager
def whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary file beside `path` (same ending): moved to `path` if the block succeeds, removed if it fails."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def reading(path: str | os.PathLike[str], newline: str | None = None) -> Iterator[TextIO]:
    """Open a text file in UTF-8; InputError naming the file if it is missing, no regular file (a pipe would block), unreadable or not UTF-8."""
    try:
        if "\0" in str(path) or (os.path.lexists(path) and Path(path).exists() and not Path(path).is_file()):
            kind = "is a folder, not a file" if "\0" not in str(path) and Path(path).is_dir() else "is not a readable file"
            raise InputError(f"{str(path)!r}: {kind}")
        with open(path, encoding="utf-8", newline=newline) as file:
            yield file
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    except UnicodeError as error:
        raise InputError(f"{path}: is not text in UTF-8 ({error})") from None


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a whole text file."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a whole JSON file, keys in the order given; NaN and infinity are refused (they are not JSON)."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_synced(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a whole file and sync it: it survives a crash of the machine after this returns."""
    with whole(path) as temporary, open(temporary, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    handle = os.open(Path(path).parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def alone_in(directory: str | os.PathLike[str]) -> Iterator[None]:
    """Lock a directory for one job, and make it if it is missing; InputError if another job works in it, such as one that outlived its workflow."""
    Path(directory).mkdir(parents=True, exist_ok=True)
    handle = os.open(directory, os.O_RDONLY)
    try:
        # file systems without locks give other errors; there the directory is not protected
        with contextlib.suppress(OSError):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(f"{directory}: another job is at work in it; wait for its end or stop it") from None
        yield
    finally:
        os.close(handle)


def sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's content, 64 hex digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob_id(path: str | os.PathLike[str]) -> str:
    """The git blob id of a file's content (`git hash-object FILE`), 40 hex digits."""
    content = Path(path).read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
