"""An analysis: the tables that one module of nnip.analyse makes from a study's tables."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from nnip.declare.columns import Table
from nnip.declare.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """The declaration ANALYSIS of an analysis; the module's docstring describes it.

    needs:       tables that it requires
    uses:        tables that it takes if the study makes them
    tables:      tables that it makes
    quantities:  the numbers per model and seed in those tables
    options:     blocks of the config that it declares: name -> schema
    settings:    keys of the config that it reads, with dots; a block's key gives the whole block
    when:        key of the config, with dots; the analysis is made only if this key has a value
    published:   whether it is made for released tables too
    collects:    whether it uses all tables with quantities; the registry adds these tables, and the keys of the quantities' `at`
    every_set:   whether it gets the rows of all training sets; else those of models trained on the main one
    doing:       message of its job

    The module's function analyse(tables, settings) -> {table: rows} takes tables by name and settings by key.
    """

    needs: tuple[str, ...]
    uses: tuple[str, ...] = ()
    tables: dict[str, Table]
    quantities: tuple[Quantity, ...] = ()
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    when: str | None = None
    published: bool = True
    collects: bool = False
    every_set: bool = False
    doing: str

    def __post_init__(self) -> None:
        """TypeError or ValueError for an invalid declaration."""
        for name in ("needs", "uses", "quantities", "settings"):
            if not isinstance(getattr(self, name), tuple):
                raise TypeError(f"{name} is {getattr(self, name)!r}, but should be a tuple")
        for name in ("tables", "doing"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty")
        for quantity in self.quantities:
            if quantity.table not in self.tables:
                raise ValueError(f"quantity {quantity.name} stands in table {quantity.table}, which this analysis does not make")

    def is_made(self, absent: Collection[str], released: bool, setting: Callable[[str], Any]) -> bool:
        """Whether a study without the tables `absent` makes it; released: of released tables; setting: the value of a key of the config."""
        return not set(self.needs) & set(absent) and (self.published or not released) and bool(self.when is None or setting(self.when))
