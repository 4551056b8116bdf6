"""Log-rank tests: whether the replicas of two trainings have the same survival curve."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pandas as pd
from lifelines.statistics import logrank_test

from nnip.analyse.multiple_testing import holm_of_pairs
from nnip.analyse.survival import is_one_measurement
from nnip.declare import RUN, Analysis, Table, real, text, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("failures", "models"),
    tables={
        "logrank": Table(
            "The log-rank test between the trainings of two neighbours of an experiment.",
            {
                "framework": RUN["framework"],
                "experiment": text("name of the experiment"),
                "model_a": text("name of one model"),
                "model_b": text("name of the other"),
                "n_a": whole("replicas of one", "replicas"),
                "n_b": whole("replicas of the other", "replicas"),
                "chi2": real("test statistic", optional=True),
                "p": real("p value", optional=True),
                "p_holm": real("p value corrected for all tests of the study", optional=True),
                "untested": text("why there is no test", optional=True),
            },
        )
    },
    doing="Log-rank tests between neighbours",
)

SEVERAL_SEEDS = "several seeds"
NO_SCATTER = "one replica, or copies of one trajectory"


def neighbours(models: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    """Framework, experiment and the two models of every pair of neighbours in table models."""
    for experiment, members in models.groupby("experiment", sort=False):
        for a, b in pairwise(members.sort_values("position")["model"]):
            yield members["framework"].iloc[0], str(experiment), a, b


def logrank(failures: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """Table logrank: a test between every two neighbours of an experiment, p corrected for all different pairs.

    A test compares two trainings, not their settings. Replicas of several seeds are not independent samples: a model with several seeds is
    not tested here, but by its seeds in table effects. A model with one replica, or with copies of one trajectory, is not tested either.
    """
    rows = []
    by_model = dict(tuple(failures.groupby("model", sort=False)))
    for framework, experiment, a, b in neighbours(models):
        if a not in by_model or b not in by_model:
            continue
        one, other = by_model[a], by_model[b]
        row = {"framework": framework, "experiment": experiment, "model_a": a, "model_b": b, "n_a": len(one), "n_b": len(other)}
        if max(one["seed"].nunique(), other["seed"].nunique()) > 1:
            row["untested"] = SEVERAL_SEEDS
        elif is_one_measurement(one) or is_one_measurement(other):
            row["untested"] = NO_SCATTER
        else:
            test = logrank_test(*(part["time_fs"].astype(float) for part in (one, other)), *(part["failed"].astype(bool) for part in (one, other)))
            row |= {"chi2": test.test_statistic, "p": test.p_value}
        rows.append(row)
    table = frame("logrank", rows)
    return frame("logrank", table.assign(p_holm=holm_of_pairs(table, "model_a", "model_b")))


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:  # noqa: ARG001 - no setting
    """Table logrank."""
    return {"logrank": logrank(tables["failures"], tables["models"])}
