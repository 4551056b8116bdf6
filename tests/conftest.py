"""Fixtures that every kind of test shares."""

import os
from pathlib import Path

import pytest

MIRROR = Path(__file__).resolve().parents[2] / "shared" / "mirror"


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder of real data beside the project; NNIP_TESTS_NEED_MIRROR makes its absence a failure."""
    if not MIRROR.is_dir():
        if os.environ.get("NNIP_TESTS_NEED_MIRROR"):
            pytest.fail("the real data in ../shared/mirror is missing, and NNIP_TESTS_NEED_MIRROR says it must not be")
        pytest.skip("needs the real data in ../shared/mirror, which lies beside the project on machines that have it")
    return MIRROR
