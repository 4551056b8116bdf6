"""Measurements of the frames alone, and writing the tables of every measurement; without torch."""

import importlib
import os
from collections.abc import Mapping
from typing import Any

from nnip.data.frames import read_labelled
from nnip.declare.registry import measurements
from nnip.study.manifest import Stopwatch, write_manifest
from nnip.study.tables import columns, write_table

Rows = dict[str, list[dict[str, Any]]]


def measure_frames(name: str, options: dict[str, Any], files: Mapping[str, str | os.PathLike[str]], directory: str | os.PathLike[str]) -> None:
    """Write the tables of one measurement of the frames alone, and manifest.json; files: split -> labelled frames."""
    watch = Stopwatch()
    module = importlib.import_module(f"nnip.measure.{name}")
    rows = module.measure({split: read_labelled(path) for split, path in files.items()}, options)
    write_tables(name, options, rows, {}, directory)
    write_manifest(f"{directory}/manifest.json", name, {name: options}, {}, "cpu", watch)


def write_tables(name: str, options: dict[str, Any], rows: Rows, settings: Mapping[str, Any], directory: str | os.PathLike[str]) -> None:
    """Write every table that a measurement makes at these options; columns of the run (framework, model, ...) are filled in from its settings."""
    for table in measurements()[name].tables_made(options):
        of = {column: settings[column] for column in columns(table) if column in settings}
        write_table(table, [of | row for row in rows.get(table, [])], f"{directory}/{table}.csv")
