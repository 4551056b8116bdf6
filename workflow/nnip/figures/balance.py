"""Few molecules with many frames or many with few: errors of the designs of the diversity block, with the scatter of the draws."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import NullLocator

from nnip.analyse.balance import errors_of_draws
from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.style import COLOURS, Look

FIGURE = Figure(
    needs=("models", "balance", "cell_errors", "drawn_sets"),
    uses=("trainings",),
    when="diversity",
    per_framework=False,
    category="Molecules",
    caption=(
        "**Molecules against frames of each.** Force RMSE on seen, unseen and larger molecules (columns) of each test split (rows): of sets "
        "of one size against their number of molecules, and of sets of the same molecules against their number of frames. Large marks: geometric "
        "means over draws with their intervals; small ones: the draws. Table ``balance``."
    ),
)
QUANTITY = "forces_rmse_eV_per_A"
CLOSE = 1.4  # ticks with a smaller ratio touch
CELLS = ("seen", "unseen", "family", "larger")
X = {"budget": ("n_molecules", "molecules"), "molecules": ("n_conformers", "frames of each molecule")}


@style.styled
def draw(
    models: pd.DataFrame, balance: pd.DataFrame, cell_errors: pd.DataFrame, drawn_sets: pd.DataFrame, trainings: pd.DataFrame | None = None
) -> Drawing:
    """Force RMSE against molecules (fixed budget) and against frames of each (fixed molecules); panels: cells and designs by test splits."""
    style.need(models=models, balance=balance)
    rows = balance[balance["quantity"] == QUANTITY]
    every = errors_of_draws(cell_errors, drawn_sets)
    every = every[every["quantity"] == QUANTITY]
    look = {name: replace(each, colour=COLOURS[i % len(COLOURS)]) for i, (name, each) in enumerate(style.looks(models).items())}
    splits, designs = list(dict.fromkeys(rows["split"])), [name for name in X if name in set(rows["design"])]
    cells = [cell for cell in CELLS if cell in set(rows["cell"])]
    figure, axes = style.panels(len(splits) * len(designs), len(cells), style.DOUBLE_MM, 20 + 38 * len(splits) * len(designs), sharey=True)
    places = [(design, split) for design in designs for split in splits]
    for line, (design, split) in enumerate(places):
        column_x, words = X[design]
        for column, cell in enumerate(cells):
            axis = axes[line, column]
            part, points = (table[(table["design"] == design) & (table["split"] == split) & (table["cell"] == cell)] for table in (rows, every))
            draw_cell(axis, part, points, column_x, look)
            axis.set(xscale="log", yscale="log")
            axis.set_title(f"{cell}, {split}")
            ticks = sorted(set(rows.loc[rows["design"] == design, column_x].astype(int)))
            axis.set_xticks(ticks, spaced(ticks))
            axis.xaxis.set_minor_locator(NullLocator())
            axis.set_xlabel(words)
            if part.empty:
                style.say(axis, "no such frames")
        axes[line, 0].set_ylabel("force RMSE (eV/Å)")
    # the draws decide: an interval of two of them can span decades
    axes[0, 0].set_ylim(np.exp(every["log_error"].min()) / 1.5, np.exp(every["log_error"].max()) * 1.5)
    style.plain_log(axes[0, 0].yaxis)
    names = [name for name in look if name in set(rows["model"])]
    axes[0, 0].legend(*axes[0, 0].get_legend_handles_labels(), loc="best")
    sizes = " and ".join(
        f"{n} frames" for n in sorted({int(a) * int(b) for a, b in rows[rows["design"] == "budget"][["n_molecules", "n_conformers"]].values})
    )
    lost = [name for name in models["model"].drop_duplicates() if name not in names]
    style.note(
        figure,
        f"{int(rows['n_draws'].max())} draws of molecules and frames.",
        f"Fixed budget: {sizes}." if sizes else "",
        f"{', '.join(lost)}: {style.why_missing(lost[0], trainings)}." if lost else "",
    )
    return figure


def spaced(ticks: list[int]) -> list[str]:
    """Labels of ticks on a logarithmic axis; none for one that the next would touch."""
    following = [*ticks[1:], math.inf]
    return [f"{tick:g}" if after / tick > CLOSE else "" for tick, after in zip(ticks, following, strict=True)]


def draw_cell(axis: Axes, part: pd.DataFrame, points: pd.DataFrame, column_x: str, look: dict[str, Look]) -> None:
    """One panel: every model's mean with its interval, and its draws; models stand beside each other."""
    names = [name for name in look if name in set(part["model"])]
    for number, name in enumerate(names):
        shift = 1.06 ** (number - (len(names) - 1) / 2)
        own, draws = part[part["model"] == name].sort_values(column_x), points[points["model"] == name]
        x, y = own[column_x].to_numpy(float) * shift, own["value"].to_numpy(float)
        low, high = (own[column].to_numpy(float, na_value=np.nan) for column in ("low", "high"))
        dress = look[name]
        axis.plot(
            draws[column_x].astype(float) * shift, np.exp(draws["log_error"].astype(float)), dress.marker, color=dress.colour, markersize=2, alpha=0.4
        )
        axis.errorbar(x, y, [y - low, high - y], color=dress.colour, marker=dress.marker, linestyle=dress.line, linewidth=0.8, label=dress.label)
