"""Further landscapes compared with the main ones, model by model, and their entropies against each other; used by two figures."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from nnip.figures import style
from nnip.figures.curves import FEW_DECADES, QUANTITIES, mean_curves
from nnip.figures.labels import label_points
from nnip.figures.style import LIGHT, Look

MAIN = "#333333"


def draw_comparison(
    framework: str, models: pd.DataFrame, landscapes: tuple[pd.DataFrame, pd.DataFrame], entropies: tuple[pd.DataFrame, pd.DataFrame],
    key: str, main: str, words: Callable[[str], str],
) -> Drawing:  # fmt: skip
    """A row per model with the main landscapes in black and the others in colour; on the right their loss entropies against each other.

    landscapes, entropies: tables of the main landscapes and of the others; key: the column that distinguishes the others; main, words: labels
    of the main landscapes and of a value of key.
    """
    look = style.looks(style.of_framework(models, framework))
    (rows, others), (S_own, S_others) = ([table[table["framework"] == framework] for table in pair] for pair in (landscapes, entropies))
    names, modes = [name for name in look if name in set(others["model"])], list(dict.fromkeys(others["mode"]))
    colours = dict(zip(dict.fromkeys(others[key]), style.COLOURS[1:] + style.COLOURS[:1], strict=False))
    columns = [(mode, quantity) for mode in modes for quantity in QUANTITIES]
    figure = style.page(style.DOUBLE_MM, 20 + max(34 * len(names), 46 * len(modes)))
    halves = figure.add_gridspec(1, 2, width_ratios=[len(columns), 1.25])
    axes = halves[0].subgridspec(len(names), len(columns)).subplots(squeeze=False, sharex=True, sharey="col")
    squares = halves[1].subgridspec(len(modes), 1).subplots(squeeze=False)[:, 0]
    for column, (mode, quantity) in enumerate(columns):
        for axis, name in zip(axes[:, column], names, strict=True):
            lines = {main: (rows, MAIN)} | {words(kind): (others[others[key] == kind], colour) for kind, colour in colours.items()}
            for label, (table, colour) in lines.items():
                draw_line(axis, table[(table["model"] == name) & (table["mode"] == mode)], quantity, colour, label)
            axis.axvline(0, color=LIGHT, linewidth=0.5, zorder=0)
            axis.set_ylabel(QUANTITIES[quantity])
        axes[0, column].set_title(f"{mode} directions")
        axes[-1, column].set_xlabel("displacement $t$ (norms)")
        scale(axes[0, column])
    for row, name in enumerate(names):
        axes[row, 0].annotate(
            style.wrap(look[name].label, 34), (0, 0.5), xytext=(-40, 0), xycoords="axes fraction", textcoords="offset points", rotation=90,
            ha="right", va="center", color=look[name].colour, fontweight="bold", multialignment="center",
        )  # fmt: skip
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=len(colours) + 1)
    for square, mode in zip(squares, modes, strict=True):
        draw_entropies(square, S_own[S_own["mode"] == mode], S_others[S_others["mode"] == mode], key, colours, look)
        square.set(xlabel=f"$S$, {main}", ylabel="$S$, coloured as the lines", title=f"{mode} directions", anchor="N")
    first = S_others.iloc[0]
    style.note(
        figure,
        f"Lines: mean over directions and seeds, {style.counted(others)} Bands: range over directions and seeds. $t$ is in norms of the weights,",
        f"filter by filter. $S$: loss entropy of {first['n_points']} points, filled: minimum kept, hollow: minimum subtracted,",
        f"$T_E$ = {1000 * first['T_energy_eV_per_atom']:g} meV/atom, $T_F$ = {1000 * first['T_forces_eV_per_A']:g} meV/Å, α = {first['alpha']:g};",
        "one point per seed.",
    )
    return figure


def draw_line(axis: Axes, landscape: pd.DataFrame, quantity: str, colour: str, label: str) -> None:
    """The mean over directions and seeds of one model's landscapes of one mode, with their range as a band."""
    if landscape.empty:
        return
    mean = mean_curves(landscape, quantity).mean(axis=1)
    extent = landscape.groupby("t")[quantity].agg(["min", "max"]).astype(float)
    axis.fill_between(extent.index.to_numpy(float), extent["min"], extent["max"], color=colour, alpha=0.15, linewidth=0)
    axis.plot(mean.index, mean, color=colour, label=label)


def scale(axis: Axes) -> None:
    """A logarithmic axis, with plain numbers if it spans few decades."""
    axis.set_yscale("log")
    low, high = axis.get_ylim()
    if high < FEW_DECADES * low:
        style.plain_log(axis.yaxis)


def draw_entropies(axis: Axes, rows: pd.DataFrame, others: pd.DataFrame, key: str, colours: dict[str, str], look: dict[str, Look]) -> None:
    """S of the other against S of the main landscapes, two points per model and seed: filled: minimum kept, hollow: subtracted."""
    both = rows.merge(others, on=["model", "seed", "minimum"], suffixes=("_own", ""))
    both = both[np.isfinite(both[["S_own", "S"]].astype(float)).all(axis=1)]
    if both.empty:
        style.say(axis, "no finite entropy")
        return
    x, y = both["S_own"].to_numpy(float), both["S"].to_numpy(float)
    for row, place in zip(both.to_dict("records"), zip(x, y, strict=True), strict=True):
        face = colours[row[key]] if row["minimum"] == "kept" else "white"
        axis.plot(*place, look[row["model"]].marker, color=colours[row[key]], markerfacecolor=face)
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    edge = 0.12 * max(high - low, 1)
    axis.plot([low - edge, high + edge], [low - edge, high + edge], color=LIGHT, linewidth=0.6, zorder=0)
    axis.set(xlim=(low - edge, high + edge), ylim=(low - edge, high + edge), aspect="equal")
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_locator(MaxNLocator(4))
    kept = (both["minimum"] == "kept").to_numpy()
    named = [look[model] for model in both["model"][kept]]
    labels, tints = [each.label for each in named], [each.colour for each in named]
    label_points(axis, list(x[kept]), list(y[kept]), labels, tints, avoid=np.column_stack([x[~kept], y[~kept]]))
