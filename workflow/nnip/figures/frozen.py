"""Loss landscapes with some parameters left as they are beside those with all weights displaced (the paper's figure S6)."""

import pandas as pd
from matplotlib.figure import Figure

from nnip.figures import style
from nnip.figures.variants import draw_variants


@style.styled
def draw_frozen(
    framework: str,
    models: pd.DataFrame,
    landscape: pd.DataFrame,
    entropy: pd.DataFrame,
    landscape_frozen: pd.DataFrame,
    entropy_frozen: pd.DataFrame,
) -> Figure:
    """RMSE of forces and energy along lines with and without the frozen parameters, a row per model; S with them frozen against S without."""
    style.need(framework, models=models, landscape=landscape, entropy=entropy, landscape_frozen=landscape_frozen, entropy_frozen=entropy_frozen)
    pairs = (landscape, landscape_frozen), (entropy, entropy_frozen)
    return draw_variants(framework, models, *pairs, key="frozen", main="all weights", words=lambda name: f"{name} frozen")
