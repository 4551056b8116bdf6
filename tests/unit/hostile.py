"""What the tests of bad input share: ways to spoil a value or a file, and a count of how many spoilt ones were refused."""

import contextlib
import datetime
import math
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from nnip.jobs.errors import InputError

REFUSED: Counter[str] = Counter()
LONGEST_S = 5.0  # a thousand times what one takes

# the same inputs every time; how long each may take is counted in the processor's time (refused), which a busy machine does not stretch
campaign = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))

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
names = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/"), min_size=1, max_size=40)


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """A test that gets nowhere fails: if it works, after a minute of the processor's time; if it waits, after ten of the clock's."""

    def give_up(*_: object) -> None:
        raise TimeoutError("this has no end")

    limits = ((signal.ITIMER_PROF, signal.SIGPROF, 60), (signal.ITIMER_REAL, signal.SIGALRM, 600))
    before = [(number, signal.signal(number, give_up)) for _, number, _ in limits]
    for timer, _, seconds in limits:
        signal.setitimer(timer, seconds)
    yield
    for timer, _, _ in limits:
        signal.setitimer(timer, 0)
    for number, handler in before:
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


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
    """The block must end soon in an InputError of one readable line with these words; anything else, an end without error included, is a failure."""
    started = time.process_time()
    try:
        yield
    except InputError as error:
        text = str(error)
        assert text and "\n" not in text, f"not one line: {text!r}"
        assert len(text) < 2000, f"too long to read: {text[:200]}"
        for word in words:
            assert word in text, f"{word!r} is not in {text!r}"
        assert time.process_time() - started < LONGEST_S
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
