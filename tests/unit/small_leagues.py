"""Trainings with a few replicas, made by hand or drawn, for numbers of the league that can be worked out otherwise."""

import numpy as np

from nnip.analyse import ranking
from nnip.analyse.trainings import Trainings
from nnip.study.tables import frame

SETTINGS = {"statistics": {"n_bootstrap": 100, "n_permutation": 100, "confidence": 0.95}, "league": {"chosen": None}, "seed": 1}


def lives(times, framework="mace", horizon=10.0):
    """Trainings from {(model, seed): times}; a negative time is censored."""
    rows = [
        {"framework": framework, "model": model, "seed": seed, "replica": i, "time_fs": abs(time), "failed": time > 0, "reason": "bond"}
        for (model, seed), own in times.items()
        for i, time in enumerate(own)
    ]
    return Trainings.of(frame("failures", rows), horizon)


def drawn(n_models=5, n_seeds=3, seed=0, n_replicas=4, frameworks=("mace",)):
    """Made-up trainings with ties and censored times, and a predictor with a tie."""
    rng = np.random.default_rng(seed)
    rows = [
        {"framework": framework, "model": f"{framework}{m}", "seed": s, "replica": r, "time_fs": float(t), "failed": bool(t < 12), "reason": "bond"}
        for framework in frameworks
        for m in range(n_models)
        for s in range(n_seeds)
        for r, t in enumerate(np.minimum(rng.integers(1, 8, n_replicas) + 2 * m, 12))
    ]
    trainings = Trainings.of(frame("failures", rows), 12.0)
    return trainings, np.round(rng.normal(size=trainings.n) + 0.7 * trainings.model, 1)


def agreed(trainings, x):
    values = ranking.agreement(trainings, x, ranking.Resamples.observed(trainings))
    return tuple(float(values[name][0]) for name in ranking.MEASURES)
