"""The released files, with their original values."""

from pathlib import Path

import pandas as pd

from nnip.jobs.errors import InputError

FRAMEWORKS = ("nequip", "mace")
KINDS = {
    "hyperparams": ("seed",),
    "losslands": ("model", "x", "f", "e"),
    "explosion": ("name", "explosion", "model", "num"),
    "learning": ("model", "n", "e", "f"),
    "extrapolation_errors": ("nsamples", "label", "test_300K_energy", "test_600K_energy", "test_1200K_energy", "test_300K_forces"),
}
FILES = tuple(f"{framework}_{kind}.csv" for framework in FRAMEWORKS for kind in KINDS)
TEMPERATURES_K = (300, 600, 1200)
DURATION_FS = 6000  # a run without a failure has 6001 frames, 1 fs apart from time 0
REPLICAS = 30
# The second row of v2-ema with n = 5 belongs to v2-swa: its three splits, weighted by their frames, give v2-swa's point in the learning file.
MISLABELLED = {("mace", "v2-ema", 5): "v2-swa"}
TEST_FRAMES = (1669, 2138, 2139)  # of test_300K, test_600K, test_1200K: weighted by them the splits give the points of the learning file


def read_release(directory: str | Path) -> dict[str, pd.DataFrame]:
    """The ten released files by their names without ending, all values as released; InputError names a missing file or column."""
    release = {}
    for name in FILES:
        path = Path(directory) / name
        try:
            data = pd.read_csv(path, index_col=0, keep_default_na=False, dtype=str if "hyperparams" in name else None)
        except FileNotFoundError:
            raise InputError(f"{path}: this file of the release is missing") from None
        if missing := [column for column in KINDS[name.split("_", 1)[1].removesuffix(".csv")] if column not in data]:
            raise InputError(f"{path}: column {', '.join(missing)} is missing; is this the released file?")
        release[path.stem] = data
    return release


def split_errors(framework: str, data: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The first row of every model and size, and the rows released again; the mislabelled row is assigned to its model."""
    data = data.copy()
    again = data.duplicated(["label", "nsamples"])
    for (where, label, n), true in MISLABELLED.items():
        data.loc[again & (data["label"] == label) & (data["nsamples"] == n) & (where == framework), "label"] = true
    again = data.duplicated(["label", "nsamples"])
    return data[~again], data[again]
