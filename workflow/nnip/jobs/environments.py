"""The folder of a framework's environment, named by the hash of its lock list: a changed list gives a new environment."""

import functools
import hashlib
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def lock_hash(framework: str) -> str:
    """The first 12 hex digits of the SHA-256 of envs/<framework>.lock.txt."""
    return _sha256(ROOT / "envs" / f"{framework}.lock.txt")[:12]


@functools.cache
def _sha256(path: Path) -> str:
    """Planning a study asks for it several times a job."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def environment(framework: str) -> Path:
    """Folder of a framework's environment, relative to the repository."""
    return Path(".venvs") / f"{framework}-{lock_hash(framework)}"


def interpreter(framework: str) -> str:
    """The Python of a framework's environment."""
    return str(environment(framework) / "bin" / "python")


def enter(mirror: str) -> None:
    """Set the environment variables with which every command finds nnip, the mirror, this Python and its tools (uv), also without an active .venv."""
    os.environ["NNIP_MIRROR"] = mirror
    os.environ["PYTHONPATH"] = str(ROOT / "workflow")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.environ["MPLBACKEND"] = "Agg"
