"""How loss entropy depends on the numbers of directions and points, and the sources of its variance."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.style import GREY, Look

FIGURE = Figure(
    needs=("models", "sampling", "resolution"),
    per_framework=True,
    category="Loss landscapes",
    caption=(
        "**Sampling of the loss landscapes of {framework}**: loss entropy against the number of directions (with the interval for another draw of "
        "directions) and against the number of points of the same range, and the shares of its variance that are due to the draw of "
        "directions, the seeds and the models."
    ),
)

SHARES = {"share_directions": ("directions", "#56B4E9"), "share_seeds": ("seeds", "#E69F00"), "share_models": ("models", "#999999")}


def over_seeds(sampling: pd.DataFrame, against: str) -> pd.DataFrame:
    """Rows of one mode that differ in `against` alone (n_directions or n_points): means over seeds, indexed by model and `against`."""
    other = {"n_directions": "n_points", "n_points": "n_directions"}[against]
    rows = sampling[sampling[other] == sampling[other].max()]
    columns = ["S", "S_low", "S_high"]
    return rows.astype(dict.fromkeys(columns, float)).groupby(["model", against], sort=False)[columns].mean()


@style.styled
def draw(framework: str, models: pd.DataFrame, sampling: pd.DataFrame, resolution: pd.DataFrame) -> Drawing:
    """A row per landscape mode: S with intervals against number of directions; S - ln n against number of points n; shares of the variance of S.

    Values and intervals are those of a single training, averaged over seeds.
    """
    style.need(framework, models=models, sampling=sampling)
    models = style.of_framework(models, framework)
    look = style.looks(models)
    rows = sampling[sampling["framework"] == framework]
    rows = rows[rows["split"] == rows["split"].iloc[0]] if len(rows) else rows
    modes = list(dict.fromkeys(rows["mode"])) or ["-"]
    ratios = {"width_ratios": [1.25, 1.25, 1]}
    figure, axes = style.panels(len(modes), 3, style.DOUBLE_MM, 14 + 48 * len(modes), gridspec_kw=ratios)
    for row, mode in enumerate(modes):
        part = rows[rows["mode"] == mode]
        if part.empty:
            for axis in axes[row]:
                axis.set_axis_off()
            style.say(axes[row, 1], "no model of this framework has a landscape")
            continue
        lines_of_models(axes[row, 0], part, "n_directions", look)
        lines_of_models(axes[row, 1], part, "n_points", look)
        axes[row, 0].set(xlabel="number of directions", ylabel="loss entropy $S$")
        axes[row, 1].set(xlabel="number of points $n$ of the same range", ylabel="$S - \\ln n$")
        axes[row, 0].set_title(f"{mode}, {part['n_points'].max()} points")
        axes[row, 1].set_title(f"{mode}, {part['n_directions'].max()} directions")
        variance = resolution[(resolution["framework"] == framework) & (resolution["mode"] == mode) & (resolution["split"] == part["split"].iloc[0])]
        sources(axes[row, 2], variance)
        axes[row, 2].set_title(mode)
        for column in range(3):
            style.letter(axes[row, column], "abcdefghijkl"[3 * row + column])
    handles, labels = axes[0, 0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside right upper", handlelength=1.2)
    counts = f"{style.framework_title(framework)}, minimum kept, {style.counted(rows)}" if len(rows) else ""
    style.note(
        figure,
        counts,
        "Marks and bars of a training, mean over seeds: expected S for a number of directions, and interval for another draw of them (bootstrap;",
        "shifted sideways). Right: variance of S between trainings by source; s.e.: from the directions; reversed: by other directions.",
    )
    return figure


def lines_of_models(axis: Axes, part: pd.DataFrame, against: str, look: dict[str, Look]) -> None:
    """A line per model with intervals, over a logarithmic axis."""
    table = over_seeds(part, against)
    names = [name for name in look if name in table.index.get_level_values("model")]
    for place, name in enumerate(names):
        rows = table.loc[name].sort_index()
        x = rows.index.to_numpy(float) * np.exp(0.05 * (place - (len(names) - 1) / 2) * min(1, 6 / len(names)))
        ln_n = np.log(rows.index.to_numpy(float)) if against == "n_points" else 0.0
        y, low, high = (rows[column].to_numpy() - ln_n for column in ("S", "S_low", "S_high"))
        known = np.isfinite(y) & np.isfinite(low) & np.isfinite(high)
        mark = {"color": look[name].colour, "marker": look[name].marker, "linestyle": look[name].line}
        axis.plot(x[np.isfinite(y)], y[np.isfinite(y)], label=look[name].label, markersize=3, linewidth=0.8, **mark)
        axis.vlines(x[known], low[known], high[known], color=look[name].colour, linewidth=0.7, alpha=0.8)
    numbers = sorted(set(table.index.get_level_values(against).astype(int)))
    axis.set_xscale("log")
    axis.set_xticks(numbers, [str(number) for number in numbers])
    axis.set_xticks([], minor=True)
    axis.set_xlim(numbers[0] / 1.35, numbers[-1] * 1.35)


def sources(axis: Axes, variance: pd.DataFrame) -> None:
    """Shares of the variance of S as bars, with the probabilities of reversed orders in words."""
    if variance.empty or pd.isna(variance.iloc[0]["share_models"]):
        axis.set_axis_off()
        style.say(axis, "one model: nothing to compare its scatter with")
        return
    row = variance.iloc[0]
    one_seed = pd.isna(row["share_seeds"])
    shown = [(key, label, colour) for key, (label, colour) in SHARES.items() if pd.notna(row[key])]
    for x, (key, _, colour) in enumerate(shown):
        axis.bar(x, 100 * float(row[key]), color=colour, width=0.6)
        axis.text(x, 100 * float(row[key]) + 2, f"{100 * float(row[key]):.0f} %", ha="center", fontsize=6)
    labels = ["models\n(and seeds)" if key == "share_models" and one_seed else label for key, label, _ in shown]
    axis.set_xticks(range(len(shown)), labels)
    axis.tick_params(axis="x", length=0)
    axis.set(ylim=(0, 112), ylabel="share of the variance (%)", yticks=[0, 50, 100], xlim=(-0.6, len(shown) - 0.4))
    words = f"$S$: s.e. {row['standard_error']:.2g}, s.d. of models {row['spread_of_models']:.2g}"
    pairs = f"{100 * row['reversal_mean']:.0f} % of {style.plural(int(row['n_pairs']), 'pair')} reversed"
    axis.set_xlabel(f"{words}\n{pairs}", fontsize=5.5, color=GREY)
