"""How far from its training frames a model can be trusted: errors of test frames against their distances."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.style import COLOURS, GREY

FIGURE = Figure(
    needs=("models", "domain", "calibration", "frame_errors", "training_sets"),
    uses=("trainings",),
    per_framework=True,
    category="Molecules",
    caption=(
        "**Domain of applicability of {framework}**: force RMSE of every test frame against its distance from the training frames in the model's "
        "features, trained on the main set. Line: the increasing curve closest to the frames; steps: parts of equal numbers of frames. Beyond the "
        "vertical line (band: its interval) the error exceeds the bound (horizontal line). Tables ``domain`` and ``calibration``."
    ),
)
DISTANCE = "mean"
CELLS = ("seen", "unseen", "larger", "not drawn")
MOST_MODELS = 6


@style.styled
def draw(
    framework: str,
    models: pd.DataFrame,
    domain: pd.DataFrame,
    calibration: pd.DataFrame,
    frame_errors: pd.DataFrame,
    training_sets: pd.DataFrame,
    trainings: pd.DataFrame | None = None,
) -> Drawing:
    """One panel per model: its first seed on the main training set."""
    style.need(framework, models=models, domain=domain)
    (main,) = training_sets.loc[training_sets["role"] == "main", "training_set"]
    domain, calibration, frame_errors = (
        table[(table["framework"] == framework) & (table["training_set"] == main)] for table in (domain, calibration, frame_errors)
    )
    look = style.looks(style.of_framework(models, framework))
    names = list(look)[:MOST_MODELS]
    columns = min(len(names), 3)
    lines = -(-len(names) // columns)
    figure, axes = style.panels(lines, columns, max(style.SINGLE_MM, 58 * columns), 15 + 52 * lines, sharey=True)
    for axis, name in zip(axes.flat, names, strict=False):
        axis.set_title(look[name].label)
        row = domain[(domain["model"] == name) & (domain["distance"] == DISTANCE)].head(1)
        if row.empty:
            style.say(axis, style.why_missing(name, trainings))
            continue
        seed = row["seed"].iloc[0]
        own, frames = (table[(table["model"] == name) & (table["seed"] == seed)] for table in (calibration, frame_errors))
        draw_model(axis, row.iloc[0], own[own["distance"] == DISTANCE], frames)
        axis.set_xlabel("distance from the training frames (ratio)")
        style.plain_log(axis.xaxis)
        style.plain_log(axis.yaxis)
    for axis in list(axes.flat)[len(names) :]:
        axis.set_axis_off()
    for axis in axes[:, 0]:
        axis.set_ylabel("force RMSE of a frame (eV/Å)")
    handles = {label: handle for axis in axes.flat for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    axes[0, 0].legend(handles.values(), handles.keys(), loc="best", markerscale=1.5)
    more = len(look) - len(names)
    style.note(
        figure, "Distance: mean over a frame's atoms, in units of the training atoms' 95 % quantile.", f"{more} models are not shown." if more else ""
    )
    return figure


def draw_model(axis: Axes, row: pd.Series, calibration: pd.DataFrame, frames: pd.DataFrame) -> None:
    """Frames by cell, the calibration, the bound and the limit of one model."""
    finite = frames[np.isfinite(frames[[DISTANCE, "forces_rmse_eV_per_A"]].astype(float)).all(axis=1)]
    for cell, colour in zip(CELLS, COLOURS, strict=False):
        part = finite[finite["cell"] == cell]
        if len(part):
            axis.plot(
                part[DISTANCE].astype(float), part["forces_rmse_eV_per_A"].astype(float), ".", color=colour, markersize=1.5, alpha=0.5, label=cell
            )
    x = calibration["distance_median"].astype(float)
    axis.plot(x, calibration["calibrated_eV_per_A"].astype(float), "-", color="black", linewidth=1)
    axis.hlines(
        calibration["forces_rmse_eV_per_A"].astype(float),
        calibration["distance_low"].astype(float),
        calibration["distance_high"].astype(float),
        color="black",
        linewidth=0.6,
    )
    axis.set(xscale="log", yscale="log")
    axis.axhline(row["bound_eV_per_A"], color=GREY, linewidth=0.6, linestyle=":")
    if pd.isna(row["limit"]):
        axis.annotate(str(row["reason"]), (0.02, 0.97), xycoords="axes fraction", va="top", fontsize=5, color=GREY)
        return
    axis.axvline(row["limit"], color=GREY, linewidth=0.8)
    if pd.notna(row["limit_low"]):
        axis.axvspan(row["limit_low"], row["limit_high"] if pd.notna(row["limit_high"]) else axis.get_xlim()[1], color=GREY, alpha=0.15, linewidth=0)
    words = f"trust up to {row['limit']:.2g}: {100 * row['share_inside']:.0f} % of the frames"
    words += f",\n{100 * row['missed']:.0f} % of them wrong on molecules left out" if pd.notna(row["missed"]) else ""
    axis.annotate(words, (0.02, 0.97), xycoords="axes fraction", va="top", fontsize=5, color=GREY)
