"""How loss entropy, and the ranking of models by it, depend on its temperatures and on alpha (the paper's figure S4)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.image import AxesImage

from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.curves import settings

FIGURE = Figure(
    needs=("models", "sensitivity", "entropy"),
    per_framework=True,
    category="Loss landscapes",
    caption=(
        "**Sensitivity of loss entropy of {framework}** (figure S4 of the paper) to its temperatures and to α: S of every model with its rank, "
        "and the agreement of the ranking with that at the study's settings."
    ),
)


@style.styled
def draw(framework: str, models: pd.DataFrame, sensitivity: pd.DataFrame, entropy: pd.DataFrame) -> Drawing:
    """Heat maps, a row per landscape mode: S of each model against T; against alpha; Spearman of the ranking with the study's over T and alpha.

    T scales both temperatures together. Numbers in the cells are ranks (1 = largest S).
    """
    style.need(framework, models=models, sensitivity=sensitivity, entropy=entropy)
    models = style.of_framework(models, framework)
    look = style.looks(models)
    T_energy, T_forces, alpha = settings(entropy)
    rows = sensitivity[sensitivity["framework"] == framework]
    rows = rows.astype(dict.fromkeys(("T_energy_eV_per_atom", "T_forces_eV_per_A", "alpha", "S", "rank", "spearman"), float))
    rows = rows[np.isclose(rows["T_energy_eV_per_atom"] / T_energy, rows["T_forces_eV_per_A"] / T_forces)]
    modes = list(dict.fromkeys(rows["mode"])) or ["-"]
    names = [name for name in look if name in set(rows["model"])]
    figure, axes = style.panels(len(modes), 3, style.DOUBLE_MM, 22 + (26 + 3.2 * len(names)) * len(modes), gridspec_kw={"width_ratios": [1, 1, 1]})
    for row, mode in enumerate(modes):
        part = rows[rows["mode"] == mode]
        if part.empty:
            for axis in axes[row]:
                axis.set_axis_off()
            style.say(axes[row, 1], "no model of this framework has a landscape")
            continue
        scale = {"vmin": float(np.nanpercentile(part["S"], 5)), "vmax": float(part["S"].max())}
        image = heat_of_models(axes[row, 0], part[np.isclose(part["alpha"], alpha)], "T_forces_eV_per_A", names, look, scale, 1000)
        heat_of_models(axes[row, 1], part[np.isclose(part["T_forces_eV_per_A"], T_forces)], "alpha", names, look, scale, 1)
        axes[row, 0].set(xlabel="$T_F$ (meV/Å), $T_E$ in proportion")
        axes[row, 0].set_title(f"$S$ at α = {alpha:g}" + (f", {mode}" if len(modes) > 1 else ""))
        axes[row, 1].set(xlabel="α", yticks=[])
        axes[row, 1].set_title(f"$S$ at $T_F$ = {1000 * T_forces:g} meV/Å")
        figure.colorbar(image, ax=axes[row, 1], label="loss entropy $S$", aspect=25, extend="min")
        if part["spearman"].notna().any():
            ranking = heat_of_ranks(axes[row, 2], part)
            figure.colorbar(ranking, ax=axes[row, 2], label="Spearman ρ with the\nranking at own settings", aspect=25)
        else:
            axes[row, 2].set_axis_off()
            style.say(axes[row, 2], "no ranking of fewer than three models")
        for column in range(3):
            style.letter(axes[row, column], "abcdefghi"[3 * row + column])
    counts = f"{style.framework_title(framework)}, minimum kept, {style.counted(rows)}" if len(rows) else ""
    style.note(figure, counts, "In the cells of a and b: rank, 1 = largest S.")
    return figure


def heat_of_models(
    axis: Axes, part: pd.DataFrame, setting: str, names: list[str], look: dict[str, style.Look], scale: dict[str, Any], factor: float
) -> AxesImage:
    """S as colour (mean over seeds) and ranks as numbers: a line per model, a column per value of the setting."""
    table = part.pivot_table(index="model", columns=setting, values="S").reindex(names)
    ranks = table.rank(ascending=False)
    image = axis.imshow(table.to_numpy(), aspect="auto", cmap="viridis", interpolation="nearest", **scale)
    middle = (scale["vmin"] + scale["vmax"]) / 2
    for (row, column), rank in np.ndenumerate(ranks.to_numpy()):
        if not np.isnan(rank):
            ink = "white" if table.iloc[row, column] < middle else "black"
            axis.text(column, row, f"{rank:.0f}", ha="center", va="center", fontsize=4.5, color=ink)
    axis.set_xticks(range(table.shape[1]), [f"{factor * value:.3g}" for value in table.columns], rotation=90 if table.shape[1] > 8 else 0)
    axis.set_yticks(range(len(names)), [look[name].label for name in names])
    for name, text in zip(names, axis.get_yticklabels(), strict=True):
        text.set(color=look[name].colour, fontsize=5.5)
    axis.tick_params(length=0)
    return image


def heat_of_ranks(axis: Axes, part: pd.DataFrame) -> AxesImage:
    """Spearman's correlation of the models' ranking with that at the study's settings, over alpha and temperature."""
    table = part.pivot_table(index="alpha", columns="T_forces_eV_per_A", values="spearman").sort_index(ascending=False)
    image = axis.imshow(table.to_numpy(), aspect="auto", cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
    for (row, column), value in np.ndenumerate(table.to_numpy()):
        if not np.isnan(value):
            axis.text(column, row, style.signed(value), ha="center", va="center", fontsize=4.5, color="white" if abs(value) > 0.6 else "black")
    axis.set_xticks(range(table.shape[1]), [f"{1000 * value:.3g}" for value in table.columns], rotation=90 if table.shape[1] > 8 else 0)
    axis.set_yticks(range(table.shape[0]), [f"{value:.2g}" for value in table.index])
    axis.set(xlabel="$T_F$ (meV/Å), $T_E$ in proportion", ylabel="α")
    axis.tick_params(length=0)
    return image
