"""The manifest beside every result: what made it, from which settings, seeds and packages, on which device, in how long."""

import hashlib
import json
import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from nnip.files import write_json

PACKAGES = ("nequip", "mace-torch", "torch", "e3nn", "ase", "numpy", "scipy", "pandas", "lifelines", "rdkit", "tblite", "snakemake")


class Stopwatch:
    """Wall time since it was made, in seconds."""

    def __init__(self) -> None:
        self.started = time.time()

    @property
    def wall_s(self) -> float:
        return round(time.time() - self.started, 3)


def settings_hash(settings: Any) -> str:
    """SHA-256 of settings as canonical JSON (sorted keys): equal settings, equal hash."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def write_manifest(
    path: str | os.PathLike[str], stage: str, settings: dict[str, Any], seeds: dict[str, int], device: str, watch: Stopwatch, **more: Any
) -> None:
    """Write the manifest of one result directory; `more` holds what only this stage knows (JSON values)."""
    write_json(
        path,
        {
            "stage": stage,
            **more,
            "settings": settings,
            "settings_sha256": settings_hash(settings),
            "seeds": seeds,
            "device": device,
            "wall_s": watch.wall_s,
            "python": platform.python_version(),
            "packages": package_versions(),
        },
    )


def package_versions() -> dict[str, str]:
    """The versions of PACKAGES that this Python has."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def read_manifest(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a manifest back."""
    return json.loads(Path(path).read_text(encoding="utf-8"))
