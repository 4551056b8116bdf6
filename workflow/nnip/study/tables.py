"""The tidy tables that stages exchange, checked against their declarations (nnip.declare) when written and read."""

import csv
import functools
import io
import os
import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from nnip.declare.registry import measurements, tables
from nnip.jobs.errors import InputError
from nnip.jobs.files import reading, whole
from nnip.study.manifest import check_written

NUMBER = {"int": re.compile(r"-?[0-9]{1,18}"), "float": re.compile(r"-?(inf|[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?)")}
DTYPES = {"str": "string", "int": "Int64", "float": "Float64", "bool": "boolean"}


@functools.cache
def columns(table: str) -> dict[str, str]:
    """Column -> type of a table, in order."""
    return {name: f"{'optional ' if column.optional else ''}{column.kind}" for name, column in tables()[table].columns.items()}


def frame(table: str, rows: Iterable[dict[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """Rows as a data frame with exactly the table's columns and types (pandas' nullable ones); ValueError otherwise."""
    data = pd.DataFrame(rows) if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    wanted = columns(table)
    if unknown := set(data.columns) - set(wanted):
        raise ValueError(f"table {table} has no column {', '.join(sorted(unknown))}")
    for name, kind in wanted.items():
        if name not in data:
            data[name] = pd.NA
        data[name] = data[name].astype(DTYPES[kind.removeprefix("optional ")])
        if not kind.startswith("optional ") and data[name].isna().any():
            raise ValueError(f"table {table}: column {name} has blanks")
    return data[list(wanted)]


def write_table(table: str, rows: Iterable[dict[str, Any]] | pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Check and write one table as csv (one header line; true/false in lower case; blanks for unknown values)."""
    data = frame(table, rows)
    for name, kind in columns(table).items():
        if kind.removeprefix("optional ") == "bool":
            data[name] = data[name].map({True: "true", False: "false"})
    with whole(path) as temporary:
        data.to_csv(temporary, index=False)


def read_table(table: str, path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read one table with its types; InputError if the file is truncated, a column is missing or a value does not have its type."""
    wanted = columns(table)
    try:
        data = _read_texts(path)
        for name, kind in wanted.items():
            if not kind.startswith("optional ") and data[name].isna().any():
                raise ValueError(f"column {name} has blanks")
            if (kind := kind.removeprefix("optional ")) != "str":
                data[name] = [value if value is pd.NA else _value(value, kind) for value in data[name]]
        return frame(table, data)
    except KeyError as error:
        raise InputError(f"{path}: column {error} of table '{table}' is missing; it should have {', '.join(wanted)}") from None
    except (ValueError, TypeError, csv.Error) as error:
        raise InputError(f"{path}: {error}; where the workflow made it, remove it, and it is made again") from None


def of_main_models(table: str, data: pd.DataFrame, main_set: str | None) -> pd.DataFrame:
    """The rows of models trained on the main training set, for tables of measurements of those models; other tables are returned unchanged.

    Such measurements can also be made for a further training set: its rows stay in the table for analyses by the user.
    """
    if not any(table in measurement.tables and measurement.of == "main" for measurement in measurements().values()):
        return data
    return data[data["training_set"].isna() | (data["training_set"] == main_set)]


def _read_texts(path: str | os.PathLike[str]) -> pd.DataFrame:
    """A csv file's values as texts, blanks as missing; ValueError unless all lines have the header's columns and the last one ends with a newline."""
    with reading(path, newline="") as file:
        text = file.read()
    if not text.endswith("\n") or "\0" in text:
        raise ValueError("the file is cut short or no csv: its last line has no end" if text else "the file is empty")
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    if len(set(header)) < len(header):
        raise ValueError("a column stands twice in the header")
    if odd := next((number for number, row in enumerate(rows, start=2) if len(row) != len(header)), None):
        raise ValueError(f"row {odd} has {len(rows[odd - 2])} values, but the header has {len(header)}")
    return pd.DataFrame(rows, columns=header, dtype=object).replace("", pd.NA)


def _value(text: str, kind: str) -> Any:
    """The value of a text as write_table writes it; ValueError for any other."""
    if kind == "bool":
        if text not in ("true", "false"):
            raise ValueError(f"'{text[:40]}' is neither true nor false")
        return text == "true"
    if not NUMBER[kind].fullmatch(text):
        raise ValueError(f"'{text[:40]}' is no {'whole ' if kind == 'int' else ''}number")
    return int(text) if kind == "int" else float(text)


def gather(table: str, paths: Iterable[str | os.PathLike[str]]) -> pd.DataFrame:
    """Several files of one table as one data frame, in the given order; InputError for a file that was changed after its job wrote it."""
    parts = []
    for path in paths:
        check_written(path)
        parts.append(read_table(table, path))
    return pd.concat(parts, ignore_index=True) if parts else frame(table, [])
