"""How well the time to failure of a model not seen is predicted: from a cheap measurement, from what is known anyway, and from both.

A straight line in the logarithm of the restricted mean time, with each framework's own constant, is fitted to all models but one and predicts that
one's trainings. Restricted means treat censored times as such. Slopes are ridge estimates (Hoerl & Kennard, Technometrics 12, 55, 1970).
"""

from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse import ranking
from nnip.analyse.league import identity, scopes
from nnip.analyse.multiple_testing import by_shuffling
from nnip.analyse.trainings import REPLICA_DRAWS, Trainings, candidates
from nnip.analyse.within_between import scaled
from nnip.declare import VARIANT, Analysis, Table, flag, real, text, whole
from nnip.declare.registry import quantities
from nnip.study.seeds import derive
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("predictors", "failures"),
    tables={
        "prediction": Table(
            "Times to failure of models left out, predicted from a predictor; an error of ln 2 = 0.69 is a factor of two in the time.",
            {
                "framework": text("nequip or mace, or all, each with its own constant"),
                "quantity": text("predictor; its logarithm if it spans decades"),
                **VARIANT,
                "baseline": flag("whether it is one of the baselines, which every training has without a further measurement"),
                "chosen": flag("whether the config names it as chosen beforehand (league.chosen)"),
                "expected": whole("1: large values are expected to mean a long life, -1: small ones, 0: either"),
                "n_models": whole("models, each left out once", "models"),
                "n_trainings": whole("trainings", "trainings"),
                "baselines": text("names of the baselines, joined by +; blank: none", optional=True),
                "error_none": real("root mean square error of ln time, predicted by the mean of the framework's other models"),
                "error_baselines": real("the same, predicted from the baselines", optional=True),
                "error_alone": real("predicted from the predictor"),
                "error_both": real("predicted from both", optional=True),
                "gain": real("error_baselines - error_both", optional=True),
                "gain_low": real("lower bound of its bootstrap interval over models, seeds and replicas", optional=True),
                "gain_high": real("upper bound", optional=True),
                "p": real("share of shuffled predictors (their part that the baselines do not explain) with as large a gain", optional=True),
                "p_corrected": real("share of shuffles in which that of any predictor is; p itself for the chosen one", optional=True),
            },
        )
    },
    settings=("statistics", "league", "md.duration_fs", "seed"),
    doing="Predict the times to failure of models left out",
)

FEWEST = 5  # models of a row
RIDGE = 1.0  # weight of the pull of a slope to zero, in trainings


