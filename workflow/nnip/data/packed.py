"""Text of files packed by gzip or bzip2, without the danger of a small file that unpacks to terabytes."""

import bz2
import contextlib
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from nnip.jobs.errors import InputError

MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2"}
MOST_TIMES = 100  # frames shrink three- to tenfold
ALWAYS = 10_000_000  # bytes; many equal frames in a small file shrink more
CHUNK = 1 << 20


def packer(head: bytes) -> str | None:
    """gzip or bzip2 by the first bytes of a file; None for any other."""
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), None)


@contextlib.contextmanager
def unpacked(path: str | os.PathLike[str], kind: str) -> Iterator[TextIO]:
    """The text in UTF-8 of a file packed by gzip or bzip2; InputError if it is cut, damaged or no text, or unpacks to more than frames would."""
    most = max(ALWAYS, MOST_TIMES * Path(path).stat().st_size)
    try:
        with cast(BinaryIO, gzip.open(path) if kind == "gzip" else bz2.open(path)) as stream:
            while stream.read(CHUNK):
                if stream.tell() > most:
                    raise InputError(f"{path}: unpacks to more than {most / 1e6:.0f} MB, {MOST_TIMES} times its size, so it holds no frames")
            stream.seek(0)
            yield io.TextIOWrapper(stream, encoding="utf-8")
    except UnicodeError as error:
        raise InputError(f"{path}: holds no text in UTF-8, packed by {kind} ({error})") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: is packed by {kind}, but cut or damaged ({error}); copy or download it again") from None
