"""An analysis: what one module of nnip.analyse makes of a study's tables."""

from dataclasses import dataclass, field
from typing import Any

from nnip.declare.columns import Table
from nnip.declare.quantity import Quantity


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What an analysis declares as ANALYSIS; the module's docstring says what it is.

    needs:       tables it cannot be made without
    uses:        tables it takes where the study makes them
    tables:      what it makes
    quantities:  the numbers per model and seed in those tables
    options:     blocks of the config that it declares: name -> schema
    settings:    keys of the config that it reads, with dots
    when:        key of the config, with dots, without a value of which it is not made
    published:   whether it is made of released tables too

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

    def __post_init__(self) -> None:
        """ValueError for what is no declaration."""
        if not self.tables:
            raise ValueError("tables is empty")
