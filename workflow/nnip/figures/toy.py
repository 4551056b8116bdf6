"""The toy system: how far a linear regressor fitted to noisy labels is from the labels, and how near to the true function."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from nnip.analyse.toy import expected_rmse
from nnip.figures import style
from nnip.figures.style import GREY

KINDS: dict[str, dict[str, Any]] = {  # how the errors are drawn
    "noisy_labels": {"marker": "s", "markerfacecolor": "white", "linestyle": ":"},
    "true_function": {"marker": "o", "linestyle": "-"},
}
NAMES = {"noisy_labels": "on its noisy labels", "true_function": "on the true function"}
AXES = {"n_points": "training points $n$", "sigma": "noise σ (std. of the clean labels)"}
GROUPS = {"n_points": "points $n$", "sigma": "noise σ"}


@style.styled
def draw_toy(toy: pd.DataFrame) -> Figure:
    """Rows: misfits. Left: error against the number of points, a colour per sigma; right: against sigma, a colour per number of points.

    Marks are root mean squares over repeats with the interval of a single one, lines the expected values. InputError if the table has no row.
    """
    style.need(toy=toy)
    misfits = sorted(toy["misfit"].unique())
    figure, axes = style.panels(len(misfits), 2, style.DOUBLE_MM, 14 + 62 * len(misfits), sharey="row")
    p = int(toy["n_features"].iloc[0])
    for row, misfit in enumerate(misfits):
        own = toy[toy["misfit"] == misfit]
        left, right = axes[row]
        for axis, (x, group) in zip((left, right), (("n_points", "sigma"), ("sigma", "n_points")), strict=True):
            shown = own[own["sigma"] > 0]
            values = sorted(shown[group].unique())
            for value, colour in zip(values, ramp(len(values)), strict=True):
                for error, look in KINDS.items():
                    draw_line(axis, shown[(shown[group] == value) & (shown["error"] == error)], x, p, look | {"color": colour})
            axis.set(xscale="log", yscale="log", xlabel=AXES[x])
            style.plain_log(axis.yaxis)
            ticks = sorted(shown[x].unique())
            axis.xaxis.set_major_locator(FixedLocator(ticks))
            axis.xaxis.set_minor_locator(NullLocator())
            axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            handles = [Line2D([], [], color=colour, label=f"{value:g}") for value, colour in zip(values, ramp(len(values)), strict=True)]
            axis.legend(handles=handles, title=GROUPS[group], title_fontsize=6, loc="center left", bbox_to_anchor=(1, 0.5))
        ends = np.array([shown["sigma"].min(), shown["sigma"].max()])
        right.plot(ends, ends, color=GREY, linewidth=0.8, linestyle="--", zorder=0)
        for axis in (left, right):
            axis.set_title(f"true function {'in the span' if misfit == 0 else f'outside the span by {misfit:g}'}")
            if misfit:
                axis.axhline(misfit, color=GREY, linewidth=0.6, zorder=0)
        left.set_ylabel("RMSE (std. of the clean labels)")
        style.letter(left, "abcdefgh"[2 * row])
        style.letter(right, "abcdefgh"[2 * row + 1])
    keys = [Line2D([], [], color=GREY, markersize=4, label=NAMES[error], **look) for error, look in KINDS.items()]
    keys.append(Line2D([], [], color=GREY, linestyle="--", linewidth=0.8, label="error = noise"))
    if misfits[-1]:
        keys.append(Line2D([], [], color=GREY, linewidth=0.6, label="the best regressor's error"))
    figure.legend(handles=keys, loc="outside upper center", ncols=len(keys), handlelength=3)
    repeats = int(toy["n_repeats"].iloc[0])
    style.note(
        figure,
        f"Least squares with $p$ = {p} weights, errors at the training points. Marks: root mean square over {repeats} draws of points and noise;",
        "bars (true function): interval of one draw.",
        "Lines: expected, σ√(p/n) on the true function and σ√(1 − p/n) on the noisy labels where the function is in the span.",
    )
    return figure


def ramp(n: int) -> list[Any]:
    """Colours of n values in order, light to dark enough for white paper."""
    return [mpl.colormaps["viridis"](place) for place in np.linspace(0.85, 0.05, n)]


def draw_line(axis: Axes, own: pd.DataFrame, x: str, p: int, look: dict[str, Any]) -> None:
    """One error against x: marks with bars, and the expected line through all values between the smallest and the largest."""
    own = own.sort_values(x)
    at, rmse = own[x].to_numpy(float), own["rmse"].to_numpy(float)
    first = own.iloc[0]
    if first["error"] == "true_function":
        axis.vlines(at, own["rmse_low"].astype(float), own["rmse_high"].astype(float), color=look["color"], linewidth=0.6)
    axis.plot(at, rmse, markersize=3.5, markeredgewidth=0.7, zorder=3, **(look | {"linestyle": "none"}))
    fine = np.geomspace(at[0], at[-1], 50)
    arguments = [{"n_points": first["n_points"], "sigma": first["sigma"]} | {x: value} for value in fine]
    expected = [expected_rmse(n_features=p, misfit=first["misfit"], **each)[first["error"]] for each in arguments]
    axis.plot(fine, expected, linewidth=0.8, linestyle=look["linestyle"], color=look["color"])
