"""How many molecules and how many frames of each a training set should have: errors of the designs of the diversity block, draws as replicates.

Each draw gives one error, averaged over seeds as a logarithm. A setting's value is the geometric mean over its draws, with the interval of Student's
t of the logarithms. Settings of a design share the orders of a draw, so two of them are compared draw by draw: the ratio to the best setting has the
interval of the mean of the paired differences of logarithms. The best one is chosen with the same draws, so intervals of ratios that barely exclude 1
mean little.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from nnip.declare import Analysis, Table, flag, real, text, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("cell_errors", "drawn_sets"),
    tables={
        "balance": Table(
            "A setting of a design on one kind of molecules in one test split.",
            {
                "framework": text("nequip or mace"),
                "model": text("name in the model table"),
                "design": text("budget (one size of the sets) or molecules (the same molecules)"),
                "quantity": text("error, by its column in table cell_errors"),
                "split": text("name of the test split"),
                "cell": text("seen, unseen, larger, family (all but larger), or not drawn"),
                "n_molecules": whole("molecules of the sets", "molecules"),
                "n_conformers": whole("labelled frames of each", "frames"),
                "n_draws": whole("draws with a finite error", "draws"),
                "value": real("geometric mean of the error over draws", "that of the quantity"),
                "low": real("lower bound of its interval; blank for one draw", optional=True),
                "high": real("upper bound", optional=True),
                "best": flag("whether it has the lowest mean over the draws that all settings have"),
                "ratio": real("geometric mean over common draws of the error over that of the best setting", optional=True),
                "ratio_low": real("lower bound of its interval", optional=True),
                "ratio_high": real("upper bound", optional=True),
            },
        )
    },
    settings=("statistics.confidence",),
    when="diversity",
    doing="Compare numbers of molecules and of frames",
)
QUANTITIES = ("forces_rmse_eV_per_A", "normalised_force_error", "energy_rmse_eV_per_atom", "relative_energy_rmse_eV_per_atom")
KEYS = ["framework", "model", "design", "quantity", "split", "cell"]
POINT = ["n_molecules", "n_conformers"]


def errors_of_draws(cell_errors: pd.DataFrame, drawn_sets: pd.DataFrame) -> pd.DataFrame:
    """Columns KEYS, POINT, draw, log_error: the finite errors of each draw, the mean of logarithms over seeds."""
    sets = drawn_sets.assign(design=drawn_sets["designs"].str.split("+", regex=False)).explode("design")
    rows = cell_errors.drop(columns="n_molecules").merge(sets[["training_set", "design", "draw", *POINT]], on="training_set")
    long = rows.melt([*(key for key in KEYS if key != "quantity"), *POINT, "draw", "seed"], list(QUANTITIES), "quantity", "error")
    long["log_error"] = np.log(long.pop("error").astype(float).where(lambda error: np.isfinite(error) & (error > 0)))
    return long.dropna(subset="log_error").groupby([*KEYS, *POINT, "draw"], as_index=False, sort=False)["log_error"].mean()


def balance(cell_errors: pd.DataFrame, drawn_sets: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Table balance."""
    rows = []
    for keys, group in errors_of_draws(cell_errors, drawn_sets).groupby(KEYS, sort=False):
        wide = group.pivot(index="draw", columns=POINT, values="log_error").sort_index(axis="columns")
        whole_draws = wide.dropna()
        best = (whole_draws if len(whole_draws) else wide).mean().idxmin()
        for point in wide.columns:
            own, apart = wide[point].dropna().to_numpy(float), (wide[point] - wide[best]).dropna().to_numpy(float)
            row: dict[str, Any] = dict(zip(KEYS, keys, strict=True)) | dict(zip(POINT, map(int, point), strict=True))
            row |= {"n_draws": len(own), "best": point == best} | interval(own, confidence, ("value", "low", "high"))
            rows.append(row | ({} if point == best else interval(apart, confidence, ("ratio", "ratio_low", "ratio_high"))))
    return frame("balance", rows)


def interval(logarithms: np.ndarray, confidence: float, names: tuple[str, str, str]) -> dict[str, float]:
    """Geometric mean and the interval of Student's t for it, where there are two values or more."""
    if not len(logarithms):
        return {}
    mean = logarithms.mean()
    row = {names[0]: float(np.exp(mean))}
    if len(logarithms) > 1:
        half = stats.t.ppf((1 + confidence) / 2, len(logarithms) - 1) * logarithms.std(ddof=1) / np.sqrt(len(logarithms))
        row |= {names[1]: float(np.exp(mean - half)), names[2]: float(np.exp(mean + half))}
    return row


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table balance."""
    return {"balance": balance(tables["cell_errors"], tables["drawn_sets"], settings["statistics.confidence"])}
