"""Studies drawn from a known truth: log life = model + seed + training; exponential replicas, censored at 6 ps; candidates follow the life or not.

A seed's part is shared by the models of a framework, as in the pipeline, where equal seeds are equal random weights.
"""

import numpy as np

from nnip.declare.registry import quantities
from nnip.study.tables import frame

HORIZON_FS = 6000.0
LIFE_FS = 1000.0
MODEL_SD, SEED_SD, TRAINING_SD = 1.0, 0.3, 0.3


def study(rng, candidates, n_models=8, n_seeds=3, n_replicas=10, frameworks=("mace", "nequip"), model_sd=MODEL_SD):
    """Tables failures and predictors.

    candidates: {quantity: (of what, slope, sd)}: slope times the log life ("life") or another candidate, plus parts of its own of model, seed and
    training in the life's proportions, times sd. A quantity that spans decades is the exponential of this.
    """
    failures, predictors = [], []
    for framework in frameworks:
        values = {"life": log_lives(rng, n_models, n_seeds, model_sd)}
        for quantity, (of, slope, own) in candidates.items():
            values[quantity] = slope * values[of] + own * log_lives(rng, n_models, n_seeds)
        for model in range(n_models):
            for seed in range(n_seeds):
                who = {"framework": framework, "model": f"{framework}-{model}", "seed": seed + 1}
                for replica, time in enumerate(LIFE_FS * np.exp(values["life"][model, seed]) * rng.exponential(size=n_replicas)):
                    ended = {"time_fs": min(time, HORIZON_FS), "failed": bool(time < HORIZON_FS), "reason": "bond"}
                    failures.append(who | {"replica": replica} | ended)
                for quantity in candidates:
                    value = values[quantity][model, seed]
                    predictors.append(who | {"quantity": quantity, "value": np.exp(value) if quantities()[quantity].log else value})
    return frame("failures", failures), frame("predictors", predictors)


def log_lives(rng, n_models, n_seeds, model_sd=MODEL_SD):
    """Log lives, [n_models, n_seeds]: parts of the model, of the seed and of the training."""
    parts = ((model_sd, (n_models, 1)), (SEED_SD, (1, n_seeds)), (TRAINING_SD, (n_models, n_seeds)))
    return sum(sd * rng.normal(size=shape) for sd, shape in parts)
