"""Which training choice lives longest, and how sure that is."""

from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse.trainings import Trainings
from nnip.declare import RUN, Analysis, Table, real, whole
from nnip.study.seeds import derive
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("failures",),
    tables={
        "best": Table(
            "A model with its typical time to failure, the longest first.",
            {
                "framework": RUN["framework"],
                "model": RUN["model"],
                "n_seeds": whole("trainings", "trainings"),
                "life_fs": real("geometric mean over seeds of the restricted mean time to failure", "fs"),
                "probability_best": real("share of resamples of seeds and replicas in which it lives longest; with one seed of replicas alone"),
            },
        )
    },
    settings=("statistics", "md.duration_fs", "seed"),
    doing="Find the models that live longest",
)


def best(failures: pd.DataFrame, horizon_fs: float, settings: dict[str, Any]) -> pd.DataFrame:
    """Table best from table failures; settings: statistics and seed of the config.

    The same seeds are drawn of all models that have the same seeds. Deviations of the means of resampled seeds are multiplied by
    sqrt(n / (n - 1)) for n seeds, because they vary too little by this. Models that are best alike share a resample.
    """
    rows = []
    every = Trainings.of(failures, horizon_fs)
    for framework in every.frameworks:
        trainings = every.among(framework)
        rng = np.random.default_rng(derive(settings["seed"], "best", framework))
        n = settings["statistics"]["n_bootstrap"]
        means, drawn = resampled_means(trainings, n, rng)
        top = drawn >= drawn.max(axis=1, keepdims=True) - 1e-12
        share = (top / top.sum(axis=1, keepdims=True)).mean(axis=0)
        for place in np.argsort(-means, kind="stable"):
            own = trainings.models[place]
            row = {"framework": framework, "model": trainings.keys["model"].iloc[own[0]], "n_seeds": len(own)}
            rows.append(row | {"life_fs": float(np.exp(means[place])), "probability_best": float(share[place])})
    return frame("best", rows)


def resampled_means(trainings: Trainings, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Mean log life of every model, [models], and n times from resampled seeds and replicas, [n, models]."""
    model_of = (trainings.model[:, None] == np.arange(len(trainings.models))).astype(float)
    size = model_of.sum(axis=0)
    lives = trainings.log_lives()
    means = lives @ model_of / size
    counts = trainings.replica_counts(min(n, 500), rng)
    drawn = trainings.log_lives(counts)[np.arange(n) % len(counts)]
    replicas = (drawn - lives) @ model_of / size
    taken = trainings.seed_draws(n, rng)
    seeds = (taken * (lives - means[trainings.model])) @ model_of / size
    return means, means + seeds * np.sqrt(size / np.maximum(size - 1, 1)) + replicas


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table best."""
    return {"best": best(tables["failures"], settings["md.duration_fs"], settings)}
