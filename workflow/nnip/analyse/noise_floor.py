"""The noise floor: differences between repeated measurements of the same settings."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse.error_summaries import temperatures_K
from nnip.analyse.quantities import NAME, together
from nnip.declare import RUN, VARIANT, Analysis, Table, real, text
from nnip.declare.registry import quantities
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("predictors", "outcomes", "hyperparameters"),
    uses=("failures", "errors_repeated"),
    tables={
        "noise_floor": Table(
            "Two measurements of the same settings.",
            {
                "framework": RUN["framework"],
                "model_a": text("one measurement: a model, or model#seed"),
                "model_b": text("the other"),
                "kind": text("same settings (two models with equal switches), seeds (of one model), released twice"),
                "quantity": text("predictor or outcome"),
                **VARIANT,
                "value_a": real("value of model_a"),
                "value_b": real("value of model_b"),
                "difference": real("value_b - value_a"),
                "standard_error": real("standard error of the difference, from the scatter of the replicas", optional=True),
                "spread_of_models": real("standard deviation over the framework's models", optional=True),
                "share_of_spread": real("absolute difference divided by spread_of_models", optional=True),
            },
        )
    },
    doing="Differences between repeated measurements",
)


def twins(hyperparameters: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Framework and names of every two models with the same value of every switch."""
    pairs = []
    for framework, switches in hyperparameters.groupby("framework", sort=False):
        settings = switches.groupby("model", sort=False)[["name", "value"]].apply(lambda rows: frozenset(rows.itertuples(index=False, name=None)))
        pairs += [(str(framework), a, b) for a, b in combinations(settings.index, 2) if settings[a] == settings[b]]
    return pairs


def noise_floor(
    hyperparameters: pd.DataFrame,
    predictors: pd.DataFrame,
    outcomes: pd.DataFrame,
    failures: pd.DataFrame | None = None,
    errors_repeated: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Table noise_floor. kind: "same settings" (two models with equal switches), "seeds" (of one model, named model#seed), "released twice".

    Models with the same settings are compared seed by seed, in order, so that every training is in one pair.
    standard_error is that of the difference, from the scatter of the replicas; spread_of_models the standard deviation of the quantity over the
    framework's models (means of their seeds).
    """
    known = quantities()
    values = together(predictors, outcomes)
    values = values[values["quantity"].isin([name for name, each in known.items() if each.floor])]
    values = values.assign(**{name: values[name].fillna("") for name in NAME})  # blanks cannot be keys
    by_model = values.groupby(["framework", *NAME, "model"])["value"].mean()
    spread = by_model.groupby(["framework", *NAME]).std()
    if failures is not None:
        variances = failures.groupby(["model", "seed"])["time_fs"].apply(lambda times: times.astype(float).var(ddof=1) / len(times))
    by_seed = values.set_index(["framework", *NAME, "model", "seed"])["value"].to_dict()
    pairs = [
        (framework, "same settings", (a, seed), (b, other))
        for framework, a, b in twins(hyperparameters)
        for seed, other in zip(_seeds(values, a), _seeds(values, b), strict=False)
    ]
    for model, of_model in values.groupby("model", sort=False):
        pairs += [(of_model["framework"].iloc[0], "seeds", (model, a), (model, b)) for a, b in combinations(sorted(of_model["seed"].unique()), 2)]
    rows = []
    for framework, kind, one, other in pairs:
        for name in dict.fromkeys(values[NAME].itertuples(index=False, name=None)):
            a, b = (by_seed.get((framework, *name, *which)) for which in (one, other))
            if a is None or b is None:
                continue
            models = [model if kind == "same settings" else f"{model}#{seed}" for model, seed in (one, other)]
            row = _row(framework, models, kind, name, float(a), float(b), spread.get((framework, *name), np.nan))
            if known[name[0]].table == "survival":
                row["standard_error"] = float(np.sqrt(variances[one] + variances[other]))
            rows.append(row)
    return frame("noise_floor", [*rows, *_repeated(errors_repeated, outcomes, spread)])


def _seeds(values: pd.DataFrame, model: str) -> list[int]:
    return sorted(values.loc[values["model"] == model, "seed"].unique())


def _row(framework: str, models: list[str], kind: str, name: tuple[str, ...], a: float, b: float, spread: float) -> dict[str, object]:
    return {
        "framework": framework,
        "model_a": models[0],
        "model_b": models[1],
        "kind": kind,
        **{column: value or pd.NA for column, value in zip(NAME, name, strict=True)},
        "value_a": a,
        "value_b": b,
        "difference": b - a,
        "spread_of_models": spread,
        "share_of_spread": abs(b - a) / spread if pd.notna(spread) and spread else np.nan,
    }


def _repeated(errors_repeated: pd.DataFrame | None, outcomes: pd.DataFrame, spread: pd.Series) -> list[dict[str, object]]:
    if errors_repeated is None or errors_repeated.empty:
        return []
    name = ("test_forces_rmse_hottest", "", "")
    largest = errors_repeated[errors_repeated["n_train"] == errors_repeated.groupby("model")["n_train"].transform("max")]
    temperatures = temperatures_K(largest["split"])
    hottest = largest[temperatures == temperatures.max()]
    first = outcomes[outcomes["quantity"] == name[0]].set_index(["framework", "model", "seed"])["value"]
    return [
        _row(row.framework, [row.model, row.model], "released twice", name, float(first[row.framework, row.model, row.seed]),
             float(row.forces_rmse_eV_per_A), spread.get((row.framework, *name), np.nan))
        for row in hottest.itertuples()
        if (row.framework, row.model, row.seed) in first.index
    ]  # fmt: skip


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:  # noqa: ARG001 - no setting
    """Table noise_floor."""
    measured = (tables["predictors"], tables["outcomes"], tables.get("failures"), tables.get("errors_repeated"))
    return {"noise_floor": noise_floor(tables["hyperparameters"], *measured)}
