"""What predictors and outcomes, and the models they are compared over, are called on axes, with units."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from nnip.analyse.quantities import KEYS, NAME
from nnip.declare.quantity import in_words
from nnip.declare.registry import quantities

Name = tuple[str, str, str]  # quantity, mode, minimum; a blank is an empty text


def named(table: pd.DataFrame, quantity: str = "quantity") -> pd.Series:
    """The name of every row's quantity; quantity: the column that holds it."""
    rows = table[[quantity, *NAME[1:]]].fillna("").astype(str)
    return pd.Series(list(rows.itertuples(index=False, name=None)), index=table.index, dtype=object)


def names(table: pd.DataFrame, quantity: str = "quantity") -> list[Name]:
    """The different names of a table's quantities, in order."""
    return list(dict.fromkeys(named(table, quantity)))


def pick(values: pd.DataFrame, name: Name) -> pd.DataFrame:
    """Columns framework, model, seed and value of one quantity."""
    return values[named(values) == name][[*KEYS, "value"]]


def several_modes(table: pd.DataFrame) -> bool:
    """Whether the quantities of a table are of several landscape modes."""
    return table["mode"].nunique() > 1


def label(name: Name, modes: bool) -> str:
    """Axis label with unit; modes: whether there are several."""
    words = in_words(*name[1:], modes)
    return quantities()[name[0]].axis + (f" ({', '.join(words)})" if words else "")


def short(name: Name, modes: bool) -> str:
    """The label without its unit."""
    return ", ".join([quantities()[name[0]].label, *in_words(*name[1:], modes)])


def subset_words(subset: str, subsets: Mapping[str, Mapping[str, Any]]) -> str:
    """A subset of the models in words; subsets: the config's statistics.subsets."""
    if subset not in subsets:
        return f"{subset} models"
    return "models with " + " and ".join(f"{switch} = {str(value).lower()}" for switch, value in subsets[subset].items())
