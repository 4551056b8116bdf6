"""A quantity: one number per model and seed that predicts (cheap) or is worth knowing (an outcome), declared where it is measured."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """What a number is, where it stands, how it is drawn and what is expected of it.

    table, column:  where its values stand, a row per model and seed after `rows`
    where:          column -> value that its rows have, such as {"minimum": "kept"}
    rows:           function of the declaring module that picks its rows from the table, by name; None: all of them
    variants:       columns that tell variants of it apart (mode, minimum); blank where it has none
    role:           predictor, outcome or both
    better:         1: larger values go with better extrapolation, -1: smaller ones, 0: nothing is expected
    label, unit, factor:  on axes; factor turns the table's unit into `unit`
    log:            whether it is positive and drawn on a logarithmic axis
    low, high:      columns of its interval, if the table has one
    parts:          names of quantities that are contained in this one, or contain it: their correlation is partly one with itself
    floor:          whether the noise floor lists it
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
    where: dict[str, str] = field(default_factory=dict)
    rows: str | None = None
    variants: tuple[str, ...] = ()
    low: str | None = None
    high: str | None = None
    parts: tuple[str, ...] = ()
    floor: bool = False

    def __post_init__(self) -> None:
        """ValueError for a role or a sign there is not."""
        if self.role not in ("predictor", "outcome", "both") or self.better not in (-1, 0, 1):
            raise ValueError(f"quantity {self.name}: role {self.role!r} or better {self.better!r} is none there is")
