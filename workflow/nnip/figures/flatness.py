"""Level or flatness: whether entropy speaks of the landscape's shape or only of the training error at its centre."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnip.figures import style
from nnip.figures.labels import label_points
from nnip.figures.style import GREY


def centre_errors(landscape: pd.DataFrame) -> pd.DataFrame:
    """Training force RMSE (meV/Å) where t is nearest to 0, per framework, model, seed and mode; mean over directions."""
    nearest = landscape.assign(distance=landscape["t"].abs())
    keys = ["framework", "model", "seed", "mode"]
    nearest = nearest[nearest["distance"] == nearest.groupby(keys)["distance"].transform("min")]
    return nearest.groupby(keys, sort=False)["forces_rmse_eV_per_A"].mean().astype(float).mul(1000).rename("centre").reset_index()


@style.styled
def draw_flatness(models: pd.DataFrame, landscape: pd.DataFrame, entropy: pd.DataFrame, survival: pd.DataFrame) -> Figure:
    """S against the training force RMSE at the centre: rows with the minimum kept and subtracted, columns frameworks; colour: time to failure.

    One point per model (mean over seeds), first landscape mode. InputError if tables models, landscape or entropy have no row.
    """
    style.need(models=models, landscape=landscape, entropy=entropy)
    look = style.looks(models)
    mode = landscape["mode"].iloc[0]
    keys = ["framework", "model"]
    centre = centre_errors(landscape[landscape["mode"] == mode]).groupby(keys, sort=False)["centre"].mean()
    entropy = entropy[entropy["mode"] == mode]
    rmst = survival.groupby(keys)["rmst_fs"].mean().astype(float) / 1000
    frameworks = style.frameworks(landscape)
    figure, axes = style.panels(2, len(frameworks), style.SINGLE_MM if len(frameworks) == 1 else style.DOUBLE_MM, 125, sharex="col", sharey=True)
    shades: dict[str, Any] = {"vmin": 0.0, "vmax": float(rmst.max()) if len(rmst) else 1.0, "cmap": "viridis"}
    image, to_label = None, []
    for row, (minimum, words) in enumerate((("kept", "minimum kept"), ("subtracted", "minimum subtracted"))):
        values = entropy[entropy["minimum"] == minimum].groupby(keys, sort=False)["S"].mean().astype(float).rename("S")
        points = pd.concat([centre, values, rmst.rename("rmst")], axis=1).dropna(subset=["centre", "S"])
        for column, framework in enumerate(frameworks):
            axis: Axes = axes[row, column]
            own = points[points.index.get_level_values("framework") == framework]
            known = own[own["rmst"].notna()]
            axis.scatter(own["centre"], own["S"], s=16, facecolors="none", edgecolors=GREY, linewidths=0.5)
            image = axis.scatter(known["centre"], known["S"], c=known["rmst"], s=16, linewidths=0, **shades) if len(known) else image
            axis.set_xscale("log")
            style.plain_log(axis.xaxis)
            axis.margins(0.12)
            if row == 0:
                axis.set_title(style.framework_title(framework))
            else:
                axis.set_xlabel("training force RMSE at $t$ = 0 (meV/Å)")
            if len(own) > 2 and np.ptp(own["S"]) > 1e-9:
                pearson = np.corrcoef(np.log(own["centre"]), own["S"])[0, 1]
                axis.text(0.98, 0.98, f"r($S$, ln RMSE) = {style.signed(pearson)}", ha="right", va="top", fontsize=6, transform=axis.transAxes)
            to_label.append((axis, own))
        axes[row, 0].set_ylabel(f"loss entropy $S$, {words}")
        style.letter(axes[row, 0], "ab"[row])
    if image is not None:
        figure.colorbar(image, ax=axes, label="restricted mean time to failure (ps)", shrink=0.6, aspect=30, pad=0.01)
    style.note(figure, f"{str(mode).capitalize()} directions; one point per model, {style.counted(entropy)} Hollow: no time to failure.")
    for axis, own in to_label:
        names = [model for _, model in own.index]
        texts = [look[name].label if name in look else name for name in names]
        label_points(axis, own["centre"].tolist(), own["S"].tolist(), texts, ["#333333"] * len(own), size_pt=5)
    return figure
