"""Level or flatness: whether entropy depends on the landscape's shape or only on the error at its centre."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.analyse.entropy import main_lines
from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.curves import in_words
from nnip.figures.labels import label_points
from nnip.figures.style import GREY, LIGHT

FIGURE = Figure(
    needs=("models", "landscape", "entropy", "survival"),
    per_framework=False,
    options={"split": "landscape.split"},
    category="What predicts extrapolation",
    caption=(
        "**Level or flatness.** Loss entropy over the force RMSE at the centre of the landscape, with the minimum kept and with it subtracted; "
        "colour: time to failure. With the minimum kept, entropy decreases with the error at the centre by construction; with it "
        "subtracted, entropy depends on shape alone."
    ),
)


def centre_errors(landscape: pd.DataFrame) -> pd.DataFrame:
    """Force RMSE (meV/Å) where t is nearest to 0, per framework, model, seed and mode; mean over directions; finite values only."""
    nearest = landscape.assign(distance=landscape["t"].abs())
    keys = ["framework", "model", "seed", "mode"]
    nearest = nearest[nearest["distance"] == nearest.groupby(keys)["distance"].transform("min")]
    centre = nearest.groupby(keys, sort=False)["forces_rmse_eV_per_A"].mean().astype(float).mul(1000).rename("centre")
    return centre[np.isfinite(centre)].reset_index()


@style.styled
def draw(models: pd.DataFrame, landscape: pd.DataFrame, entropy: pd.DataFrame, survival: pd.DataFrame, split: str) -> Drawing:
    """S against the force RMSE at the centre: rows with the minimum kept and subtracted, columns frameworks; colour: time to failure.

    Both are over the frames of the main landscapes' split. One point per model, the mean over its seeds (small points),
    first landscape mode.
    """
    landscape, entropy = main_lines(landscape, split), main_lines(entropy, split)
    style.need(models=models, landscape=landscape, entropy=entropy)
    if centre_errors(landscape).empty or not np.isfinite(entropy["S"].to_numpy(float)).any():
        raise style.NothingToDrawError("Nothing to draw: no landscape has a finite centre and entropy.")
    look = style.looks(models)
    mode, keys = landscape["mode"].iloc[0], ["framework", "model"]
    centre_of_seeds = centre_errors(landscape[landscape["mode"] == mode]).set_index([*keys, "seed"])["centre"]
    centre = centre_of_seeds.groupby(keys, sort=False).mean()
    entropy = entropy[entropy["mode"] == mode]
    rmst = survival.groupby(keys)["rmst_fs"].mean().astype(float) / 1000
    several = landscape.groupby(keys)["seed"].nunique().max() > 1
    frameworks = style.frameworks(landscape)
    figure, axes = style.panels(2, len(frameworks), style.SINGLE_MM if len(frameworks) == 1 else style.DOUBLE_MM, 125, sharex="col", sharey=True)
    shades: dict[str, Any] = {"vmin": 0.0, "vmax": float(rmst.max()) if len(rmst) else 1.0, "cmap": "viridis"}
    image, to_label = None, []
    for row, (minimum, words) in enumerate((("kept", "minimum kept"), ("subtracted", "minimum subtracted"))):
        S_of_seeds = entropy[entropy["minimum"] == minimum].set_index([*keys, "seed"])["S"].astype(float)
        S_of_seeds = S_of_seeds[np.isfinite(S_of_seeds)]
        seeds = pd.concat([centre_of_seeds, S_of_seeds], axis=1).dropna()
        values = S_of_seeds.groupby(keys, sort=False).mean()
        points = pd.concat([centre, values, rmst.rename("rmst")], axis=1).dropna(subset=["centre", "S"])
        for column, framework in enumerate(frameworks):
            axis: Axes = axes[row, column]
            rows = points[points.index.get_level_values("framework") == framework]
            if rows.empty:
                style.say(axis, "no landscape with a finite centre and entropy")
                continue
            known = rows[rows["rmst"].notna()]
            axis.scatter(rows["centre"], rows["S"], s=16, facecolors="none", edgecolors=GREY, linewidths=0.5)
            image = axis.scatter(known["centre"], known["S"], c=known["rmst"], s=16, linewidths=0, **shades) if len(known) else image
            around = draw_seeds(axis, rows, seeds[seeds.index.get_level_values("framework") == framework]) if several else None
            axis.set_xscale("log")
            style.plain_log(axis.xaxis)
            axis.margins(0.12)
            if row == 0:
                axis.set_title(style.framework_title(framework))
            else:
                axis.set_xlabel(f"{in_words(split)} force RMSE at $t$ = 0 (meV/Å)")
            if len(rows) > 2 and np.ptp(rows["S"]) > 1e-9:
                pearson = np.corrcoef(np.log(rows["centre"]), rows["S"])[0, 1]
                axis.text(0.98, 0.98, f"r($S$, ln RMSE) = {style.signed(pearson)}", ha="right", va="top", fontsize=6, transform=axis.transAxes)
            to_label.append((axis, rows, around))
        axes[row, 0].set_ylabel(f"loss entropy $S$, {words}")
        style.letter(axes[row, 0], "ab"[row])
    if image is not None:
        figure.colorbar(image, ax=axes, label="restricted mean time to failure (ps)", shrink=0.6, aspect=30, pad=0.01)
    words = " Small points: seeds; large: their mean." if several else ""
    style.note(figure, f"{str(mode).capitalize()} directions; one point per model, {style.counted(entropy)}{words} Hollow: no time to failure.")
    for axis, rows, around in to_label:
        names = [model for _, model in rows.index]
        texts = [look[name].label if name in look else name for name in names]
        label_points(axis, rows["centre"].tolist(), rows["S"].tolist(), texts, ["#333333"] * len(rows), avoid=around, size_pt=5)
    return figure


def draw_seeds(axis: Axes, means: pd.DataFrame, seeds: pd.DataFrame) -> np.ndarray:
    """Every model's seeds as small points joined to their mean; their places, shape [n, 2]."""
    for (_, model, _), seed in seeds.iterrows():
        mean = means.xs(model, level="model").iloc[0]
        axis.plot([mean["centre"], seed["centre"]], [mean["S"], seed["S"]], color=LIGHT, linewidth=0.4, zorder=0)
    axis.plot(seeds["centre"], seeds["S"], "o", color=GREY, markersize=1.8, markeredgewidth=0, zorder=1)
    return seeds[["centre", "S"]].to_numpy(float)
