"""The effect of each training choice: every model of an experiment minus the experiment's first, with seeds as replicates."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from nnip.analyse.multiple_testing import holm_of_pairs
from nnip.analyse.quantities import NAME, together
from nnip.declare import RUN, VARIANT, Analysis, Table, real, text, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("models", "predictors", "outcomes"),
    tables={
        "effects": Table(
            "A quantity of a model minus that of the first model of its experiment.",
            {
                "framework": RUN["framework"],
                "experiment": text("name of the experiment"),
                "model": RUN["model"],
                "reference": text("the experiment's first model"),
                "quantity": text("predictor or outcome"),
                **VARIANT,
                "n_seeds": whole("seeds of the model", "seeds"),
                "n_seeds_reference": whole("seeds of the reference", "seeds"),
                "value": real("mean over the model's seeds"),
                "value_reference": real("mean over the reference's seeds"),
                "difference": real("value - value_reference"),
                "low": real("lower bound of Welch's interval", optional=True),
                "high": real("upper bound", optional=True),
                "p": real("Welch's p value", optional=True),
                "p_holm": real("p corrected for all different pairs of the framework and quantity", optional=True),
            },
        )
    },
    settings=("statistics.confidence",),
    doing="Effects of the training choices",
)

FEWEST = 2  # seeds of each of two models; with fewer the scatter between trainings is unknown


def effects(models: pd.DataFrame, predictors: pd.DataFrame, outcomes: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Table effects from tables models, predictors and outcomes: per experiment, quantity and model the mean over seeds minus the reference's.

    The reference is the first model of the experiment. With at least two seeds of both: Welch's interval and p (Biometrika 34, 28, 1947), and p_holm,
    corrected for all different pairs of the framework and quantity (Holm, Scand. J. Stat. 6, 65, 1979). With one seed the difference is between
    two single trainings and has no interval.
    """
    long = together(predictors, outcomes)
    rows = []
    for experiment, members in models.sort_values("position", kind="stable").groupby("experiment", sort=False):
        framework, reference = members["framework"].iloc[0], members["model"].iloc[0]
        for name, measured in long[long["framework"] == framework].groupby(NAME, sort=False, dropna=False):
            values = {model: group["value"].to_numpy(float) for model, group in measured.groupby("model", sort=False)}
            for model in members["model"].iloc[1:]:
                if model in values and reference in values:
                    keys = {"framework": framework, "experiment": experiment, "model": model, "reference": reference}
                    rows.append(keys | dict(zip(NAME, name, strict=True)) | difference(values[model], values[reference], confidence))
    table = frame("effects", rows)
    parts = [
        group.assign(p_holm=holm_of_pairs(group, "model", "reference")) for _, group in table.groupby(["framework", *NAME], sort=False, dropna=False)
    ]
    return frame("effects", pd.concat(parts).sort_index() if parts else [])


def difference(values: np.ndarray, reference: np.ndarray, confidence: float) -> dict[str, float | int | None]:
    """Difference of two means, with Welch's interval and p if both have at least two values and one of them varies."""
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


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table effects."""
    return {"effects": effects(tables["models"], tables["predictors"], tables["outcomes"], settings["statistics.confidence"])}
