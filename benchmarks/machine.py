"""The kind of machine, as a file name: its GPU, or its CPU model and number of cores."""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path


def kind(device: str) -> str:
    """Such as nvidia-h100-80gb-hbm3 for cuda, or intel-xeon-processor-2-cores for cpu."""
    return file_name(gpu() or "unknown-gpu") if device == "cuda" else file_name(f"{cpu()} {len(os.sched_getaffinity(0))} cores")


def file_name(words: str) -> str:
    """Words as a file name: small letters, digits, hyphens."""
    plain = re.sub(r"\((r|tm|c)\)|\bcpu\b|@.*?ghz", " ", words.lower())
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def cpu() -> str:
    """The model name that Linux gives; else what Python knows."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE) if info.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def gpu() -> str | None:
    """The name of the first NVIDIA GPU; None if there is none."""
    if not shutil.which("nvidia-smi"):
        return None
    said = subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, check=False)
    return said.stdout.splitlines()[0] if said.returncode == 0 and said.stdout else None
