"""How loss entropy is computed from a landscape: the flattest and the sharpest model of the study (the paper's figure 1c)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from nnip.analyse.entropy import main_lines
from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.curves import mean_curves
from nnip.figures.style import GREY, LIGHT

FIGURE = Figure(
    needs=("models", "landscape", "entropy"),
    per_framework=False,
    options={"split": "landscape.split"},
    category="Loss landscapes",
    caption=(
        "**What loss entropy measures** (figure 1c of the paper). Force RMSE along a displacement of the weights for the models of the study with "
        "the lowest and the highest entropy (minimum kept), and below it the weight of every point in the sum: S\\ :sub:`F` = ln Σ exp(−l/T\\ "
        ":sub:`F`)."
    ),
)

SHOWN_TEMPERATURES = 12  # end of the vertical axis: exp(-12) is not visible


@style.styled
def draw(models: pd.DataFrame, landscape: pd.DataFrame, entropy: pd.DataFrame, split: str) -> Drawing:
    """Force landscape l(t) above, its weights exp(-l/T) below, of the models with the lowest and the highest S (minimum kept, first mode).

    S_F = ln sum_t exp(-l(t)/T_F) with k = 1 (Vita and Schwalbe-Koda 2023). split: frames of the main landscapes.
    """
    landscape, entropy = main_lines(landscape, split), main_lines(entropy, split)
    style.need(models=models, landscape=landscape, entropy=entropy)
    look = style.looks(models)
    mode = landscape["mode"].iloc[0]
    kept = entropy[(entropy["minimum"] == "kept") & (entropy["mode"] == mode)].sort_values("S", kind="stable")
    style.need(entropy=kept)
    chosen = [kept.iloc[0]] if len(kept) == 1 else [kept.iloc[0], kept.iloc[-1]]
    width = style.SINGLE_MM if len(chosen) > 1 else 0.6 * style.SINGLE_MM
    figure, axes = style.panels(2, len(chosen), width, 80, sharex=True, sharey="row", gridspec_kw={"height_ratios": [1.3, 1]})
    for column, (row, kind) in enumerate(zip(chosen, ("sharpest", "flattest"), strict=False)):
        rows = landscape[(landscape["model"] == row["model"]) & (landscape["framework"] == row["framework"]) & (landscape["mode"] == mode)]
        curve = mean_curves(rows[rows["seed"] == row["seed"]], "forces_rmse_eV_per_A").iloc[:, 0]
        t, loss, temperature = curve.index.to_numpy(float), curve.to_numpy(float), float(row["T_forces_eV_per_A"])
        colour = look[row["model"]].colour if row["model"] in look else style.COLOURS[column]
        label = look[row["model"]].label if row["model"] in look else row["model"]
        above, below = axes[:, column]
        above.set_title(style.wrap(f"{kind}: {label} ({style.framework_title(row['framework'])})", width / len(chosen) - 6))
        above.plot(t, loss, color=colour)
        above.axhline(temperature, color=GREY, linewidth=0.5, linestyle="--", zorder=0)
        above.set_ylim(0, SHOWN_TEMPERATURES * temperature)
        weights = np.exp(-loss / temperature)
        below.bar(t, weights, width=np.gradient(t), color=colour, alpha=0.45, linewidth=0)
        below.plot(t, weights, color=colour, linewidth=0.7)
        below.axhline(1, color=LIGHT, linewidth=0.5, zorder=0)
        below.set(ylim=(0, 1.05), xlabel="displacement $t$")
        numbers = "\n".join(f"${name}$ = {style.signed(row[key])}" for name, key in (("S_F", "S_forces"), ("S_E", "S_energy"), ("S", "S")))
        below.text(0.98, 0.95, numbers, ha="right", va="top", fontsize=6, transform=below.transAxes)
    axes[0, 0].annotate(
        "$T_F$", (0.01, temperature), xycoords=axes[0, 0].get_yaxis_transform(), xytext=(0, 1), textcoords="offset points", fontsize=6, color=GREY
    )
    axes[0, 0].set_ylabel("force RMSE $l$ (eV/Å)")
    axes[1, 0].set_ylabel("weight $e^{-l/T_F}$")
    figure.align_ylabels(axes[:, 0])
    first = chosen[0]
    style.note(
        figure,
        f"$S_F$ is the log of the shaded sum over {first['n_points']} points of t (norms of the weights); $S_E$ likewise of the energy;",
        f"$S = {first['alpha']:g}S_E + {1 - first['alpha']:g}S_F$. {str(mode).capitalize()} directions, minimum kept, one seed each.",
    )
    return figure
