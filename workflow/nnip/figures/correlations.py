"""All correlations of a study at a glance: Pearson's and Spearman's with their intervals, for every predictor and outcome."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnip.figures import style
from nnip.figures.quantities import short
from nnip.figures.style import COLOURS, GREY, LIGHT

MEASURES = {"pearson": ("o", True), "spearman": ("D", False)}


@style.styled
def draw_correlations(correlations: pd.DataFrame) -> Figure:
    """Forest plot: a line per predictor and outcome (grouped by outcome), a column per framework; filled: Pearson, hollow: Spearman.

    Subsets of the models have their own colours, all models are black. A study with too few models for any correlation says so.
    """
    if correlations.empty:
        figure, axes = style.panels(1, 1, style.SINGLE_MM, 30)
        axes[0, 0].set_axis_off()
        style.say(axes[0, 0], "no correlation: fewer than three models were measured")
        return figure
    frameworks = style.frameworks(correlations)
    subsets = list(dict.fromkeys(correlations["subset"]))
    outcomes = list(dict.fromkeys(correlations["outcome"]))
    places, height = {}, 0.0
    heads = {}
    for outcome in outcomes:
        heads[outcome] = height
        for predictor in dict.fromkeys(correlations.loc[correlations["outcome"] == outcome, "predictor"]):
            height += 1
            places[outcome, predictor] = height
        height += 1.4
    width = style.SINGLE_MM if len(frameworks) == 1 else style.DOUBLE_MM
    figure, axes = style.panels(1, len(frameworks), width, 22 + 3.6 * height, sharey=True, sharex=True)
    for axis, framework in zip(axes[0], frameworks, strict=True):
        own = correlations[correlations["framework"] == framework]
        for number, subset in enumerate(subsets):
            shift = 0.5 * (number - (len(subsets) - 1) / 2) / max(len(subsets), 1)
            draw_forest(axis, own[own["subset"] == subset], places, shift, "black" if number == 0 else COLOURS[(number - 1) % len(COLOURS)])
        n_models = own["n_models"]
        numbers = f"{n_models.min()} to {n_models.max()}" if n_models.nunique() > 1 else str(n_models.iloc[0])
        axis.set_title(f"{style.framework_title(framework)} ({numbers} models)")
        axis.axvline(0, color=GREY, linewidth=0.6, zorder=0)
        axis.set(xlim=(-1.05, 1.05), xlabel="correlation over models", ylim=(height - 0.6, -0.8))
        for place in places.values():
            axis.axhline(place, color=LIGHT, linewidth=0.2, zorder=0)
    labels = [(place, short(predictor), False) for (_, predictor), place in places.items()]
    labels += [(place, f"with {short(outcome)}:", True) for outcome, place in heads.items()]
    axes[0, 0].set_yticks([place for place, _, _ in labels], [text for _, text, _ in labels])
    axes[0, 0].tick_params(axis="y", length=0)
    for (_, _, bold), text in zip(labels, axes[0, 0].get_yticklabels(), strict=True):
        text.set(fontweight="bold" if bold else "normal", fontsize=5.5)
    names = ["black: all models" if subset == "all" else f"{COLOUR_NAMES[(number - 1) % len(COLOUR_NAMES)]}: {subset.replace('_', ' ')}" for number, subset in enumerate(subsets)]
    style.note(figure, "● Pearson, ◇ Spearman, with bootstrap intervals over models;", "; ".join(names) + ".")
    return figure


COLOUR_NAMES = ("blue", "orange", "green", "pink", "amber", "light blue", "indigo", "wine", "olive")  # of style.COLOURS


def draw_forest(axis: Axes, rows: pd.DataFrame, places: dict[tuple[str, str], float], shift: float, colour: str) -> None:
    """The correlations of one framework and subset: a mark and an interval each."""
    for step, (name, (marker, filled)) in zip((-0.09, 0.09), MEASURES.items(), strict=True):
        at = np.array([places[row.outcome, row.predictor] for row in rows.itertuples()]) + shift + step
        value, low, high = (rows[column].to_numpy(float, na_value=np.nan) for column in (name, f"{name}_low", f"{name}_high"))
        axis.hlines(at, low, high, color=colour, linewidth=0.6, alpha=0.8)
        axis.plot(value, at, marker, color=colour, markerfacecolor=colour if filled else "white", markersize=2.6, markeredgewidth=0.6, label=f"_{name}")
