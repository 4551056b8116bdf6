"""What every measurement of a trained model begins with: the model, or why there is none."""

import os
from pathlib import Path
from typing import Any

from nnip.errors import InputError
from nnip.manifest import read_manifest
from nnip.potentials.base import Potential
from nnip.potentials.loading import load


def load_trained(train_directory: str | os.PathLike[str], device: str) -> tuple[Potential | None, str | None]:
    """A training's potential, or None and the reason in words where its manifest says that it did not end well.

    InputError where there is no manifest, or where the model file is not the one it names.
    """
    manifest_file = Path(train_directory) / "manifest.json"
    if not manifest_file.exists():
        raise InputError(f"{manifest_file}: not found; --train-directory takes the directory of a finished training")
    manifest = read_manifest(manifest_file)
    if manifest["status"] != "ok":
        return None, f"nothing to measure: the training is '{manifest['status']}' ({manifest['reason']})"
    return load(train_directory, device), None


def names(settings: dict[str, Any]) -> dict[str, Any]:
    """The columns that say which trained model a row is of."""
    return {name: settings[name] for name in ("framework", "model", "seed")}
