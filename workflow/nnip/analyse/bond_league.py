"""Which bond breaks first: whether a measurement of every bond names the bonds that end hot MD, and the trainings in which they do.

The unit is a bond of a training. A replica ends with the first bond that breaks, and all its other bonds outlived that one. Two views, both Harrell's
concordance (nnip.analyse.ranking):

bonds:      the bond that broke, against every other bond of the same replica
trainings:  a bond that broke in one training, against the same bond in a replica of another training of the framework that lived longer; a replica
            that ended otherwise is censored then
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse import ranking
from nnip.analyse.broken_bonds import PAIR, ordered
from nnip.analyse.league import ALL, oriented, scopes
from nnip.analyse.multiple_testing import by_shuffling
from nnip.analyse.ranking import above
from nnip.analyse.trainings import KEYS, REPLICA_DRAWS, Trainings, by_training, candidates
from nnip.declare import Analysis, Table, flag, real, text, whole
from nnip.declare.registry import quantities
from nnip.study.seeds import derive
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("broken_bonds", "failures", "predictors"),
    tables={
        "bond_league": Table(
            "A measurement of bonds, or of trainings, and how often it names what breaks first.",
            {
                "framework": text("nequip or mace, or all"),
                "view": text("bonds: of a replica; trainings: of one bond"),
                "predictor": text("column of table broken_bonds; elsewhere: breaks in the framework's other models; or a quantity of trainings"),
                "baseline": flag("whether it is known without a measurement of the bonds"),
                "n_models": whole("models", "models"),
                "n_trainings": whole("trainings", "trainings"),
                "n_bonds": whole("bonds that broke in any of them", "bonds"),
                "n_broken": whole("replicas that a bond ended", "replicas"),
                "concordance": real("share of pairs in which it names the one that breaks first (0.5: a guess)"),
                "low": real("lower bound of its bootstrap interval over models, seeds and replicas", optional=True),
                "high": real("upper bound", optional=True),
                "p": real("share of shuffles with a concordance as far from 0.5: bonds swap alike in all trainings, or models and seeds swap"),
                "p_corrected": real("share of shuffles in which that of any predictor of the view is"),
            },
        ),
    },
    settings=("statistics", "md.duration_fs", "seed"),
    doing="Compare bonds that break in hot MD with what was measured of them",
)

PER_BOND = {"barrier_eV": 1, "height_eV": 1, "force_error_eV_per_A": -1}  # column -> sign with which large values are expected to hold
ELSEWHERE = "elsewhere"
FEWEST = 3  # models of a row of view trainings


@dataclass(frozen=True)
class Bonds:
    """The bonds of some trainings.

    trainings:  the trainings with their replicas
    ended:      the bond that ended every replica as a number, [R]; -1: none did
    values:     predictor -> what is expected to be large where a bond holds, [n, n_bonds]; nan: unknown
    baselines:  those of them that are known without a measurement of bonds; one value for all bonds of a training
    """

    trainings: Trainings
    ended: np.ndarray
    values: dict[str, np.ndarray]
    baselines: tuple[str, ...]

    @classmethod
    def of(cls, table: pd.DataFrame, failures: pd.DataFrame, predictors: pd.DataFrame, horizon_fs: float) -> "Bonds":
        """From tables broken_bonds, failures and predictors."""
        trainings, rows = Trainings.of(failures, horizon_fs), by_training(failures)
        pairs = pd.MultiIndex.from_frame(table[PAIR].drop_duplicates())
        ended = pairs.get_indexer(pd.MultiIndex.from_frame(ordered(rows)[PAIR].fillna(-1)))
        place = pd.MultiIndex.from_frame(trainings.keys).get_indexer(pd.MultiIndex.from_frame(table[KEYS]))
        bond = pairs.get_indexer(pd.MultiIndex.from_frame(table[PAIR]))

        def spread(values: np.ndarray) -> np.ndarray:
            x = np.full((trainings.n, len(pairs)), np.nan)
            x[place, bond] = values
            return x

        values = {column: spread(sign * table[column].to_numpy(float, na_value=np.nan)) for column, sign in PER_BOND.items()}
        known = {name: own for name, own in candidates(predictors).items() if quantities()[name[0]].baseline}
        of_trainings = {name[0]: spread(oriented(trainings, name, own)[place]) for name, own in known.items()}
        bonds = cls(trainings, np.where(rows["reason"] == "bond", ended, -1), values | of_trainings, tuple(of_trainings))
        return replace(bonds, values={ELSEWHERE: np.where(np.isfinite(spread(np.zeros(len(table)))), bonds.held_elsewhere(), np.nan)} | bonds.values)

    @property
    def n_bonds(self) -> int:
        """The number of different bonds."""
        return next(iter(self.values.values())).shape[1]

    def broken(self, counts: np.ndarray | None = None) -> np.ndarray:
        """How many replicas of each training each bond ended, [n, n_bonds]; with counts [m, R], how often each is taken: [m, n, n_bonds]."""
        weights = np.ones((1, len(self.ended))) if counts is None else counts
        of_bond = (self.ended[:, None] == np.arange(self.n_bonds)).astype(float)
        found = np.stack([weights[:, own] @ of_bond[own] for own in self.trainings.replicas], axis=1)
        return found[0] if counts is None else found

    def held_elsewhere(self) -> np.ndarray:
        """Minus the breaks of each bond per fs in all other models of the training's framework, [n, n_bonds]; nan without others."""
        broken, of = self.broken(), self.trainings
        lived_fs = np.array([of.time_fs[own].sum() for own in of.replicas])
        others = ((of.framework[:, None] == of.framework) & (of.model[:, None] != of.model)).astype(float)
        with np.errstate(invalid="ignore"):
            return -(others @ broken) / (others @ lived_fs)[:, None]


