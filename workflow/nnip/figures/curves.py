"""Common parts of the figures of loss landscapes: curves, names of splits, and entropy settings."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nnip.figures.style import LIGHT, Look, plain_log

FEW_DECADES = 50
QUANTITIES = {"forces_rmse_eV_per_A": "force RMSE (eV/Å)", "energy_rmse_eV_per_atom": "energy RMSE (eV/atom)"}


def in_words(split: str) -> str:
    """The name of a split's frames in a legend."""
    return {"train": "training", "val": "validation"}.get(split, split.replace("_", " "))


def settings(entropy: pd.DataFrame) -> tuple[float, float, float]:
    """(T_energy, T_forces, alpha) of the study."""
    first = entropy.iloc[0]
    return float(first["T_energy_eV_per_atom"]), float(first["T_forces_eV_per_A"]), float(first["alpha"])


def mean_curves(landscape: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """Mean over directions: one column per seed, indexed by t; the rows must be of one model and one mode."""
    return landscape.groupby(["seed", "t"])[quantity].mean().unstack("seed").sort_index().astype(float)


def draw_curves(axis: Axes, landscape: pd.DataFrame, quantity: str, members: list[str], look: dict[str, Look], spread: bool = False) -> list[str]:
    """The landscapes of one experiment in one mode: thin lines are seeds (if several), thick lines their mean.

    Returns the models without a finite landscape. With spread, a band shows the range over directions and seeds.
    """
    missing = []
    for name in members:
        rows = landscape[landscape["model"] == name]
        if not np.isfinite(rows[quantity].to_numpy(float)).any():
            missing.append(name)
            continue
        curves = mean_curves(rows, quantity)
        style = {"color": look[name].colour, "linestyle": look[name].line}
        if spread and rows["direction"].nunique() > 1:
            extent = rows.groupby("t")[quantity].agg(["min", "max"]).astype(float)
            axis.fill_between(extent.index.to_numpy(float), extent["min"], extent["max"], color=look[name].colour, alpha=0.15, linewidth=0)
        if curves.shape[1] > 1:
            axis.plot(curves.index, curves, linewidth=0.4, alpha=0.6, **style)
        axis.plot(curves.index, curves.mean(axis=1), label=look[name].label, **style)
    axis.set_yscale("log")
    low, high = axis.get_ylim()
    if high < FEW_DECADES * low:
        plain_log(axis.yaxis)
    axis.axvline(0, color=LIGHT, linewidth=0.5, zorder=0)
    return missing
