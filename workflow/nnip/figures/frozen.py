"""Loss landscapes with some parameters left as they are beside those with all weights displaced (the paper's figure S6)."""

import pandas as pd
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.landscape_comparison import draw_comparison

FIGURE = Figure(
    needs=("models", "landscape", "entropy", "landscape_frozen", "entropy_frozen"),
    per_framework=True,
    category="Loss landscapes",
    caption=(
        "**Landscapes of {framework} with frozen parameters**: RMSE along lines that displace all weights and along lines that leave some as they "
        "are, and their loss entropies against each other; the line marks equality."
    ),
)


@style.styled
def draw(
    framework: str,
    models: pd.DataFrame,
    landscape: pd.DataFrame,
    entropy: pd.DataFrame,
    landscape_frozen: pd.DataFrame,
    entropy_frozen: pd.DataFrame,
) -> Drawing:
    """RMSE of forces and energy along lines with and without the frozen parameters, a row per model; S with them frozen against S without."""
    style.need(framework, models=models, landscape=landscape, entropy=entropy, landscape_frozen=landscape_frozen, entropy_frozen=entropy_frozen)
    pairs = (landscape, landscape_frozen), (entropy, entropy_frozen)
    return draw_comparison(framework, models, *pairs, key="frozen", main="all weights", words=lambda name: f"{name} frozen")
