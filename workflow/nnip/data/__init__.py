"""The data stage: labelled frames from its sources (nnip.data.prepare.load), split, checked and written the same way.

This module imports nothing heavy, for the workflow asks it for the splits' names before any job runs.
"""

from typing import Any

TEST_TEMPERATURES_K = (300, 600, 1200)


def split_names(options: dict[str, Any]) -> list[str]:
    """Names of the test splits of a dataset block: "300K" per test temperature where frames are made here, else the keys of `test`."""
    if options["source"] in ("xtb", "emt"):
        return [f"{temperature:g}K" for temperature in options.get("test_temperatures_K", TEST_TEMPERATURES_K)]
    return list(options.get("test", {}))
