"""The league by other outcomes than the time to failure: errors of formation energies, barriers, structures and hop rates.

An outcome is judged if its quantity says so (judged). Statistics are those of the league (nnip.analyse.league, within_between, prediction) with the
logarithm of the outcome, or the outcome itself if it does not span decades, in place of the logarithm of the life. A training on a further training
set counts as a model of its own, named <model> on <training set>. A training whose outcome is a failure has none and is left out.
"""

from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse.error_summaries import error_summaries
from nnip.analyse.league import league
from nnip.analyse.prediction import prediction
from nnip.analyse.quantities import collected
from nnip.analyse.within_between import within_between
from nnip.declare import VARIANT, Analysis, Quantity, Table, flag, real, text, whole
from nnip.declare.registry import quantities
from nnip.study.tables import columns, frame

ANALYSIS = Analysis(
    needs=("defects", "errors", "training_sets"),
    tables={
        "outcome_league": Table(
            "A predictor of an outcome over the trainings of a framework, or of all, of which only those of one framework are compared.",
            {
                "framework": text("nequip or mace, or all"),
                "outcome": text("what is to be predicted"),
                "quantity": text("predictor"),
                **VARIANT,
                "baseline": flag("whether every training has it without a further measurement"),
                "expected": whole("1: large values are expected to mean a good outcome, -1: small ones, 0: either"),
                "n_models": whole("models, on each training set", "models"),
                "n_trainings": whole("trainings", "trainings"),
                "n_without": whole("trainings left out, whose outcome is a failure", "trainings"),
                "concordance": real("of pairs of trainings, the share of which it names the one with the better outcome (0.5: a guess)"),
                "concordance_low": real("lower bound of its bootstrap interval over models and seeds", optional=True),
                "concordance_high": real("upper bound", optional=True),
                "spearman": real("Spearman's correlation with the outcome, ranks within a framework", optional=True),
                "spearman_low": real("lower bound of its interval", optional=True),
                "spearman_high": real("upper bound", optional=True),
                "p": real("share of shuffled predictors whose concordance is as far from 0.5", optional=True),
                "p_corrected": real("share of shuffles in which that of any predictor is", optional=True),
                "seconds": real("median wall time of its measurement for one training", "s", optional=True),
            },
        ),
        "outcome_within_between": Table(
            "Correlation of a predictor with an outcome, between models or within them.",
            {
                "framework": text("nequip or mace, or all"),
                "outcome": text("what is to be predicted"),
                "quantity": text("predictor"),
                **VARIANT,
                "baseline": flag("whether every training has it without a further measurement"),
                "view": text("within: deviations of trainings from their model's mean; between: means of models"),
                "n_models": whole("models", "models"),
                "n_trainings": whole("trainings", "trainings"),
                "correlation": real("with the sign expected to be positive"),
                "low": real("lower bound of its bootstrap interval", optional=True),
                "high": real("upper bound", optional=True),
                "p": real("share of shuffled predictors with as large a correlation", optional=True),
                "p_corrected": real("share of shuffles in which that of any predictor is", optional=True),
            },
        ),
        "outcome_prediction": Table(
            "Outcomes of models left out, predicted from a predictor; errors of logarithms, or of standard deviations where there is no logarithm.",
            {
                "framework": text("nequip or mace, or all, each with its own constant"),
                "outcome": text("what is to be predicted"),
                "quantity": text("predictor"),
                **VARIANT,
                "baseline": flag("whether it is one of the baselines"),
                "n_models": whole("models, each left out once", "models"),
                "n_trainings": whole("trainings", "trainings"),
                "baselines": text("names of the baselines, joined by +; blank: none", optional=True),
                "error_none": real("root mean square error, predicted by the mean of the framework's other models"),
                "error_baselines": real("the same, predicted from the baselines", optional=True),
                "error_alone": real("predicted from the predictor"),
                "error_both": real("predicted from both", optional=True),
                "gain": real("error_baselines - error_both", optional=True),
                "gain_low": real("lower bound of its bootstrap interval", optional=True),
                "gain_high": real("upper bound", optional=True),
                "p": real("share of shuffled predictors with as large a gain", optional=True),
                "p_corrected": real("share of shuffles in which that of any predictor is", optional=True),
            },
        ),
    },
    collects=True,
    every_set=True,
    settings=("statistics", "league", "seed"),
    doing="Compare the predictors of errors of defects",
)

