"""Facts about MACE that need no torch (nnip.potentials.base): names, parts, the time of a step, and the rows it cannot train."""

from typing import Any

TITLE = "MACE"
PACKAGES = ("mace-torch", "e3nn")
PARAMETER_GROUPS = {
    "readout": r"readout",
    "radial network": r"conv_tp_weights|radial",
    "embedding": r"embed",
    "self-connection": r"skip",
    "products": r"contraction",
    "linear": r"linear",
}
FOREIGN = ("foundation_model", "restart_latest", "checkpoints_dir", "config")


def problem(row: dict[str, Any]) -> str | None:
    """What MACE cannot train in a row, and how to correct it; None if it can train the row."""
    l_hidden = row["l_max"] if row["l_hidden"] is None else row["l_hidden"]
    if l_hidden > row["l_max"]:
        return f"'l_hidden' is {l_hidden}, but must not exceed l_max ({row['l_max']}): edges of that degree are what fills such features"
    return None


def foreign(extra: dict[str, Any]) -> str | None:
    """The extra option that would make the training read a model file (a pickle, which runs code) or unchecked options; None if there is none."""
    return next((f"'{name}', which reads files this study did not make" for name in FOREIGN if name in extra), None)


def step_s_per_frame(row: dict[str, Any]) -> float:
    """Seconds per frame of one training step on one CPU core.

    A rough power law fitted to steps of 5 frames of 27 atoms: 23 ms for 16 channels, l 1, body order 3; 6.8 s for 256 channels, l 3, hidden l 2.
    """
    l_hidden = row["l_max"] if row["l_hidden"] is None else row["l_hidden"]
    order = (row["body_order"] or 3) - 1
    return 0.005 * (row["layers"] / 2) * (row["features"] / 16) ** 1.3 * ((row["l_max"] + 1) / 2) ** 1.3 * (l_hidden + 1) * order / 2
