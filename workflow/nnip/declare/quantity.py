"""A quantity: one number per model and seed that is a predictor, an outcome or both; declared in the module that measures it."""

from dataclasses import dataclass, field
from typing import Any

from nnip.declare.columns import VARIANT


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """Source, label, unit and role of a quantity, and the expected sign of its effect.

    table, column:  source of its values, a row per model and seed (and variant)
    where:          column -> value in its rows; None: blank
    at:             column -> key of the config, with dots, that gives the value in its rows
    variants:       those columns of VARIANT that distinguish its variants; only for a predictor
    role:           predictor, outcome or both
    better:         1: larger values are expected to mean better extrapolation, -1: smaller ones, 0: no expectation
    label, unit, factor:  on axes; factor turns the table's unit into `unit`
    log:            whether it is positive and spans decades
    words:          its name in the summary; blank: neither the summary nor the figure of effects shows it
    low, high:      columns of its interval, if the table has one
    parts:          names of quantities contained in this one: their correlation with it is partly with itself
    floor:          whether the noise floor lists it
    control:        whether its logarithm is a control variable of partial correlations; those for the first are in table correlations too
    judged:         whether predictors are judged by it as they are by the time to failure (analysis outcome_league); only for an outcome
    baseline:       whether a predictor is what every training has anyway, which a measurement worth its cost must improve on
    """

    name: str
    table: str
    column: str
    label: str
    role: str
    better: int = 0
    unit: str = ""
    factor: float = 1.0
    log: bool = False
    words: str = ""
    where: dict[str, Any] = field(default_factory=dict)
    at: dict[str, str] = field(default_factory=dict)
    variants: tuple[str, ...] = ()
    low: str | None = None
    high: str | None = None
    parts: tuple[str, ...] = ()
    floor: bool = False
    control: bool = False
    judged: bool = False
    baseline: bool = False

    def __post_init__(self) -> None:
        """ValueError for an unknown role, sign or variant."""
        if self.role not in ("predictor", "outcome", "both") or self.better not in (-1, 0, 1):
            raise ValueError(f"quantity {self.name}: role {self.role!r} or better {self.better!r} is unknown")
        if not set(self.variants) <= set(VARIANT) or (self.variants and self.role != "predictor"):
            raise ValueError(f"quantity {self.name}: variants {self.variants!r} are not of {', '.join(VARIANT)}, or it is not only a predictor")

    @property
    def axis(self) -> str:
        """Its label with its unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def predicts(self) -> bool:
        """Whether it is in table predictors."""
        return self.role != "outcome"

    @property
    def is_outcome(self) -> bool:
        """Whether it is in table outcomes."""
        return self.role != "predictor"

    def overlaps(self, other: "Quantity") -> bool:
        """Whether one of two quantities is a part of the other."""
        return other.name in self.parts or self.name in other.parts

    def stands_beside(self, other: "Quantity") -> bool:
        """Whether both are taken from the same column of the same table, so that their rows may be identical."""
        return (self.table, self.column) == (other.table, other.column)


def in_words(mode: Any, minimum: Any, several_modes: bool) -> list[str]:
    """Words that distinguish a variant; mode and minimum are not texts if the quantity has none, and the mode is named only if there are several."""
    words = [mode] if isinstance(mode, str) and mode and several_modes else []
    return words + (["minimum subtracted"] if isinstance(minimum, str) and minimum == "subtracted" else [])
