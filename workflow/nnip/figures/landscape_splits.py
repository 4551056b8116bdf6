"""Loss landscapes over test frames beside those over the training frames, and their entropies (the paper's figure S5)."""

import pandas as pd
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.curves import in_words
from nnip.figures.landscape_comparison import draw_comparison

FIGURE = Figure(
    needs=("models", "landscape", "entropy", "landscape_tests", "entropy_tests"),
    per_framework=True,
    category="Loss landscapes",
    caption=(
        "**Landscapes over test frames of {framework}**: RMSE along the same lines over training and test frames, and loss entropy over test "
        "frames against that over training frames; the line marks equality."
    ),
)


@style.styled
def draw(
    framework: str,
    models: pd.DataFrame,
    landscape: pd.DataFrame,
    entropy: pd.DataFrame,
    landscape_tests: pd.DataFrame,
    entropy_tests: pd.DataFrame,
) -> Drawing:
    """RMSE of forces and energy along the same lines over training and test frames, a row per model; S over test against S over training."""
    style.need(framework, models=models, landscape=landscape, entropy=entropy, landscape_tests=landscape_tests, entropy_tests=entropy_tests)
    main = str(landscape["split"].iloc[0])
    pairs = (landscape, landscape_tests), (entropy, entropy_tests)
    return draw_comparison(framework, models, *pairs, key="split", main=in_words(main), words=in_words)
