"""Loss landscapes over test frames compared with those over training frames, and their entropies (the paper's figure S5)."""

import pandas as pd
from matplotlib.figure import Figure as Drawing

from nnip.analyse.entropy import main_lines
from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.curves import in_words
from nnip.figures.landscape_comparison import draw_comparison

FIGURE = Figure(
    needs=("models", "landscape", "entropy"),
    per_framework=True,
    options={"split": "landscape.split"},
    when="landscape.test_splits",
    category="Loss landscapes",
    caption=(
        "**Landscapes over test frames of {framework}**: RMSE along the same lines over training and test frames, and loss entropy over test "
        "frames against that over training frames; the line marks equality."
    ),
)


@style.styled
def draw(framework: str, models: pd.DataFrame, landscape: pd.DataFrame, entropy: pd.DataFrame, split: str) -> Drawing:
    """RMSE of forces and energy along the same lines over training and test frames, a row per model; S over test against S over training.

    split: frames of the main landscapes. InputError if there is no landscape over other frames.
    """
    others = [table[(table["split"] != split) & table["frozen"].isna()] for table in (landscape, entropy)]
    style.need(framework, models=models, landscape=others[0], entropy=others[1])
    landscapes, entropies = (main_lines(landscape, split), others[0]), (main_lines(entropy, split), others[1])
    return draw_comparison(framework, models, landscapes, entropies, key="split", main=in_words(split), words=in_words)
