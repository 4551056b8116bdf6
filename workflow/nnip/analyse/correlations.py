"""Correlations of cheap measurements with outcomes over models, with intervals; partial correlations remove the effect of the force error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import yaml

from nnip.analyse import bootstrap
from nnip.analyse.quantities import KEYS, NAME, stream, together
from nnip.analyse.survival import restricted_means
from nnip.declare import RUN, VARIANT, Analysis, Table, block, flag, integer, mapping, number, real, text, whole
from nnip.declare.registry import quantities
from nnip.study.seeds import derive
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("predictors", "outcomes", "hyperparameters"),
    uses=("failures",),
    tables={
        "correlations": Table(
            "A predictor against an outcome over the models of a framework, each the mean of its seeds.",
            {
                "framework": RUN["framework"],
                "predictor": text("quantity that predicts"),
                **VARIANT,
                "outcome": text("quantity to be predicted"),
                "subset": text("all, or a subset of the models (config: statistics.subsets)"),
                "n_models": whole("models", "models"),
                "overlap": flag("whether one quantity is part of the other, so that the correlation is partly with itself"),
                "pearson": real("Pearson's correlation"),
                "pearson_low": real("lower bound of its bootstrap interval", optional=True),
                "pearson_high": real("upper bound", optional=True),
                "spearman": real("Spearman's rank correlation"),
                "spearman_low": real("lower bound of its bootstrap interval", optional=True),
                "spearman_high": real("upper bound", optional=True),
                "kendall": real("Kendall's tau-b", optional=True),
                "kendall_low": real("lower bound of its bootstrap interval", optional=True),
                "kendall_high": real("upper bound", optional=True),
                "pearson_loo_low": real("smallest Pearson's correlation without one of the models", optional=True),
                "pearson_loo_high": real("largest", optional=True),
                "p_permutation": real("share of shuffled outcomes that correlate as strongly", optional=True),
                "partial_given": text("control variable of column partial; its logarithm is used", optional=True),
                "partial": real("partial correlation", optional=True),
            },
        ),
        "partial_correlations": Table(
            "Pearson's correlation of a predictor and an outcome after a straight line in the logarithm of a third quantity is subtracted from both.",
            {
                "framework": RUN["framework"],
                "predictor": text("quantity that predicts"),
                **VARIANT,
                "outcome": text("quantity to be predicted"),
                "subset": text("all, or a subset of the models (config: statistics.subsets)"),
                "given": text("the third quantity"),
                "n_models": whole("models", "models"),
                "partial": real("partial correlation"),
                "low": real("lower bound of its bootstrap interval", optional=True),
                "high": real("upper bound", optional=True),
            },
        ),
    },
    options={
        "statistics": block(
            {
                "n_bootstrap": integer(2000, "Bootstrap resamples.", minimum=100),
                "n_permutation": integer(2000, "Permutations of an outcome.", minimum=100),
                "confidence": number(0.95, "Confidence of every interval.", exclusiveMinimum=0.5, exclusiveMaximum=1),
                "subsets": mapping(
                    {"rescaled": {"rescale": True}},
                    "Subsets of the models for which correlations are computed too: name -> {switch of the model table: value}; models with "
                    "another value are left out.",
                    {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["string", "number", "boolean"]}},
                    propertyNames={"pattern": "^(?!all$)[A-Za-z0-9][A-Za-z0-9_.+-]*$", "maxLength": 60},
                ),
            },
            "Intervals and tests.",
        )
    },
    settings=("statistics", "md.duration_fs", "seed"),
    doing="Correlate predictors with outcomes",
)


@dataclass(frozen=True)
class Settings:
    """Numbers of resamples and permutations, confidence of intervals, subsets of the models (name -> {switch: value}), and the study's seed."""

    n_bootstrap: int = 2000
    n_permutation: int = 2000
    confidence: float = 0.95
    subsets: dict[str, dict[str, Any]] = field(default_factory=dict)
    seed: int = 1


FEWEST = 3  # models of a row
Draws = Mapping[tuple[str, str, int, str], np.ndarray]


