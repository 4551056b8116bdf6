"""Extrapolation against accuracy at the training temperature: models of the literature, and the study's own (the paper's figure 1b)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nnip.analyse.predictors import KEYS, errors_of_main
from nnip.figures import style
from nnip.figures.labels import label_points
from nnip.figures.style import GREY, LIGHT

TRAINING_K = 300  # what the literature's models were trained on
FRAMEWORK_MARKS = ("s", "^", "v", "P")
LABELLED = 16  # own models at most whose names are written; more would cover everything


def fit_power_law(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """(exponent, prefactor) of y = prefactor * x^exponent by least squares in the logarithms."""
    exponent, logarithm = np.polyfit(np.log(x), np.log(y), 1)
    return float(exponent), float(np.exp(logarithm))


def literature_slopes(literature: pd.DataFrame) -> pd.DataFrame:
    """One row per literature model: force RMSE at its lowest temperature (meV/Å), slope against temperature (meV/Å/K), its training."""
    rows = []
    for name, own in literature.groupby("model", sort=False):
        slope = np.polyfit(own["temperature_K"].astype(float), own["forces_rmse_meV_per_A"].astype(float), 1)[0]
        lowest = own.sort_values("temperature_K").iloc[0]
        rows.append({"model": name, "training": str(lowest["training"]), "rmse": float(lowest["forces_rmse_meV_per_A"]), "slope": float(slope)})
    return pd.DataFrame(rows)


def own_slopes(errors: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row per model and seed of the study that was tested at 300 K and whose force RMSE grows with temperature: rmse, slope, as above."""
    cold = errors_of_main(errors).query("temperature_K == @TRAINING_K")
    slopes = outcomes.query("outcome == 'extrapolation_slope' and value > 0")
    own = cold[[*KEYS, "forces_rmse_eV_per_A"]].merge(slopes[[*KEYS, "value"]], on=KEYS)
    return own.assign(rmse=1000 * own["forces_rmse_eV_per_A"].astype(float), slope=1000 * own["value"].astype(float))


@style.styled
def draw_scaling(literature: pd.DataFrame, models: pd.DataFrame, errors: pd.DataFrame, outcomes: pd.DataFrame) -> Figure:
    """Slope of the force RMSE against temperature over the force RMSE at 300 K, both logarithmic.

    literature: columns model, training, temperature_K, forces_rmse_meV_per_A; the line is fitted to what was trained on 300 K frames alone
    (training "300K"), so force fields and models pre-trained on other data are marked as exceptions. models, errors and outcomes: tables, for
    the study's own models, each the mean of its seeds (small points); one without a test at 300 K has no place here.
    InputError if the literature has no row.
    """
    style.need(literature=literature)
    points = literature_slopes(literature)
    fitted = points["training"] == "300K"
    exponent, prefactor = fit_power_law(points.loc[fitted, "rmse"].to_numpy(), points.loc[fitted, "slope"].to_numpy())
    figure, axes = style.panels(1, 1, 120, 92)
    axis = axes[0, 0]
    own = own_slopes(errors, outcomes)
    means = own.groupby(["framework", "model"], sort=False)[["rmse", "slope"]].mean()
    inks = {framework: style.COLOURS[(0, 2, 3, 5)[place % 4]] for place, framework in enumerate(style.frameworks(own))}
    for framework, marker in zip(inks, FRAMEWORK_MARKS, strict=False):
        draw_own(axis, means.loc[framework], own[own["framework"] == framework], framework, marker, inks[framework])
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
    several = " Small points: seeds; large: their mean." if len(own) > len(means) else ""
    style.note(
        figure,
        "Slope: straight line through the force RMSE at 300, 600 and 1200 K (literature) or at the study's test temperatures.",
        "Literature: DFT 3BPA, numbers from the papers named in workflow/nnip/literature_3bpa.csv.",
        f"This study: {style.counted(own)}{several}" if len(own) else "This study: no model with a test at 300 K and a slope.",
    )
    named = means if len(means) <= LABELLED else means.iloc[:0]
    labels = models.drop_duplicates(["framework", "model"]).set_index(["framework", "model"])["label"]
    texts = [*points["model"], *(str(labels.get(key, key[1])) for key in named.index)]
    colours = ["black" if yes else "#D55E00" for yes in fitted] + [inks[framework] for framework, _ in named.index]
    places = np.vstack([points[["rmse", "slope"]].to_numpy(float), named.to_numpy(float)])
    avoid = own[["rmse", "slope"]].to_numpy(float) if len(own) > len(means) or named.empty else None
    label_points(axis, places[:, 0].tolist(), places[:, 1].tolist(), texts, colours, avoid=avoid, size_pt=5)
    return figure


def draw_own(axis: Axes, means: pd.DataFrame, seeds: pd.DataFrame, framework: str, marker: str, colour: str) -> None:
    """A framework's models of the study: means over seeds and, joined to them, the seeds where there are several."""
    if len(seeds) > len(means):
        for seed in seeds.itertuples():
            mean = means.loc[seed.model]
            axis.plot([mean["rmse"], seed.rmse], [mean["slope"], seed.slope], color=LIGHT, linewidth=0.4, zorder=0, label="_seed")
        axis.plot(seeds["rmse"], seeds["slope"], marker, color=colour, markersize=2, alpha=0.7, markeredgewidth=0, label="_seeds")
    name = f"{style.framework_title(framework)}, this study ({style.plural(len(means), 'model')})"
    axis.plot(means["rmse"], means["slope"], marker, color=colour, markersize=3.8, label=name, markeredgewidth=0)
