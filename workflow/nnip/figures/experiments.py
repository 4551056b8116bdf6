"""The study's experiments side by side: loss landscapes, loss entropy, and time to failure in hot MD (the paper's figures 3 and 4)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.analyse.entropy import main_lines
from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.curves import draw_curves
from nnip.figures.style import GREY, LIGHT, Look

FIGURE = Figure(
    needs=("models", "landscape", "entropy", "failures", "survival"),
    uses=("trainings",),
    per_framework=True,
    options={"split": "landscape.split"},
    category="Experiments",
    caption=(
        "**Experiments of {framework}** (figures 3 and 4 of the paper). Columns: experiments, whose models differ in one choice. Rows: force "
        "landscape and loss entropy (filled: minimum kept, as in the paper; hollow: minimum subtracted) of every landscape mode, then the time to "
        "failure of every replica of hot MD. Open triangles are replicas that had not failed when their run ended. Black: restricted mean time to "
        "failure with its interval; no interval if all replicas are copies of one trajectory or fewer than two failed."
    ),
)

STRIP, STRIP_WIDTH, MEAN_AT = -0.12, 0.5, 0.3  # positions of a model's replicas and their mean, in units of its width
SEEDS_BESIDE = 1.8  # distance of a model's seeds from its middle, in units of that of their mean
GOLDEN = (np.sqrt(5) - 1) / 2


@style.styled
def draw(
    framework: str,
    models: pd.DataFrame,
    landscape: pd.DataFrame,
    entropy: pd.DataFrame,
    failures: pd.DataFrame,
    survival: pd.DataFrame,
    split: str,
    trainings: pd.DataFrame | None = None,
) -> Drawing:
    """One column per experiment of a framework; rows: force landscape and entropy (once per landscape mode), then time to failure.

    Takes the tables of these names; split: frames of the main landscapes. Models without data are named at their place.
    """
    landscape, entropy = main_lines(landscape, split), main_lines(entropy, split)
    style.need(framework, models=models, landscape=landscape, entropy=entropy, failures=failures, survival=survival)
    models = style.of_framework(models, framework)
    look = style.looks(models)
    groups = style.experiments(models)
    landscape, entropy, failures, survival = (part[part["framework"] == framework] for part in (landscape, entropy, failures, survival))
    modes = list(dict.fromkeys(landscape["mode"])) or ["-"]

    sizes = [max(len(members), 3) for _, members in groups]
    width = style.page_width(sizes)
    heights = [34, 28] * len(modes) + [36]
    figure, axes = style.panels(
        len(heights), len(groups), width, sum(heights) + 14, sharey="row", gridspec_kw={"width_ratios": sizes, "height_ratios": heights}
    )
    for column, (title, members) in enumerate(groups):
        names = list(members["model"])
        axes[0, column].set_title(style.wrap(title, width / len(groups)))
        why = {name: style.why_missing(name, trainings) for name in names}
        for index, mode in enumerate(modes):
            above, below = axes[2 * index, column], axes[2 * index + 1, column]
            draw_curves(above, landscape[landscape["mode"] == mode], "forces_rmse_eV_per_A", names, look)
            above.set_xlabel("displacement $t$")
            draw_entropy(below, entropy[entropy["mode"] == mode], names, look, why)
            below.set(xticks=[], xlim=(-0.6, len(names) - 0.4))
        draw_failures(axes[-1, column], failures, survival, names, look, why)
        style.name_models(axes[-1, column], names, look, style.slot(width, sizes, column, len(names)))
    for index, mode in enumerate(modes):
        named = f"\n({mode} directions)" if len(modes) > 1 else ""
        axes[2 * index, 0].set_ylabel(f"force RMSE (eV/Å){named}")
        axes[2 * index + 1, 0].set_ylabel(f"loss entropy $S${named}")
    axes[-1, 0].set_ylabel("time to failure (ps)")
    axes[-1, 0].set_ylim(bottom=0)
    for row in axes[:-1:2]:
        mark_temperature(row, entropy)
    for row in axes[1:-1:2]:
        row[0].margins(y=0.12)
    for row, character in enumerate("abcdefgh"[: len(heights)]):
        style.letter(axes[row, 0], character)
    figure.align_ylabels(axes[:, 0])
    style.note(figure, *_notes(landscape, entropy, failures, survival, look))
    return figure


def _notes(landscape: pd.DataFrame, entropy: pd.DataFrame, failures: pd.DataFrame, survival: pd.DataFrame, look: dict[str, Look]) -> list[str]:
    lines = []
    if not landscape.empty:
        several = landscape.groupby("model")["seed"].nunique().max() > 1
        lines.append(
            f"Landscapes: mean over directions, $t$ in norms of the weights, {style.counted(landscape)}"
            + (" Thin lines and small points: seeds; thick and large: their mean." if several else "")
        )
    if not entropy.empty:
        first = entropy.iloc[0]
        lines.append(
            f"$S$ of {first['n_points']} points, $T_E$ = {1000 * first['T_energy_eV_per_atom']:g} meV/atom, "
            f"$T_F$ = {1000 * first['T_forces_eV_per_A']:g} meV/Å, α = {first['alpha']:g}; filled: minimum kept, hollow: minimum subtracted."
        )
    if not failures.empty:
        lines.append(f"{replicas(failures, look)} Points: replicas; △: not failed by the end (dotted).")
    if not survival.empty:
        lines.append("Black: restricted mean time to failure with its interval.")
    return lines


def mark_temperature(row: Sequence[Axes], entropy: pd.DataFrame) -> None:
    """A dashed line at the temperature of the forces entropy: losses far above it do not contribute to S."""
    for temperature in entropy["T_forces_eV_per_A"].unique():
        for axis in row:
            axis.axhline(temperature, color=GREY, linewidth=0.5, linestyle="--", zorder=0)
        row[0].annotate(
            "$T_F$", (0.01, temperature), xycoords=row[0].get_yaxis_transform(), xytext=(0, 1), textcoords="offset points", fontsize=6, color=GREY
        )


def replicas(failures: pd.DataFrame, look: dict[str, Look]) -> str:
    """The numbers of replicas of the models in words."""
    counts = failures[failures["model"].isin(list(look))].groupby(["model", "seed"]).size()
    usual = int(counts.mode().iloc[0])
    others = counts[counts != usual]
    rest = f" ({', '.join(f'{count} of {model}' for (model, _), count in others.items())})" if 0 < len(others) <= 3 else ""
    rest = f" ({counts.min()} to {counts.max()})" if len(others) > 3 else rest
    return f"{style.plural(usual, 'replica')} per model and seed{rest}, {style.counted(failures)}"


def draw_entropy(axis: Axes, entropy: pd.DataFrame, members: Sequence[str], look: dict[str, Look], why: dict[str, str]) -> None:
    """S of each model: filled with the landscape's minimum kept, hollow with it subtracted; small points: seeds."""
    for x, name in enumerate(members):
        rows = entropy[entropy["model"] == name]
        if rows.empty:
            style.mark_missing(axis, x, why[name])
        for minimum, shift in (("kept", -0.14), ("subtracted", 0.14)):
            values = rows.loc[rows["minimum"] == minimum, "S"].to_numpy(float)
            if not len(values):
                continue
            face = look[name].colour if minimum == "kept" else "white"
            mark: dict[str, Any] = {"marker": look[name].marker, "color": look[name].colour, "markerfacecolor": face, "linestyle": "none"}
            if len(values) > 1:
                axis.plot(np.full(len(values), x + SEEDS_BESIDE * shift), values, markersize=2, markeredgewidth=0.5, alpha=0.7, **mark)
            axis.plot([x + shift], [values.mean()], markersize=4.5, markeredgewidth=0.8, **mark)
    axis.axhline(0, color=LIGHT, linewidth=0.5, zorder=0)


