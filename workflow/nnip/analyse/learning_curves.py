"""Learning curves: how the force error over all test frames decreases with the number of training frames."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from nnip.declare import RUN, Analysis, Quantity, Table, real, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("errors", "training_sets"),
    tables={
        "learning_curves": Table(
            "The learning curve of a model and seed.",
            RUN
            | {
                "n_points": whole("sizes of training sets", "sizes"),
                "slope": real("slope of ln(forces RMSE) over all test frames against ln(labelled frames)"),
                "slope_low": real("lower bound of the interval of the linear fit", optional=True),
                "slope_high": real("upper bound", optional=True),
            },
        )
    },
    quantities=(
        Quantity(
            name="learning_curve_slope",
            table="learning_curves",
            column="slope",
            low="slope_low",
            high="slope_high",
            label="learning-curve slope",
            unit="ln RMSE per ln $n$",
            words="slope of the learning curve",
            role="outcome",
            better=-1,
            parts=("test_forces_rmse_all", "test_forces_rmse_coolest", "test_forces_rmse_hottest"),
            floor=True,
        ),
    ),
    settings=("statistics.confidence",),
    doing="Slopes of the learning curves",
)

NOT_TEST = ("train", "val", "train_clean", "all")
SMALLEST = 10  # below this a tenth of the frames gives no validation frame; the paper omits n = 5 too


def main_errors(errors: pd.DataFrame, training_sets: pd.DataFrame) -> pd.DataFrame:
    """The rows of table errors of the main training set, with column n_train."""
    return _of_roles(errors, training_sets, "main")


def errors_on_tests(errors: pd.DataFrame, training_sets: pd.DataFrame) -> pd.DataFrame:
    """The rows of table errors over test splits, for the main training set and those of the learning curve, with columns role and n_train."""
    rows = _of_roles(errors, training_sets, "main", "curve")
    return rows[~rows["split"].isin(NOT_TEST)]


def _of_roles(errors: pd.DataFrame, training_sets: pd.DataFrame, *roles: str) -> pd.DataFrame:
    sets = training_sets.loc[training_sets["role"].isin(roles), ["training_set", "role", "n_train"]]
    return errors.merge(sets, on="training_set")


def overall_errors(errors: pd.DataFrame, training_sets: pd.DataFrame) -> pd.DataFrame:
    """Columns framework, model, training_set, seed, role, n_train, forces_rmse_eV_per_A over all test frames together, as errors_on_tests.

    A row of split "all" is used unchanged. Otherwise the test splits are combined with their numbers of force components as weights, or of frames
    if these are unknown (equal weights if both are).
    """
    keys = ["framework", "model", "training_set", "seed", "role", "n_train"]
    errors = errors[errors["forces_rmse_eV_per_A"].notna()]  # a split may have no forces
    rows = _of_roles(errors, training_sets, "main", "curve")
    given = rows[rows["split"] == "all"]
    tests = errors_on_tests(errors, training_sets).merge(given[keys], how="left", on=keys, indicator=True).query("_merge == 'left_only'")
    known = tests["n_components"].notna().all()
    weight = tests["n_components" if known else "n_frames"].astype(float).fillna(1.0)
    tests = tests.assign(weight=weight, square=tests["forces_rmse_eV_per_A"].astype(float) ** 2)
    tests["weighted"] = tests["weight"] * tests["square"]
    sums = tests.groupby(keys, as_index=False, sort=False)[["weighted", "weight"]].sum()
    sums["forces_rmse_eV_per_A"] = np.sqrt(sums["weighted"] / sums["weight"])
    columns = [*keys, "forces_rmse_eV_per_A"]
    return pd.concat([part for part in (given[columns], sums[columns]) if len(part)] or [given[columns]], ignore_index=True)


def learning_curves(errors: pd.DataFrame, training_sets: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Table learning_curves: slope of ln(forces RMSE) against ln(n_train) of every model and seed with finite errors at two or more sizes.

    The interval is that of the linear fit (Student's t, n_points - 2); two points have none.
    """
    points = overall_errors(errors, training_sets)
    points = points[np.isfinite(points["forces_rmse_eV_per_A"].to_numpy(float))]
    rows = []
    for (framework, model, seed), curve in points[points["n_train"] >= SMALLEST].groupby(["framework", "model", "seed"], sort=False):
        if curve["n_train"].nunique() < 2:
            continue
        fit = stats.linregress(np.log(curve["n_train"].astype(float)), np.log(curve["forces_rmse_eV_per_A"].astype(float)))
        half = fit.stderr * stats.t.ppf((1 + confidence) / 2, len(curve) - 2) if len(curve) > 2 else np.nan
        rows.append(
            {
                "framework": framework,
                "model": model,
                "seed": seed,
                "n_points": len(curve),
                "slope": fit.slope,
                "slope_low": fit.slope - half,
                "slope_high": fit.slope + half,
            }
        )
    return frame("learning_curves", rows)


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table learning_curves."""
    return {"learning_curves": learning_curves(tables["errors"], tables["training_sets"], settings["statistics.confidence"])}
