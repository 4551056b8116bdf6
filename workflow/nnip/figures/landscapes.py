"""Energy and force landscapes of every experiment, in every mode."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from nnip.analyse.entropy import main_lines
from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.curves import QUANTITIES, draw_curves
from nnip.figures.style import NO_DATA

FIGURE = Figure(
    needs=("models", "landscape"),
    uses=("trainings",),
    per_framework=True,
    options={"split": "landscape.split"},
    category="Loss landscapes",
    caption=(
        "**Loss landscapes of {framework}**: RMSE of forces and of energy per atom along displacements of the weights, mean over directions and "
        "seeds, with the range over directions and seeds as a band."
    ),
)


@style.styled
def draw(framework: str, models: pd.DataFrame, landscape: pd.DataFrame, split: str, trainings: pd.DataFrame | None = None) -> Drawing:
    """RMSE of forces and of energy per atom against the displacement of the weights; columns: experiments, rows: modes and quantities.

    Lines are means over directions, bands their range; only the main landscapes are drawn; split: their frames.
    """
    landscape = main_lines(landscape, split)
    style.need(framework, models=models, landscape=landscape)
    models = style.of_framework(models, framework)
    landscape = landscape[landscape["framework"] == framework]
    if not np.isfinite(landscape[list(QUANTITIES)].to_numpy(float)).any():
        raise style.NothingToDrawError(f"Nothing to draw of {style.framework_title(framework)}: its landscapes are infinite everywhere.")
    look, groups = style.looks(models), style.experiments(models)
    modes = list(dict.fromkeys(landscape["mode"])) or ["-"]
    rows = [(mode, quantity) for mode in modes for quantity in QUANTITIES]
    width = style.page_width([3] * len(groups))
    figure, axes = style.panels(len(rows), len(groups), width, 34 * len(rows) + 14, sharey="row", sharex=True)
    for column, (_, members) in enumerate(groups):
        names = list(members["model"])
        for row, (mode, quantity) in enumerate(rows):
            axis = axes[row, column]
            missing = draw_curves(axis, landscape[landscape["mode"] == mode], quantity, names, look, spread=True)
            if missing and row == 0:
                why = "\n".join(f"{look[name].label}: {style.why_missing(name, trainings)}" for name in missing)
                axis.text(0.03, 0.03, why, fontsize=5, color=NO_DATA, transform=axis.transAxes)
        axes[-1, column].set_xlabel("displacement $t$ (norms)")
    for row, (mode, quantity) in enumerate(rows):
        named = f"\n({mode} directions)" if len(modes) > 1 else ""
        axes[row, 0].set_ylabel(QUANTITIES[quantity] + named)
        style.letter(axes[row, 0], "abcdefgh"[row])
    style.head(axes[0], groups, look, width / len(groups) - 4)
    figure.align_ylabels(axes[:, 0])
    bands = "Bands: range over directions and seeds." if landscape["direction"].nunique() > 1 else ""
    seeds = f"Lines: mean over directions, {style.counted(landscape)}" if len(landscape) else ""
    thin = "Thin lines: seeds; thick: their mean." if landscape.groupby("model")["seed"].nunique().max() > 1 else ""
    style.note(figure, seeds, thin, bands, "t is in norms of the weights, filter by filter.")
    return figure
