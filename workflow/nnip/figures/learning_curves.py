"""Learning curves: force RMSE against the number of training frames, with the fitted slopes."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FixedLocator, NullLocator

from nnip.analyse.learning_curves import SMALLEST, overall_errors
from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.style import Look

FIGURE = Figure(
    needs=("models", "errors", "training_sets", "learning_curves"),
    uses=("trainings",),
    per_framework=True,
    category="Accuracy and learning",
    caption=(
        "**Learning curves of {framework}**: force RMSE over all test frames against the number of training frames (validation included). Dashed: "
        "the fitted power law, over the range of the fit."
    ),
)


@style.styled
def draw(
    framework: str,
    models: pd.DataFrame,
    errors: pd.DataFrame,
    training_sets: pd.DataFrame,
    learning_curves: pd.DataFrame,
    trainings: pd.DataFrame | None = None,
) -> Drawing:
    """Force RMSE over all test frames against n_train, both logarithmic; one panel per experiment of the framework.

    Points are means over seeds (thin lines: the seeds), dashed the power law with the model's mean slope of table learning_curves; the slope is
    next to the model's name.
    """
    style.need(framework, models=models, errors=errors)
    models = style.of_framework(models, framework)
    look, groups = style.looks(models), style.experiments(models)
    curves = overall_errors(errors[errors["framework"] == framework], training_sets)
    tiny = sorted(set(curves.loc[curves["n_train"] < SMALLEST, "n_train"]))
    curves = curves[(curves["n_train"] >= SMALLEST) & np.isfinite(curves["forces_rmse_eV_per_A"].to_numpy(float))]
    of_models = learning_curves[learning_curves["framework"] == framework].groupby("model")
    slopes, spread = of_models[["slope", "n_points"]].mean(), of_models["slope"].std()
    width = style.page_width([3] * len(groups))
    longest = max(len(members) for _, members in groups)
    figure, axes = style.panels(1, len(groups), width, 62 + 2.4 * longest, sharey=True, sharex=True)
    words = {
        name: f"slope {style.signed(slopes.loc[name, 'slope'])}" + (f" ± {spread[name]:.2f}" if pd.notna(spread[name]) else "")
        for name in slopes.index
    }
    for axis, (_, members) in zip(axes[0], groups, strict=True):
        for name in members["model"]:
            rows = curves[curves["model"] == name]
            if rows.empty:
                words[name] = style.why_missing(name, trainings)
            else:
                draw_curve(axis, rows, slopes.loc[name] if name in slopes.index else None, look[name])
        axis.set(xscale="log", yscale="log", xlabel="$n$ (training frames)")
    sizes = sorted(set(curves["n_train"].astype(int)))
    axes[0, 0].xaxis.set_major_locator(FixedLocator(sizes))
    axes[0, 0].xaxis.set_minor_locator(NullLocator())
    axes[0, 0].xaxis.set_major_formatter("{x:.0f}")
    style.plain_log(axes[0, 0].yaxis)
    axes[0, 0].set_ylabel("force RMSE, all test frames (eV/Å)")
    style.head(axes[0], groups, look, width / len(groups) - 4, [words] * len(groups))
    counts = f"{style.counted(curves)}" if len(curves) else ""
    left_out = f"Not drawn: n = {', '.join(map(str, tiny))}, too few for validation frames." if tiny else ""
    seeds = "Thin lines: seeds; marks: their geometric mean; ±: standard deviation over seeds." if spread.notna().any() else ""
    style.note(figure, "Dashed: power law with the fitted slope of ln RMSE against ln n.", seeds, left_out, counts)
    return figure


def draw_curve(axis: Axes, rows: pd.DataFrame, fit: pd.Series | None, look: Look) -> None:
    """One model's learning curve: seeds thin, their (geometric) mean as marks, the fitted power law dashed."""
    table = rows.pivot_table(index="n_train", columns="seed", values="forces_rmse_eV_per_A").sort_index().astype(float)
    sizes = table.index.to_numpy(float)
    if table.shape[1] > 1:
        axis.plot(sizes, table, color=look.colour, linewidth=0.4, alpha=0.6)
    mean = np.exp(np.log(table).mean(axis=1)).to_numpy()
    axis.plot(sizes, mean, look.marker, color=look.colour, markersize=3.5, label=look.label)
    if fit is not None and len(sizes) > 1:
        slope = float(fit["slope"])
        fitted = np.arange(len(sizes)) >= len(sizes) - fit["n_points"]  # sizes too small for the fit come first
        through = np.exp(np.mean(np.log(mean[fitted]) - slope * np.log(sizes[fitted])))
        axis.plot(sizes[fitted], through * sizes[fitted] ** slope, color=look.colour, linewidth=0.8, linestyle="--", label="_fit")