def left_out_error(trainings: Trainings, features: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Root mean square error of y predicted for each model by a fit to all others, [m].

    features: [m or 1, n, q], of unit variance; y and weights: [m or 1, n]; a training with a feature of nan is left out. Each framework has its
    own constant. nan where fewer than three models are left.
    """
    weights = np.where(np.isfinite(features).all(axis=2), weights, 0.0)
    constants = (trainings.framework[:, None] == np.arange(trainings.framework.max() + 1)).astype(float)
    design = np.concatenate([np.broadcast_to(constants, (len(features), *constants.shape)), np.nan_to_num(features)], axis=2)
    penalty = np.diag([1e-6] * constants.shape[1] + [RIDGE] * features.shape[2])
    model_of = (trainings.model[:, None] == np.arange(len(trainings.models))).astype(float)
    products = (design[..., :, None] * design[..., None, :]) * weights[..., None, None]
    targets = design * (weights * y)[:, :, None]
    own, own_y = np.einsum("nm,bnij->bmij", model_of, products), np.einsum("nm,bni->bmi", model_of, targets)
    others = own.sum(axis=1, keepdims=True) - own + penalty
    slopes = np.linalg.solve(others, (own_y.sum(axis=1, keepdims=True) - own_y)[..., None])[..., 0]
    wrong = y - (design * slopes[:, trainings.model]).sum(axis=2)
    enough = ((weights @ model_of) > 0).sum(axis=1) > 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(enough, np.sqrt((weights * wrong**2).sum(axis=1) / weights.sum(axis=1)), np.nan)


def unit(trainings: Trainings, x: np.ndarray) -> np.ndarray:
    """x [n] without its framework's mean, of unit variance; nan stays nan."""
    centred = np.array(x, dtype=float)
    for framework in np.unique(trainings.framework):
        inside = trainings.framework == framework
        if np.isfinite(x[inside]).any():
            centred[inside] -= np.nanmean(x[inside])
    spread = np.sqrt(np.nanmean(centred**2))
    return centred / spread if spread > 0 else centred * np.nan


def unexplained(trainings: Trainings, x: np.ndarray, given: np.ndarray) -> np.ndarray:
    """The part of x [n] that a straight line in the columns of `given` [n, q] and a constant per framework do not explain."""
    known = np.isfinite(x) & np.isfinite(given).all(axis=1)
    constants = (trainings.framework[:, None] == np.arange(trainings.framework.max() + 1)).astype(float)
    design = np.concatenate([constants, given], axis=1)[known]
    rest = np.full(len(x), np.nan)
    rest[known] = x[known] - design @ np.linalg.lstsq(design, x[known], rcond=None)[0]
    return rest


def prediction(predictors: pd.DataFrame, failures: pd.DataFrame, horizon_fs: float, settings: dict[str, Any]) -> pd.DataFrame:
    """Table prediction from tables predictors and failures; settings: statistics, league and seed of the config. A row needs five models."""
    rows = []
    statistics, chosen = settings["statistics"], settings["league"]["chosen"]
    named = candidates(predictors)
    for scope, trainings in scopes(Trainings.of(failures, horizon_fs)).items():
        rng = np.random.default_rng(derive(settings["seed"], "prediction", scope))
        weights, shuffles = trainings.resamples(statistics["n_bootstrap"], rng), trainings.shuffles(statistics["n_permutation"], rng)
        counts = trainings.replica_counts(min(len(weights), REPLICA_DRAWS), rng)
        again = trainings.log_lives(counts)[np.arange(len(weights)) % len(counts)]
        y, once = trainings.log_lives()[None], np.ones((1, trainings.n))
        values = {name: unit(trainings, scaled(trainings, name, of_quantity)) for name, of_quantity in named.items()}
        known = [name for name in values if quantities()[name[0]].baseline and np.isfinite(values[name]).all()]
        base = np.stack([values[name] for name in known], axis=1) if known else np.empty((trainings.n, 0))
        own, shuffled = [], []
        for name, x in values.items():
            there = np.isfinite(x)
            if len(np.unique(trainings.model[there])) < FEWEST or len(np.unique(x[there])) < 2:
                continue
            nothing = np.where(there, 0.0, np.nan)[None, :, None]
            errors = {
                "error_none": left_out_error(trainings, nothing, y, once),
                "error_alone": left_out_error(trainings, x[None, :, None], y, once),
            }
            row = identity(scope, name, chosen) | {"n_models": len(np.unique(trainings.model[there])), "n_trainings": int(there.sum())}
            row |= {"baselines": "+".join(each[0] for each in known) or pd.NA}
            gains = np.full(len(shuffles), np.nan)
            if known:
                rest = unexplained(trainings, x, base)
                rest = rest / max(float(np.sqrt(np.nanmean(rest**2))), 1e-12)
                alone = np.where(there[:, None], base, np.nan)
                errors["error_baselines"] = left_out_error(trainings, alone[None], y, once)
                if name not in known:
                    both = np.concatenate([alone, rest[:, None]], axis=1)
                    errors["error_both"] = left_out_error(trainings, both[None], y, once)
                    drawn = left_out_error(trainings, alone[None], again, weights) - left_out_error(trainings, both[None], again, weights)
                    row |= dict(zip(("gain_low", "gain_high"), ranking.interval(drawn, row["n_models"], statistics["confidence"]), strict=True))
                    row["gain"] = float(errors["error_baselines"][0] - errors["error_both"][0])
                    moved = np.concatenate([np.broadcast_to(base, (len(shuffles), *base.shape)), rest[shuffles][:, :, None]], axis=2)
                    without = left_out_error(trainings, np.where(np.isfinite(moved).all(axis=2, keepdims=True), moved[:, :, :-1], np.nan), y, once)
                    gains = without - left_out_error(trainings, moved, y, once)
            own.append(row | {error: float(value[0]) for error, value in errors.items()})
            shuffled.append(gains)
        if own:
            observed = np.array([row.get("gain", np.nan) for row in own], dtype=float)
            p, corrected = by_shuffling(observed, np.stack(shuffled, axis=1))
            rows += [row | {"p": a, "p_corrected": a if row["chosen"] else b} for row, a, b in zip(own, p, corrected, strict=True)]
    return frame("prediction", rows)


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table prediction."""
    return {"prediction": prediction(tables["predictors"], tables["failures"], settings["md.duration_fs"], settings)}
