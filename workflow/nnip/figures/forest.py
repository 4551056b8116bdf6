"""Forest plots of predictors: a row each with a mark and its interval; baselines in orange, filled where it stands out after correction."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from nnip.figures import style
from nnip.figures.names import named, names, several_modes, short
from nnip.figures.style import COLOURS, GREY, LIGHT

CANDIDATE, BASELINE = COLOURS[0], COLOURS[1]
ALL = "all"
ROW_MM, FRAME_MM = 3.6, 24.0


def widest(table: pd.DataFrame) -> pd.DataFrame:
    """The rows over all frameworks, or over the only one, with the predictors' names in column `name`."""
    scope = ALL if ALL in set(table["framework"]) else table["framework"].iloc[0]
    rows = table[table["framework"] == scope]
    return rows.assign(name=named(rows)).reset_index(drop=True)


def height(n_rows: int) -> float:
    """Height in mm of a figure with so many rows."""
    return FRAME_MM + ROW_MM * n_rows


def name_rows(axis: Axes, rows: pd.DataFrame) -> None:
    """Write the predictors' names beside the rows, which run downwards from 0."""
    modes = several_modes(rows)
    axis.set_yticks(range(len(rows)), [short(name, modes) for name in names(rows)])
    for label, baseline in zip(axis.get_yticklabels(), rows["baseline"], strict=True):
        label.set_color(BASELINE if baseline else "black")
    axis.set_ylim(len(rows) - 0.4, -0.6)


def forest(axis: Axes, rows: pd.DataFrame, columns: tuple[str, str, str], alpha: float) -> None:
    """A mark and an interval per row; columns: value, low and high. Filled: p_corrected below alpha. Star: chosen beforehand."""
    for place, row in enumerate(rows.to_dict("records")):
        value, low, high = (row[column] for column in columns)
        if pd.isna(value):
            continue
        colour = BASELINE if row["baseline"] else CANDIDATE
        if pd.notna(low) and pd.notna(high):
            axis.hlines(place, low, high, color=colour, linewidth=1.0)
        clear = pd.notna(row["p_corrected"]) and row["p_corrected"] < alpha
        look: dict[str, Any] = {"marker": "*", "markersize": 7.0} if row["chosen"] else {"marker": "o", "markersize": 4.0}
        axis.plot(value, place, color=colour, markerfacecolor=colour if clear else "white", markeredgewidth=0.8, zorder=3, **look)
    for place in range(len(rows) - 1):
        axis.axhline(place + 0.5, color=LIGHT, linewidth=0.2, zorder=0)
    axis.tick_params(axis="y", length=0)


def mark(axis: Axes, x: float, text: str, dashed: bool = True) -> None:
    """A vertical line with its name above the panel."""
    colour = "black" if dashed else GREY
    axis.axvline(x, color=colour, linewidth=0.6, linestyle=(0, (4, 2)) if dashed else "-", zorder=0)
    place: dict[str, Any] = {"xytext": (0, 2), "xycoords": ("data", "axes fraction"), "textcoords": "offset points", "ha": "center"}
    axis.annotate(text, (x, 1), fontsize=5.5, color=colour, **place)


def what(table: pd.DataFrame) -> str:
    """A sentence on the trainings of a table with a column framework."""
    frameworks = [style.framework_title(name) for name in style.frameworks(table) if name != ALL]
    rows = widest(table)
    apart = "; only trainings of one framework are compared" if len(frameworks) > 1 else ""
    return f"{' and '.join(frameworks)}: {rows['n_models'].max()} models, {rows['n_trainings'].max()} trainings{apart}."


def signs(rows: pd.DataFrame, confidence: float) -> str:
    """Sentences on the marks."""
    chosen = " ★: chosen before this study, not corrected." if rows["chosen"].any() else ""
    n = rows.loc[rows["p_corrected"].notna(), "name"].nunique()
    return (
        f"Lines: {confidence:.0%} intervals over models, seeds and replicas. Filled: p < {1 - confidence:.2g} after correction for {n} "
        f"measurements. Orange: known of every training.{chosen}"
    )
