"""Temperature and energy of the replicas in hot MD until they fail (the paper's figure S8)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.style import GREY, Look

FIGURE = Figure(
    needs=("models", "temperatures"),
    uses=("trainings",),
    per_framework=True,
    category="Time to failure",
    caption=(
        "**Temperature of {framework} in hot MD** (figure S8 of the paper): mean over the replicas that have not failed yet, with their standard "
        "deviation, and the change of their mean total energy. Lines get thinner as the number of replicas falls: those left late in a run are the "
        "survivors, not a random sample."
    ),
)

THICKEST, THINNEST = 1.6, 0.3  # line widths in points, with all replicas alive and with one
HOTTEST = 2.5  # end of the axis in thermostat temperatures: a replica about to fail can be hotter by orders of magnitude


@style.styled
def draw(framework: str, models: pd.DataFrame, temperatures: pd.DataFrame, trainings: pd.DataFrame | None = None) -> Drawing:
    """Mean temperature with the replicas' standard deviation, and change of the mean total energy, against time; columns: experiments.

    Means are over the replicas of all seeds that have not failed; lines get thinner as their number falls. Thin lines: seeds, if several.
    """
    style.need(framework, models=models, temperatures=temperatures)
    models = style.of_framework(models, framework)
    temperatures = temperatures[temperatures["framework"] == framework]
    look, groups = style.looks(models), style.experiments(models)
    width = style.page_width([3] * len(groups))
    figure, axes = style.panels(2, len(groups), width, 100, sharex=True, sharey="row", gridspec_kw={"height_ratios": [1.3, 1]})
    for column, (_, members) in enumerate(groups):
        missing = []
        for name in members["model"]:
            rows = temperatures[temperatures["model"] == name]
            if rows.empty:
                missing.append(f"{look[name].label}: {style.why_missing(name, trainings)}")
                continue
            draw_model(axes[:, column], rows, look[name])
        axes[0, column].text(0.03, 0.03, "\n".join(missing), fontsize=5, color=style.NO_DATA, transform=axes[0, column].transAxes)
        for thermostat in temperatures["thermostat_K"].unique():
            axes[0, column].axhline(thermostat, color=GREY, linewidth=0.6, linestyle="--", zorder=0)
        axes[1, column].set_xlabel("time (ps)")
    axes[0, 0].set_ylabel("temperature (K)")
    axes[1, 0].set_ylabel("total energy less\nthe start's (meV/atom)")
    for row, character in enumerate("ab"):
        style.letter(axes[row, 0], character)
    cut = limit(axes, temperatures)
    style.head(axes[0], groups, look, width / len(groups) - 4)
    figure.align_ylabels(axes[:, 0])
    seeds = f"{style.counted(temperatures)}" if len(temperatures) else ""
    replicas = temperatures.groupby(["model", "seed"])["n_alive"].max()
    numbers = "" if replicas.empty else str(replicas.max()) if replicas.nunique() == 1 else f"{replicas.min()} to {replicas.max()}"
    style.note(
        figure,
        f"Means over the replicas that have not failed, of {numbers} per model and seed; {seeds}" if numbers else "",
        "Lines get thinner as the number of replicas falls, and end with the last; bands: standard deviation over replicas.",
        "Dashed: the thermostat.",
        "The axes cut off extreme means due to single replicas about to fail." if cut else "",
        "Thin lines: seeds." if temperatures.groupby("model")["seed"].nunique().max() > 1 else "",
    )
    return figure


def limit(axes: np.ndarray, temperatures: pd.DataFrame) -> bool:
    """Limit the axes, so that single explosions do not flatten everything else; returns whether data lie outside the limits."""
    if temperatures.empty:
        return False
    change = temperatures["total_energy_eV_per_atom"] - temperatures.groupby(["model", "seed"])["total_energy_eV_per_atom"].transform("first")
    change_meV = 1000 * change.to_numpy(float)
    usual = np.quantile(change_meV, [0.02, 0.95])
    low, high = usual - [0.3 * np.ptp(usual), -0.5 * np.ptp(usual)]
    hottest = HOTTEST * float(temperatures["thermostat_K"].max())
    axes[0, 0].set_ylim(0, min(axes[0, 0].get_ylim()[1], hottest))
    bottom, top = axes[1, 0].get_ylim()
    axes[1, 0].set_ylim(max(bottom, low), min(top, high))
    return bool((temperatures["temperature_mean_K"] > hottest).any() or (change_meV > high).any() or (change_meV < low).any())


def pooled(temperatures: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over all replicas of all seeds, from those of each seed, and mean total energy; columns named as in the table."""
    rows = temperatures.astype(dict.fromkeys(("n_alive", "temperature_mean_K", "temperature_std_K", "total_energy_eV_per_atom"), float))
    weights = rows["n_alive"] / rows.groupby("time_fs")["n_alive"].transform("sum")
    sums = rows.assign(
        mean=weights * rows["temperature_mean_K"],
        energy=weights * rows["total_energy_eV_per_atom"],
        within=(rows["n_alive"] - 1) * rows["temperature_std_K"].fillna(0.0) ** 2,
    )
    table = sums.groupby("time_fs").agg(
        n_alive=("n_alive", "sum"), temperature_mean_K=("mean", "sum"), total_energy_eV_per_atom=("energy", "sum"), within=("within", "sum")
    )
    between = rows["n_alive"] * (rows["temperature_mean_K"] - rows["time_fs"].map(table["temperature_mean_K"])) ** 2
    squares = table["within"] + between.groupby(rows["time_fs"]).sum()
    table["temperature_std_K"] = np.sqrt(squares / (table["n_alive"] - 1).where(table["n_alive"] > 1))
    return table.drop(columns="within").reset_index()


