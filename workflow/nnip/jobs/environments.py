"""The folder of a framework's environment, named by the hash of its lock list: a changed list gives a new environment."""

import hashlib
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def lock_hash(framework: str) -> str:
    """The first 12 hex digits of the SHA-256 of envs/<framework>.lock.txt."""
    return hashlib.sha256((ROOT / "envs" / f"{framework}.lock.txt").read_bytes()).hexdigest()[:12]


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
