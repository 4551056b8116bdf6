"""Which rows of the model table MACE cannot train; read by the config's check, so without torch."""

from typing import Any

FOREIGN = ("foundation_model", "restart_latest", "checkpoints_dir", "config")


def problem(row: dict[str, Any]) -> str | None:
    """What MACE cannot do of a row, and what would be right; None if it can do all."""
    l_hidden = row["l_max"] if row["l_hidden"] is None else row["l_hidden"]
    if l_hidden > row["l_max"]:
        return f"'l_hidden' is {l_hidden}, but must not exceed l_max ({row['l_max']}): edges of that degree are what fills such features"
    return None


def foreign(extra: dict[str, Any]) -> str | None:
    """Which of the extra options would have the training read a model file (a pickle, which runs code) or options that nobody checked."""
    return next((f"'{name}', which reads files this study did not make" for name in FOREIGN if name in extra), None)