KEYS = ["framework", "model", "seed"]
SMALLEST = 1e-9  # of an outcome on a logarithmic scale, in the unit of its table


def with_sets(tables: dict[str, pd.DataFrame], main_set: str | None) -> dict[str, pd.DataFrame]:
    """The tables with trainings on further sets as models named <model> on <training set>."""
    named = {}
    for name, table in tables.items():
        if "training_set" in table and "model" in table:
            further = table["training_set"].notna() & (table["training_set"] != main_set)
            named[name] = table.assign(model=table["model"].where(~further, table["model"] + " on " + table["training_set"].fillna("")))
        else:
            named[name] = table
    return named


def as_lives(quantity: Quantity, outcomes: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Table failures in which each training has one replica that lives the longer the better its outcome is, and a horizon beyond all of them.

    outcomes: rows of table outcomes of the quantity. The logarithm of the life is that of the outcome, or the outcome over its standard deviation,
    with the sign that makes it good, and a constant.
    """
    values = outcomes["value"].to_numpy(float)
    log = np.log(np.maximum(values, SMALLEST)) if quantity.log else values / (values.std() or 1.0)
    log = (quantity.better or 1) * log
    time = np.exp(log - log.min() + 1.0)
    rows = outcomes[KEYS].assign(replica=0, time_fs=time, failed=True, reason="none")
    return frame("failures", rows), float(2 * time.max())


def without_twins(predictors: pd.DataFrame) -> pd.DataFrame:
    """Table predictors without quantities whose values are those of an earlier one: plain frames may be the coolest test frames, say."""
    kept: list[pd.Series] = []
    twins = []
    for quantity, rows in predictors.groupby("quantity", sort=False):
        values = rows.set_index([*KEYS, *VARIANT])["value"].astype(float).sort_index()
        if any(values.index.equals(other.index) and np.allclose(values, other, rtol=1e-6, atol=0) for other in kept):
            twins.append(quantity)
        kept.append(values)
    return predictors[~predictors["quantity"].isin(twins)]


def outcome_tables(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The three tables of all judged outcomes; settings: statistics, league and seed of the config, and the keys of the quantities' `at`."""
    sets = tables["training_sets"]
    named = with_sets(tables, next(iter(sets.loc[sets["role"] == "main", "training_set"]), None))
    named["error_summaries"] = error_summaries(named["errors"], sets.assign(role="main"), None)
    every = quantities().values()
    # errors on the hottest test frames are an outcome too; where all have one temperature they are the errors on the coolest
    cheap = [each for each in every if each.predicts and not (each.is_outcome and each.table == "error_summaries")]
    predictors = without_twins(collected("predictors", cheap, named, settings))
    made: dict[str, list[pd.DataFrame]] = {name: [] for name in ANALYSIS.tables}
    for quantity in (each for each in every if each.judged and each.table in named):
        outcomes = collected("outcomes", [quantity], named, settings)
        if outcomes.empty:
            continue
        failures, horizon = as_lives(quantity, outcomes)
        rows_of = named[quantity.table]
        for column, value in quantity.where.items():
            rows_of = rows_of[rows_of[column] == value]
        without = rows_of[rows_of[quantity.column].isna()].groupby("framework").size()
        wanted = predictors[predictors["quantity"] != quantity.name]
        found = {
            "outcome_league": league(wanted, failures, horizon, settings),
            "outcome_within_between": within_between(wanted, failures, horizon, settings),
            "outcome_prediction": prediction(wanted, failures, horizon, settings),
        }
        for name, of_all in found.items():
            table = of_all.assign(outcome=quantity.name)
            if name == "outcome_league":
                table["n_without"] = [int(without.sum() if scope == "all" else without.get(scope, 0)) for scope in table["framework"]]
            made[name].append(table[list(columns(name))])
    return {name: frame(name, pd.concat(parts, ignore_index=True) if parts else []) for name, parts in made.items()}


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Tables outcome_league, outcome_within_between and outcome_prediction."""
    return outcome_tables(tables, settings)
