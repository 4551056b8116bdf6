"""The bonds that break in hot MD, and the barrier that each training's model gives them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.style import COLOURS, LIGHT

FIGURE = Figure(
    needs=("broken_bonds",),
    uses=("bond_league",),
    per_framework=True,
    category="What predicts extrapolation",
    caption=(
        "**Which bond breaks first ({framework}).** Left: the barrier of every bond (rows) in every training (marks), in the rigid stretch to the "
        "failure distance of the hot MD. Orange: the bond ended replicas of that training, the larger the mark the more; grey: it ended none. "
        "Right: the replicas that each bond ended. Tables ``broken_bonds`` and ``bond_league``."
    ),
)
MOST_ROWS = 40
BROKE = COLOURS[1]


@style.styled
def draw(framework: str, broken_bonds: pd.DataFrame, bond_league: pd.DataFrame | None = None) -> Drawing:
    """Barriers of all trainings by bond, and counts of replicas by bond; bonds with the lowest mean barrier first."""
    every = broken_bonds[broken_bonds["framework"] == framework]
    own = every[every["barrier_eV"].notna()]
    style.need(framework, broken_bonds=own)
    by_bond = own.groupby(["atom_i", "atom_j"], sort=False).agg(bond=("bond", "first"), mean=("barrier_eV", "mean"), n=("n_broken", "sum"))
    shown = by_bond.sort_values("n", ascending=False, kind="stable").head(MOST_ROWS).sort_values("mean", kind="stable")
    place = {pair: number for number, pair in enumerate(shown.index)}
    figure, axes = style.panels(1, 2, style.DOUBLE_MM, 26 + 3.4 * len(shown), sharey=True, gridspec_kw={"width_ratios": [2.4, 1]})
    barriers, counts = axes[0]
    rows = own.assign(place=[place.get(pair, -1) for pair in own[["atom_i", "atom_j"]].itertuples(index=False, name=None)])
    marks(barriers, rows[rows["place"] >= 0])
    barriers.set_xlabel("barrier of the bond (eV)")
    counts.barh(range(len(shown)), shown["n"].to_numpy(float), color=BROKE, height=0.6)
    counts.xaxis.set_major_locator(MaxNLocator(integer=True))
    counts.set_xlabel("replicas that it ended")
    for axis in axes[0]:
        axis.tick_params(axis="y", length=0)
        axis.set_ylim(len(shown) - 0.4, -0.6)
    barriers.set_yticks(range(len(shown)), shown["bond"].tolist())
    kept = f"{len(shown)} of {len(by_bond)} bonds, those that ended most replicas." if len(shown) < len(by_bond) else ""
    trainings = every.drop_duplicates(["model", "seed"])
    replicas = f"{len(trainings)} trainings; bonds ended {every['n_broken'].sum()} of {trainings['n_replicas'].sum()} replicas."
    judged = [] if bond_league is None else verdicts(bond_league[bond_league["framework"] == framework])
    style.note(figure, replicas, kept, *judged)
    return figure


def marks(axis: Axes, rows: pd.DataFrame) -> None:
    """A mark for every bond of every training, on a logarithmic axis of barriers; those that broke on top."""
    barriers, n_broken = (rows[column].to_numpy(float) for column in ("barrier_eV", "n_broken"))
    axis.set_xscale("log")
    lowest = max(np.min(barriers[barriers > 0], initial=1.0), 1e-2)
    x, y = np.maximum(barriers, lowest), rows["place"].to_numpy(float)
    axis.scatter(x[n_broken == 0], y[n_broken == 0], s=3, color=LIGHT, linewidths=0, zorder=2)
    broke = n_broken > 0
    axis.scatter(x[broke], y[broke], s=4 + 2 * n_broken[broke], color=BROKE, alpha=0.7, linewidths=0, zorder=3)
    for number in range(int(y.max(initial=0)) + 1):
        axis.axhline(number, color=LIGHT, linewidth=0.2, zorder=0)
    style.plain_log(axis.xaxis)


def verdicts(league: pd.DataFrame) -> list[str]:
    """Sentences on how often the barrier names what breaks first."""
    what = {
        "bonds": "Of the bond that broke and another of the same replica, the lower barrier names it",
        "trainings": "Of two trainings, the lower barrier of a bond names the one in which it breaks first",
    }
    rows = league[league["predictor"] == "barrier_eV"].set_index("view")
    said = []
    for view, words in what.items():
        if view in rows.index:
            row = rows.loc[view]
            between = f" [{row['low']:.0%}, {row['high']:.0%}]" if pd.notna(row["low"]) else ""
            said.append(f"{words} in {row['concordance']:.0%}{between}.")
    return said
