"""The noise study's tables: what its runs measured, with the label that had noise and how much of it."""

import os
from collections.abc import Sequence

import pandas as pd

from nnip.study.manifest import read_manifest
from nnip.study.tables import frame, gather


def gather_noise(table: str, paths: Sequence[str | os.PathLike[str]], manifests: Sequence[str | os.PathLike[str]]) -> pd.DataFrame:
    """Table noise_trainings or noise_errors from the runs' tables trainings or errors, each with the manifest of its noisy frames."""
    parts = []
    for path, manifest_file in zip(paths, manifests, strict=True):
        manifest = read_manifest(manifest_file)
        sigma = {name: value for name, value in manifest.items() if name.startswith("noise_sigma_")}
        parts.append(gather(table, [path]).assign(noise_label=manifest["settings"]["label"], **sigma))
    return frame(f"noise_{table}", pd.concat(parts, ignore_index=True))
