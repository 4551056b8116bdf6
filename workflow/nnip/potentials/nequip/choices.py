"""Facts about NequIP that need no torch (nnip.potentials.base): names, parts, the time of a step, and the rows it cannot train."""

import re
from collections.abc import Iterator
from typing import Any

TITLE = "NequIP"
PACKAGES = ("nequip", "e3nn")
PARAMETER_GROUPS = {
    "readout": r"readout",
    "radial network": r"edge_mlp|bessel",
    "embedding": r"embed",
    "self-connection": r"\bsc\b",
    "linear": r"linear",
}
# classes that only do what their options say and read no model file; one name after the module, since most modules lead to os.system
KNOWN = re.compile(r"(lightning\.pytorch\.callbacks|torch\.optim|torch\.optim\.lr_scheduler|nequip\.train|nnip\.potentials\.nequip\.\w+)\.[A-Z]\w*")
STATISTIC = re.compile(r"\$\{training_data_stats:\w+\}")


def problem(row: dict[str, Any]) -> str | None:
    """What NequIP cannot train in a row, and how to correct it; None if it can train the row."""
    for key, allowed in (("l_hidden", (None, row["l_max"])), ("body_order", (None, 2))):
        if row[key] not in allowed:
            return f"'{key}' is {row[key]}, but NequIP has no such choice: leave it out"
    if len(set(row["radial_mlp"])) > 1:
        return f"'radial_mlp' is {row['radial_mlp']}, but the hidden layers of NequIP's radial network have one width"
    return None


def foreign(extra: dict[str, Any]) -> str | None:
    """The extra option that may make NequIP read a model file (a pickle, which runs code) or run other code; None if there is none."""
    for key in extra:
        if str(key).split(".")[0] == "hydra":
            return f"'{key}', by which NequIP's command can be made to run anything"
    for key, value in _leaves(extra):
        if key.split(".")[-1] == "_target_" and not KNOWN.fullmatch(str(value)):
            return f"'{key}: {value}', which has NequIP call that"
        if "${" in str(value) and not STATISTIC.fullmatch(str(value)):
            return f"'{key}: {value}', from which NequIP makes options"
    return None


def step_s_per_frame(row: dict[str, Any]) -> float:
    """Seconds per frame of one training step on one CPU core.

    A rough power law fitted to steps of 5 frames of 27 atoms and 2 layers: 21 ms for 16 features, l 1; 190 ms for 64 features, l 3.
    """
    return 0.004 * (row["layers"] / 2) ** 1.6 * max(row["features"] / 16, 0.5) * ((row["l_max"] + 1) / 2) ** 1.5


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, (dict, list)):
        for key, part in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _leaves(part, f"{path}.{key}".lstrip("."))
    else:
        yield path, node
