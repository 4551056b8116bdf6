"""Two kinds of slopes of every model: of the force RMSE with temperature, and of its learning curve (the paper's figure S3)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FixedLocator

from nnip.analyse.error_summaries import main_tests
from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.style import LIGHT, Look

FIGURE = Figure(
    needs=("models", "errors", "training_sets", "outcomes", "learning_curves"),
    uses=("trainings",),
    per_framework=True,
    category="Accuracy and learning",
    caption=(
        "**Slopes of {framework}** (figure S3 of the paper): force RMSE against test temperature, the slope of a straight line through it, and "
        "the slope of the learning curve with the fit's interval."
    ),
)

PER_K = 1e5  # eV/Å/K to meV/Å per 100 K


@style.styled
def draw(
    framework: str,
    models: pd.DataFrame,
    errors: pd.DataFrame,
    training_sets: pd.DataFrame,
    outcomes: pd.DataFrame,
    learning_curves: pd.DataFrame,
    trainings: pd.DataFrame | None = None,
) -> Drawing:
    """Rows: force RMSE against temperature; its slope; slope of the learning curve with its interval. Columns: experiments of the framework.

    Takes the trainings on the main set.
    """
    style.need(framework, models=models, errors=errors)
    models = style.of_framework(models, framework)
    look, groups = style.looks(models), style.experiments(models)
    errors, outcomes, learning_curves = (part[part["framework"] == framework] for part in (errors, outcomes, learning_curves))
    hot = main_tests(errors, training_sets).dropna(subset=["temperature_K"])
    slopes = outcomes[outcomes["quantity"] == "extrapolation_slope"]
    sizes = [max(len(members), 3) for _, members in groups]
    width = style.page_width(sizes)
    figure, axes = style.panels(3, len(groups), width, 130, sharey="row", gridspec_kw={"width_ratios": sizes, "height_ratios": [1.1, 1, 1]})
    for column, (title, members) in enumerate(groups):
        names = list(members["model"])
        axes[0, column].set_title(style.wrap(title, width / len(groups) - 4))
        for name in names:
            lines = hot[hot["model"] == name].pivot_table(index="temperature_K", columns="seed", values="forces_rmse_eV_per_A").astype(float)
            if lines.shape[1] > 1:
                axes[0, column].plot(lines.index, lines, color=look[name].colour, linewidth=0.4, alpha=0.6)
            if len(lines):
                axes[0, column].plot(lines.index, lines.mean(axis=1), marker=look[name].marker, markersize=3, color=look[name].colour, linewidth=0.8)
        if len(hot):
            temperatures = sorted(set(hot["temperature_K"]))
            margin = 0.08 * (temperatures[-1] - temperatures[0] + 1)
            axes[0, column].xaxis.set_major_locator(FixedLocator(temperatures))
            axes[0, column].set_xlim(temperatures[0] - margin, temperatures[-1] + margin)
        axes[0, column].set_xlabel("test temperature (K)")
        by_model = {name: slopes.loc[slopes["model"] == name, "value"].to_numpy(float) * PER_K for name in names}
        why = {name: style.why_missing(name, trainings) for name in names}
        draw_values(axes[1, column], names, by_model, look, why)
        draw_learning_slopes(axes[2, column], names, learning_curves, look, why)
        style.name_models(axes[2, column], names, look, style.slot(width, sizes, column, len(names)))
    axes[0, 0].set_ylabel("force RMSE (eV/Å)")
    axes[1, 0].set_ylabel("extrapolation slope\n(meV/Å per 100 K)")
    axes[2, 0].set_ylabel("learning-curve slope\n(ln RMSE per ln $n$)")
    for row, character in enumerate("abc"):
        style.letter(axes[row, 0], character)
    figure.align_ylabels(axes[:, 0])
    counts = style.counted(errors) + " Small points and thin lines: seeds." if len(errors) and errors["seed"].nunique() > 1 else style.counted(errors)
    style.note(figure, "a, b: main training set; b: straight line through a. c: bars are the fit's interval.", counts)
    return figure


def draw_values(axis: Axes, names: list[str], values: dict[str, np.ndarray], look: dict[str, Look], why: dict[str, str]) -> None:
    """Each model's mean as a mark, its seeds as small points."""
    for x, name in enumerate(names):
        if not len(values[name]):
            style.mark_missing(axis, x, why[name])
            continue
        style_of: dict[str, Any] = {"marker": look[name].marker, "color": look[name].colour, "linestyle": "none"}
        if len(values[name]) > 1:
            axis.plot(np.full(len(values[name]), x + 0.15), values[name], markersize=2, alpha=0.7, **style_of)
        axis.plot([x], [values[name].mean()], markersize=4.5, **style_of)
    axis.set(xticks=[], xlim=(-0.6, len(names) - 0.4))


def draw_learning_slopes(axis: Axes, names: list[str], learning_curves: pd.DataFrame, look: dict[str, Look], why: dict[str, str]) -> None:
    """Each seed's slope with its interval, side by side."""
    for x, name in enumerate(names):
        rows = learning_curves[learning_curves["model"] == name]
        if rows.empty:
            style.mark_missing(axis, x, why[name])
        places = x + 0.15 * (np.arange(len(rows)) - (len(rows) - 1) / 2)
        for place, row in zip(places, rows.to_dict("records"), strict=True):
            if pd.notna(row["slope_low"]) and pd.notna(row["slope_high"]):
                axis.plot([place, place], [row["slope_low"], row["slope_high"]], color=look[name].colour, linewidth=0.8)
            axis.plot([place], [row["slope"]], marker=look[name].marker, color=look[name].colour, markersize=4.5 if len(rows) == 1 else 3)
    axis.axhline(0, color=LIGHT, linewidth=0.5, zorder=0)
