"""The effect of each training choice: a forest plot of differences from the first model of each experiment."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.declare.registry import quantities
from nnip.figures import style
from nnip.figures.names import Name, label, named, names, several_modes
from nnip.figures.style import GREY, LIGHT

FIGURE = Figure(
    needs=("models", "effects"),
    per_framework=True,
    options={"confidence": "statistics.confidence"},
    category="Experiments",
    caption=(
        "**Effects of the training choices in {framework}**: every model minus the first of its experiment, means over seeds with Welch's "
        "interval. Filled: the interval excludes zero; ringed: significant after Holm's correction for all differences of that quantity. "
        "With one seed a difference is between two single trainings. Table ``effects`` has every quantity."
    ),
)

COLUMNS = 4


def shown_quantities(effects: pd.DataFrame) -> list[Name]:
    """The quantities of the table that are drawn, those with words for the summary: outcomes first."""
    known = quantities()
    places = {name: (not each.is_outcome, place) for place, (name, each) in enumerate(known.items()) if each.words}
    return sorted((name for name in names(effects) if name[0] in places), key=lambda name: places[name[0]])


@style.styled
def draw(framework: str, models: pd.DataFrame, effects: pd.DataFrame, confidence: float) -> Drawing:
    """Differences of one framework, a panel per quantity and a line per model; filled if the interval excludes zero.

    Without two models in an experiment there is no difference, and the figure says so. InputError if table models has no model of the framework.
    """
    models = style.of_framework(models, framework)
    of_framework = effects[effects["framework"] == framework]
    if of_framework.empty:
        figure, axes = style.panels(1, 1, style.SINGLE_MM, 30)
        axes[0, 0].set_axis_off()
        style.say(axes[0, 0], "no differences: no experiment has two models that were measured")
        return figure
    look = style.looks(models)
    drawn, modes = shown_quantities(of_framework), several_modes(of_framework)
    lines = of_framework.drop_duplicates(["experiment", "model"])[["experiment", "model", "reference"]].to_records(index=False).tolist()
    places: dict[tuple[str, str], float] = {}
    at = 0.0
    for experiment, model, _ in lines:
        at += 1.0 if experiment in {known for known, _ in places} else 1.7
        places[experiment, model] = at
    columns = min(COLUMNS, len(drawn))
    rows = math.ceil(len(drawn) / columns)
    figure, axes = style.panels(rows, columns, style.DOUBLE_MM, 10 + rows * (15 + 4.2 * at), sharey=True)
    for axis, name in zip(axes.flat, drawn, strict=False):
        axis.set_xlabel(label(name, modes).replace(" (", "\n(", 1), fontsize=6)
        _draw_panel(axis, of_framework[named(of_framework) == name], places, quantities()[name[0]].factor, 1 - confidence)
    for axis in axes.flat[len(drawn) :]:
        axis.set_axis_off()
    axes[0, 0].set_ylim(at + 0.7, 0.8)
    axes[0, 0].set_yticks(list(places.values()), [f"{look[model].label} − {look[reference].label}" for _, model, reference in lines])
    for axis in axes.flat:
        axis.tick_params(axis="y", length=0)
    seeds = sorted(set(of_framework["n_seeds"]) | set(of_framework["n_seeds_reference"]))
    counted = style.plural(int(seeds[-1]), "seed") if len(seeds) == 1 else f"{seeds[0]} to {style.plural(int(seeds[-1]), 'seed')}"
    meaning = (
        "Lines: Welch's interval over seeds, not corrected for the number of differences; filled: it excludes zero; "
        f"ring: p < {1 - confidence:.2g} after Holm's correction."
        if of_framework["low"].notna().any()
        else "One seed: differences between two trainings, without intervals."
    )
    style.note(figure, f"{style.framework_title(framework)}. Each choice minus the first model of its experiment, {counted} a model.", meaning)
    return figure


def _draw_panel(axis: Axes, rows: pd.DataFrame, places: dict[tuple[str, str], float], factor: float, level: float) -> None:
    axis.axvline(0, color=GREY, linewidth=0.6, zorder=0)
    for row in rows.itertuples():
        at = places[row.experiment, row.model]
        low, high = (np.nan if pd.isna(value) else float(value) * factor for value in (row.low, row.high))
        clear = bool(low > 0 or high < 0)
        axis.hlines(at, low, high, color="black", linewidth=0.8)
        axis.plot(float(row.difference) * factor, at, "o", color="black", markerfacecolor="black" if clear else "white", markersize=3.2)
        if not pd.isna(row.p_holm) and row.p_holm < level:
            axis.plot(float(row.difference) * factor, at, "o", color="black", fillstyle="none", markersize=6, markeredgewidth=0.6)
    for at in sorted(places.values()):
        axis.axhline(at, color=LIGHT, linewidth=0.2, zorder=0)
    axis.margins(x=0.08)
