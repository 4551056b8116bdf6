"""The loss over planes in weight space, from forces alone to energy alone (the paper's figure 2)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FuncFormatter, MaxNLocator

from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.curves import in_words, settings
from nnip.figures.style import LIGHT

FIGURE = Figure(
    needs=("models", "planes", "entropy"),
    per_framework=True,
    when="planes",
    options={"energy_weights": "planes.energy_weights"},
    category="Loss landscapes",
    caption=(
        "**Loss over planes of {framework}**: w E/T_E + (1 - w) F/T_F around the trained weights, from forces only (w = 0) to energy only (w = "
        "1); E and F are the RMSE of energy per atom and of forces, T_E and T_F the temperatures of the loss entropy. One logarithmic colour "
        "scale."
    ),
)

SHADES = 40  # filled levels, at most


def losses(plane: pd.DataFrame, T_energy: float, T_forces: float, weight: float) -> pd.DataFrame:
    """The dimensionless loss w E/T_E + (1 - w) F/T_F of a plane's RMSE, as a table: rows t2, columns t1; blank where it is not finite."""
    parts = ((weight, plane["energy_rmse_eV_per_atom"] / T_energy), (1 - weight, plane["forces_rmse_eV_per_A"] / T_forces))
    # a weight of zero removes a term, even an infinite one
    loss = sum(share * part.astype(float) for share, part in parts if share)
    return plane.assign(loss=loss).pivot(index="t2", columns="t1", values="loss").astype(float).replace(np.inf, np.nan)


@style.styled
def draw(framework: str, models: pd.DataFrame, planes: pd.DataFrame, entropy: pd.DataFrame, energy_weights: Sequence[float]) -> Drawing:
    """One row of contour maps per model, a column per weight of the energy; all on one logarithmic colour scale.

    T_E and T_F are those of table entropy.
    """
    style.need(framework, models=models, planes=planes, entropy=entropy)
    look = style.looks(style.of_framework(models, framework))
    rows = planes[planes["framework"] == framework]
    T_energy, T_forces, _ = settings(entropy)
    names = [name for name in look if name in set(rows["model"])]
    maps = {(name, w): losses(rows[rows["model"] == name], T_energy, T_forces, w) for name in names for w in energy_weights}
    levels = shades([table.to_numpy() for table in maps.values()])
    width = max(style.SINGLE_MM, min(style.DOUBLE_MM, 30 + 30 * len(energy_weights)))
    side = (width - 32) / len(energy_weights)
    figure, axes = style.panels(len(names), len(energy_weights), width, 16 + (side + 4) * len(names), sharex=True, sharey=True)
    for (row, column), axis in np.ndenumerate(axes):
        drawn = draw_map(axis, maps[names[row], energy_weights[column]], levels)
        if row == 0:
            axis.set_title(weight_title(energy_weights[column]))
    for row, name in enumerate(names):
        axes[row, 0].set_ylabel("$t_2$")
        words = style.wrap(look[name].label, side)
        axes[row, 0].annotate(
            words, (0, 0.5), xytext=(-34, 0), xycoords="axes fraction", textcoords="offset points", rotation=90, ha="right", va="center",
            color=look[name].colour, fontweight="bold", multialignment="center",
        )  # fmt: skip
    for axis in axes[-1]:
        axis.set_xlabel("$t_1$")
    bar = figure.colorbar(drawn, ax=axes, label="loss  $w\\,E/T_E + (1-w)\\,F/T_F$", aspect=22, shrink=0.9, pad=0.01)
    bar.ax.yaxis.set_major_locator(MaxNLocator(6, integer=True) if np.ptp(levels) > 2 else MaxNLocator(5))
    bar.ax.yaxis.set_major_formatter(FuncFormatter(power_of_ten))
    first, n_points = rows.iloc[0], rows["t1"].nunique()
    style.note(
        figure,
        f"$E$, $F$: RMSE of the energy per atom and of the force components over {in_words(first['split'])} frames, in units of"
        f" $T_E$ = {1000 * T_energy:g} meV/atom and $T_F$ = {1000 * T_forces:g} meV/Å. Displacements in norms of the weights along two",
        f"{first['mode']} directions, {n_points} × {n_points} points; + the trained weights, ○ the lowest point. {style.counted(rows)}",
        "Grey: not finite." if any(table.isna().any(axis=None) for table in maps.values()) else "",
    )
    return figure


def shades(maps: Sequence[np.ndarray]) -> np.ndarray:
    """Common levels of all maps in log10 of the loss: at most SHADES, with a step that is a round fraction of a decade."""
    finite = np.log10(np.concatenate([part[np.isfinite(part) & (part > 0)] for part in maps]))
    low, high = (finite.min(), finite.max()) if len(finite) else (-1.0, 1.0)
    step = next(step for step in (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0) if (high - low) / step < SHADES)
    return np.arange(np.floor(low / step), np.ceil(high / step) + 1.5) * step


def draw_map(axis: Axes, loss: pd.DataFrame, levels: np.ndarray) -> QuadContourSet:
    """Filled contours of log10 of the loss, thin lines on every fourth level, the trained weights and the lowest point."""
    t1, t2 = loss.columns.to_numpy(float), loss.index.to_numpy(float)
    height = np.log10(loss.clip(lower=10.0 ** levels[0])).to_numpy()
    axis.set_facecolor(LIGHT)
    filled = axis.contourf(t1, t2, np.ma.masked_invalid(height), levels=levels, cmap="viridis")
    filled.set_edgecolor("face")  # no seams between the shades in a PDF
    axis.contour(t1, t2, np.ma.masked_invalid(height), levels=levels[::4], colors="white", linewidths=0.35, alpha=0.7)
    axis.plot(0, 0, "+", color="white", markersize=5, markeredgewidth=0.8)
    if np.isfinite(height).any():
        row, column = np.unravel_index(np.nanargmin(height), height.shape)
        axis.plot(t1[column], t2[row], "o", color="white", markerfacecolor="none", markersize=4, markeredgewidth=0.6)
    axis.set_aspect("equal")
    axis.spines[["top", "right"]].set_visible(True)
    axis.xaxis.set_major_locator(MaxNLocator(3))
    axis.yaxis.set_major_locator(MaxNLocator(3))
    return filled


def weight_title(weight: float) -> str:
    """A column's heading."""
    return f"$w$ = {weight:g}" + {0.0: ": forces only", 1.0: ": energy only"}.get(weight, "")


def power_of_ten(exponent: float, _: int) -> str:
    """Label of a tick of the colour bar: the loss for its log10."""
    return f"$10^{{{exponent:.0f}}}$" if float(exponent).is_integer() else f"{10**exponent:.2g}"
