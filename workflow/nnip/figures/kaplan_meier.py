"""Survival in hot MD: the share of replicas that have not failed, per experiment, with bands and numbers at risk."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.style import GREY, Look

FIGURE = Figure(
    needs=("models", "kaplan_meier", "survival", "logrank"),
    uses=("trainings",),
    per_framework=True,
    category="Time to failure",
    caption=(
        "**Survival of {framework} in hot MD**: Kaplan-Meier estimate of the share of replicas that have not failed, with pointwise intervals and "
        "the numbers at risk. Beside the names: log-rank p of the test against the model above, corrected for all tests of the study (Holm), where "
        "both have one seed. Thin lines are single seeds. Bands and tests speak of these trainings, not of their settings."
    ),
)

LINE_PT, FIRST_PT = 6.5, 30.0  # of the numbers at risk, under the axis


@style.styled
def draw(
    framework: str,
    models: pd.DataFrame,
    kaplan_meier: pd.DataFrame,
    survival: pd.DataFrame,
    logrank: pd.DataFrame,
    trainings: pd.DataFrame | None = None,
) -> Drawing:
    """Kaplan-Meier curves of each experiment of a framework, with the log-rank p (Holm) against the model above beside each model's name.

    The curve of a model pools all its seeds; if there are several, thin lines show the single seeds.
    """
    style.need(framework, models=models, kaplan_meier=kaplan_meier)
    models = style.of_framework(models, framework)
    look, groups = style.looks(models), style.experiments(models)
    kaplan_meier, survival, logrank = (part[part["framework"] == framework] for part in (kaplan_meier, survival, logrank))
    longest = max(len(members) for _, members in groups)
    width = style.page_width([3] * len(groups))
    figure, axes = style.panels(1, len(groups), width, 56 + 5 * longest, sharey=True, sharex=True)
    words = []
    for axis, (_, members) in zip(axes[0], groups, strict=True):
        names = list(members["model"])
        words.append(p_values(logrank[logrank["experiment"] == members["experiment"].iloc[0]], names))
        for name in names:
            rows = together(kaplan_meier, name)
            if rows.empty:
                words[-1][name] = style.why_missing(name, trainings)
                continue
            draw_survival(axis, rows, look[name])
            if rows["seed"].isna().any():
                for _, seed in kaplan_meier[(kaplan_meier["model"] == name) & kaplan_meier["seed"].notna()].groupby("seed"):
                    axis.step(
                        seed["time_fs"].to_numpy(float) / 1000, seed["survival"], where="post", color=look[name].colour, linewidth=0.4, alpha=0.6
                    )
        axis.set_ylim(0, 1.03)
        axis.set_xlabel("time (ps)", labelpad=1)
    end = float(survival["horizon_fs"].max()) / 1000 if len(survival) else float(kaplan_meier["time_fs"].max()) / 1000 if len(kaplan_meier) else 1.0
    axes[0, 0].set_xlim(0, end * 1.02)
    axes[0, 0].xaxis.set_major_locator(MaxNLocator(4, integer=end >= 3, steps=[1, 2, 5, 10]))
    ticks = [tick for tick in axes[0, 0].xaxis.get_major_locator().tick_values(0, end) if 0 <= tick <= end + 1e-9]
    for axis, (_, members) in zip(axes[0], groups, strict=True):
        write_at_risk(axis, kaplan_meier, list(members["model"]), ticks, look)
    axes[0, 0].set_ylabel("share of replicas not failed")
    axes[0, 0].annotate(
        "at risk", (0, 0), xytext=(-24, -FIRST_PT + LINE_PT), xycoords="axes fraction", textcoords="offset points", fontsize=5.5, color=GREY
    )
    style.head(axes[0], groups, look, width / len(groups) - 4, words)
    counts = ""
    if len(survival):
        replicas = survival.groupby("model")["n_replicas"].max()  # of all seeds together where there are several
        numbers = f"{replicas.min()} to {replicas.max()}" if replicas.nunique() > 1 else str(replicas.iloc[0])
        counts = f"{numbers} replicas per model in all, {style.counted(survival)}"
    style.note(
        figure,
        counts,
        "Thin lines: seeds; thick: their replicas together." if kaplan_meier["seed"].isna().any() else "",
        "Bands: pointwise intervals of these trainings, none where replicas are copies of one trajectory or none failed;",
        "ticks: runs that ended before a failure.",
        "p: log-rank test against the model above, corrected for all tests of the study (Holm)." if logrank["p"].notna().any() else "",
    )
    return figure


def together(kaplan_meier: pd.DataFrame, model: str) -> pd.DataFrame:
    """A model's curve over all its seeds: the rows with blank seed if it has several."""
    rows = kaplan_meier[kaplan_meier["model"] == model].sort_values("time_fs", kind="stable")
    return rows[rows["seed"].isna()] if rows["seed"].isna().any() else rows


def draw_survival(axis: Axes, rows: pd.DataFrame, look: Look) -> None:
    """Draw one model's curve and band, with a tick where a run ended without failure."""
    time = rows["time_fs"].to_numpy(float) / 1000
    share = rows["survival"].to_numpy(float)
    low, high = (rows[side].to_numpy(float, na_value=np.nan) for side in ("low", "high"))
    if not np.isnan(low).all():
        axis.fill_between(time, low, high, step="post", color=look.colour, alpha=0.12, linewidth=0)
    axis.step(time, share, where="post", color=look.colour, linestyle=look.line, label=look.label)
    ended = (share == np.append(1.0, share[:-1])) & (time > 0)
    if ended.any():
        axis.plot(time[ended], share[ended], "|", color=look.colour, markersize=4, markeredgewidth=0.7)


def write_at_risk(axis: Axes, kaplan_meier: pd.DataFrame, names: list[str], ticks: list[float], look: dict[str, Look]) -> None:
    """Write the number of replicas at risk at each tick, one line per model under the axis."""
    for row, name in enumerate(names):
        rows = together(kaplan_meier, name)
        for tick in ticks:
            later = rows[rows["time_fs"].astype(float) >= 1000 * tick - 1e-6]
            number = str(int(later["n_at_risk"].iloc[0])) if len(later) else ("0" if len(rows) else "–")
            place: dict[str, Any] = {"xycoords": axis.get_xaxis_transform(), "textcoords": "offset points", "xytext": (0, -FIRST_PT - row * LINE_PT)}
            side = "left" if tick == ticks[0] else "right" if tick == ticks[-1] else "center"
            axis.annotate(number, (tick, 0), ha=side, fontsize=5.5, color=look[name].colour, **place)


def p_values(logrank: pd.DataFrame, names: list[str]) -> dict[str, str]:
    """Model -> text on its test against the previous model."""
    texts = {}
    for before, name in itertools.pairwise(names):
        test = logrank[(logrank["model_a"] == before) & (logrank["model_b"] == name)]
        if len(test) and pd.notna(test["p_holm"].iloc[0]):
            p = float(test["p_holm"].iloc[0])
            texts[name] = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
    return texts
