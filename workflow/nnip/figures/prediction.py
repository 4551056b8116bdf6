"""What a measurement adds to what is known anyway, when the time to failure of an unseen model is predicted."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.declare.registry import quantities
from nnip.figures import style
from nnip.figures.forest import BASELINE, CANDIDATE, forest, height, mark, name_rows, signs, what, widest
from nnip.figures.style import LIGHT

FIGURE = Figure(
    needs=("prediction",),
    per_framework=False,
    options={"confidence": "statistics.confidence"},
    category="What predicts extrapolation",
    caption=(
        "**Predicting the time to failure of models left out.** Left: typical factor by which the prediction is wrong, from a measurement alone "
        "(hollow) and together with the baselines (filled); lines: from the baselines, and from the mean of the other models. Right: how much the "
        "measurement reduces the error of the baselines. Table ``prediction``."
    ),
)


@style.styled
def draw(prediction: pd.DataFrame, confidence: float) -> Drawing:
    """Two panels, sorted by the gain over the baselines; one panel, sorted by the error, if there is no baseline."""
    style.need(prediction=prediction)
    rows = widest(prediction)
    gains = bool(rows["gain"].notna().any())
    rows = rows.sort_values("gain" if gains else "error_alone", ascending=not gains, kind="stable", ignore_index=True)
    figure, axes = style.panels(1, 2 if gains else 1, style.DOUBLE_MM if gains else 130.0, height(len(rows)), sharey=True)
    errors(axes[0, 0], rows)
    name_rows(axes[0, 0], rows)
    names = ""
    if gains:
        forest(axes[0, 1], rows, ("gain", "gain_low", "gain_high"), 1 - confidence)
        mark(axes[0, 1], 0.0, "no gain", dashed=False)
        reach = 1.2 * np.nanmax(np.abs(rows[["gain", "gain_high"]].to_numpy(float, na_value=np.nan)))
        axes[0, 1].set(xlim=(-reach, reach), xlabel="reduction of the error of the logarithm")
        baselines = rows["baselines"].iloc[0].split("+")
        names = f"Baselines: {' and '.join(quantities()[name].label for name in baselines)}. Intervals end at the panel's edge where they are longer."
    marks = f"Left, hollow: alone; filled: with the baselines. Right: {signs(rows, confidence)}" if gains else ""
    style.note(figure, what(prediction), names, marks)
    return figure


def errors(axis: Axes, rows: pd.DataFrame) -> None:
    """exp of the root mean square error of ln time: alone (hollow) and with the baselines (filled), joined by a line."""
    for place, row in enumerate(rows.itertuples()):
        colour = BASELINE if row.baseline else CANDIDATE
        alone, both = (np.exp(value) if pd.notna(value) else np.nan for value in (row.error_alone, row.error_both))
        axis.plot([alone, both], [place, place], color=LIGHT, linewidth=1.0, zorder=1)
        axis.plot(alone, place, "o", color=colour, markerfacecolor="white", markersize=3.5, markeredgewidth=0.8)
        axis.plot(both, place, "o", color=colour, markersize=3.5)
    # a predictor that some trainings lack is judged on fewer; the lines are those of most trainings
    most = rows.sort_values("n_trainings", kind="stable").iloc[-1]
    mark(axis, float(np.exp(most["error_none"])), "nothing known", dashed=False)
    if pd.notna(most["error_baselines"]):
        mark(axis, float(np.exp(most["error_baselines"])), "baselines")
    axis.set_xscale("log")
    style.plain_log(axis.xaxis)
    axis.set_xlabel("factor by which the prediction is wrong")
    axis.tick_params(axis="y", length=0)
