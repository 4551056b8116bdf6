"""Loss landscapes with frozen parameters compared with those with all weights displaced (the paper's figure S6)."""

import pandas as pd
from matplotlib.figure import Figure as Drawing

from nnip.analyse.entropy import main_lines
from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.landscape_comparison import draw_comparison

FIGURE = Figure(
    needs=("models", "landscape", "entropy"),
    per_framework=True,
    options={"split": "landscape.split"},
    when="landscape.frozen",
    category="Loss landscapes",
    caption=(
        "**Landscapes of {framework} with frozen parameters**: RMSE along lines that displace all weights and along lines with frozen "
        "parameters, and their loss entropies against each other; the line marks equality."
    ),
)


@style.styled
def draw(framework: str, models: pd.DataFrame, landscape: pd.DataFrame, entropy: pd.DataFrame, split: str) -> Drawing:
    """RMSE of forces and energy along lines with and without the frozen parameters, a row per model; S with them frozen against S without.

    split: frames of the main landscapes. InputError if there is no landscape with frozen parameters.
    """
    others = [table[(table["split"] == split) & table["frozen"].notna()] for table in (landscape, entropy)]
    style.need(framework, models=models, landscape=others[0], entropy=others[1])
    landscapes, entropies = (main_lines(landscape, split), others[0]), (main_lines(entropy, split), others[1])
    return draw_comparison(framework, models, landscapes, entropies, key="frozen", main="all weights", words=lambda name: f"{name} frozen")