def draw_failures(
    axis: Axes, failures: pd.DataFrame, survival: pd.DataFrame, members: Sequence[str], look: dict[str, Look], why: dict[str, str]
) -> None:
    """Every replica's time to failure in ps (seeds side by side), and the restricted mean with its interval."""
    for x, name in enumerate(members):
        rows = failures[failures["model"] == name].sort_values("time_fs")
        if rows.empty:
            style.mark_missing(axis, x, why[name])
            continue
        seeds = sorted(rows["seed"].unique())
        lane = STRIP_WIDTH / len(seeds)
        for index, seed in enumerate(seeds):
            part = rows[rows["seed"] == seed]
            # golden-ratio steps spread neighbours in time evenly and reproducibly
            across = (np.arange(len(part)) * GOLDEN) % 1 - 0.5
            at = x + STRIP + (index - (len(seeds) - 1) / 2) * lane + across * 0.9 * lane
            time = part["time_fs"].to_numpy(float) / 1000
            failed = part["failed"].to_numpy(bool)
            colour = look[name].colour
            axis.plot(at[failed], time[failed], ".", color=colour, markersize=3, markeredgewidth=0, alpha=0.75)
            if not failed.all():  # an empty line without clipping would be placed at the page's corner
                axis.plot(at[~failed], time[~failed], "^", color=colour, markerfacecolor="none", markersize=3.2, markeredgewidth=0.6, clip_on=False)
        draw_mean(axis, x + MEAN_AT, survival[survival["model"] == name])
    for horizon in survival["horizon_fs"].unique():
        axis.axhline(horizon / 1000, color=GREY, linewidth=0.5, linestyle=":", zorder=0)


def draw_mean(axis: Axes, x: float, survival: pd.DataFrame) -> None:
    """A model's restricted mean time to failure in ps with its interval: the seeds' pooled row if the table has one."""
    pooled = survival[survival["seed"].isna()]
    rows = pooled if len(pooled) else survival
    for place, row in zip(x + 0.07 * (np.arange(len(rows)) - (len(rows) - 1) / 2), rows.to_dict("records"), strict=True):
        if pd.notna(row["rmst_low_fs"]) and pd.notna(row["rmst_high_fs"]):
            axis.plot([place, place], [row["rmst_low_fs"] / 1000, row["rmst_high_fs"] / 1000], color="black", linewidth=0.8)
        axis.plot([place], [row["rmst_fs"] / 1000], "D", color="black", markersize=2.4)
