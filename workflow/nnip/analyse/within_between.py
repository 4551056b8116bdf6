"""Whether a predictor tells the trainings of one model apart, and whether it tells models apart: two questions that one correlation would mix.

Within models: the repeated-measures correlation (Bakdash & Marusich, Front. Psychol. 8, 456, 2017), one slope for all models after each model's own
mean is subtracted. Between models: the correlation of the models' means after each framework's own mean is subtracted.
"""

from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse import ranking
from nnip.analyse.league import identity, scopes
from nnip.analyse.multiple_testing import by_shuffling
from nnip.analyse.trainings import Trainings, candidates
from nnip.declare import VARIANT, Analysis, Table, flag, real, text, whole
from nnip.declare.registry import quantities
from nnip.study.seeds import derive
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("predictors", "failures"),
    tables={
        "within_between": Table(
            "A predictor against the logarithm of the restricted mean time to failure, within or between models.",
            {
                "framework": text("nequip or mace, or all"),
                "quantity": text("predictor; its logarithm if it spans decades"),
                **VARIANT,
                "baseline": flag("whether every training has it without a further measurement"),
                "chosen": flag("whether the config names it as chosen beforehand (league.chosen)"),
                "expected": whole("1: large values are expected to mean a long life, -1: small ones, 0: either"),
                "view": text("within: deviations of trainings from their model's mean; between: means of models"),
                "n_models": whole("models", "models"),
                "n_trainings": whole("trainings", "trainings"),
                "correlation": real("Pearson's correlation; positive: as expected"),
                "low": real("lower bound of its bootstrap interval over models, seeds and replicas", optional=True),
                "high": real("upper bound", optional=True),
                "p": real("share of shuffled predictors with as large a correlation: seeds are swapped within models, or models", optional=True),
                "p_corrected": real("share of shuffles in which that of any predictor is; p itself for the chosen one", optional=True),
            },
        )
    },
    settings=("statistics", "league", "md.duration_fs", "seed"),
    doing="Correlate predictors with times to failure within and between models",
)

FEWEST = 3  # models of a row
VIEWS = ("within", "between")


def scaled(trainings: Trainings, name: tuple[str, str, str], rows: pd.DataFrame) -> np.ndarray:
    """The values of a predictor for straight lines, [n]: its logarithm if it spans decades, with the sign expected to mean a long life."""
    quantity, x = quantities()[name[0]], trainings.values(rows)
    if quantity.log:
        x = np.log(np.where(x > 0, x, np.nan))
    return (quantity.better or 1) * x


def correlation(trainings: Trainings, x: np.ndarray, y: np.ndarray, weights: np.ndarray, view: str) -> np.ndarray:
    """The correlation of x and y in one view, [m]; x, y and weights: [m, n] or [1, n]; trainings with x of nan are left out."""
    weights = np.where(np.isfinite(x), weights, 0.0)
    x = np.where(np.isfinite(x), x, 0.0)
    x, y, weights = np.broadcast_arrays(x, y, weights)
    model_of = (trainings.model[:, None] == np.arange(len(trainings.models))).astype(float)
    count = weights @ model_of
    means = [(weights * part) @ model_of / np.where(count > 0, count, 1) for part in (x, y)]
    if view == "within":
        parts = [part - mean @ model_of.T for part, mean in zip((x, y), means, strict=True)]
    else:
        # a model drawn k times counts k times, however many trainings it has
        weights = count / np.maximum((weights > 0) @ model_of, 1)
        framework = trainings.framework[[own[0] for own in trainings.models]]
        framework_of = (framework[:, None] == np.arange(framework.max() + 1)).astype(float)
        total = weights @ framework_of
        parts = [part - ((weights * part) @ framework_of / np.where(total > 0, total, 1)) @ framework_of.T for part in means]
    xy, xx, yy = ((weights * a * b).sum(axis=1) for a, b in ((parts[0], parts[1]), (parts[0], parts[0]), (parts[1], parts[1])))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((xx > 1e-12) & (yy > 1e-12), xy / np.sqrt(xx * yy), np.nan).clip(-1, 1)


def within_between(predictors: pd.DataFrame, failures: pd.DataFrame, horizon_fs: float, settings: dict[str, Any]) -> pd.DataFrame:
    """Table within_between from tables predictors and failures; settings: statistics, league and seed of the config.

    Within models needs several trainings of three models, and between models three models. Shuffles swap the seeds of all models of a framework
    alike, because trainings with the same seed share their random numbers: with few seeds there are few orders, and p cannot be small.
    """
    rows = []
    statistics, chosen = settings["statistics"], settings["league"]["chosen"]
    for scope, trainings in scopes(Trainings.of(failures, horizon_fs)).items():
        rng = np.random.default_rng(derive(settings["seed"], "within_between", scope))
        weights = trainings.resamples(statistics["n_bootstrap"], rng)
        counts = trainings.replica_counts(min(len(weights), 200), rng)
        again = trainings.log_lives(counts)[np.arange(len(weights)) % len(counts)]
        lives, once = trainings.log_lives()[None], np.ones((1, trainings.n))
        for view in VIEWS:
            shuffles = trainings.shuffles(statistics["n_permutation"], rng, within=view == "within")
            own, shuffled = [], []
            for name, of_quantity in candidates(predictors).items():
                x = scaled(trainings, name, of_quantity)
                known = np.isfinite(x)
                models, n_seeds = np.unique(trainings.model[known], return_counts=True)
                n_models = len(models) if view == "between" else int((n_seeds > 1).sum())
                value = float(correlation(trainings, x[None], lives, once, view)[0])
                if n_models < FEWEST or not np.isfinite(value):
                    continue
                low, high = ranking.interval(correlation(trainings, x[None], again, weights, view), n_models, statistics["confidence"])
                row = identity(scope, name, chosen) | {"view": view, "n_models": n_models, "n_trainings": int(known.sum())}
                own.append(row | {"correlation": value, "low": low, "high": high})
                shuffled.append(correlation(trainings, x[shuffles], lives, once, view))
            if own:
                p, corrected = by_shuffling(np.abs([row["correlation"] for row in own]), np.abs(np.stack(shuffled, axis=1)))
                rows += [row | {"p": a, "p_corrected": a if row["chosen"] else b} for row, a, b in zip(own, p, corrected, strict=True)]
    return frame("within_between", rows)


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table within_between."""
    return {"within_between": within_between(tables["predictors"], tables["failures"], settings["md.duration_fs"], settings)}
