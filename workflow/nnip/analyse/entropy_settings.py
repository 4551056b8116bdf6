"""How loss entropy, and the ranking of models by it, depend on its temperatures and on alpha."""

from typing import Any

import pandas as pd
from scipy import stats

from nnip.analyse.entropy import entropy_table, main_lines
from nnip.declare import RUN, Analysis, Table, real, text
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("landscape",),
    tables={
        "sensitivity": Table(
            "Entropy of a main landscape, minimum kept, at other settings.",
            RUN
            | {
                "mode": text("how its directions were drawn"),
                "T_energy_eV_per_atom": real("temperature of the energy entropy", "eV/atom"),
                "T_forces_eV_per_A": real("temperature of the forces entropy", "eV/A"),
                "alpha": real("weight of the energy entropy"),
                "S": real("loss entropy"),
                "rank": real("rank of the model within its framework and mode; 1 = largest S"),
                "spearman": real("rank correlation of the framework's models with their order at the study's settings", optional=True),
            },
        )
    },
    settings=("entropy", "landscape.split"),
    doing="Loss entropy at other settings",
)

FACTORS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # on both temperatures
ALPHAS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
KEYS = ["framework", "model", "seed", "mode"]


def sensitivity(landscape: pd.DataFrame, T_energy: float, T_forces: float, alpha: float) -> pd.DataFrame:
    """Table sensitivity: S with the minimum kept over a grid of both temperatures (eV/atom, eV/A) and alpha, each model's rank (1 = largest S) within
    its framework and landscape mode, and Spearman's correlation of that order with the order at the given settings. Models are ranked by their means
    over seeds.
    """
    parts = []
    for factor in FACTORS:
        entropies = entropy_table(landscape, T_energy * factor, T_forces * factor, alpha).query("minimum == 'kept'")
        for weight in sorted({*ALPHAS, alpha}):
            # a weight of zero removes a term, even an infinite one
            terms = [share * entropies[name] for share, name in ((weight, "S_energy"), (1 - weight, "S_forces")) if share]
            S = sum(terms[1:], start=terms[0])
            parts.append(
                entropies[[*KEYS, "T_energy_eV_per_atom", "T_forces_eV_per_A"]].assign(alpha=weight, S=S, own=factor == 1.0 and weight == alpha)
            )
    grid = pd.concat(parts, ignore_index=True)
    if grid.empty:
        return frame("sensitivity", [])
    reference = grid[grid["own"]].set_index(KEYS)["S"]
    settings = ["framework", "mode", "T_energy_eV_per_atom", "T_forces_eV_per_A", "alpha"]
    grid["reference"] = reference.reindex(pd.MultiIndex.from_frame(grid[KEYS])).to_numpy()
    means = grid.groupby([*settings, "model"], as_index=False)[["S", "reference"]].mean()
    means["rank"] = means.groupby(settings)["S"].rank(ascending=False)
    agreement = means.groupby(settings)[["S", "reference"]].apply(_spearman).rename("spearman").reset_index()
    ranked = grid.drop(columns=["own", "reference"]).merge(means.drop(columns=["S", "reference"]), on=[*settings, "model"], how="left")
    return frame("sensitivity", ranked.merge(agreement, on=settings, how="left"))


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table sensitivity."""
    entropy = settings["entropy"]
    landscape = main_lines(tables["landscape"], settings["landscape.split"])
    return {"sensitivity": sensitivity(landscape, entropy["T_energy_eV_per_atom"], entropy["T_forces_eV_per_A"], entropy["alpha"])}


def _spearman(group: pd.DataFrame) -> float:
    if len(group) < 3 or group.nunique().min() < 2:
        return float("nan")
    return float(stats.spearmanr(group["S"].astype(float), group["reference"].astype(float)).statistic)
