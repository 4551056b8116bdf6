"""Errors of every model on every split."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.analyse.error_summaries import temperatures_K
from nnip.analyse.learning_curves import main_errors
from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.style import GREY, LIGHT, Look

FIGURE = Figure(
    needs=("models", "errors", "training_sets"),
    uses=("trainings",),
    per_framework=True,
    category="Accuracy and learning",
    caption="**Errors of {framework}** on every split, trained on the main training set.",
)

QUANTITIES = {"forces_rmse_eV_per_A": ("force RMSE (meV/Å)", 1000), "energy_rmse_eV_per_atom": ("energy RMSE (meV/atom)", 1000)}


def ordered(splits: pd.Series) -> list[str]:
    """The names of splits: train, val, then tests by temperature, then by name."""
    names = pd.DataFrame({"split": sorted(set(splits))})
    names["temperature_K"] = temperatures_K(names["split"]).fillna(-1.0)
    names["first"] = names["split"].map({"train": 0, "val": 1}).fillna(2)
    return list(names.sort_values(["first", "temperature_K", "split"])["split"])


@style.styled
def draw(framework: str, models: pd.DataFrame, errors: pd.DataFrame, training_sets: pd.DataFrame, trainings: pd.DataFrame | None = None) -> Drawing:
    """Force and energy RMSE per split and model, trained on the main set; rows: quantities, columns: experiments of the framework.

    Marks are means over seeds, small points are single seeds; grey lines join the means of a split.
    """
    style.need(framework, models=models, errors=errors)
    models = style.of_framework(models, framework)
    look, groups = style.looks(models), style.experiments(models)
    errors = errors[(errors["framework"] == framework) & (errors["split"] != "all")]
    errors = main_errors(errors, training_sets)
    splits = ordered(errors["split"])
    sizes = [max(len(members), 3) for _, members in groups]
    width = style.page_width(sizes)
    figure, axes = style.panels(2, len(groups), width, 100, sharey="row", gridspec_kw={"width_ratios": sizes})
    for column, (title, members) in enumerate(groups):
        names = list(members["model"])
        axes[0, column].set_title(style.wrap(title, width / len(groups) - 4))
        for row, quantity in enumerate(QUANTITIES):
            axis = axes[row, column]
            draw_splits(axis, errors, quantity, names, splits, look)
            for x, name in enumerate(names):
                if name not in set(errors["model"]):
                    style.mark_missing(axis, x, style.why_missing(name, trainings))
            axis.set(yscale="log", xticks=[], xlim=(-0.6, len(names) - 0.4))
        style.name_models(axes[1, column], names, look, style.slot(width, sizes, column, len(names)))
    for row, (text, _) in enumerate(QUANTITIES.values()):
        axes[row, 0].set_ylabel(text)
        style.plain_log(axes[row, 0].yaxis)
        style.letter(axes[row, 0], "ab"[row])
        name_splits(axes[row, -1], errors, list(QUANTITIES)[row], list(groups[-1][1]["model"]), splits)
    figure.align_ylabels(axes[:, 0])
    frames = sorted(set(errors["n_train"].astype(int)))
    counts = f"Trained on the main set ({', '.join(map(str, frames))} frames), {style.counted(errors)}" if len(errors) else ""
    style.note(
        figure,
        counts,
        "Hollow: frames of the training and validation sets. Lines join a split." if {"train", "val"} & set(splits) else "Lines join a split.",
    )
    return figure


def draw_splits(axis: Axes, errors: pd.DataFrame, quantity: str, names: list[str], splits: list[str], look: dict[str, Look]) -> None:
    """Draw one quantity of one experiment: one mark per model and split."""
    for split in splits:
        part = errors[(errors["split"] == split) & errors[quantity].notna()]
        values = {name: part.loc[part["model"] == name, quantity].to_numpy(float) * QUANTITIES[quantity][1] for name in names}
        there = [x for x, name in enumerate(names) if len(values[name])]
        axis.plot(there, [values[names[x]].mean() for x in there], color=LIGHT, linewidth=0.6, zorder=0, label=f"_{split}")
        for x in there:
            name = names[x]
            face = "white" if split in ("train", "val") else look[name].colour
            mark: dict[str, Any] = {"marker": look[name].marker, "color": look[name].colour, "markerfacecolor": face, "linestyle": "none"}
            if len(values[name]) > 1:
                axis.plot(np.full(len(values[name]), x + 0.18), values[name], markersize=1.6, alpha=0.7, markeredgewidth=0.4, **mark)
            axis.plot([x], [values[name].mean()], markersize=3.6, markeredgewidth=0.7, label=split, **mark)


def name_splits(axis: Axes, errors: pd.DataFrame, quantity: str, names: list[str], splits: list[str]) -> None:
    """Write the splits' names right of the last panel, at the height of the last model that has them, moved apart if they are close."""
    last = {}
    for split in splits:
        for name in names:
            values = errors.loc[(errors["split"] == split) & (errors["model"] == name), quantity].dropna()
            if len(values):
                last[split] = float(values.mean()) * QUANTITIES[quantity][1]
    low, high = np.log(axis.get_ylim())
    lowest = -np.inf
    for split, value in sorted(last.items(), key=lambda item: item[1]):
        place = max((np.log(value) - low) / (high - low), lowest + 0.075)
        lowest = place
        axis.annotate(split, (1.02, place), xycoords="axes fraction", fontsize=5.5, color=GREY, va="center")
