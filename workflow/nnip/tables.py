"""The tidy tables that stages hand on, checked against workflow/schemas/tables.yaml when written and when read."""

import functools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from nnip.errors import InputError
from nnip.files import whole

SCHEMA = Path(__file__).resolve().parent.parent / "schemas" / "tables.yaml"
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
    """Read one table back, with its types; InputError if a column is missing or a value is not of its type."""
    wanted = columns(table)
    try:
        data = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
        for name, kind in wanted.items():
            if kind.removeprefix("optional ") == "bool":
                data[name] = data[name].map({"true": True, "false": False})
            elif kind.removeprefix("optional ") == "int":
                data[name] = pd.to_numeric(data[name])
            elif kind.removeprefix("optional ") == "float":
                data[name] = data[name].astype(float)  # exact; pandas' own parser may miss the last digit
        return frame(table, data)
    except KeyError as error:
        raise InputError(f"{path}: column {error} of table '{table}' is missing; it should have {', '.join(wanted)}") from None
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: {error}") from None


def gather(table: str, paths: Iterable[str | os.PathLike[str]]) -> pd.DataFrame:
    """Several files of one table as one data frame, in the order given."""
    parts = [read_table(table, path) for path in paths]
    return pd.concat(parts, ignore_index=True) if parts else frame(table, [])