def place_among(x: np.ndarray) -> np.ndarray:
    """Share of a training's other bonds that are expected to outlast each bond, [n, n_bonds]; nan where unknown; x: [n, n_bonds]."""
    known = np.isfinite(x)
    others = known.sum(axis=1, keepdims=True) - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(known & (others > 0), (above(x).sum(axis=-2) - 0.5) / others, np.nan)


def concordance_of_bonds(places: np.ndarray, broken: np.ndarray) -> np.ndarray:
    """Concordance in view bonds, [m], from `place_among` and `broken`, of which one is [m, n, n_bonds] and the other may be one for all."""
    known = np.isfinite(places)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (np.where(known, places, 0) * broken).sum(axis=(-2, -1)) / (known * broken).sum(axis=(-2, -1))


Found = dict[str, tuple[float, np.ndarray, np.ndarray]]  # predictor -> concordance, and those of resamples and shuffles


def view_of_bonds(bonds: Bonds, m: int, n_shuffles: int, rng: np.random.Generator) -> Found:
    """Concordances in view bonds, of what differs between bonds; a shuffle swaps the bonds alike in all trainings."""
    weights = bonds.trainings.resamples(m, rng)
    counts = bonds.trainings.replica_counts(min(m, REPLICA_DRAWS), rng)
    again = bonds.broken(counts)[np.arange(m) % len(counts)] * weights[:, :, None]
    orders = np.array([rng.permutation(bonds.n_bonds) for _ in range(n_shuffles)])
    found = {}
    for name, x in bonds.values.items():
        if name not in bonds.baselines:
            places, broken = place_among(x), bonds.broken()[None]
            shuffled = np.concatenate([concordance_of_bonds(places[:, order][None], broken) for order in orders])
            found[name] = float(concordance_of_bonds(places, broken)[0]), concordance_of_bonds(places, again), shuffled
    return found


