"""Loss landscapes over test frames beside those over the training frames, and their entropies (the paper's figure S5)."""

import pandas as pd
from matplotlib.figure import Figure

from nnip.figures import style
from nnip.figures.variants import draw_variants


@style.styled
def draw_test_landscapes(
    framework: str,
    models: pd.DataFrame,
    landscape: pd.DataFrame,
    entropy: pd.DataFrame,
    landscape_tests: pd.DataFrame,
    entropy_tests: pd.DataFrame,
) -> Figure:
    """RMSE of forces and energy along the same lines over training and test frames, a row per model; S over test against S over training."""
    style.need(framework, models=models, landscape=landscape, entropy=entropy, landscape_tests=landscape_tests, entropy_tests=entropy_tests)
    main = str(landscape["split"].iloc[0])
    pairs = (landscape, landscape_tests), (entropy, entropy_tests)
    return draw_variants(framework, models, *pairs, key="split", main=in_words(main), words=in_words)


def in_words(split: str) -> str:
    """How a key calls the frames of a split."""
    return {"train": "training", "val": "validation"}.get(split, split.replace("_", " "))
