"""Which rows of the model table NequIP cannot train; read by the config's check, so without torch."""

from typing import Any


def problem(row: dict[str, Any]) -> str | None:
    """What NequIP cannot do of a row, and what would be right; None if it can do all."""
    for key, allowed in (("l_hidden", (None, row["l_max"])), ("body_order", (None, 2))):
        if row[key] not in allowed:
            return f"'{key}' is {row[key]}, but NequIP has no such choice: leave it out"
    if len(set(row["radial_mlp"])) > 1:
        return f"'radial_mlp' is {row['radial_mlp']}, but the hidden layers of NequIP's radial network have one width"
    return None
