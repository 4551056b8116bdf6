"""Extrapolation slopes: how the force error grows with the temperature of the test frames."""

from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse.error_summaries import KEYS, main_tests
from nnip.declare import RUN, Analysis, Quantity, Table, real, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("errors", "training_sets"),
    tables={
        "extrapolation": Table(
            "A straight line fitted to a model's force error against temperature.",
            RUN
            | {
                "n_temperatures": whole("test temperatures", "temperatures"),
                "slope_eV_per_A_per_K": real("slope of the force RMSE with temperature", "eV/A/K"),
            },
        )
    },
    quantities=(
        Quantity(
            name="extrapolation_slope",
            table="extrapolation",
            column="slope_eV_per_A_per_K",
            label="extrapolation slope",
            unit="meV/Å per 100 K",
            factor=1e5,
            words="growth of the force error with temperature",
            role="outcome",
            better=-1,
            parts=("test_forces_rmse_coolest", "test_forces_rmse_hottest"),
        ),
    ),
    doing="Slopes of the force error with temperature",
)


def extrapolation(errors: pd.DataFrame, training_sets: pd.DataFrame) -> pd.DataFrame:
    """Table extrapolation from table errors: trainings on the main set with finite errors at two or more test temperatures."""
    tests = main_tests(errors, training_sets)
    known = tests[tests["temperature_K"].notna() & np.isfinite(tests["forces_rmse_eV_per_A"].to_numpy(float, na_value=np.nan))]
    rows = []
    for keys, points in known.groupby(KEYS, sort=False):
        if (n := points["temperature_K"].nunique()) > 1:
            slope = np.polyfit(points["temperature_K"].to_numpy(float), points["forces_rmse_eV_per_A"].to_numpy(float), 1)[0]
            rows.append(dict(zip(KEYS, keys, strict=True)) | {"n_temperatures": n, "slope_eV_per_A_per_K": slope})
    return frame("extrapolation", rows)


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:  # noqa: ARG001 - no setting
    """Table extrapolation."""
    return {"extrapolation": extrapolation(tables["errors"], tables["training_sets"])}