def draw_model(axes: np.ndarray, temperatures: pd.DataFrame, look: Look) -> None:
    """Draw one model in both panels; energies are relative to the start of each seed: otherwise a seed that ends early would shift the mean."""
    starts = temperatures.groupby("seed")["total_energy_eV_per_atom"].transform("first")
    temperatures = temperatures.assign(total_energy_eV_per_atom=temperatures["total_energy_eV_per_atom"] - starts)
    together = pooled(temperatures)
    time_ps = together["time_fs"].to_numpy(float) / 1000
    mean, spread = (together[name].to_numpy(float) for name in ("temperature_mean_K", "temperature_std_K"))
    axes[0].fill_between(time_ps, mean - spread, mean + spread, color=look.colour, alpha=0.12, linewidth=0)
    thinning(axes[0], time_ps, mean, together["n_alive"].to_numpy(float), look)
    thinning(axes[1], time_ps, 1000 * together["total_energy_eV_per_atom"].to_numpy(float), together["n_alive"].to_numpy(float), look)
    seeds = list(temperatures.groupby("seed"))
    for _, rows in seeds if len(seeds) > 1 else []:
        thin: dict[str, Any] = {"color": look.colour, "linewidth": 0.3, "alpha": 0.6}
        axes[0].plot(rows["time_fs"].astype(float) / 1000, rows["temperature_mean_K"].astype(float), **thin)
        axes[1].plot(rows["time_fs"].astype(float) / 1000, 1000 * rows["total_energy_eV_per_atom"].astype(float), **thin)


def thinning(axis: Axes, x: np.ndarray, y: np.ndarray, n_alive: np.ndarray, look: Look) -> None:
    """Draw a line with widths that show how many replicas are left."""
    points = np.column_stack([x, y])
    widths = THINNEST + (THICKEST - THINNEST) * n_alive[1:] / n_alive.max()
    axis.add_collection(LineCollection(list(np.stack([points[:-1], points[1:]], axis=1)), colors=look.colour, linewidths=widths, capstyle="round"))
    axis.plot(x[-1:], y[-1:], "|", color=look.colour, markersize=4, label=look.label)
    axis.update_datalim(points)
    axis.autoscale_view()
