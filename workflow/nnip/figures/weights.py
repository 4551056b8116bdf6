"""Distributions of the trained weights of each experiment's models, and their widths in each part of the model."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.style import GREY, LIGHT, NO_DATA, Look

FIGURE = Figure(
    needs=("models", "weights", "weight_moments"),
    uses=("trainings",),
    per_framework=True,
    category="Loss landscapes",
    caption=(
        "**Trained weights of {framework}** (figure S13 of the paper): the distribution of the weights of each model, and its width in "
        "each part of the model. Weights are as stored: they have unit variance when training begins, whatever the width of the layer."
    ),
)

ALL = "all"


@style.styled
def draw(framework: str, models: pd.DataFrame, weights: pd.DataFrame, weight_moments: pd.DataFrame, trainings: pd.DataFrame | None = None) -> Drawing:
    """Columns: experiments. Above: density of all weights of each model (logarithmic axis); below: standard deviation of each part's weights.

    Lines and marks are means over seeds; thin lines and small points are single seeds.
    """
    style.need(framework, models=models, weights=weights, weight_moments=weight_moments)
    models = style.of_framework(models, framework)
    weights, moments = (table[table["framework"] == framework] for table in (weights, weight_moments))
    look, groups = style.looks(models), style.experiments(models)
    whole = weights[weights["group"] == ALL]
    parts = [group for group in dict.fromkeys(moments["group"]) if group != ALL]
    width = style.page_width([3] * len(groups))
    figure, axes = style.panels(2, len(groups), width, 105, sharey="row", sharex="row")
    for column, (_, members) in enumerate(groups):
        names = list(members["model"])
        missing = [name for name in names if name not in set(weights["model"])]
        draw_densities(axes[0, column], whole, names, look)
        draw_widths(axes[1, column], moments, parts, names, look)
        if missing:
            why = "\n".join(f"{look[name].label}: {style.why_missing(name, trainings)}" for name in missing)
            axes[0, column].text(0.03, 0.97, why, fontsize=5, color=NO_DATA, va="top", transform=axes[0, column].transAxes)
        axes[0, column].set_xlabel("weight")
    if len(whole):
        lowest = min(values[values > 0].min() for values, _ in (density(rows) for _, rows in whole.groupby(["model", "seed"])))
        axes[0, 0].set_ylim(bottom=lowest / 2)
        axes[1, 0].set_ylim(0, 1.1 * float(moments.loc[moments["group"] != ALL, "std"].max()))
    axes[0, 0].set_ylabel("density of all weights")
    axes[1, 0].set_ylabel("standard deviation of weights")
    for row in range(2):
        style.letter(axes[row, 0], "ab"[row])
    style.head(axes[0], groups, look, width / len(groups) - 4)
    figure.align_ylabels(axes[:, 0])
    counts = f"{style.framework_title(framework)}, {style.counted(moments)}" if len(moments) else ""
    style.note(
        figure,
        counts,
        "Weights as stored: they begin with about unit variance whatever the width of their layer. Grey: the normal distribution of unit variance.",
        "Parts: by the parameters' names.",
    )
    return figure


def draw_densities(axis: Axes, weights: pd.DataFrame, names: list[str], look: dict[str, Look]) -> None:
    """Draw density against weight; thin lines are seeds (if several), thick lines their mean."""
    x = np.linspace(-4, 4, 161)
    axis.plot(x, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), color=GREY, linewidth=0.6, linestyle="--", zorder=0)
    for name in names:
        seeds = [density(seed) for _, seed in weights[weights["model"] == name].groupby("seed")]
        if not seeds:
            continue
        lines = {"color": look[name].colour, "linestyle": look[name].line, "baseline": None}
        if len(seeds) > 1:
            for values, edges in seeds:
                axis.stairs(values, edges, linewidth=0.3, alpha=0.5, **lines)
        axis.stairs(*mean_density(seeds), label=look[name].label, linewidth=0.9, **lines)
    axis.set_yscale("log")


def density(histogram: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Density [n_bins] and edges of the bins [n_bins + 1] of one training's weights."""
    low, high, count = (histogram[column].to_numpy(float) for column in ("bin_low", "bin_high", "count"))
    return count / (count.sum() * (high - low)), np.append(low, high[-1])


def mean_density(densities: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """The mean of densities with different bins, over the bins between all their edges."""
    edges = np.unique(np.concatenate([bins for _, bins in densities]))
    middles = (edges[1:] + edges[:-1]) / 2
    padded = [(np.concatenate([[0.0], values, [0.0]]), np.searchsorted(bins, middles)) for values, bins in densities]
    return np.mean([values[places] for values, places in padded], axis=0), edges


def draw_widths(axis: Axes, moments: pd.DataFrame, parts: list[str], names: list[str], look: dict[str, Look]) -> None:
    """Draw one mark per model and part of the model."""
    axis.axhline(1, color=LIGHT, linewidth=0.5, zorder=0)
    for place, name in enumerate(names):
        rows = moments[moments["model"] == name]
        shift = 0.6 * (place - (len(names) - 1) / 2) / max(len(names), 3)
        for x, part in enumerate(parts):
            values = rows.loc[rows["group"] == part, "std"].to_numpy(float)
            mark: dict[str, Any] = {"color": look[name].colour, "marker": look[name].marker, "linestyle": "none"}
            if len(values) > 1:
                axis.plot(np.full(len(values), x + shift), values, markersize=1.5, alpha=0.6, **mark)
            if len(values):
                axis.plot([x + shift], [values.mean()], markersize=3, label=f"_{name}", **mark)
    axis.set_xticks(range(len(parts)), parts, rotation=45, ha="right", rotation_mode="anchor")
    axis.set_xlim(-0.6, len(parts) - 0.4)
    axis.tick_params(axis="x", length=0)