def replica_draws(failures: pd.DataFrame, horizon_fs: float, settings: Settings) -> dict[tuple[str, str, int, str], np.ndarray]:
    """Outcomes rmst_fs and mean_time_to_failure_fs of every model and seed, with resampled replicas: arrays [n_bootstrap]."""
    draws = {}
    for (framework, model, seed), replicas in failures.groupby(KEYS, sort=False):
        rng = np.random.default_rng(derive(settings.seed, "replicas", framework, model, seed))
        time, failed = replicas["time_fs"].to_numpy(float), replicas["failed"].to_numpy(bool)
        counts = rng.multinomial(len(replicas), np.full(len(replicas), 1 / len(replicas)), size=settings.n_bootstrap).astype(float)
        draws[framework, model, seed, "rmst_fs"] = restricted_means(time, failed, horizon_fs, counts)[0]
        draws[framework, model, seed, "mean_time_to_failure_fs"] = counts @ time / len(replicas)
    return draws


def left_out(hyperparameters: pd.DataFrame, subsets: Mapping[str, Mapping[str, Any]]) -> dict[str, set[str]]:
    """Models left out of each subset: "all" leaves out none, others the models with another value of a switch, if there are any."""
    left: dict[str, set[str]] = {"all": set()}
    for subset, wanted in subsets.items():
        switches = hyperparameters[hyperparameters["name"].isin(list(wanted))]
        # nested values of the command line are texts
        values = {switch: yaml.safe_load(value) if isinstance(value, str) else value for switch, value in wanted.items()}
        others = {row.model for row in switches.itertuples() if yaml.safe_load(row.value) != values[row.name]}
        left |= {subset: others} if others else {}
    return left


