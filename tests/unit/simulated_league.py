"""Studies drawn from a known truth: log life = model + seed + training; replicas are exponential, censored at 6 ps; candidates follow the life or not.

A seed's part is shared by the models of a framework, as in the pipeline, where equal seeds are equal random weights.
"""

import numpy as np
import pandas as pd

from nnip.study.tables import frame

HORIZON_FS = 6000.0
LIFE_FS = 1000.0
MODEL_SD, SEED_SD, TRAINING_SD = 1.0, 0.3, 0.3


def study(rng, candidates, n_models=8, n_seeds=3, n_replicas=10, frameworks=("mace", "nequip"), model_sd=MODEL_SD):
    """Tables failures and predictors. candidates: {quantity: (slope in the log life, sd of its own parts)}: model, seed and training as the life's."""
    failures, predictors = [], []
    for framework in frameworks:
        life = log_lives(rng, n_models, n_seeds, model_sd)
        for model in range(n_models):
            for seed in range(n_seeds):
                who = {"framework": framework, "model": f"{framework}-{model}", "seed": seed + 1}
                for replica, time in enumerate(LIFE_FS * np.exp(life[model, seed]) * rng.exponential(size=n_replicas)):
                    ended = {"time_fs": min(time, HORIZON_FS), "failed": bool(time < HORIZON_FS), "reason": "bond"}
                    failures.append(who | {"replica": replica} | ended)
        for quantity, (slope, own) in candidates.items():
            values = slope * life + own * log_lives(rng, n_models, n_seeds)
            predictors += [
                {"framework": framework, "model": f"{framework}-{model}", "seed": seed + 1, "quantity": quantity, "value": values[model, seed]}
                for model in range(n_models)
                for seed in range(n_seeds)
            ]
    return frame("failures", failures), frame("predictors", predictors)


def log_lives(rng, n_models, n_seeds, model_sd=MODEL_SD):
    """Log lives, [n_models, n_seeds]: parts of the model, of the seed and of the training."""
    parts = ((model_sd, (n_models, 1)), (SEED_SD, (1, n_seeds)), (TRAINING_SD, (n_models, n_seeds)))
    return sum(sd * rng.normal(size=shape) for sd, shape in parts)


def tables(failures, predictors):
    """What the league's analyses need."""
    models = failures[["framework", "model"]].drop_duplicates()
    rows = models.assign(label=models["model"], experiment=models["framework"], title="T", position=models.groupby("framework").cumcount())
    return {"failures": failures, "predictors": predictors, "models": frame("models", pd.DataFrame(rows))}
