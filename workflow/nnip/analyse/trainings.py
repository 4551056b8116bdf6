"""Trainings with their times to failure: which of two lives longer, how they are resampled, and how they are shuffled.

A training is one model with one seed. Trainings with the same seed start from the same random weights and see their frames in the same order, so
their scatter is shared: where models have the same seeds, a resample or a shuffle takes the same seeds of all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from nnip.analyse.survival import restricted_means

KEYS = ["framework", "model", "seed"]
REPLICA_DRAWS = 200  # different resamples of the replicas; each resample of the trainings takes one of them


@dataclass(frozen=True)
class Trainings:
    """The trainings of one or several frameworks with their replicas.

    keys:                  framework, model and seed, a row per training
    time_fs, failed:       of every replica, [R]
    owner:                 the training of every replica, ascending, [R]
    horizon_fs:            duration of the MD
    """

    keys: pd.DataFrame
    time_fs: np.ndarray
    failed: np.ndarray
    owner: np.ndarray
    horizon_fs: float

    @classmethod
    def of(cls, failures: pd.DataFrame, horizon_fs: float) -> "Trainings":
        """All trainings of table failures, in its order."""
        rows = by_training(failures)
        keys = rows.drop_duplicates("owner")[KEYS].reset_index(drop=True)
        return cls(keys, rows["time_fs"].to_numpy(float), rows["failed"].to_numpy(bool), rows["owner"].to_numpy(int), horizon_fs)

    def among(self, framework: str) -> "Trainings":
        """Those of one framework."""
        inside = (self.keys["framework"] == framework).to_numpy(bool)
        replicas = inside[self.owner]
        owner = (np.cumsum(inside) - 1)[self.owner[replicas]]
        return Trainings(self.keys[inside].reset_index(drop=True), self.time_fs[replicas], self.failed[replicas], owner, self.horizon_fs)

    @property
    def n(self) -> int:
        """The number of trainings."""
        return len(self.keys)

    @property
    def frameworks(self) -> list[str]:
        """The names of their frameworks."""
        return [str(name) for name in dict.fromkeys(self.keys["framework"])]

    @cached_property
    def framework(self) -> np.ndarray:
        """The framework of every training as a number, [n]."""
        return pd.factorize(self.keys["framework"])[0]

    @cached_property
    def model(self) -> np.ndarray:
        """The model of every training as a number, [n]; a name in two frameworks is two models."""
        return self.keys.groupby(["framework", "model"], sort=False).ngroup().to_numpy(int)

    @cached_property
    def models(self) -> list[np.ndarray]:
        """The trainings of every model."""
        return [np.flatnonzero(self.model == number) for number in range(self.model.max(initial=-1) + 1)]

    @cached_property
    def comparable(self) -> np.ndarray:
        """Whether two trainings are compared: different ones of one framework, [n, n]."""
        return (self.framework[:, None] == self.framework) & ~np.eye(self.n, dtype=bool)

    def values(self, quantity: pd.DataFrame) -> np.ndarray:
        """Column value of a table with KEYS, in the order of the trainings, [n]; nan where it has no row."""
        return self.keys.merge(quantity[[*KEYS, "value"]], on=KEYS, how="left")["value"].to_numpy(float, na_value=np.nan)

    def log_lives(self, counts: np.ndarray | None = None) -> np.ndarray:
        """Logarithm of the restricted mean time to failure in fs, [n]; with counts [m, R], how often each replica is taken: [m, n].

        A time of zero counts as 1 fs, one step.
        """
        weights = np.ones((1, len(self.owner))) if counts is None else counts
        means = [
            restricted_means(self.time_fs[own], self.failed[own], self.horizon_fs, weights[:, own])[0] for own in self.replicas
        ]  # fmt: skip
        lives = np.log(np.maximum(np.stack(means, axis=1), 1.0))
        return lives[0] if counts is None else lives

    def longer(self, counts: np.ndarray | None = None) -> np.ndarray:
        """Pairs of replicas of trainings i and j of which it is known that i's outlived j's, [n, n]; with counts [m, R]: [m, n, n].

        Known as in Harrell's index: j's failed, and i's failed later, or was still running then.
        """
        fails = np.flatnonzero(self.failed)
        time_fs = self.time_fs[:, None]
        later = (time_fs > self.time_fs[fails]) | ((time_fs == self.time_fs[fails]) & ~self.failed[:, None])
        known = later.astype(np.float32)
        member = (self.owner[:, None] == np.arange(self.n)).astype(np.float32)

        def summed(weights: np.ndarray) -> np.ndarray:
            weighted = member * weights[:, None]
            return (weighted.T @ known @ weighted[fails]) * self.comparable

        if counts is None:
            return summed(np.ones(len(self.owner), dtype=np.float32))
        return np.stack([summed(weights.astype(np.float32)) for weights in counts])

    def replica_counts(self, m: int, rng: np.random.Generator) -> np.ndarray:
        """How often each replica is in each of m resamples within the trainings, [m, R]."""
        counts = [rng.multinomial(len(own), np.full(len(own), 1 / len(own)), size=m) for own in self.replicas]
        return np.concatenate(counts, axis=1).astype(float)

    def resamples(self, m: int, rng: np.random.Generator) -> np.ndarray:
        """How often each training is in each of m resamples, [m, n]: models of each framework are drawn, and within them seeds.

        Models of one framework with the same seeds get the same draw of seeds (Owen, Ann. Appl. Stat. 1, 386, 2007).
        """
        taken = np.zeros((m, self.n))
        for framework in np.unique(self.framework):
            models = [own for own in self.models if self.framework[own[0]] == framework]
            times = rng.multinomial(len(models), np.full(len(models), 1 / len(models)), size=m)
            for own, drawn in zip(models, times.T, strict=True):
                taken[:, own] = drawn[:, None]
        return taken * self.seed_draws(m, rng)

    def seed_draws(self, m: int, rng: np.random.Generator) -> np.ndarray:
        """How often each training is in each of m resamples of its model's seeds, [m, n]; the same for models with the same seeds."""
        taken = np.zeros((m, self.n))
        drawn: dict[tuple[int, ...], np.ndarray] = {}
        for own in self.models:
            seeds = (int(self.framework[own[0]]), *sorted(self.keys["seed"].iloc[own]))
            if seeds not in drawn:
                drawn[seeds] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), size=m)
            taken[:, own[self._order(own)]] = drawn[seeds]
        return taken

    def shuffles(self, m: int, rng: np.random.Generator, within: bool = False) -> np.ndarray:
        """The training whose predictor each training gets in each of m shuffles, [m, n].

        Models of each framework swap their predictors as a whole (not if `within`), and all of them swap seeds alike: without a relation between
        predictor and outcome every such order is as likely as that observed, whatever the models and the seeds share.
        """
        order = np.tile(np.arange(self.n), (m, 1))
        for framework in np.unique(self.framework):
            models = [own[self._order(own)] for own in self.models if self.framework[own[0]] == framework]
            most = max(len(own) for own in models)
            for row in order:
                giver = np.arange(len(models)) if within else rng.permutation(len(models))
                seeds = rng.permutation(most)
                for own, other in zip(models, giver, strict=True):
                    # of a model with fewer trainings some are taken twice
                    fitting = seeds[seeds < len(models[other])]
                    row[own] = models[other][np.resize(fitting, len(own))]
        return order

    @cached_property
    def replicas(self) -> list[np.ndarray]:
        """The replicas of every training."""
        return [np.flatnonzero(self.owner == training) for training in range(self.n)]

    def _order(self, own: np.ndarray) -> np.ndarray:
        return np.argsort(self.keys["seed"].iloc[own].to_numpy(int), kind="stable")


def by_training(failures: pd.DataFrame) -> pd.DataFrame:
    """Table failures in the order of Trainings, training after training, with the training's number in column owner."""
    return failures.assign(owner=failures.groupby(KEYS, sort=False).ngroup()).sort_values("owner", kind="stable")


def candidates(predictors: pd.DataFrame) -> Mapping[tuple[str, str, str], pd.DataFrame]:
    """(quantity, mode, minimum) -> its rows of table predictors; a blank mode or minimum is an empty text."""
    names = predictors[["quantity", "mode", "minimum"]].fillna("").astype(str)
    return {key: predictors.loc[rows.index] for key, rows in names.groupby(["quantity", "mode", "minimum"], sort=False)}
