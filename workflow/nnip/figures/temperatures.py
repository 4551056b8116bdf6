"""Test splits that are temperatures, and how errors grow over them."""

import re

import numpy as np
import pandas as pd


def temperature(split: str) -> float | None:
    """The temperature in K that a split's name says ('600K'), or None."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*K", str(split))
    return float(found.group(1)) if found else None


def largest_fits(errors: pd.DataFrame) -> pd.DataFrame:
    """The errors of every model's largest noise-free training."""
    clean = errors[errors["noise"] == 0]
    return clean[clean["n_train"] == clean.groupby(["framework", "model"])["n_train"].transform("max")]


def by_temperature(errors: pd.DataFrame) -> pd.DataFrame:
    """The errors of the largest fits on splits that are temperatures, with column temperature_K."""
    largest = largest_fits(errors[errors["split"].map(temperature).notna()])
    return largest.assign(temperature_K=largest["split"].map(temperature).astype(float))


def temperature_slopes(errors: pd.DataFrame) -> pd.DataFrame:
    """Slope of the force RMSE (eV/Å/K) against temperature and the RMSE at the lowest one (eV/Å), per framework, model and seed.

    A straight line by least squares, as in Vita and Schwalbe-Koda 2023; models with fewer than two temperatures are left out.
    """
    rows = []
    for (framework, model, seed), own in by_temperature(errors).groupby(["framework", "model", "seed"], sort=False):
        own = own.sort_values("temperature_K")
        if own["temperature_K"].nunique() < 2:
            continue
        forces = own["forces_rmse_eV_per_A"].to_numpy(float)
        slope = np.polyfit(own["temperature_K"].to_numpy(float), forces, 1)[0]
        rows.append({"framework": framework, "model": model, "seed": seed, "slope": float(slope), "lowest_rmse": float(forces[0])})
    return pd.DataFrame(rows, columns=["framework", "model", "seed", "slope", "lowest_rmse"])


def over_test_frames(errors: pd.DataFrame) -> pd.DataFrame:
    """Noise-free force RMSE (eV/Å) over all test frames together per framework, model, seed and n_train.

    Rows of split "all" are taken as they are; elsewhere the test splits' mean squares are averaged, weighted by their frames where those are known.
    """
    clean = errors[(errors["noise"] == 0) & ~errors["split"].isin(["train", "val"])]
    keys = ["framework", "model", "seed", "n_train"]
    whole = clean.loc[clean["split"] == "all", [*keys, "forces_rmse_eV_per_A"]]
    parts = clean[clean["split"] != "all"]
    if len(whole):  # what is known as a whole needs no guess of the parts' weights
        return whole.reset_index(drop=True)
    weights = parts["n_frames"].fillna(1).astype(float) if "n_frames" in parts else pd.Series(1.0, index=parts.index)
    squares = weights * parts["forces_rmse_eV_per_A"].astype(float) ** 2
    sums = parts[keys].assign(squares=squares, weights=weights).groupby(keys, sort=False).sum().reset_index()
    return sums[keys].assign(forces_rmse_eV_per_A=np.sqrt(sums["squares"] / sums["weights"]))
