"""What choosing the best of many measurements flatters: the winner is chosen on some models and judged on those left out."""

from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse import ranking
from nnip.analyse.league import ALL, is_md, key_of, oriented, scopes
from nnip.analyse.trainings import REPLICA_DRAWS, Trainings, candidates
from nnip.declare import VARIANT, Analysis, Table, real, text, whole
from nnip.study.seeds import derive
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("predictors", "failures"),
    tables={
        "choice": Table(
            "A way to choose one predictor, and the concordance of what it chose, over pairs of trainings of different models.",
            {
                "framework": text("what is judged: nequip or mace, or all"),
                "way": text(
                    "all models: chosen and judged on the same; others: for each pair of models, chosen on the others of these frameworks; other "
                    "framework: chosen on the other frameworks; beforehand: named in the config (league.chosen)"
                ),
                "quantity": text("the predictor that is chosen, or most often"),
                **VARIANT,
                "share": real("share of the choices that fall on it"),
                "n_models": whole("models", "models"),
                "n_predictors": whole("predictors to choose from", "predictors"),
                "concordance": real("concordance of the chosen predictors where they are judged"),
                "low": real("lower bound of its bootstrap interval over models, seeds and replicas, choices made again", optional=True),
                "high": real("upper bound", optional=True),
                "optimism": real("concordance where it is chosen - concordance where it is judged", optional=True),
            },
        )
    },
    settings=("statistics", "league", "md.duration_fs", "seed"),
    doing="Judge the choice of a predictor on models left out",
)

FEWEST = 4  # models of a framework: two to choose on and two to judge
AT_ONCE = 5_000_000  # numbers of one array


