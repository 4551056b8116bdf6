"""How different two trainings must be: the league's concordance apart for pairs of nearly equal values of a predictor and for pairs far apart."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse import ranking
from nnip.analyse.league import FEWEST, oriented, scopes
from nnip.analyse.trainings import Trainings, candidates
from nnip.declare import VARIANT, Analysis, Table, flag, real, text, whole
from nnip.declare.registry import quantities
from nnip.study.seeds import derive
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("predictors", "failures"),
    tables={
        "league_gaps": Table(
            "The pairs of trainings whose values of a predictor are within a range of ratios; predictors that span decades, such as errors.",
            {
                "framework": text("nequip or mace, or all, of which only trainings of one framework are paired"),
                "quantity": text("predictor"),
                **VARIANT,
                "baseline": flag("whether every training has it without a further measurement"),
                "ratio_low": real("lower end of the range: the larger value over the smaller"),
                "ratio_high": real("upper end, not in the range; blank: none", optional=True),
                "n_models": whole("models in such a pair", "models"),
                "n_pairs": whole("pairs of trainings", "pairs"),
                "concordance": real(
                    "of pairs of replicas of two such trainings, the share of which it names the one that lives longer (0.5: a guess)"
                ),
                "concordance_low": real("lower bound of its bootstrap interval over models, seeds and replicas", optional=True),
                "concordance_high": real("upper bound", optional=True),
            },
        )
    },
    settings=("statistics", "md.duration_fs", "seed"),
    doing="Compare the predictors of pairs near and far apart",
)

EDGES = (1.0, 1.1, 1.25, 1.5, 2.0, np.inf)


def league_gaps(predictors: pd.DataFrame, failures: pd.DataFrame, horizon_fs: float, settings: dict[str, Any]) -> pd.DataFrame:
    """Table league_gaps from tables predictors and failures; settings: statistics and seed of the config.

    A row needs pairs from three models. Values that are zero or unknown are in no pair.
    """
    rows = []
    statistics = settings["statistics"]
    for scope, trainings in scopes(Trainings.of(failures, horizon_fs)).items():
        rng = np.random.default_rng(derive(settings["seed"], "league gaps", scope))
        resamples, observed = ranking.Resamples.of(trainings, statistics["n_bootstrap"], rng), trainings.longer()[None]
        for name, of_quantity in candidates(predictors).items():
            quantity = quantities()[name[0]]
            if not quantity.log:
                continue
            predicted, ratio = ranking.above(oriented(trainings, name, of_quantity)), ratios(trainings.values(of_quantity))
            for low, high in pairwise(EDGES):
                inside = (ratio >= low) & (ratio < high) & trainings.comparable
                n_models = len(np.unique(trainings.model[inside.any(axis=1)]))
                concordance = ranking.concordance(observed * inside, predicted)[0]
                if n_models < FEWEST or not np.isfinite(concordance):
                    continue
                again = ranking.concordance(resamples.longer * inside, predicted)
                bounds = ranking.interval(again, n_models, statistics["confidence"])
                row = {"framework": scope, "quantity": name[0], "mode": name[1] or pd.NA, "minimum": name[2] or pd.NA, "baseline": quantity.baseline}
                row |= {"ratio_low": low, "ratio_high": high if np.isfinite(high) else pd.NA, "n_models": n_models, "n_pairs": int(inside.sum()) // 2}
                rows.append(row | {"concordance": concordance} | dict(zip(("concordance_low", "concordance_high"), bounds, strict=True)))
    return frame("league_gaps", rows)


def ratios(values: np.ndarray) -> np.ndarray:
    """The larger of two values over the smaller, [n, n]; nan for values that are not positive."""
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(np.where(values > 0, values, np.nan))
    return np.exp(np.abs(logs[:, None] - logs))


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table league_gaps."""
    return {"league_gaps": league_gaps(tables["predictors"], tables["failures"], settings["md.duration_fs"], settings)}
