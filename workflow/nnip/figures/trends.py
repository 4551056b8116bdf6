"""Cheap measurements against expensive ones: one point per model (the paper's figure 5)."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from scipy import stats

from nnip.analyse.quantities import together
from nnip.declare import Figure
from nnip.declare.registry import quantities
from nnip.figures import style
from nnip.figures.labels import label_points
from nnip.figures.names import KEYS, Name, label, named, names, pick, several_modes, subset_words
from nnip.figures.style import GREY, LIGHT, Look

FIGURE = Figure(
    needs=("models", "predictors", "outcomes", "correlations"),
    per_framework=False,
    options={"subsets": "statistics.subsets"},
    category="What predicts extrapolation",
    caption=(
        "**What predicts extrapolation** (figure 5 of the paper). Loss entropy and hot force RMSE against the restricted mean time to failure, "
        "and the slope of the learning curve against entropy. Correlations and intervals are those of table ``correlations``. Models with S ≤ 0, "
        "which the paper omits from its learning-curve panels, are kept and ringed."
    ),
)


LIFE, LEARNING, HOT = (("rmst_fs", "", ""), ("learning_curve_slope", "", ""), ("test_forces_rmse_hottest", "", ""))


def pairs(values: pd.DataFrame) -> list[tuple[Name, Name]]:
    """(horizontal, vertical): entropy of every mode and hot force RMSE against time to failure, then the learning slope against entropy."""
    there = names(values)
    entropies = [name for name in there if name[0] == "S" and name[2] == "kept"]
    wanted = [(name, LIFE) for name in (*entropies, HOT)] + [(name, LEARNING) for name in entropies[:1]]
    return [pair for pair in wanted if set(pair) <= set(there)]


@style.styled
def draw(
    models: pd.DataFrame,
    predictors: pd.DataFrame,
    outcomes: pd.DataFrame,
    correlations: pd.DataFrame,
    subsets: Mapping[str, Mapping[str, Any]],
) -> Drawing:
    """Scatter plots, a row per pair of quantities and a column per framework, with the correlations of table correlations in each panel.

    Points are means over seeds, small points seeds. Models with S <= 0, which the paper omits from its learning-curve panels, are ringed.
    """
    style.need(models=models, predictors=predictors, outcomes=outcomes)
    values, modes = together(predictors, outcomes), several_modes(predictors)
    rows = pairs(values) or [(("S", "", "kept"), LIFE)]
    frameworks = style.frameworks(values)
    width = style.SINGLE_MM if len(frameworks) == 1 else style.DOUBLE_MM
    figure, axes = style.panels(len(rows), len(frameworks), width, 12 + 58 * len(rows))
    to_label, ringed = [], False
    for column, framework in enumerate(frameworks):
        look = style.looks(models[models["framework"] == framework])
        part = values[values["framework"] == framework]
        axes[0, column].set_title(style.framework_title(framework), pad=20)
        for row, (x, y) in enumerate(rows):
            axis = axes[row, column]
            style.letter(axis, "abcdefghijkl"[row * len(frameworks) + column])
            axis.set(xlabel=label(x, modes), ylabel=label(y, modes))
            there = shown(part, x, y)
            if there.empty:
                style.say(axis, "no model has both")
                continue
            means = there.groupby("model", sort=False)[["x", "y"]].mean()
            seeds = there.groupby("model")["seed"].nunique().max() > 1
            if quantities()[x[0]].log and means["x"].max() > 5 * means["x"].min():
                axis.set_xscale("log")
                style.plain_log(axis.xaxis)
            scatter(axis, there, means, look, seeds)
            low = [name for name in means.index if x[0] == "S" and means.loc[name, "x"] <= 0]
            if low:
                axis.plot(means.loc[low, "x"], means.loc[low, "y"], "o", color=GREY, markerfacecolor="none", markersize=7.5, markeredgewidth=0.6)
                ringed = True
            axis.margins(0.14)
            words = correlation_words(correlations, framework, x, y) or plain_words(means)
            axis.annotate(words, (1, 1), xytext=(0, 3), xycoords="axes fraction", textcoords="offset points", ha="right", fontsize=5.5, color=GREY)
            to_label.append((axis, means, look, there[["x", "y"]].to_numpy(float)))
    counts = style.counted(values)
    notes = ["Points: models" + (", means over seeds; small points: seeds." if values.groupby("model")["seed"].nunique().max() > 1 else "."), counts]
    notes.append("r: Pearson, ρ: Spearman with intervals over models; n: models.")
    notes += [f"{subset}: {subset_words(subset, subsets)}." for subset in dict.fromkeys(correlations["subset"]) if subset != "all"]
    notes.append("Ringed: S ≤ 0, which the paper leaves out." if ringed else "")
    style.note(figure, *notes)
    for axis, means, look, points in to_label:
        names = list(means.index)
        texts = [look[name].label if name in look else str(name) for name in names]
        colours = [look[name].colour if name in look else GREY for name in names]
        label_points(
            axis, means.iloc[:, 0].tolist(), means.iloc[:, 1].tolist(), texts, colours, avoid=points if len(points) > len(means) else None, size_pt=5
        )
    return figure


def shown(values: pd.DataFrame, x: Name, y: Name) -> pd.DataFrame:
    """Columns framework, model, seed, x and y: two quantities for every model and seed with both, in the units of the axes."""
    both = pick(values, x).merge(pick(values, y), on=KEYS, suffixes=("_x", "_y"))
    known = quantities()
    scaled = {name: both[f"value_{name}"].astype(float) * known[which[0]].factor for name, which in (("x", x), ("y", y))}
    return both[KEYS].assign(**scaled)


def scatter(axis: Axes, there: pd.DataFrame, means: pd.DataFrame, look: dict[str, Look], seeds: bool) -> None:
    """The models' means, and their seeds as small points joined to them."""
    for name, mean in means.iterrows():
        known = look.get(str(name), Look(str(name), GREY, "o", "-"))
        mark: dict[str, Any] = {"marker": known.marker, "color": known.colour, "linestyle": "none", "markeredgewidth": 0}
        rows = there[there["model"] == name]
        if seeds:
            each = rows[["x", "y"]]
            axis.plot(each["x"], each["y"], markersize=2, alpha=0.6, **mark)
            for point in each.to_numpy():
                axis.plot([mean["x"], point[0]], [mean["y"], point[1]], color=LIGHT, linewidth=0.4, zorder=0)
        axis.plot([mean["x"]], [mean["y"]], markersize=4, label=known.label, **mark)