def agreed(trainings: Trainings, values: list[np.ndarray], longer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of replicas of two models that each predictor has in the right order, and those it has a value for, [m, predictors, models, models].

    values: arrays [n]; longer: [m, n, n]. Symmetric; zero for one model.
    """
    model_of = (trainings.model[:, None] == np.arange(len(trainings.models))).astype(np.float32)
    right: list[np.ndarray] = []
    known: list[np.ndarray] = []
    for x in values:
        predicted = ranking.above(x)
        for found, part in ((right, predicted), (known, (predicted + predicted.T > 0).astype(float))):
            pairs = np.einsum("ia,mij,jb->mab", model_of, longer * part.astype(np.float32), model_of, optimize=True)
            pairs = pairs + pairs.transpose(0, 2, 1)
            found.append(pairs * (1 - np.eye(pairs.shape[1], dtype=np.float32)))
    return np.stack(right, axis=1), np.stack(known, axis=1)


def share(right: np.ndarray, known: np.ndarray) -> np.ndarray:
    """right / known; nan where nothing is known."""
    return np.divide(right, known, out=np.full(right.shape, np.nan, dtype=float), where=known > 0)


def chosen_on_others(right: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each pair of models a predictor is chosen on all others: the choices [m, pairs], its concordance there and over the pairs, [m] each."""
    first, second = np.triu_indices(right.shape[-1], 1)
    judged = known[..., first, second].max(axis=1) > 0

    def others(pairs: np.ndarray) -> np.ndarray:
        rows = pairs.sum(axis=3)
        return (rows.sum(axis=2) / 2)[..., None] - rows[..., first] - rows[..., second] + pairs[..., first, second]

    there = share(np.maximum(others(right), 0), np.maximum(others(known), 0))
    picked = np.argmax(np.nan_to_num(there, nan=-1.0), axis=1)
    take = picked[:, None]
    apparent = np.take_along_axis(there, take, axis=1)[:, 0]
    hits, tries = (np.take_along_axis(part[..., first, second], take, axis=1)[:, 0] for part in (right, known))
    # the mean weighs each choice by the pairs it is judged on, as the judgement does
    mean = share((np.nan_to_num(apparent) * tries).sum(axis=1), tries.sum(axis=1))
    return np.where(judged, picked, -1), mean, share(hits.sum(axis=1), tries.sum(axis=1))


def overall(right: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Concordance of every predictor, [m, predictors]."""
    return share(right.sum(axis=(2, 3)), known.sum(axis=(2, 3)))


def best_of(values: np.ndarray) -> np.ndarray:
    """The predictor with the largest concordance in each resample, [m]."""
    return np.argmax(np.nan_to_num(values, nan=-1.0), axis=1)


def ways(trainings: Trainings, right: np.ndarray, known: np.ndarray, fixed: int | None) -> dict[tuple[str, str], tuple[np.ndarray, ...]]:
    """(framework, way) -> choices [m, k], concordance where chosen [m], where judged [m]; right, known: of `agreed`, of all trainings."""
    framework = np.array([trainings.keys["framework"].iloc[own[0]] for own in trainings.models])
    names, rows = trainings.frameworks, np.arange(len(right))
    found: dict[tuple[str, str], tuple[np.ndarray, ...]] = {}
    for scope in scopes(trainings):
        inside = np.ones(len(framework), dtype=bool) if scope == ALL else framework == scope
        if inside.sum() < FEWEST:
            continue
        own = (right[:, :, inside][..., inside], known[:, :, inside][..., inside])
        here = overall(*own)
        winner = best_of(here)
        found[scope, "all models"] = (winner[:, None], here[rows, winner], here[rows, winner])
        found[scope, "others"] = chosen_on_others(*own)
        if scope != ALL and len(names) > 1:
            there = overall(right[:, :, ~inside][..., ~inside], known[:, :, ~inside][..., ~inside])
            winner = best_of(there)
            found[scope, "other framework"] = (winner[:, None], there[rows, winner], here[rows, winner])
        if fixed is not None:
            found[scope, "beforehand"] = (np.full((len(rows), 1), fixed), np.full(len(rows), np.nan), here[:, fixed])
    return found


def choice(predictors: pd.DataFrame, failures: pd.DataFrame, horizon_fs: float, settings: dict[str, Any]) -> pd.DataFrame:
    """Table choice from tables predictors and failures; settings: statistics, league and seed of the config.

    A framework needs four models, and trainings of which one is known to outlive another. Predictors that only some trainings have take part with
    those. A part of the MD itself does not, unless the config names it.
    """
    if failures.empty or predictors.empty:
        return frame("choice", [])
    statistics, trainings = settings["statistics"], Trainings.of(failures, horizon_fs)
    asked = settings["league"]["chosen"]
    named = candidates(predictors).items()
    values = {name: oriented(trainings, name, rows) for name, rows in named if not is_md(name[0]) or (asked and name == key_of(asked))}
    values = {name: x for name, x in values.items() if len(np.unique(x[np.isfinite(x)])) > 1}
    if not values:
        return frame("choice", [])
    names = list(values)
    fixed = names.index(key_of(asked)) if asked and key_of(asked) in values else None
    rng = np.random.default_rng(derive(settings["seed"], "choice"))
    weights = trainings.resamples(statistics["n_bootstrap"], rng)
    counts = trainings.replica_counts(min(len(weights), REPLICA_DRAWS), rng)
    longer = trainings.longer(counts)
    again: dict[tuple[str, str], list[np.ndarray]] = {}
    size = max(AT_ONCE // (trainings.n**2 + len(values) * len(trainings.models) ** 2), 1)
    for start in range(0, len(weights), size):
        part = weights[start : start + size].astype(np.float32)
        which = np.arange(start, start + len(part)) % len(counts)
        pairs = agreed(trainings, list(values.values()), longer[which] * part[:, :, None] * part[:, None, :])
        for key, (_, _, judged) in ways(trainings, *pairs, fixed).items():
            again.setdefault(key, []).append(judged)
    rows = []
    observed = ways(trainings, *agreed(trainings, list(values.values()), trainings.longer()[None]), fixed)
    for (scope, way), (picked, apparent, judged) in observed.items():
        if np.isnan(judged[0]):  # no training is known to outlive another: none failed, say
            continue
        made = picked[picked >= 0]
        most = int(np.bincount(made).argmax())
        name = names[most]
        row = {"framework": scope, "way": way, "quantity": name[0], "mode": name[1] or pd.NA, "minimum": name[2] or pd.NA}
        n_models = len(scopes(trainings)[scope].models)
        low, high = ranking.interval(np.concatenate(again[scope, way]), n_models, statistics["confidence"])
        row |= {"share": float((made == most).mean()), "n_models": n_models, "n_predictors": len(names), "concordance": float(judged[0])}
        rows.append(row | {"low": low, "high": high, "optimism": float(apparent[0] - judged[0])})
    return frame("choice", rows)


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table choice."""
    return {"choice": choice(tables["predictors"], tables["failures"], settings["md.duration_fs"], settings)}
