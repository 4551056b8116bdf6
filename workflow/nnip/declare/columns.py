"""Columns and tables. Column names contain units; a missing measurement is a missing row, never a zero."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column: kind (str, int, float, bool), meaning, unit, and whether values may be blank."""

    kind: str
    meaning: str
    unit: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Table:
    """One table: the meaning of a row, and the columns in order. `when`: option of the measurement; the table is made only if it is set."""

    row: str
    columns: dict[str, Column]
    when: str | None = None


def text(meaning: str, optional: bool = False) -> Column:
    """A column of texts."""
    return Column("str", meaning, "", optional)


def whole(meaning: str, unit: str = "", optional: bool = False) -> Column:
    """A column of whole numbers."""
    return Column("int", meaning, unit, optional)


def real(meaning: str, unit: str = "", optional: bool = False) -> Column:
    """A column of real numbers."""
    return Column("float", meaning, unit, optional)


def flag(meaning: str, optional: bool = False) -> Column:
    """A column of true or false."""
    return Column("bool", meaning, "", optional)


RUN = {"framework": text("nequip or mace"), "model": text("name in the model table"), "seed": whole("seed of the training")}
POOLED = RUN | {"seed": whole("seed of the training; blank: all seeds together", optional=True)}
VARIANT = {
    "mode": text("landscape mode of the quantity", optional=True),
    "minimum": text("whether the landscape's minimum is kept or subtracted", optional=True),
}
TRAINED = RUN | {"training_set": text("name in table training_sets; blank: the main one", optional=True)}
COST = {
    "n_passes": whole("evaluations of energies and forces of the frames; a gradient counts as 2, a Hessian product as 5", "passes"),
    "wall_s": real("wall time of these", "s"),
}
TRAINING = {
    "framework": RUN["framework"],
    "model": RUN["model"],
    "training_set": text("name in table training_sets"),
    "seed": RUN["seed"],
}
