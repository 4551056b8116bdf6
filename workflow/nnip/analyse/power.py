"""What is undecided, and how many seeds, replicas or models would decide it.

The logarithm of a training's restricted mean time is a model's part, a seed's part (shared by models with the same seeds), the training's own part
and the scatter of its replicas. Differences between models are judged against the last two, as in a randomised block design with seeds as blocks.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from nnip.analyse.multiple_testing import holm
from nnip.analyse.survival import restricted_means
from nnip.analyse.trainings import Trainings
from nnip.declare import RUN, VARIANT, Analysis, Table, real, text, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("failures", "league"),
    tables={
        "scatter": Table(
            "Variances of the logarithm of a training's restricted mean time to failure.",
            {
                "framework": RUN["framework"],
                "n_models": whole("models", "models"),
                "n_trainings": whole("trainings", "trainings"),
                "models": real("variance between models"),
                "seeds": real("variance between seeds, shared by all models; blank: models have different seeds", optional=True),
                "trainings": real("variance between trainings of one model that neither seeds nor replicas explain"),
                "replicas": real("variance from the scatter of a training's replicas"),
                "degrees_of_freedom": whole("of the variance of trainings and replicas together"),
            },
        ),
        "pairs": Table(
            "Two models of a framework, and whether their times to failure differ.",
            {
                "framework": RUN["framework"],
                "longer": text("the model that lives longer"),
                "shorter": text("the other"),
                "n_seeds": whole("trainings of the one with fewer", "trainings"),
                "ratio": real("ratio of their typical times to failure"),
                "low": real("lower bound of its interval", optional=True),
                "high": real("upper bound", optional=True),
                "p": real("p value of Student's t", optional=True),
                "p_holm": real("p corrected for all pairs of the framework", optional=True),
                "seeds_needed": whole(
                    "trainings of each that would show this ratio in four of five studies; blank: decided, or too many", optional=True
                ),
                "replicas_needed": whole(
                    "replicas of each training that would, with the seeds there are; blank: decided, or none would", optional=True
                ),
            },
        ),
        "models_needed": Table(
            "A predictor whose concordance differs from a guess or not, and the number of models that would show it.",
            {
                "framework": text("nequip or mace, or all"),
                "quantity": text("predictor"),
                **VARIANT,
                "n_models": whole("models there are", "models"),
                "concordance": real("its concordance"),
                "p_corrected": real("its p value corrected for all predictors", optional=True),
                "models_needed": whole(
                    "models that would show this concordance in four of five studies; blank: decided, or more than 1000", "models", optional=True
                ),
            },
        ),
    },
    settings=("statistics.confidence", "md.duration_fs"),
    doing="Find what is undecided and what would decide it",
)

POWER = 0.8
MOST_SEEDS, MOST_REPLICAS, MOST_MODELS = 100, 10_000, 1000


@dataclass(frozen=True)
class Blocks:
    """A fit of model and seed parts to log lives: effects of models, their covariance in units of the residual variance, residual variance."""

    effects: np.ndarray
    covariance: np.ndarray
    residual: float
    degrees_of_freedom: int
    seeds: np.ndarray | None

    @classmethod
    def of(cls, trainings: Trainings, lives: np.ndarray) -> "Blocks":
        """Least squares; without seed parts if the models do not share seeds. residual is nan without degrees of freedom."""
        model_of = (trainings.model[:, None] == np.arange(len(trainings.models))).astype(float)
        codes, names = pd.factorize(trainings.keys["seed"])
        seed_of = (codes[:, None] == np.arange(1, len(names))).astype(float)
        shared = trainings.n - np.linalg.matrix_rank(np.hstack([model_of, seed_of])) > 0 and len(names) > 1
        # parts of seeds with mean zero, so that effects of models are means over seeds
        design = np.hstack([model_of, seed_of - 1 / len(names)]) if shared else model_of
        inverse = np.linalg.pinv(design.T @ design)
        parts = inverse @ design.T @ lives
        free = trainings.n - np.linalg.matrix_rank(design)
        k = model_of.shape[1]
        residual = float(((lives - design @ parts) ** 2).sum() / free) if free else float("nan")
        seeds = np.concatenate([[0.0], parts[k:]]) if shared else None
        return cls(parts[:k], inverse[:k, :k], residual, int(free), seeds)


def replica_variance(trainings: Trainings) -> float:
    """Mean over trainings of the variance of the log restricted mean from the replicas; nan if no training has two failures."""
    variances = []
    for own in trainings.replicas:
        mean, variance = restricted_means(trainings.time_fs[own], trainings.failed[own], trainings.horizon_fs, np.ones((1, len(own))))
        variances.append(variance[0] / max(mean[0], 1.0) ** 2)
    return float(np.nanmean(variances)) if np.isfinite(variances).any() else float("nan")


def power(effect: float, error: float, degrees_of_freedom: int, alpha: float) -> float:
    """Probability that a two-sided t test at level alpha finds an effect with this standard error."""
    limit, shift = stats.t.ppf(1 - alpha / 2, degrees_of_freedom), effect / error
    # the second tail is tiny for large shifts, and scipy then often gives nan
    return float(stats.nct.sf(limit, degrees_of_freedom, shift) + np.nan_to_num(stats.nct.cdf(-limit, degrees_of_freedom, shift)))


def seeds_needed(effect: float, residual: float, n_models: int, shared: bool, alpha: float) -> int | None:
    """The fewest seeds of every model that find a difference of log lives with probability POWER; None beyond MOST_SEEDS."""

    def enough(n: int) -> bool:
        free = (n_models - 1) * (n - 1) if shared else n_models * (n - 1)
        return power(effect, np.sqrt(2 * residual / n), free, alpha) >= POWER

    return _fewest(range(2, MOST_SEEDS + 1), enough)


def replicas_needed(effect: float, blocks: Blocks, per_training: float, n_replicas: int, n_seeds: int, alpha: float) -> int | None:
    """The fewest replicas of every training, with the seeds there are, that find it; None if none up to MOST_REPLICAS do."""
    own = max(blocks.residual - per_training, 0.0)

    def enough(n: int) -> bool:
        return power(effect, np.sqrt(2 * (own + per_training * n_replicas / n) / n_seeds), blocks.degrees_of_freedom, alpha) >= POWER

    return _fewest(range(n_replicas, MOST_REPLICAS + 1), enough)


def _fewest(numbers: range, enough: Callable[[int], bool]) -> int | None:
    """The first number that is enough; every larger one is too."""
    place = bisect_left(numbers, True, key=enough)
    return numbers[place] if place < len(numbers) else None


def pairs(trainings: Trainings, blocks: Blocks, confidence: float) -> list[dict[str, Any]]:
    """Rows of table pairs of one framework; without residual scatter they have no interval."""
    names = [trainings.keys["model"].iloc[own[0]] for own in trainings.models]
    size = [len(own) for own in trainings.models]
    scatter = replica_variance(trainings)
    n_replicas = round(len(trainings.owner) / trainings.n)
    rows = []
    couples = list(combinations(range(len(names)), 2))
    for one, other in couples:
        a, b = (one, other) if blocks.effects[one] >= blocks.effects[other] else (other, one)
        effect = float(blocks.effects[a] - blocks.effects[b])
        contrast = blocks.covariance[a, a] + blocks.covariance[b, b] - 2 * blocks.covariance[a, b]
        row = {"longer": names[a], "shorter": names[b], "n_seeds": min(size[a], size[b]), "effect": effect, "ratio": float(np.exp(effect))}
        if blocks.residual > 0:
            error = float(np.sqrt(blocks.residual * contrast))
            half = stats.t.ppf((1 + confidence) / 2, blocks.degrees_of_freedom) * error
            row |= {"low": float(np.exp(effect - half)), "high": float(np.exp(effect + half))}
            row["p"] = float(2 * stats.t.sf(effect / error, blocks.degrees_of_freedom))
        rows.append(row)
    corrected = holm(np.array([row.get("p", np.nan) for row in rows], dtype=float))
    alpha = (1 - confidence) / max(len(couples), 1)
    for row, p_holm in zip(rows, corrected, strict=True):
        row["p_holm"] = p_holm
        effect = row.pop("effect")
        if p_holm >= 1 - confidence and effect > 0:
            row["seeds_needed"] = seeds_needed(effect, blocks.residual, len(names), blocks.seeds is not None, alpha)
            if np.isfinite(scatter):
                row["replicas_needed"] = replicas_needed(effect, blocks, scatter, n_replicas, row["n_seeds"], alpha)
    return rows


def variances(trainings: Trainings, blocks: Blocks) -> dict[str, Any]:
    """A row of table scatter of one framework."""
    replicas, n = replica_variance(trainings), trainings.n / len(trainings.models)
    of_seeds = float(max(np.var(blocks.seeds, ddof=1) - blocks.residual / len(trainings.models), 0.0)) if blocks.seeds is not None else pd.NA
    return {
        "n_models": len(trainings.models),
        "n_trainings": trainings.n,
        "models": float(max(np.var(blocks.effects, ddof=1) - blocks.residual / n, 0.0)),
        "seeds": of_seeds,
        "trainings": max(blocks.residual - replicas, 0.0) if np.isfinite(replicas) else blocks.residual,
        "replicas": replicas if np.isfinite(replicas) else 0.0,
        "degrees_of_freedom": blocks.degrees_of_freedom,
    }


def models_needed(league: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Table models_needed from table league: the scatter of a guess falls with the square root of the number of models."""
    rows = []
    for scope, of_scope in league.groupby("framework", sort=False):
        for row in of_scope.to_dict("records"):
            kept = {name: row[name] for name in ("quantity", *VARIANT, "n_models", "concordance", "p_corrected")}
            alpha = (1 - confidence) / (1 if row["chosen"] else len(of_scope))
            effect, scatter = abs(row["concordance"] - 0.5), row["scatter_of_a_guess"]
            if pd.notna(row["p_corrected"]) and row["p_corrected"] >= 1 - confidence and effect > 0:
                z = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(POWER)
                needed = int(np.ceil(row["n_models"] * (z * scatter / effect) ** 2))
                kept["models_needed"] = max(needed, row["n_models"] + 1) if needed <= MOST_MODELS else pd.NA
            rows.append({"framework": scope, **kept})
    return frame("models_needed", rows)


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Tables scatter, pairs and models_needed."""
    confidence, scatter, differences = settings["statistics.confidence"], [], []
    every = Trainings.of(tables["failures"], settings["md.duration_fs"])
    for framework in every.frameworks:
        trainings = every.among(framework)
        blocks = Blocks.of(trainings, trainings.log_lives())
        differences += [{"framework": framework, **row} for row in pairs(trainings, blocks, confidence)]
        if np.isfinite(blocks.residual) and len(trainings.models) > 1:
            scatter.append({"framework": framework, **variances(trainings, blocks)})
    needed = models_needed(tables["league"], confidence)
    return {"scatter": frame("scatter", scatter), "pairs": frame("pairs", differences), "models_needed": needed}
