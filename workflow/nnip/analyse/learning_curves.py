"""Learning curves: how the force error over all test frames falls with the number of training frames."""

import numpy as np
import pandas as pd
from scipy import stats

from nnip.study.tables import frame

NOT_TEST = ("train", "val")
SMALLEST = 10  # below this a tenth of the frames is no validation frame; the paper, too, leaves its n = 5 out


def test_errors(errors: pd.DataFrame) -> pd.DataFrame:
    """The rows of table errors that are test splits, of trainings on clean labels."""
    return errors[~errors["split"].isin([*NOT_TEST, "all"]) & (errors["noise"] == 0)]


def overall_errors(errors: pd.DataFrame) -> pd.DataFrame:
    """Columns framework, model, seed, n_train, forces_rmse_eV_per_A over all test frames together.

    A row of split "all" is taken as it is; otherwise the test splits are combined, weighted by their frames (equally if these are not known).
    """
    keys = ["framework", "model", "seed", "n_train"]
    clean = errors[errors["noise"] == 0]
    given = clean[clean["split"] == "all"]
    tests = test_errors(errors).merge(given[keys], how="left", on=keys, indicator=True).query("_merge == 'left_only'")
    tests = tests.assign(weight=tests["n_frames"].astype(float).fillna(1.0), square=tests["forces_rmse_eV_per_A"].astype(float) ** 2)
    tests["weighted"] = tests["weight"] * tests["square"]
    sums = tests.groupby(keys, as_index=False, sort=False)[["weighted", "weight"]].sum()
    sums["forces_rmse_eV_per_A"] = np.sqrt(sums["weighted"] / sums["weight"])
    columns = [*keys, "forces_rmse_eV_per_A"]
    return pd.concat([part for part in (given[columns], sums[columns]) if len(part)] or [given[columns]], ignore_index=True)


def learning_curves(errors: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Table learning_curves: slope of ln(forces RMSE) against ln(n_train) of every model and seed with two sizes of finite error or more.

    The interval is the straight line's own (Student's t, n_points - 2); two points have none.
    """
    points = overall_errors(errors)
    points = points[np.isfinite(points["forces_rmse_eV_per_A"].to_numpy(float))]
    rows = []
    for (framework, model, seed), own in points[points["n_train"] >= SMALLEST].groupby(["framework", "model", "seed"], sort=False):
        if own["n_train"].nunique() < 2:
            continue
        fit = stats.linregress(np.log(own["n_train"].astype(float)), np.log(own["forces_rmse_eV_per_A"].astype(float)))
        half = fit.stderr * stats.t.ppf((1 + confidence) / 2, len(own) - 2) if len(own) > 2 else np.nan
        rows.append(
            {
                "framework": framework,
                "model": model,
                "seed": seed,
                "n_points": len(own),
                "slope": fit.slope,
                "slope_low": fit.slope - half,
                "slope_high": fit.slope + half,
            }
        )
    return frame("learning_curves", rows)
