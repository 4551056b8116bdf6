"""What the tests of bad input share: ways to spoil a value or a file, and a count of how many spoilt ones were refused."""

import contextlib
import datetime
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from nnip.errors import InputError

REFUSED: Counter[str] = Counter()

# the same inputs every time; a second for any single one, which is a thousand times what it takes
campaign = settings(derandomize=True, database=None, deadline=1000, suppress_health_check=list(HealthCheck))

NASTY = [
    "a b",
    "a/b",
    "../a",
    "/a",
    "a'b",
    'a"b',
    "a\nb",
    "a\n",
    "\0",
    "ä",
    "-a",
    "--help",
    "$(a)",
    "`a`",
    "a;b",
    "{run}",
    "",
    " ",
    "a" * 300,
    "\x1b[2J",
    "𝒩",
    "a\\b",
    "~",
]
NO_NUMBERS = [math.nan, math.inf, -math.inf, 1e300, 1e-320, 10**30, -(10**400)]
NO_VALUES = [datetime.date(2020, 1, 1), b"bytes", {1, 2}, (1, 2), 1j]


def endless() -> list[Any]:
    """A list that holds itself, as YAML's anchors can make one."""
    made: list[Any] = []
    made.append(made)
    return made


def laughs() -> list[Any]:
    """A list of a billion texts, of which each is stored once."""
    made: Any = "ha"
    for _ in range(9):
        made = [made] * 10
    return made


@contextlib.contextmanager
def refused(kind: str, *words: str) -> Iterator[None]:
    """The block must end in an InputError of one readable line with these words in it; anything else, an end without error included, is a failure."""
    try:
        yield
    except InputError as error:
        text = str(error)
        assert text and "\n" not in text, f"not one line: {text!r}"
        assert len(text) < 2000, f"too long to read: {text[:200]}"
        for word in words:
            assert word in text, f"{word!r} is not in {text!r}"
        REFUSED[kind] += 1
    else:
        raise AssertionError("accepted in silence")


def spoilt_bytes(content: bytes) -> st.SearchStrategy[bytes]:
    """A text file's content in other encodings, with bytes that are no text, replaced by others, or empty."""
    middle = len(content) // 2
    return st.one_of(
        st.sampled_from(
            [b"", b"\n", b"\0" * 100, b"\x1f\x8b\x08" + content, b"\x89HDF\r\n\x1a\n" + content, b"PK\x03\x04", content.decode().encode("utf-16")]
        ),
        st.sampled_from([b"\xff", b"\xe9", b"\x80\x81", b"\xc3("]).map(lambda bad: content[:middle] + bad + content[middle:]),
        st.binary(min_size=1, max_size=200).map(lambda bad: b"\x00\xff" + bad),
    )
