"""The tidy tables that stages hand on, checked against workflow/schemas/tables.yaml when written and when read."""

import csv
import functools
import io
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from nnip.jobs.errors import InputError
from nnip.jobs.files import reading, whole
from nnip.study.manifest import check_written

SCHEMA = Path(__file__).resolve().parents[2] / "schemas" / "tables.yaml"
NUMBER = {"int": re.compile(r"-?[0-9]{1,18}"), "float": re.compile(r"-?(inf|[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?)")}
DTYPES = {"str": "string", "int": "Int64", "float": "Float64", "bool": "boolean"}


@functools.cache
def columns(table: str) -> dict[str, str]:
    """Column -> type of a table, in order."""
    return yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))[table]


def frame(table: str, rows: Iterable[dict[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """Rows as a data frame with exactly the table's columns and types (pandas' nullable ones); raises ValueError on any other."""
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
    """Check and write one table as csv (one header line; true/false in lower case; blanks for what is not known)."""
    data = frame(table, rows)
    for name, kind in columns(table).items():
        if kind.removeprefix("optional ") == "bool":
            data[name] = data[name].map({True: "true", False: "false"})
    with whole(path) as temporary:
        data.to_csv(temporary, index=False)


def read_table(table: str, path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read one table back, with its types; InputError if it is cut short, a column is missing or a value is not of its type."""
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


def _read_texts(path: str | os.PathLike[str]) -> pd.DataFrame:
    """A csv file's values as texts, blanks as missing; ValueError unless every line has the header's columns and the last one its end."""
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
    """Several files of one table as one data frame, in the order given; InputError for one that is not what its job wrote."""
    parts = []
    for path in paths:
        check_written(path)
        parts.append(read_table(table, path))
    return pd.concat(parts, ignore_index=True) if parts else frame(table, [])
