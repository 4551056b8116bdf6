"""Kaplan-Meier curves of the times to failure (Kaplan & Meier, J. Am. Stat. Assoc. 53, 457, 1958)."""

from typing import Any

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter

from nnip.analyse.survival import is_one_measurement
from nnip.declare import POOLED, Analysis, Table, real, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("failures",),
    tables={
        "kaplan_meier": Table(
            "A step of a survival curve: the share of a model's replicas that have not failed; it starts at 1.",
            {
                **POOLED,
                "time_fs": real("time of the step", "fs"),
                "survival": real("share of the replicas after the step"),
                "low": real("lower bound of its pointwise interval", optional=True),
                "high": real("upper bound", optional=True),
                "n_at_risk": whole("replicas at risk just before the step", "replicas"),
            },
        )
    },
    settings=("statistics.confidence",),
    doing="Survival curves of the hot MD",
)


def kaplan_meier(failures: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Table kaplan_meier from table failures: a curve per model and seed, and one with blank seed over all seeds of a model with several.

    The band is lifelines' (log-log transformed Greenwood) and describes further replicas of the same trainings. It is blank if the scatter is
    unknown: one replica, copies of one trajectory, or no failure.
    """
    parts = []
    for (framework, model), replicas in failures.groupby(["framework", "model"], sort=False):
        curves = [_curve(part, confidence).assign(seed=seed) for seed, part in replicas.groupby("seed", sort=False)]
        if len(curves) > 1:
            curves.append(_curve(replicas, confidence).assign(seed=pd.NA))
        parts += [curve.assign(framework=framework, model=model) for curve in curves]
    return frame("kaplan_meier", pd.concat([part.astype({"seed": "Int64"}) for part in parts], ignore_index=True) if parts else [])


def _curve(failures: pd.DataFrame, confidence: float) -> pd.DataFrame:
    fitter = KaplanMeierFitter(alpha=1 - confidence).fit(failures["time_fs"].astype(float), failures["failed"].astype(bool))
    band = fitter.confidence_interval_survival_function_.to_numpy()
    no_band = is_one_measurement(failures) or not failures["failed"].any()
    return pd.DataFrame(
        {
            "time_fs": fitter.timeline,
            "survival": fitter.survival_function_.iloc[:, 0].to_numpy(),
            "low": np.nan if no_band else band[:, 0],
            "high": np.nan if no_band else band[:, 1],
            "n_at_risk": fitter.event_table["at_risk"].to_numpy().astype(int),
        }
    )


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table kaplan_meier."""
    return {"kaplan_meier": kaplan_meier(tables["failures"], settings["statistics.confidence"])}
