"""The bench's files: for each kind of machine a csv of comparisons, of curves, and of the paper's models."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import rounds

from nnip.jobs.files import write_text

RESULTS = Path(__file__).resolve().parent / "results"
COLUMNS = {
    "comparisons": rounds.COLUMNS,
    "curves": ("framework", "path", "curve", "x", "cost_s", "part_s", "at_once", "device"),
    "paper": ("framework", "model", "n_parameters", "step_s", "epoch_s", "point_s", "training_GB", "landscape_GB", "device"),
}
KEYS = {"comparisons": ("framework", "path", "work", "against"), "curves": ("framework", "path", "curve", "x"), "paper": ("framework", "model")}


def file_of(kind: str, table: str) -> Path:
    """The file of a kind of machine."""
    return RESULTS / (f"{kind}.csv" if table == "comparisons" else f"{kind}.{table}.csv")


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file, numbers as numbers and blanks as None; none if there is no such file."""
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return [{name: number(value) for name, value in row.items()} for row in csv.DictReader(file)]


def number(value: str) -> Any:
    """A cell as a number where it is one, None where it is blank."""
    try:
        return float(value) if value else None
    except ValueError:
        return value


def update(kind: str, table: str, made: Iterable[Mapping[str, Any]]) -> None:
    """Write rows in a table of a kind of machine; rows of other measurements stay, with their place."""
    path = file_of(kind, table)
    by_key = {key_of(table, row): row for row in read(path)}
    by_key |= {key_of(table, row): row for row in made}
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS[table], lineterminator="\n")
    writer.writeheader()
    writer.writerows(by_key.values())
    path.parent.mkdir(exist_ok=True)
    write_text(path, text.getvalue())


def key_of(table: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    """What a row is about."""
    return tuple(f"{float(row[name]):g}" if name == "x" else str(row[name] or "") for name in KEYS[table])
