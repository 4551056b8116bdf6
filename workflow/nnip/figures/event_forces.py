"""Errors of the force on the atoms of rare events: against its size, and how many atoms have one as large."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.style import LIGHT

FIGURE = Figure(
    needs=("models", "event_forces"),
    uses=("trainings",),
    per_framework=True,
    category="Rare events and defects",
    caption=(
        "**Forces of {framework} on the atoms of rare events** (after figure 5 of Liu, He & Mo 2023): the error of the force's size and the angle "
        "to the reference's, against the size of the reference's force, and the share of the atoms with an error as large or larger. Grey lines: "
        "the windows of the scores, 1 eV/Å and 60°. Table ``event_forces``."
    ),
)
ERRORS = {"magnitude_error_eV_per_A": ("error of |F| (eV/Å)", 1.0), "angle_deg": ("angle between both forces (degrees)", 60.0)}
MOST_POINTS = 400  # of a model


@style.styled
def draw(framework: str, models: pd.DataFrame, event_forces: pd.DataFrame, trainings: pd.DataFrame | None = None) -> Drawing:
    """Rows: size and angle. Columns: points of all seeds against |F|, and the cumulative curve of each model over its seeds."""
    style.need(framework, models=models, event_forces=event_forces)
    members = style.of_framework(models, framework)
    look, own = style.looks(members), event_forces[event_forces["framework"] == framework]
    names = list(dict.fromkeys(members["model"]))
    figure, axes = style.panels(2, 2, style.DOUBLE_MM, 115, sharex="col")
    within = []
    for row, (column, (label, window)) in enumerate(ERRORS.items()):
        points, curve = axes[row]
        for name in names:
            of_model = own[own["model"] == name].dropna(subset=[column])
            if len(of_model):
                draw_model(points, curve, of_model, column, look[name])
        if own[column].max() > window / 3:
            for axis in (points, curve):
                axis.axhline(window, color=LIGHT, linewidth=0.6, zorder=0)
        else:
            within.append(f"{window:g} {label[label.index('(') + 1 : -1]}")
        points.set_ylabel(label)
        points.set_ylim(bottom=0)
        curve.set(xlim=(0, 1), ylim=points.get_ylim())
        style.letter(points, "ac"[row])
        style.letter(curve, "bd"[row])
    axes[1, 0].set_xlabel("size of the reference's force (eV/Å)")
    axes[1, 1].set_xlabel("share of atoms with a larger error")
    missing = [look[name].label for name in names if name not in set(own["model"])]
    if any(len(own[own["model"] == name]) for name in names):
        axes[0, 1].legend(loc="upper right", handlelength=1.2)
    without = " ".join(f"{look[name].label}: {style.why_missing(name, trainings)}." for name in names if look[name].label in missing)
    without = " ".join([*([f"No error is a third of the window of {' or of '.join(within)}."] if within else []), *([without] if without else [])])
    splits = ", ".join(dict.fromkeys(own["split"]))
    style.note(figure, f"Split {splits}.", style.counted(own), f"At most {MOST_POINTS} points a model; curves are of all atoms.", without)
    return figure


def draw_model(points: Axes, curve: Axes, rows: pd.DataFrame, column: str, look: style.Look) -> None:
    """The points and the cumulative curve of one model."""
    shown = rows.iloc[:: max(len(rows) // MOST_POINTS, 1)]
    sizes, errors = shown["reference_eV_per_A"].to_numpy(float), shown[column].to_numpy(float)
    points.plot(sizes, errors, look.marker, color=look.colour, markersize=2.2, alpha=0.5, markeredgewidth=0)
    every = np.sort(rows[column].to_numpy(float))[::-1]
    curve.step(np.arange(len(every) + 1) / len(every), [every[0], *every], where="pre", color=look.colour, linestyle=look.line, label=look.label)
