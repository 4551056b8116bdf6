"""A quantity: one number per model and seed that predicts (cheap) or is worth knowing (an outcome), declared where it is measured."""

from dataclasses import dataclass, field
from typing import Any

VARIANTS = ("mode", "minimum")  # columns of tables predictors and outcomes that tell variants of one quantity apart


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """What a number is, where it stands, how it is drawn and what is expected of it.

    table, column:  where its values stand, a row per model and seed (and variant)
    where:          column -> value that its rows have; None: blank
    at:             column -> key of the config, with dots, whose value its rows have
    variants:       of VARIANTS, the columns that tell variants of it apart; only a predictor has any
    role:           predictor, outcome or both
    better:         1: larger values go with better extrapolation, -1: smaller ones, 0: nothing is expected
    label, unit, factor:  on axes; factor turns the table's unit into `unit`
    log:            whether it is positive and spans decades
    words:          what the summary calls it; blank: neither the summary nor the figure of effects shows it
    low, high:      columns of its interval, if the table has one
    parts:          names of quantities that are contained in this one: their correlation is partly one with itself
    floor:          whether the noise floor lists it
    control:        whether partial correlations take a straight line in its logarithm out; the first one's is in table correlations too
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

    def __post_init__(self) -> None:
        """ValueError for a role, a sign or variants there are not."""
        if self.role not in ("predictor", "outcome", "both") or self.better not in (-1, 0, 1):
            raise ValueError(f"quantity {self.name}: role {self.role!r} or better {self.better!r} is none there is")
        if not set(self.variants) <= set(VARIANTS) or (self.variants and self.role != "predictor"):
            raise ValueError(f"quantity {self.name}: variants {self.variants!r} are not of {', '.join(VARIANTS)}, or it is no mere predictor")

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
        """Whether the values of both are taken from one column of one table, so that their rows may be the same."""
        return (self.table, self.column) == (other.table, other.column)


def in_words(mode: Any, minimum: Any, several_modes: bool) -> list[str]:
    """What tells a variant apart, in words; mode and minimum blank (no text) where it has none, the mode's name only where there are several."""
    words = [mode] if isinstance(mode, str) and mode and several_modes else []
    return words + (["minimum subtracted"] if isinstance(minimum, str) and minimum == "subtracted" else [])
