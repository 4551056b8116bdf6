"""The toy system: errors of a linear regressor fitted to noisy labels, on the labels and on the true function."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from nnip.analyse.toy import expected_rmse
from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.style import GREY

FIGURE = Figure(
    needs=("toy",),
    per_framework=False,
    category="Noise",
    caption=(
        "**The toy system** (the paper's appendix B, with a regressor whose errors are known in closed form). A linear regressor is fitted by "
        "least squares to noisy labels of a true function: its error on the labels stays near the noise; its error on the true function decreases "
        "with the square root of the number of points, far below the noise, if the function is in its span. If not, the "
        "error converges to that of the best regressor."
    ),
)

KINDS: dict[str, dict[str, Any]] = {  # style of the errors
    "noisy_labels": {"marker": "s", "markerfacecolor": "white", "linestyle": ":"},
    "true_function": {"marker": "o", "linestyle": "-"},
}
NAMES = {"noisy_labels": "on its noisy labels", "true_function": "on the true function"}
AXES = {"n_points": "training points $n$", "sigma": "noise σ (std. of the clean labels)"}
GROUPS = {"n_points": "points $n$", "sigma": "noise σ"}


@style.styled
def draw(toy: pd.DataFrame) -> Drawing:
    """Rows: misfits. Left: error against the number of points, a colour per sigma; right: against sigma, a colour per number of points.

    Marks are root mean squares over repeats with the interval of a single repeat, lines the expected values. InputError if the table has no row.
    """
    style.need(toy=toy)
    misfits = sorted(toy["misfit"].unique())
    figure, axes = style.panels(len(misfits), 2, style.DOUBLE_MM, 14 + 62 * len(misfits), sharey="row")
    p = int(toy["n_features"].iloc[0])
    for row, misfit in enumerate(misfits):
        rows = toy[toy["misfit"] == misfit]
        left, right = axes[row]
        for axis, (x, group) in zip((left, right), (("n_points", "sigma"), ("sigma", "n_points")), strict=True):
            shown = rows[rows["sigma"] > 0]
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
        keys.append(Line2D([], [], color=GREY, linewidth=0.6, label="error of the best regressor"))
    figure.legend(handles=keys, loc="outside upper center", ncols=len(keys), handlelength=3)
    repeats = int(toy["n_repeats"].iloc[0])
    style.note(
        figure,
        f"Least squares with $p$ = {p} weights, errors at the training points. Marks: root mean square over {repeats} draws of points and noise;",
        "bars (true function): interval of one draw.",
        "Lines: expected, σ√(p/n) on the true function and σ√(1 − p/n) on the noisy labels if the function is in the span.",
    )
    return figure


def ramp(n: int) -> list[Any]:
    """Colours of n values in order, light to dark, all visible on white paper."""
    return [mpl.colormaps["viridis"](place) for place in np.linspace(0.85, 0.05, n)]


def draw_line(axis: Axes, rows: pd.DataFrame, x: str, p: int, look: dict[str, Any]) -> None:
    """One error against x: marks with bars, and the expected line through all values between the smallest and the largest."""
    rows = rows.sort_values(x)
    at, rmse = rows[x].to_numpy(float), rows["rmse"].to_numpy(float)
    first = rows.iloc[0]
    if first["error"] == "true_function":
        axis.vlines(at, rows["rmse_low"].astype(float), rows["rmse_high"].astype(float), color=look["color"], linewidth=0.6)
    axis.plot(at, rmse, markersize=3.5, markeredgewidth=0.7, zorder=3, **(look | {"linestyle": "none"}))
    fine = np.geomspace(at[0], at[-1], 50)
    arguments = [{"n_points": first["n_points"], "sigma": first["sigma"]} | {x: value} for value in fine]
    expected = [expected_rmse(n_features=p, misfit=first["misfit"], **each)[first["error"]] for each in arguments]
    axis.plot(fine, expected, linewidth=0.8, linestyle=look["linestyle"], color=look["color"])
