"""The folder of a framework's environment, named by the hash of its lock list: a changed list gives a new environment."""

import functools
import hashlib
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# glibc gives the memory of large tensors back and asks for it again in every step, unless it is told to keep up to 1 GiB: up to 3,000 page faults and
# 5 ms in a compiled step of 30 replicas, in some processes and not in others
KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(2**30), "MALLOC_MMAP_THRESHOLD_": str(2**25)}


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
    """Set the environment variables with which every command finds nnip, the mirror, this Python and its tools (uv), also without an active .venv,
    and with which it keeps freed memory.
    """
    for name, value in KEEP_MEMORY.items():
        os.environ.setdefault(name, value)
    os.environ["NNIP_MIRROR"] = mirror
    os.environ["PYTHONPATH"] = str(ROOT / "workflow")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.environ["MPLBACKEND"] = "Agg"
