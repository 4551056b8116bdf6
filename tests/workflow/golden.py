"""Checksums of tables whose numbers must not move: of every value, real numbers to nine significant digits, rows in any order."""

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

FILE = Path(__file__).with_name("golden_published.json")
RESAMPLED = ("correlations", "partial_correlations")  # intervals, which depend on the number of resamples


def checksum(table: Path) -> str:
    """SHA-256 of a table's values."""
    data = pd.read_csv(table)
    texts = data.apply(lambda column: column.map(lambda value: f"{value:.9g}" if isinstance(value, float) else str(value)))
    lines = sorted(",".join(row) for row in texts.itertuples(index=False, name=None))
    return hashlib.sha256("\n".join([",".join(data), *lines]).encode()).hexdigest()


def checksums(tables: Iterable[Path]) -> dict[str, str]:
    """Name of the table -> checksum."""
    return {path.stem: checksum(path) for path in sorted(tables) if path.stem not in RESAMPLED}


if __name__ == "__main__":  # python tests/workflow/golden.py results/published/tables writes them down
    FILE.write_text(json.dumps(checksums(Path(sys.argv[1]).glob("*.csv")), indent=1) + "\n")
