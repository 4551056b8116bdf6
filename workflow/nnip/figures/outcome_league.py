"""The league by errors of defects: how often each measurement names the training with the better outcome, a panel an outcome."""

import pandas as pd
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.declare.registry import quantities
from nnip.figures import style
from nnip.figures.forest import forest, height, mark, name_rows, signs, what, widest
from nnip.figures.names import named

FIGURE = Figure(
    needs=("outcome_league",),
    per_framework=False,
    options={"confidence": "statistics.confidence"},
    category="Rare events and defects",
    caption=(
        "**Which cheap measurement tells which training has the smaller error of a defect.** Of two trainings, the share of which a measurement "
        "names the one with the better outcome, with its bootstrap interval over models and seeds. Orange: errors that every training has anyway. "
        "Filled: different from a guess after correction for the number of measurements. Table ``outcome_league``."
    ),
)


@style.styled
def draw(outcome_league: pd.DataFrame, confidence: float) -> Drawing:
    """Forest plots of the concordance over all frameworks; rows are sorted by the mean over the outcomes."""
    style.need(outcome_league=outcome_league)
    every = widest(outcome_league).assign(chosen=False)
    order = every.groupby("name", sort=False)["concordance"].mean().sort_values(ascending=False, kind="stable").index
    first = every.drop_duplicates("name").set_index("name", drop=False).loc[order].reset_index(drop=True)
    outcomes = list(dict.fromkeys(every["outcome"]))
    figure, axes = style.panels(1, len(outcomes), style.DOUBLE_MM, height(len(first)) + 6, sharey=True)
    numbers = ["concordance", "concordance_low", "concordance_high", "p_corrected"]
    for axis, outcome in zip(axes[0], outcomes, strict=True):
        own = every[every["outcome"] == outcome]
        own = own.assign(name=named(own)).set_index("name")
        rows = first.assign(**{column: own[column].reindex(pd.Index(first["name"], tupleize_cols=False)).to_numpy() for column in numbers})
        forest(axis, rows, ("concordance", "concordance_low", "concordance_high"), 1 - confidence)
        mark(axis, 0.5, "a guess", dashed=False)
        axis.set(xlim=(-0.03, 1.03), xticks=[0, 0.5, 1])
        without = int(own["n_without"].max())
        count = f"n = {int(own['n_trainings'].max())}" + (f", {without} without" if without else "")
        axis.set_title(style.wrap(f"{quantities()[outcome].label} ({count})", style.DOUBLE_MM / (len(outcomes) + 1.6)), pad=12)
    name_rows(axes[0, 0], first)
    axes[0, 0].set_xlabel("share of pairs named")
    style.note(figure, what(outcome_league).removeprefix(": "), signs(first, confidence))
    return figure
