"""Predictors (cheap to measure) and outcomes (what they should predict): one number per model and seed, from all tables with quantities."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from nnip.declare import RUN, VARIANT, Analysis, Quantity, Table, real, text
from nnip.declare.registry import quantities
from nnip.study.tables import columns, frame

ANALYSIS = Analysis(
    needs=(),
    tables={
        "predictors": Table(
            "A predictor of a model and seed.",
            RUN
            | {
                "quantity": text("name of the quantity"),
                **VARIANT,
                "value": real("its value, in the unit of its table"),
                "wall_s": real("wall time of its measurement, if its table has it", "s", optional=True),
            },
        ),
        "outcomes": Table(
            "An outcome of a model and seed.",
            RUN
            | {
                "quantity": text("name of the quantity"),
                **VARIANT,
                "value": real("its value, in the unit of its table"),
                "low": real("lower bound of its interval", optional=True),
                "high": real("upper bound of its interval", optional=True),
            },
        ),
    },
    collects=True,
    doing="Predictors and outcomes of every model",
)

KEYS = ["framework", "model", "seed"]
NAME = ["quantity", *VARIANT]


def values(quantity: Quantity, table: pd.DataFrame, settings: Mapping[str, Any]) -> pd.DataFrame:
    """Columns KEYS, NAME, value, low, high and wall_s of one quantity from its table; settings: the config by the keys of the quantity's `at`.

    Values that are not finite (a landscape that overflows) and rows without a seed (all seeds together) are left out.
    """
    rows = table[table["seed"].notna() & np.isfinite(table[quantity.column].to_numpy(float, na_value=np.nan))]
    for column, value in {**quantity.where, **{column: settings[key] for column, key in quantity.at.items()}}.items():
        rows = rows[rows[column].isna() if value is None else (rows[column] == value).fillna(False).astype(bool)]
    result = rows[[*KEYS, *quantity.variants]].assign(quantity=quantity.name, value=rows[quantity.column])
    more = (("low", quantity.low), ("high", quantity.high), ("wall_s", "wall_s" if "wall_s" in rows else None))
    return result.assign(
        **{name: rows[column] if column else pd.NA for name, column in more}, **{name: pd.NA for name in VARIANT if name not in quantity.variants}
    )


def collected(table: str, wanted: Iterable[Quantity], tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Table predictors or outcomes of the wanted quantities whose tables exist."""
    parts = [values(quantity, tables[quantity.table], settings) for quantity in wanted if quantity.table in tables]
    kept = list(columns(table))
    return frame(table, pd.concat([frame(table, part[kept]) for part in parts], ignore_index=True) if parts else [])


def together(predictors: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Both tables as one without bounds; a quantity that is predictor and outcome appears once."""
    both = pd.concat([table[[*KEYS, *NAME, "value"]] for table in (predictors, outcomes)], ignore_index=True)
    return both.drop_duplicates([*KEYS, *NAME], ignore_index=True)


def stream(quantity: str, mode: Any, minimum: Any, several_modes: bool) -> str:
    """A name for the random numbers of one variant of a quantity. It is never parsed."""
    end = f"_{mode}" if isinstance(mode, str) and several_modes else ""
    return quantity + ("_subtracted" if isinstance(minimum, str) and minimum == "subtracted" else "") + end


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Tables predictors and outcomes."""
    every = quantities().values()
    return {
        "predictors": collected("predictors", [each for each in every if each.predicts], tables, settings),
        "outcomes": collected("outcomes", [each for each in every if each.is_outcome], tables, settings),
    }
