"""What predictors and outcomes, and the models they are compared over, are called on axes, with units."""

import pandas as pd

NAMES: dict[str, tuple[str, float]] = {
    "S": ("loss entropy $S$", 1.0),
    "S_energy": ("energy entropy $S_E$", 1.0),
    "S_forces": ("forces entropy $S_F$", 1.0),
    "train_energy_rmse": ("training energy RMSE (meV/atom)", 1e3),
    "train_forces_rmse": ("training force RMSE (meV/Å)", 1e3),
    "test_energy_rmse_coolest": ("cool test energy RMSE (meV/atom)", 1e3),
    "test_forces_rmse_coolest": ("cool test force RMSE (meV/Å)", 1e3),
    "test_energy_rmse_hottest": ("hot test energy RMSE (meV/atom)", 1e3),
    "test_forces_rmse_hottest": ("hot test force RMSE (meV/Å)", 1e3),
    "test_forces_rmse_all": ("test force RMSE (meV/Å)", 1e3),
    "rmst_fs": ("restricted mean time to failure (ps)", 1e-3),
    "mean_time_to_failure_fs": ("mean time to failure (ps)", 1e-3),
    "extrapolation_slope": ("extrapolation slope (meV/Å per 100 K)", 1e5),
    "learning_curve_slope": ("learning-curve slope (ln RMSE per ln $n$)", 1.0),
}
SUBSETS = {"all": "all models", "rescaled": "models with rescaling"}


def describe(name: str) -> tuple[str, float]:
    """(axis label with unit, factor from the table's unit) of a predictor or outcome; unknown names stand for themselves.

    Suffixes after a known name (_subtracted, a landscape mode) are put in words.
    """
    for known in sorted(NAMES, key=len, reverse=True):
        if name == known or name.startswith(known + "_"):
            text, factor = NAMES[known]
            rest = [part for part in name[len(known) :].split("_") if part]
            words = ", ".join("minimum subtracted" if part == "subtracted" else part for part in rest)
            return (f"{text} ({words})" if words else text), factor
    return name.replace("_", " "), 1.0


def short(name: str) -> str:
    """The label without its unit, suffixes after commas."""
    for known in sorted(NAMES, key=len, reverse=True):
        if name == known or name.startswith(known + "_"):
            return ", ".join([NAMES[known][0].split(" (")[0], *name[len(known) :].split("_")[1:]])
    return describe(name)[0]


def per_model(predictors: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Predictors and outcomes as columns named predictor or outcome, one row per framework, model and seed, in the tables' order."""
    long = pd.concat([predictors.rename(columns={"predictor": "name"}), outcomes.rename(columns={"outcome": "name"})], ignore_index=True)
    long["value"] = long["value"].astype(float)
    return long.pivot_table(index=["framework", "model", "seed"], columns="name", values="value", sort=False).reset_index()
