"""The league: how often each cheap measurement names the training that lives longer, and what it costs."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.forest import ALL, BASELINE, CANDIDATE, forest, height, mark, name_rows, signs, what, widest
from nnip.figures.names import named
from nnip.figures.style import GREY, LIGHT

FIGURE = Figure(
    needs=("league",),
    per_framework=False,
    options={"confidence": "statistics.confidence"},
    category="What predicts extrapolation",
    caption=(
        "**Which cheap measurement tells which training lives longer.** Of two replicas of different trainings, the share of which a measurement "
        "names the one that lives longer in hot MD, with its bootstrap interval over models, seeds and replicas. Orange: errors that every training "
        "has anyway. Filled: different from a guess after correction for the number of measurements. Dashed line: one half of the MD predicts the "
        "other. Right: wall time of each measurement for one training, and of the MD that it could replace. Table ``league``."
    ),
)


@style.styled
def draw(league: pd.DataFrame, confidence: float) -> Drawing:
    """A forest plot of the concordance over all frameworks, sorted; small marks are single frameworks. A second panel for costs, if known."""
    style.need(league=league)
    rows = widest(league).sort_values("concordance", ascending=False, kind="stable", ignore_index=True)
    timed = bool(rows["seconds"].notna().any())
    ratios = {"width_ratios": [2.4, 1]} if timed else {}
    width = style.DOUBLE_MM if timed else 130.0
    figure, axes = style.panels(1, 2 if timed else 1, width, height(len(rows)), sharey=True, gridspec_kw=ratios)
    axis = axes[0, 0]
    forest(axis, rows, ("concordance", "concordance_low", "concordance_high"), 1 - confidence)
    name_rows(axis, rows)
    frameworks = [name for name in style.frameworks(league) if name != ALL]
    for number, framework in enumerate(frameworks if len(frameworks) > 1 else ()):
        apart = league[league["framework"] == framework]
        apart = apart.assign(name=named(apart)).set_index("name")["concordance"].reindex(pd.Index(rows["name"], tupleize_cols=False))
        look = {"color": GREY, "markerfacecolor": "none", "markersize": 2.6, "markeredgewidth": 0.5, "linestyle": "none", "zorder": 2}
        axis.plot(apart.to_numpy(float, na_value=np.nan), range(len(rows)), style.MARKERS[number + 1], label=style.framework_title(framework), **look)
    if len(frameworks) > 1:
        axis.legend(loc="lower right", handletextpad=0.1)
    mark(axis, 0.5, "a guess", dashed=False)
    top = rows["ceiling"].iloc[0]
    if pd.notna(top):
        mark(axis, top, "the MD itself")
    lowest = rows[["concordance", "concordance_low"]].min().min()
    axis.set_xlim(min(0.4, np.floor(10 * lowest - 0.2) / 10), 1.0)
    axis.set_xlabel("share of pairs in which the longer-lived training is named")
    if timed:
        cost(axes[0, 1], rows)
    ceiling = f"Dashed: one half of the replicas names the order of the other half in {top:.2f}." if pd.notna(top) else ""
    style.note(figure, what(league), signs(rows, confidence), ceiling)
    return figure


def cost(axis: Axes, rows: pd.DataFrame) -> None:
    """Seconds of each measurement for one training, with the seconds of the MD as a line."""
    seconds = rows["seconds"].to_numpy(float, na_value=np.nan)
    every = np.append(seconds, rows["md_seconds"].to_numpy(float, na_value=np.nan))
    axis.set_xscale("log")
    axis.set_xlim(10 ** np.floor(np.log10(np.nanmin(every)) - 0.1), 10 ** np.ceil(np.log10(np.nanmax(every)) + 0.1))
    axis.hlines(range(len(rows)), axis.get_xlim()[0], seconds, color=LIGHT, linewidth=1.2, zorder=1)
    for place, (value, baseline) in enumerate(zip(seconds, rows["baseline"], strict=True)):
        axis.plot(value, place, "o", color=BASELINE if baseline else CANDIDATE, markersize=3)
    if pd.notna(rows["md_seconds"].iloc[0]):
        mark(axis, rows["md_seconds"].iloc[0], "the MD")
    axis.set_xlabel("wall time for one training (s)")
    axis.tick_params(axis="y", length=0)
