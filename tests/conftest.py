"""Fixtures that every kind of test shares."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
MIRROR = ROOT.parent / "shared" / "mirror"
FIELD = ROOT.parent / "shared" / "field"


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder of real data beside the project; NNIP_TESTS_NEED_MIRROR makes its absence a failure."""
    if not MIRROR.is_dir():
        if os.environ.get("NNIP_TESTS_NEED_MIRROR"):
            pytest.fail("the real data in ../shared/mirror is missing, and NNIP_TESTS_NEED_MIRROR says it must not be")
        pytest.skip("needs the real data in ../shared/mirror, which lies beside the project on machines that have it")
    return MIRROR


@pytest.fixture(scope="session")
def field() -> Path:
    """The folder of users' example files beside the project; NNIP_TESTS_NEED_MIRROR makes its absence a failure."""
    if not FIELD.is_dir():
        if os.environ.get("NNIP_TESTS_NEED_MIRROR"):
            pytest.fail("the users' examples in ../shared/field are missing, and NNIP_TESTS_NEED_MIRROR says they must not be")
        pytest.skip("needs the users' examples in ../shared/field, which lie beside the project on machines that have them")
    return FIELD


@pytest.fixture(scope="session")
def with_third_framework(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the workflow with one folder and one lock list more: those of a third framework, Pairs (tests/third_framework)."""
    copy = tmp_path_factory.mktemp("third")
    shutil.copy(ROOT / "Snakefile", copy)
    for folder in ("workflow", "envs"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests/third_framework/pairs", copy / "workflow/nnip/potentials/pairs", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "envs/pairs.lock.txt").write_text("ase==3.29.0\npyyaml==6.0.3\n")
    return copy


@pytest.fixture
def in_third_framework(with_third_framework: Path, tmp_path: Path) -> Callable[..., Any]:
    """Run Python code there, in a folder of its own, by this Python; what it leaves in the variable `found` (JSON values) is returned."""

    def run(code: str, **given: Any) -> Any:
        before = f"import json\ngiven = json.loads({json.dumps(json.dumps(given))})\n"
        script = before + textwrap.dedent(code) + "\nopen('found.json', 'w').write(json.dumps(found))\n"
        environment = os.environ | {"PYTHONPATH": str(with_third_framework / "workflow")}
        done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads((tmp_path / "found.json").read_text())

    return run
