"""Mean cosines between the directions of loss landscapes: whether they are orthogonal."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from nnip.analyse.entropy import main_lines
from nnip.declare import Figure
from nnip.figures import style

FIGURE = Figure(
    needs=("models", "directions"),
    options={"split": "landscape.split"},
    per_framework=False,
    category="Loss landscapes",
    caption=(
        "**Directions of the loss landscapes**: mean cosines between the directions of each mode. Orthogonal directions have 0 off the diagonal; "
        "near 1, many lines are nearly the same line."
    ),
)


def cosine_matrix(directions: pd.DataFrame) -> np.ndarray:
    """Mean cosine over models and seeds for every pair of directions, shape [n, n], 1 on the diagonal."""
    n = int(max(directions["direction_a"].max(), directions["direction_b"].max())) + 1
    cosines = np.full((n, n), np.nan)
    for (a, b), cosine in directions.groupby(["direction_a", "direction_b"])["cosine"].mean().items():
        cosines[int(a), int(b)] = cosines[int(b), int(a)] = cosine
    np.fill_diagonal(cosines, 1.0)
    return cosines


@style.styled
def draw(models: pd.DataFrame, directions: pd.DataFrame, split: str) -> Drawing:
    """One heat map of the cosines per framework (row) and mode (column), with the mean and the largest absolute cosine off the diagonal.

    split: frames of the main landscapes, whose directions alone are drawn.
    """
    directions = main_lines(directions, split)
    style.need(models=models, directions=directions)
    frameworks, modes = style.frameworks(directions), list(dict.fromkeys(directions["mode"]))
    width = max(style.SINGLE_MM, 15 + 38 * len(modes))
    figure, axes = style.panels(len(frameworks), len(modes), width, 10 + 40 * len(frameworks))
    image = None
    for row, framework in enumerate(frameworks):
        for column, mode in enumerate(modes):
            axis = axes[row, column]
            part = directions[(directions["framework"] == framework) & (directions["mode"] == mode)]
            if part.empty:
                axis.set_axis_off()
                style.say(axis, "no data")
                continue
            image = axis.imshow(cosine_matrix(part), vmin=-1, vmax=1, cmap="RdBu_r", interpolation="nearest")
            between = part.loc[part["direction_a"] != part["direction_b"], "cosine"].astype(float).abs()
            words = f"mean |cos| {_short(between.mean())}, largest {_short(between.max())}" if len(between) else "one direction"
            axis.set_title(f"{style.framework_title(framework)}, {mode}\n{words}", fontsize=6)
            axis.spines[["top", "right"]].set_visible(True)
            axis.set(xlabel="direction", ylabel="direction")
            for side in (axis.xaxis, axis.yaxis):
                side.set_major_locator(MaxNLocator(5, integer=True))
    if image is not None:
        figure.colorbar(image, ax=axes, label="cosine", shrink=0.8, aspect=25)
    n_models = directions.groupby("framework")["model"].nunique()
    counts = ", ".join(f"{style.framework_title(name)} {style.plural(int(n_models[name]), 'model')}" for name in frameworks)
    style.note(figure, f"Mean over models and seeds: {counts}; {style.counted(directions)}")
    return figure


def _short(value: float) -> str:
    return f"{value:.2f}" if value >= 0.005 or value < 1e-12 else f"{value:.0e}"
