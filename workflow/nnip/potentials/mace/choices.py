"""Which rows of the model table MACE cannot train; read by the config's check, so without torch."""

from typing import Any


def problem(row: dict[str, Any]) -> str | None:
    """What MACE cannot do of a row, and what would be right; None if it can do all."""
    l_hidden = row["l_max"] if row["l_hidden"] is None else row["l_hidden"]
    if l_hidden > row["l_max"]:
        return f"'l_hidden' is {l_hidden}, but must not exceed l_max ({row['l_max']}): edges of that degree are what fills such features"
    return None
