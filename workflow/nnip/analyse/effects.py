"""What each training choice changes: every model of an experiment against the experiment's first, with seeds as replicates."""

import numpy as np
import pandas as pd
from scipy import stats

from nnip.study.tables import frame

FEWEST = 2  # seeds of each of two models, below which nothing is known about the scatter between trainings


def effects(models: pd.DataFrame, predictors: pd.DataFrame, outcomes: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Table effects from tables models, predictors and outcomes: per experiment, quantity and model the mean over seeds less the reference's.

    The reference is the first model of the experiment. With two seeds or more of both: Welch's interval and p (Biometrika 34, 28, 1947), and p_holm,
    corrected for all tests of the framework and quantity (Holm, Scand. J. Stat. 6, 65, 1979). With one seed a difference is one between two
    trainings, and has no interval.
    """
    long = pd.concat([predictors.rename(columns={"predictor": "quantity"}), outcomes.rename(columns={"outcome": "quantity"})], ignore_index=True)
    # some quantities are both cheap enough to predict with and worth predicting
    long = long.drop_duplicates(["framework", "model", "seed", "quantity"])
    values = {key: own["value"].to_numpy(float) for key, own in long.groupby(["framework", "quantity", "model"], sort=False)}
    rows = []
    for experiment, members in models.sort_values("position", kind="stable").groupby("experiment", sort=False):
        framework, reference = members["framework"].iloc[0], members["model"].iloc[0]
        for quantity in dict.fromkeys(long.loc[long["framework"] == framework, "quantity"]):
            for model in members["model"].iloc[1:]:
                own, other = values.get((framework, quantity, model)), values.get((framework, quantity, reference))
                if own is not None and other is not None:
                    who = {"framework": framework, "experiment": experiment, "model": model, "reference": reference, "quantity": quantity}
                    rows.append(who | difference(own, other, confidence))
    table = frame("effects", rows)
    table["p_holm"] = table.groupby(["framework", "quantity"], sort=False)["p"].transform(holm)
    return table


def difference(values: np.ndarray, reference: np.ndarray, confidence: float) -> dict[str, float | int | None]:
    """Difference of two means, with Welch's interval and p where both have two values or more and one of them scatters."""
    row: dict[str, float | int | None] = {
        "n_seeds": len(values),
        "n_seeds_reference": len(reference),
        "value": float(values.mean()),
        "value_reference": float(reference.mean()),
        "difference": float(values.mean() - reference.mean()),
    }
    if min(len(values), len(reference)) >= FEWEST and max(np.ptp(values), np.ptp(reference)) > 1e-9 * abs(values.mean()):
        test = stats.ttest_ind(values, reference, equal_var=False)
        low, high = test.confidence_interval(confidence)
        row |= {"low": float(low), "high": float(high), "p": float(test.pvalue)}
    return row


def holm(p: pd.Series) -> pd.Series:
    """Holm's step-down correction of the p values there are."""
    known = p.dropna().astype(float).sort_values()
    adjusted = (known * np.arange(len(known), 0, -1)).clip(upper=1).cummax()
    return adjusted.reindex(p.index).astype("Float64")