def correlation_words(correlations: pd.DataFrame, framework: str, x: Name, y: Name) -> str:
    """Pearson and Spearman with their intervals, for all models and for other subsets of them, as lines of text."""
    lines = []
    rows = correlations[(correlations["framework"] == framework) & correlations["outcome"].eq(y[0]) & (named(correlations, "predictor") == x)]
    for row in rows.to_dict("records"):
        measures = [(symbol, name) for symbol, name in (("r", "pearson"), ("ρ", "spearman")) if pd.notna(row[name])]
        parts = [f"{symbol} = {style.signed(row[name])}{_interval(row, name)}" for symbol, name in measures]
        subset = "" if row["subset"] == "all" else f"{row['subset']}: "
        lines.append(f"{subset}{', '.join(parts)}, n = {row['n_models']}")
    return "\n".join(lines)


def plain_words(means: pd.DataFrame) -> str:
    """Pearson and Spearman of the points themselves, for pairs that are not in table correlations."""
    constant = (means.max() - means.min()) <= 1e-9 * means.abs().max()
    if len(means) < 3 or constant.any():
        return ""
    x, y = means.iloc[:, 0], means.iloc[:, 1]
    return f"r = {style.signed(stats.pearsonr(x, y).statistic)}, ρ = {style.signed(stats.spearmanr(x, y).statistic)}, n = {len(means)}"


def _interval(row: dict[str, object], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "" if pd.isna(low) or pd.isna(high) else f" [{style.signed(float(str(low)))}, {style.signed(float(str(high)))}]"
