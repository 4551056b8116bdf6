"""Words, shares with intervals and tables of a study's pages."""

from collections.abc import Mapping, Sequence

import pandas as pd

from nnip.analyse.league import ALL
from nnip.declare.quantity import in_words as variant_words
from nnip.declare.registry import quantities


def widest(table: pd.DataFrame) -> pd.DataFrame:
    """The rows over all frameworks, or over the only one."""
    return table[table["framework"] == (ALL if (table["framework"] == ALL).any() else table["framework"].iloc[0])] if len(table) else table


def called(row: Mapping[str, object], several_modes: bool) -> str:
    """The name of a predictor in words: its label, without the signs of formulas."""
    words = [quantities()[str(row["quantity"])].label.replace("$", "").replace("_", ""), *variant_words(row["mode"], row["minimum"], several_modes)]
    return ", ".join(words)


def listed(names: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'; of more than five, the first four and how many more."""
    shown = list(names) if len(names) < 6 else [*names[:4], f"{len(names) - 4} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def share(row: Mapping[str, float]) -> str:
    """A concordance in per cent, with its interval."""
    return f"{row['concordance']:.0%}{bounds(row['concordance_low'], row['concordance_high'])}"


def bounds(low: float, high: float, kind: str = "%") -> str:
    """An interval in brackets, of shares in per cent or of plain numbers; nothing if unknown."""
    if pd.isna(low) or pd.isna(high):
        return ""
    return f" [{100 * low:.0f}, {100 * high:.0f}]" if kind == "%" else f" [{low:.2f}, {high:.2f}]"


def markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines, escaped = [header, ["---"] * len(header), *rows], "\\|"
    return "\n".join(f"| {' | '.join(str(cell).replace('|', escaped) for cell in line)} |" for line in lines)
