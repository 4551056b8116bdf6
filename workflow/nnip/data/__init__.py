"""The data stage: labelled frames from its sources (nnip.data.prepare.load), split, checked and written the same way.

This module imports nothing heavy, for the workflow asks it for the splits' names before any job runs.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

EVENT = "event"  # column of frames with a rare event: 1 for atoms that take part; and the test split of such frames that source emt makes

CRYSTAL_MEASUREMENTS = ("defects", "far_field", "hops")  # those that read the reference crystal


def pool_folder(dataset: str) -> str:
    """The folder of a data set's pool under data/pools/: its name, if that is a file's name, else what of it can be and a hash."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_+-]{0,59}", dataset):
        return dataset
    return f"{re.sub('[^A-Za-z0-9_+-]+', '-', dataset)[:40]}.{hashlib.sha256(dataset.encode()).hexdigest()[:8]}"


BASIN = "basin"  # test split of source xtb: conformers that no training frame starts from


def split_of(temperature_K: float) -> str:
    """The name of the test split of a temperature, "300K" for instance."""
    return f"{temperature_K:g}K"


def split_names(options: dict[str, Any]) -> list[str]:
    """Names of the test splits of a complete dataset block: "300K" per test temperature where frames are made here, else the keys of `test`."""
    if options["source"] in ("xtb", "emt"):
        temperatures = [split_of(temperature) for temperature in options["test_temperatures_K"]]
        further = {EVENT: options.get("n_event"), BASIN: options.get("n_basin")}
        return [*temperatures, *(name for name, n in further.items() if n)]
    if options["source"] == "silicon-re":
        return list(options["test"] or ())
    return list(options.get("test", {}))


def hottest(splits: Sequence[str]) -> str | None:
    """The test split ("test_1200K") of the highest temperature in its name; where no name has one, the last; None if there is none."""
    temperatures = _temperatures_K(splits)
    return max(temperatures, key=lambda split: temperatures[split]) if temperatures else next(reversed(_tests(splits)), None)


def coolest(splits: Sequence[str]) -> str | None:
    """The test split of the lowest temperature in its name; where no name has one, the first; None if there is none."""
    temperatures = _temperatures_K(splits)
    return min(temperatures, key=lambda split: temperatures[split]) if temperatures else next(iter(_tests(splits)), None)


def _tests(splits: Sequence[str]) -> list[str]:
    return [split for split in splits if split.startswith("test_")]


def _temperatures_K(splits: Sequence[str]) -> dict[str, float]:
    return {split: float(found[1]) for split in _tests(splits) if (found := re.fullmatch(r"test_(\d+(?:\.\d+)?)K", split))}