def correlations(
    predictors: pd.DataFrame, outcomes: pd.DataFrame, hyperparameters: pd.DataFrame, draws: Draws, settings: Settings
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables correlations and partial_correlations: every predictor against every outcome, per framework and subset of its models.

    A model is one point: the mean of its seeds. Intervals resample models, within them seeds, within these replicas (draws, from replica_draws).
    A row needs at least three models. There is no row for a pair of the same measurements under two names (the coolest and the hottest test
    split, if there is only one).
    """
    known = quantities()
    controls = together(predictors, outcomes)
    controls = controls[controls["quantity"].isin([name for name, each in known.items() if each.control])]
    controls = controls.assign(value=np.log(controls["value"].astype(float)))
    several_modes = predictors["mode"].nunique() > 1
    rows, partials = [], []
    for framework, measured in predictors.groupby("framework", sort=False):
        aims = outcomes[outcomes["framework"] == framework]
        control = controls[controls["framework"] == framework].pivot(index=KEYS, columns="quantity", values="value")
        for subset, others in left_out(hyperparameters[hyperparameters["framework"] == framework], settings.subsets).items():
            for (predictor, mode, minimum), x in measured[~measured["model"].isin(others)].groupby(NAME, sort=False, dropna=False):
                for outcome, y in aims.groupby("quantity", sort=False):
                    pairs = x[[*KEYS, "value"]].merge(y[[*KEYS, "value"]], on=KEYS, suffixes=("_x", "_y")).join(control, on=KEYS)
                    constant = pairs[["value_x", "value_y"]].nunique().min() < 2
                    if constant or pairs["model"].nunique() < FEWEST or _one_measurement(pairs, predictor, outcome):
                        continue
                    name = {"framework": framework, "predictor": predictor, "mode": mode, "minimum": minimum, "outcome": outcome, "subset": subset}
                    name["overlap"] = known[predictor].overlaps(known[outcome])
                    rng_name = (framework, stream(predictor, mode, minimum, several_modes), outcome, subset)
                    row, partial = _pair(name, rng_name, pairs, draws, settings)
                    # seeds can differ where the models' means do not
                    if all(np.isfinite(np.array([row["pearson"], row["spearman"]], dtype=float))):
                        rows.append(row)
                        partials += partial
    return frame("correlations", rows), frame("partial_correlations", partials)


def _one_measurement(pairs: pd.DataFrame, predictor: str, outcome: str) -> bool:
    """Whether both are the same numbers of the same column of a table."""
    known = quantities()
    return predictor == outcome or (
        known[predictor].stands_beside(known[outcome])
        and np.allclose(pairs["value_x"].to_numpy(float), pairs["value_y"].to_numpy(float), rtol=1e-9, atol=0)
    )


@dataclass
class _Sample:
    """One value per model (columns), and m resampled values of every model (draws)."""

    columns: list[np.ndarray]
    draws: list[np.ndarray]
    chosen: np.ndarray

    def estimate(self, statistic: bootstrap.Statistic, *which: int) -> float:
        return float(statistic(*(self.columns[index] for index in which)))

    def interval(self, statistic: bootstrap.Statistic, confidence: float, *which: int) -> tuple[float, float]:
        return bootstrap.interval(
            statistic, [self.columns[index] for index in which], [self.draws[index] for index in which], self.chosen, confidence
        )


def _sample(pairs: pd.DataFrame, names: list[str], outcome: str, draws: Draws, n: int, rng: np.random.Generator) -> _Sample:
    values = pairs[names].to_numpy(float).T
    again = [np.broadcast_to(column, (n, len(column))) for column in values]
    keys = [(*row, outcome) for row in pairs[KEYS].itertuples(index=False, name=None)]
    if all(key in draws for key in keys):
        again[1] = np.stack([draws[key] for key in keys], axis=1)
    columns: list[np.ndarray] = []
    redrawn: list[list[np.ndarray]] = [[] for _ in names]
    for places in pairs.reset_index(drop=True).groupby("model", sort=False).indices.values():
        columns.append(values[:, places].mean(axis=1))
        if len(places) == 1:
            resampled = [drawn[:, places[0]] for drawn in again]
        else:
            seeds = places[rng.integers(len(places), size=(n, len(places)))]
            resampled = [np.take_along_axis(drawn, seeds, axis=1).mean(axis=1) for drawn in again]
        for column, drawn in zip(redrawn, resampled, strict=True):
            column.append(drawn)
    models = len(columns)
    return _Sample(list(np.array(columns).T), [np.stack(column, axis=1) for column in redrawn], rng.integers(models, size=(n, models)))


def _pair(
    name: dict[str, Any], rng_name: tuple[str, ...], pairs: pd.DataFrame, draws: Draws, settings: Settings
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    rng = np.random.default_rng(derive(settings.seed, "correlations", *rng_name))
    sample = _sample(pairs, ["value_x", "value_y"], name["outcome"], draws, settings.n_bootstrap, rng)
    x, y = sample.columns
    row: dict[str, Any] = {**name, "n_models": len(x)}
    for measure in (bootstrap.pearson, bootstrap.spearman, bootstrap.kendall):
        row[measure.__name__] = sample.estimate(measure, 0, 1)
        row[f"{measure.__name__}_low"], row[f"{measure.__name__}_high"] = sample.interval(measure, settings.confidence, 0, 1)
    if len(x) > bootstrap.FEWEST:
        without = bootstrap.leave_one_out(bootstrap.pearson, [x, y])
        row |= {"pearson_loo_low": np.nanmin(without), "pearson_loo_high": np.nanmax(without)}
    row["p_permutation"] = bootstrap.permutation_p(x, y, settings.n_permutation, rng)
    partials = []
    controls = [control for control, quantity in quantities().items() if quantity.control]
    for given in controls:
        known = pairs.dropna(subset=[given]) if given in pairs else pairs[:0]
        if given in (name["predictor"], name["outcome"]) or known["model"].nunique() <= bootstrap.FEWEST:
            continue
        sample = _sample(known, ["value_x", "value_y", given], name["outcome"], draws, settings.n_bootstrap, rng)
        value = sample.estimate(bootstrap.partial, 0, 1, 2)
        low, high = sample.interval(bootstrap.partial, settings.confidence, 0, 1, 2)
        if np.isfinite(value):
            keys = {key: each for key, each in name.items() if key != "overlap"}
            partials.append(keys | {"given": given, "n_models": len(sample.columns[0]), "partial": value, "low": low, "high": high})
    if partials and partials[0]["given"] == controls[0]:
        row |= {"partial_given": partials[0]["given"], "partial": partials[0]["partial"]}
    return row, partials


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Tables correlations and partial_correlations."""
    statistics = Settings(**settings["statistics"], seed=settings["seed"])
    draws = replica_draws(tables["failures"], settings["md.duration_fs"], statistics) if "failures" in tables else {}
    table, partials = correlations(tables["predictors"], tables["outcomes"], tables["hyperparameters"], draws, statistics)
    return {"correlations": table, "partial_correlations": partials}
