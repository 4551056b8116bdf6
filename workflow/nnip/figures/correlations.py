"""All correlations of a study: Pearson's and Spearman's with intervals, for every predictor and outcome."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.declare.registry import quantities
from nnip.figures import style
from nnip.figures.names import Name, named, names, several_modes, short, subset_words
from nnip.figures.style import GREY, LIGHT

FIGURE = Figure(
    needs=("correlations",),
    per_framework=True,
    options={"subsets": "statistics.subsets"},
    category="What predicts extrapolation",
    caption=(
        "**Every correlation of {framework}** with its bootstrap interval over models, for all models and for subsets of "
        "them. An interval that spans zero supports neither sign. Crosses are correlations of a quantity with a part of itself, which are "
        "not evidence. Kendall's coefficient, leave-one-out ranges, permutation p and partial "
        "correlations are in tables ``correlations`` and ``partial_correlations``."
    ),
)

COLUMNS = 4
MEASURES = {"pearson": ("o", True), "spearman": ("D", False)}
INKS = {"black": "black", "blue": "#0072B2", "orange": "#D55E00", "green": "#009E73"}


@style.styled
def draw(framework: str, correlations: pd.DataFrame, subsets: Mapping[str, Mapping[str, Any]]) -> Drawing:
    """Forest plots of one framework, a panel per outcome and a line per predictor; filled: Pearson, hollow: Spearman.

    A cross marks a pair in which one is a part of the other. subsets: the config's statistics.subsets.

    Each subset of the models has its own colour. With fewer than three models there is no correlation, and the figure says so.
    """
    of_framework = correlations[correlations["framework"] == framework]
    if of_framework.empty:
        figure, axes = style.panels(1, 1, style.SINGLE_MM, 30)
        axes[0, 0].set_axis_off()
        style.say(axes[0, 0], "no correlations: fewer than three models were measured")
        return figure
    shown, outcomes = (list(dict.fromkeys(of_framework[name])) for name in ("subset", "outcome"))
    predictors, modes = names(of_framework, "predictor"), several_modes(of_framework)
    columns = min(COLUMNS, len(outcomes))
    rows = math.ceil(len(outcomes) / columns)
    width = style.SINGLE_MM + 30 * (columns - 1)
    figure, axes = style.panels(rows, columns, width, 12 + rows * (14 + 4.2 * len(predictors)), sharex=True, sharey=True)
    for axis, outcome in zip(axes.flat, outcomes, strict=False):
        part = of_framework[of_framework["outcome"] == outcome]
        for number, subset in enumerate(shown):
            shift = 0.44 * (number - (len(shown) - 1) / 2)
            draw_forest(axis, part[part["subset"] == subset], predictors, shift, list(INKS.values())[number % len(INKS)])
        counts = "/".join(str(part.loc[part["subset"] == subset, "n_models"].max()) for subset in shown if (part["subset"] == subset).any())
        axis.set_title(style.wrap(quantities()[outcome].label, 40, 6) + f"\n(n = {counts})", fontsize=6)
        axis.axvline(0, color=GREY, linewidth=0.6, zorder=0)
    for axis in axes.flat[len(outcomes) :]:
        axis.set_axis_off()
    for axis in axes.flat[max(len(outcomes) - columns, 0) : len(outcomes)]:
        axis.tick_params(labelbottom=True)
        axis.set_xlabel("correlation over models", fontsize=6)
    axes[0, 0].set(xlim=(-1.08, 1.08), ylim=(len(predictors) - 0.4, -0.6), xticks=[-1, -0.5, 0, 0.5, 1])
    axes[0, 0].xaxis.set_major_formatter("{x:g}")
    axes[0, 0].set_yticks(range(len(predictors)), [style.wrap(short(name, modes), 60, 6) for name in predictors])
    for axis in axes.flat:
        axis.tick_params(axis="y", length=0)
    inks = [f"{ink}: {subset_words(subset, subsets)}" for subset, ink in zip(shown, INKS, strict=False)]
    style.note(
        figure,
        f"{style.framework_title(framework)}. ● Pearson, ◇ Spearman, lines: bootstrap intervals over models; {', '.join(inks)}.",
        "×: one quantity is a part of the other, so they correlate for any models." if of_framework["overlap"].any() else "",
    )
    return figure


def draw_forest(axis: Axes, rows: pd.DataFrame, predictors: list[Name], shift: float, colour: str) -> None:
    """The correlations of one outcome and subset: a mark and an interval each; a cross if one quantity is a part of the other."""
    overlap = rows["overlap"].to_numpy(bool)
    for step, (name, (marker, filled)) in zip((-0.1, 0.1), MEASURES.items(), strict=True):
        at = np.array([predictors.index(predictor) for predictor in named(rows, "predictor")]) + shift + step
        value, low, high = (rows[column].to_numpy(float, na_value=np.nan) for column in (name, f"{name}_low", f"{name}_high"))
        mark: dict[str, Any] = {
            "color": colour,
            "markerfacecolor": colour if filled else "white",
            "markersize": 2.4,
            "markeredgewidth": 0.6,
            "linestyle": "none",
        }
        for rest, shape in ((~overlap, marker), (overlap, "x")):
            axis.hlines(at[rest], low[rest], high[rest], color=colour, linewidth=0.6, alpha=0.8, linestyles="dotted" if shape == "x" else "solid")
            axis.plot(value[rest], at[rest], marker=shape, label=f"_{name}{'_overlap' if shape == 'x' else ''}", **mark)
    for place in range(len(predictors) - 1):
        axis.axhline(place + 0.5, color=LIGHT, linewidth=0.2, zorder=0)
