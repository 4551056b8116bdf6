"""What the study knows of Pairs without torch (nnip.potentials.base)."""

from typing import Any

TITLE = "Pairs"
PACKAGES = ("pyyaml",)
PARAMETER_GROUPS = {"pair functions": r"factors"}


def problem(row: dict[str, Any]) -> str | None:
    """What Pairs cannot do of a row, and what would be right; None if it can do all."""
    for key, allowed in (("layers", 1), ("l_max", 0)):
        if row[key] != allowed:
            return f"'{key}' is {row[key]}, but pairs of atoms need {allowed}"
    return None


def takes(row: dict[str, Any]) -> tuple[str, ...]:
    """Neither total_charge nor total_spin."""
    del row
    return ()


def foreign(extra: dict[str, Any]) -> str | None:
    """None: it has no options of its own."""
    del extra


def step_s_per_frame(row: dict[str, Any]) -> float:
    """Seconds per frame of one training step on one CPU core."""
    return 1e-4 * row["n_bessel"]
