"""Extrapolation against accuracy at the training temperature for models of the literature and of the study (the paper's figure 1b)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.analyse.error_summaries import KEYS, main_tests
from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.labels import label_points
from nnip.figures.style import GREY, LIGHT

FIGURE = Figure(
    needs=("models", "errors", "training_sets", "outcomes"),
    per_framework=False,
    datasets=("3bpa", "published"),  # the literature values are for 3BPA
    inputs={"literature": "nnip/figures/literature_3bpa.csv"},
    category="Accuracy and learning",
    caption=(
        "**Extrapolation against accuracy** (figure 1b of the paper). Slope of the force RMSE with temperature over the force RMSE at 300 K. The "
        "dashed line is a power law fitted to the models of the literature that were trained on 300 K frames alone; force fields and models "
        "pre-trained on other data lie below it. The study's models are shown too, each as the mean of its seeds (small points)."
    ),
)

TRAINING_K = 300  # training temperature of the literature's models
FRAMEWORK_MARKS = ("s", "^", "v", "P")
LABELLED = 16  # largest number of the study's models with names; more would cover the figure


def fit_power_law(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """(exponent, prefactor) of y = prefactor * x^exponent by least squares in the logarithms."""
    exponent, logarithm = np.polyfit(np.log(x), np.log(y), 1)
    return float(exponent), float(np.exp(logarithm))


def literature_slopes(literature: pd.DataFrame) -> pd.DataFrame:
    """One row per literature model: force RMSE at its lowest temperature (meV/Å), slope against temperature (meV/Å/K), its training."""
    rows = []
    for name, points in literature.groupby("model", sort=False):
        slope = np.polyfit(points["temperature_K"].astype(float), points["forces_rmse_meV_per_A"].astype(float), 1)[0]
        lowest = points.sort_values("temperature_K").iloc[0]
        rows.append({"model": name, "training": str(lowest["training"]), "rmse": float(lowest["forces_rmse_meV_per_A"]), "slope": float(slope)})
    return pd.DataFrame(rows)


def own_slopes(errors: pd.DataFrame, training_sets: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row per model and seed of the study with a test at 300 K and a force RMSE that grows with temperature: rmse, slope, as above."""
    cold = main_tests(errors, training_sets).query("temperature_K == @TRAINING_K")
    slopes = outcomes.query("quantity == 'extrapolation_slope' and value > 0")
    rows = cold[[*KEYS, "forces_rmse_eV_per_A"]].merge(slopes[[*KEYS, "value"]], on=KEYS)
    return rows.assign(rmse=1000 * rows["forces_rmse_eV_per_A"].astype(float), slope=1000 * rows["value"].astype(float))


@style.styled
def draw(literature: pd.DataFrame, models: pd.DataFrame, errors: pd.DataFrame, training_sets: pd.DataFrame, outcomes: pd.DataFrame) -> Drawing:
    """Slope of the force RMSE against temperature over the force RMSE at 300 K, both logarithmic.

    literature: columns model, training, temperature_K, forces_rmse_meV_per_A; the line is fitted to models trained on 300 K frames alone
    (training "300K"), so force fields and models pre-trained on other data are marked as exceptions. models, errors, outcomes: tables with the
    study's models, each drawn as the mean of its seeds (small points); models without a test at 300 K are not drawn.
    InputError if the literature has no row.
    """
    style.need(literature=literature)
    points = literature_slopes(literature)
    fitted = points["training"] == "300K"
    exponent, prefactor = fit_power_law(points.loc[fitted, "rmse"].to_numpy(), points.loc[fitted, "slope"].to_numpy())
    figure, axes = style.panels(1, 1, 120, 92)
    axis = axes[0, 0]
    rows = own_slopes(errors, training_sets, outcomes)
    means = rows.groupby(["framework", "model"], sort=False)[["rmse", "slope"]].mean()
    inks = {framework: style.COLOURS[(0, 2, 3, 5)[place % 4]] for place, framework in enumerate(style.frameworks(rows))}
    for framework, marker in zip(inks, FRAMEWORK_MARKS, strict=False):
        draw_own(axis, means.loc[framework], rows[rows["framework"] == framework], framework, marker, inks[framework])
    axis.plot(points.loc[fitted, "rmse"], points.loc[fitted, "slope"], "o", color="black", markersize=4, label="literature, trained on 300 K")
    axis.plot(
        points.loc[~fitted, "rmse"],
        points.loc[~fitted, "slope"],
        "o",
        color="#D55E00",
        markerfacecolor="white",
        label="literature, pre-trained or fixed",
    )
    axis.set(xscale="log", yscale="log", xlabel="force RMSE at 300 K (meV/Å)", ylabel="slope of force RMSE with temperature (meV/Å/K)")
    axis.margins(0.08)
    for side in (axis.xaxis, axis.yaxis):
        style.plain_log(side)
    ends = np.array(axis.get_xlim())
    axis.plot(ends, prefactor * ends**exponent, color=GREY, linewidth=0.8, linestyle="--", zorder=0, scalex=False, label="_fit")
    axis.text(
        0.98,
        0.03,
        f"slope ∝ RMSE$^{{{exponent:.2f}}}$, fitted to {fitted.sum()} models",
        ha="right",
        fontsize=6,
        color=GREY,
        transform=axis.transAxes,
    )
    axis.legend(loc="upper left", handletextpad=0.3)
    several = " Small points: seeds; large: their mean." if len(rows) > len(means) else ""
    style.note(
        figure,
        "Slope: straight line through the force RMSE at 300, 600 and 1200 K (literature) or at the study's test temperatures.",
        "Literature: DFT 3BPA, numbers from the papers named in workflow/nnip/figures/literature_3bpa.csv.",
        f"This study: {style.counted(rows)}{several}" if len(rows) else "This study: no model with a test at 300 K and a slope.",
    )
    named = means if len(means) <= LABELLED else means.iloc[:0]
    labels = models.drop_duplicates(["framework", "model"]).set_index(["framework", "model"])["label"]
    texts = [*points["model"], *(str(labels.get(key, key[1])) for key in named.index)]
    colours = ["black" if yes else "#D55E00" for yes in fitted] + [inks[framework] for framework, _ in named.index]
    places = np.vstack([points[["rmse", "slope"]].to_numpy(float), named.to_numpy(float)])
    avoid = rows[["rmse", "slope"]].to_numpy(float) if len(rows) > len(means) or named.empty else None
    label_points(axis, places[:, 0].tolist(), places[:, 1].tolist(), texts, colours, avoid=avoid, size_pt=5)
    return figure


def draw_own(axis: Axes, means: pd.DataFrame, seeds: pd.DataFrame, framework: str, marker: str, colour: str) -> None:
    """A framework's models of the study: means over seeds, joined to the seeds if there are several."""
    if len(seeds) > len(means):
        for seed in seeds.itertuples():
            mean = means.loc[seed.model]
            axis.plot([mean["rmse"], seed.rmse], [mean["slope"], seed.slope], color=LIGHT, linewidth=0.4, zorder=0, label="_seed")
        axis.plot(seeds["rmse"], seeds["slope"], marker, color=colour, markersize=2, alpha=0.7, markeredgewidth=0, label="_seeds")
    name = f"{style.framework_title(framework)}, this study ({style.plural(len(means), 'model')})"
    axis.plot(means["rmse"], means["slope"], marker, color=colour, markersize=3.8, label=name, markeredgewidth=0)
