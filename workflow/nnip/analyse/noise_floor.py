"""The noise floor: what one choice of settings, measured more than once, says about how far two measurements of it lie apart."""

from itertools import combinations

import numpy as np
import pandas as pd

from nnip.study.tables import frame

QUANTITIES = ("S", "S_subtracted", "train_forces_rmse", "test_forces_rmse_hottest", "rmst_fs", "mean_time_to_failure_fs", "learning_curve_slope")


def twins(hyperparameters: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Framework and names of every two models with the same value of every switch."""
    found = []
    for framework, own in hyperparameters.groupby("framework", sort=False):
        settings = own.groupby("model", sort=False)[["name", "value"]].apply(lambda rows: frozenset(rows.itertuples(index=False, name=None)))
        found += [(str(framework), a, b) for a, b in combinations(settings.index, 2) if settings[a] == settings[b]]
    return found


def noise_floor(
    hyperparameters: pd.DataFrame,
    predictors: pd.DataFrame,
    outcomes: pd.DataFrame,
    failures: pd.DataFrame,
    errors_repeated: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Table noise_floor. kind: "same settings" (two models alike in every switch), "seeds" (of one model, named model#seed), "released twice".

    Twins of several seeds are compared seed by seed, in order, so that every training is in one pair.
    standard_error is that of the difference from the scatter of the replicas; spread_of_models the standard deviation of the quantity over the
    framework's models (means of their seeds).
    """
    values = pd.concat([predictors.rename(columns={"predictor": "quantity"}), outcomes.rename(columns={"outcome": "quantity"})])
    # a quantity can be predictor and outcome at once
    values = values[values["quantity"].str.startswith(QUANTITIES)].drop_duplicates(["framework", "quantity", "model", "seed"])
    by_model = values.groupby(["framework", "quantity", "model"])["value"].mean()
    spread = by_model.groupby(["framework", "quantity"]).std()
    variances = failures.groupby(["model", "seed"])["time_fs"].apply(lambda times: times.astype(float).var(ddof=1) / len(times))
    by_seed = values.set_index(["framework", "quantity", "model", "seed"])["value"].to_dict()
    pairs = [
        (framework, "same settings", (a, seed), (b, other))
        for framework, a, b in twins(hyperparameters)
        for seed, other in zip(_seeds(values, a), _seeds(values, b), strict=False)
    ]
    for model, own in values.groupby("model", sort=False):
        pairs += [(own["framework"].iloc[0], "seeds", (model, a), (model, b)) for a, b in combinations(sorted(own["seed"].unique()), 2)]
    rows = []
    for framework, kind, one, other in pairs:
        for quantity in values["quantity"].unique():
            a, b = (by_seed.get((framework, quantity, *which)) for which in (one, other))
            if a is None or b is None:
                continue
            names = [model if kind == "same settings" else f"{model}#{seed}" for model, seed in (one, other)]
            row = _row(framework, names, kind, quantity, float(a), float(b), spread.get((framework, quantity), np.nan))
            if quantity.endswith("_fs"):
                row["standard_error"] = float(np.sqrt(variances[one] + variances[other]))
            rows.append(row)
    return frame("noise_floor", [*rows, *_repeated(errors_repeated, outcomes, spread)])


def _seeds(values: pd.DataFrame, model: str) -> list[int]:
    return sorted(values.loc[values["model"] == model, "seed"].unique())


def _row(framework: str, names: list[str], kind: str, quantity: str, a: float, b: float, spread: float) -> dict[str, object]:
    return {
        "framework": framework,
        "model_a": names[0],
        "model_b": names[1],
        "kind": kind,
        "quantity": quantity,
        "value_a": a,
        "value_b": b,
        "difference": b - a,
        "spread_of_models": spread,
        "share_of_spread": abs(b - a) / spread if pd.notna(spread) and spread else np.nan,
    }


def _repeated(errors_repeated: pd.DataFrame | None, outcomes: pd.DataFrame, spread: pd.Series) -> list[dict[str, object]]:
    if errors_repeated is None or errors_repeated.empty:
        return []
    quantity = "test_forces_rmse_hottest"
    largest = errors_repeated[errors_repeated["n_train"] == errors_repeated.groupby("model")["n_train"].transform("max")]
    temperatures = largest["split"].str.removesuffix("K").astype(float)
    hottest = largest[temperatures == temperatures.max()]
    first = outcomes[outcomes["outcome"] == quantity].set_index(["framework", "model", "seed"])["value"]
    return [
        _row(row.framework, [row.model, row.model], "released twice", quantity, float(first[row.framework, row.model, row.seed]),
             float(row.forces_rmse_eV_per_A), spread.get((row.framework, quantity), np.nan))
        for row in hottest.itertuples()
        if (row.framework, row.model, row.seed) in first.index
    ]  # fmt: skip
