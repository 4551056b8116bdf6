"""Errors of defects against the number of atoms in a training cell, a panel an outcome, a line a kind of observation."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.analyse.defect_scaling import several_sizes
from nnip.declare import Figure
from nnip.declare.registry import quantities
from nnip.figures import style
from nnip.figures.style import COLOURS, MARKERS

FIGURE = Figure(
    needs=("defect_scaling", "defect_errors"),
    per_framework=True,
    category="Rare events and defects",
    caption=(
        "**Errors of defects against the size of the training cells, {framework}.** A point is a training, a line joins geometric means over "
        "seeds and models and passes over sizes whose trainings all failed; colours are what was learnt. Numbers: slope of the logarithm of the "
        "error against that of the number of atoms, with its interval. Tables ``defect_errors`` and ``defect_scaling``."
    ),
)


@style.styled
def draw(framework: str, defect_scaling: pd.DataFrame, defect_errors: pd.DataFrame) -> Drawing:
    """One panel for each outcome on logarithmic axes."""
    style.need(framework, defect_errors=defect_errors)
    own = defect_errors[defect_errors["framework"] == framework]
    if not several_sizes(own):
        raise style.NothingToDrawError(f"The training cells have one size, {own['atoms'].mean():.0f} atoms.")
    slopes = defect_scaling[(defect_scaling["framework"] == framework) & (defect_scaling["against"] == "atoms")]
    outcomes = list(dict.fromkeys(own["outcome"]))
    kinds = sorted(set(own["learn"]), key=lambda learn: (learn.count("+"), learn))
    figure, axes = style.panels(1, len(outcomes), max(style.SINGLE_MM, min(60.0 * len(outcomes), style.DOUBLE_MM)), 75)
    for axis, outcome in zip(axes[0], outcomes, strict=True):
        for number, learn in enumerate(kinds):
            rows = own[(own["outcome"] == outcome) & (own["learn"] == learn)]
            fit = slopes[(slopes["outcome"] == outcome) & (slopes["learn"] == learn)]
            draw_kind(axis, rows, fit, quantities()[outcome].factor, learn, number)
        atoms = own.loc[own["outcome"] == outcome, "atoms"].astype(float)
        axis.set(xscale="log", yscale="log", xlabel="atoms in a training cell", ylabel=quantities()[outcome].axis)
        axis.set_xlim(atoms.min() / 1.4, atoms.max() * 1.4)
        style.plain_log(axis.xaxis)
        low, high = axis.get_ylim()
        if high < 100 * low:
            style.plain_log(axis.yaxis)
        axis.legend(loc="lower right", bbox_to_anchor=(1.04, 1.0), borderaxespad=0.2, handlelength=1.0, handletextpad=0.5)
    style.note(figure, f"{style.plural(own.groupby(['model', 'training_set', 'seed']).ngroups, 'training')}; those whose defect failed are left out.")
    return figure


def draw_kind(axis: Axes, rows: pd.DataFrame, fit: pd.DataFrame, factor: float, learn: str, number: int) -> None:
    """Points, the line of geometric means, and the slope in the legend."""
    if rows.empty:
        return
    colour, atoms, values = COLOURS[number % len(COLOURS)], rows["atoms"].to_numpy(float), factor * rows["value"].to_numpy(float)
    axis.plot(atoms, values, MARKERS[number % len(MARKERS)], color=colour, markersize=3, alpha=0.6, markeredgewidth=0)
    # sets with vacancies have a mean number of atoms between two whole ones
    size = np.round(np.log2(atoms) * 2)
    places = sorted(set(size))
    means = [(np.exp(np.log(part[size == place]).mean())) for part in (atoms, values) for place in places]
    label = learn.replace("+", ", ")
    if len(fit) and pd.notna(fit["slope"].iloc[0]):
        slope, low, high = (fit[column].iloc[0] for column in ("slope", "slope_low", "slope_high"))
        label += f": {style.signed(slope)}" + (f" [{style.signed(low)}, {style.signed(high)}]" if pd.notna(low) else "")
    axis.plot(means[: len(places)], means[len(places) :], color=colour, linewidth=1.0, label=label)
