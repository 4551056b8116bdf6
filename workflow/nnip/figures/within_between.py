"""Whether a measurement tells models apart, and trainings of one model: two panels of correlations."""

import pandas as pd
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.forest import forest, height, mark, name_rows, signs, what, widest

FIGURE = Figure(
    needs=("within_between",),
    per_framework=False,
    options={"confidence": "statistics.confidence"},
    category="What predicts extrapolation",
    caption=(
        "**Between models and within models.** Correlation of each measurement with the logarithm of the restricted mean time to failure: of the "
        "means of models, and of the deviations of trainings from their model's mean (repeated-measures correlation). A measurement that only tells "
        "models apart may merely follow another property of them. Table ``within_between``."
    ),
)

TITLES = {"between": "between models", "within": "within models, between seeds"}

NUMBERS = ("correlation", "low", "high", "p_corrected")


@style.styled
def draw(within_between: pd.DataFrame, confidence: float) -> Drawing:
    """Forest plots of both views, sorted by the correlation between models. A view without a row says so."""
    style.need(within_between=within_between)
    every = widest(within_between)
    order = every.sort_values("correlation", ascending=False, kind="stable").sort_values("view", kind="stable")  # between comes first
    order = order.drop_duplicates("name", ignore_index=True)
    figure, axes = style.panels(1, 2, style.DOUBLE_MM, height(len(order)), sharey=True)
    for axis, (view, title) in zip(axes[0], TITLES.items(), strict=True):
        of_view = every[every["view"] == view].set_index("name")
        axis.set(xlim=(-1.05, 1.05), xticks=[-1, -0.5, 0, 0.5, 1], xlabel="correlation with the logarithm of the life")
        if of_view.empty:
            axis.set_title(title, pad=12)
            style.say(axis, "too few models" if view == "between" else "fewer than three models with several seeds")
            continue
        rows = order.assign(**{column: of_view[column].reindex(pd.Index(order["name"], tupleize_cols=False)).to_numpy() for column in NUMBERS})
        forest(axis, rows, ("correlation", "low", "high"), 1 - confidence)
        mark(axis, 0.0, "none", dashed=False)
        n = of_view["n_models"].max() if view == "between" else of_view["n_trainings"].max()
        axis.set_title(f"{title} (n = {n})", pad=12)
    name_rows(axes[0, 0], order)
    style.note(figure, what(within_between), "Positive: as expected.", signs(order, confidence))
    return figure
