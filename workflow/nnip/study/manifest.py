"""The manifest beside every result: the stage, settings, seeds, packages, device, wall time, CPU time and memory."""

import hashlib
import json
import os
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from nnip.jobs.errors import InputError
from nnip.jobs.files import reading, sha256, write_json
from nnip.jobs.spent import SPENT
from nnip.potentials.frameworks import choices, frameworks

# packages that results depend on, beside the frameworks' own
PACKAGES = ("torch", "ase", "numpy", "scipy", "pandas", "lifelines", "rdkit", "tblite", "snakemake")
EVERY: dict[str, Any] = {
    "stage": str,
    "settings": dict,
    "settings_sha256": str,
    "seeds": dict,
    "device": str,
    "wall_s": (int, float),
    "packages": dict,
}


class Stopwatch:
    """Wall time since it was made, in seconds."""

    def __init__(self) -> None:
        self.started = time.time()

    @property
    def wall_s(self) -> float:
        return round(time.time() - self.started, 3)


def settings_hash(settings: Any) -> str:
    """SHA-256 of settings as canonical JSON (sorted keys): equal settings have equal hashes."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def write_manifest(
    path: str | os.PathLike[str], stage: str, settings: dict[str, Any], seeds: dict[str, int], device: str, watch: Stopwatch, **more: Any
) -> None:
    """Write the manifest of one result directory, with the checksums of its tables; `more` holds values of this stage only (JSON)."""
    write_json(
        path,
        {
            "stage": stage,
            **more,
            "table_sha256": {table.name: sha256(table) for table in sorted(Path(path).parent.glob("*.csv"))},
            "settings": settings,
            "settings_sha256": settings_hash(settings),
            "seeds": seeds,
            "device": device,
            "wall_s": watch.wall_s,
            "cpu_s": SPENT.cpu_s(),
            "max_memory_MB": SPENT.max_memory_MB(),
            "python": platform.python_version(),
            "packages": package_versions(),
        },
    )


def check_written(path: str | os.PathLike[str]) -> None:
    """InputError if a table or a file of frames differs from the checksum in the manifest of its folder or of the two above.

    A file that no manifest lists is not checked.
    """
    path = Path(path)
    for folder in path.parents[:3]:
        if not (folder / "manifest.json").is_file():
            continue
        manifest, name = read_manifest(folder / "manifest.json"), path.relative_to(folder).as_posix()
        try:
            expected = manifest.get("table_sha256", {}).get(name) or manifest.get("files", {}).get(name, {}).get("sha256")
        except AttributeError:
            raise InputError(
                f"{folder}/manifest.json: 'table_sha256' or 'files' is not a block; remove the manifest, and its results are made again"
            ) from None
        if expected and path.is_file() and sha256(path) != expected:
            raise InputError(
                f"{path}: is not what its job wrote (SHA-256 in manifest.json), so it was changed or cut; remove it, and it is made again"
            )


def package_versions() -> dict[str, str]:
    """The versions of PACKAGES and of the frameworks' packages in this Python."""
    versions = {}
    for package in dict.fromkeys((*(name for framework in frameworks() for name in choices(framework).PACKAGES), *PACKAGES)):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def code_version() -> str:
    """A hash of the modules of nnip that this process has loaded: results begun with other code are not resumed."""
    files = {name: module.__file__ for name, module in sys.modules.items() if name.split(".")[0] == "nnip"}
    return settings_hash({name: sha256(file) for name, file in files.items() if file})


def read_manifest(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a manifest; InputError if the file is not JSON, is cut short, has a key twice or lacks a key that every manifest has."""
    try:
        with reading(path) as file:
            manifest = json.load(file, object_pairs_hook=_once_each, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not a complete manifest ({error}); remove it, and its results are made again") from None
    for key, kinds in EVERY.items():
        if not isinstance(manifest, dict) or not isinstance(manifest.get(key), kinds) or isinstance(manifest.get(key), bool):
            raise InputError(f"{path}: is not a manifest of this workflow: '{key}' is missing or has another type")
    return manifest


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key appears twice in one block")
    return content


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