def view_of_trainings(bonds: Bonds, m: int, n_shuffles: int, rng: np.random.Generator) -> Found:
    """Concordances in view trainings, of all but what other models tell; a shuffle swaps models and seeds (Trainings.shuffles)."""
    weights = bonds.trainings.resamples(m, rng)
    pairs = (weights[:, :, None] * weights[:, None, :]).astype(np.float32)
    counts = bonds.trainings.replica_counts(min(m, REPLICA_DRAWS), rng)
    shuffles = bonds.trainings.shuffles(n_shuffles, rng)
    names = [name for name in bonds.values if name != ELSEWHERE]
    sums = {name: [np.zeros((2, 1)), np.zeros((2, m)), np.zeros((2, n_shuffles))] for name in names}  # pairs named, and all pairs
    for bond in np.unique(bonds.ended[bonds.ended >= 0]):
        ended = replace(bonds.trainings, failed=bonds.ended == bond)
        longer, again = ended.longer(), ended.longer(counts)[np.arange(m) % len(counts)] * pairs
        for name in names:
            above_other = above(bonds.values[name][:, bond]).astype(np.float32)
            for place, matrix in enumerate((above_other, (above_other + above_other.T > 0).astype(np.float32))):
                sums[name][0][place] += (longer * matrix).sum(dtype=float)
                sums[name][1][place] += again.reshape(m, -1) @ matrix.ravel()
                sums[name][2][place] += ranking.shuffled_pairs(longer, matrix, shuffles)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = {name: [named / every for named, every in three] for name, three in sums.items()}
    return {name: (float(value[0]), again, shuffled) for name, (value, again, shuffled) in shares.items()}


VIEWS = {"bonds": (view_of_bonds, 1), "trainings": (view_of_trainings, FEWEST)}  # with the fewest models of a row


def bond_league(table: pd.DataFrame, failures: pd.DataFrame, predictors: pd.DataFrame, horizon_fs: float, settings: dict[str, Any]) -> pd.DataFrame:
    """Table bond_league from tables broken_bonds, failures and predictors; settings: statistics and seed of the config.

    Only trainings with scanned bonds count. A predictor needs FEWEST models in view trainings.
    """
    rows = []
    scanned = table[KEYS].drop_duplicates()
    failures = failures.merge(scanned, on=KEYS)
    statistics = settings["statistics"]
    for scope in scopes(Trainings.of(failures, horizon_fs)):
        own_table, own_failures, own_predictors = (
            each if scope == ALL else each[each["framework"] == scope] for each in (table, failures, predictors)
        )
        bonds = Bonds.of(own_table, own_failures, own_predictors, horizon_fs)
        for view, (concordances, fewest) in VIEWS.items():
            rng = np.random.default_rng(derive(settings["seed"], "broken_bonds", scope, view))
            own: list[dict[str, Any]] = []
            shuffled: list[np.ndarray] = []
            for name, (value, again, shuffles) in concordances(bonds, statistics["n_bootstrap"], statistics["n_permutation"], rng).items():
                known = np.isfinite(bonds.values[name]).any(axis=1)
                n_models = len(np.unique(bonds.trainings.model[known]))
                if n_models < fewest or not np.isfinite(value):
                    continue
                low, high = ranking.interval(again, n_models, statistics["confidence"])
                row = {"framework": scope, "view": view, "predictor": name, "baseline": name in (ELSEWHERE, *bonds.baselines)}
                row |= {"n_models": n_models, "n_trainings": int(known.sum()), "n_bonds": len(np.unique(bonds.ended[bonds.ended >= 0]))}
                own.append(row | {"n_broken": int((bonds.ended >= 0).sum()), "concordance": value, "low": low, "high": high})
                shuffled.append(shuffles - 0.5)
            if own:
                p, corrected = by_shuffling(np.abs([row["concordance"] - 0.5 for row in own]), np.abs(np.stack(shuffled, axis=1)))
                rows += [row | {"p": a, "p_corrected": b} for row, a, b in zip(own, p, corrected, strict=True)]
    return frame("bond_league", rows)


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table bond_league."""
    bonds, failures, predictors = (tables[name] for name in ANALYSIS.needs)
    return {"bond_league": bond_league(bonds, failures, predictors, settings["md.duration_fs"], settings)}
