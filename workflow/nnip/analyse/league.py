"""The league: how often each cheap measurement names, of two trainings, the one that lives longer in hot MD."""

from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse import ranking
from nnip.analyse.multiple_testing import by_shuffling
from nnip.analyse.trainings import Trainings, candidates
from nnip.declare import REQUIRED, VARIANT, Analysis, Table, block, flag, real, text, whole, word
from nnip.declare.registry import quantities
from nnip.study.costs import seconds
from nnip.study.seeds import derive
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("predictors", "failures"),
    uses=("costs",),
    tables={
        "league": Table(
            "A predictor of the time to failure over the trainings of a framework, or of all, of which only those of one framework are compared.",
            {
                "framework": text("nequip or mace, or all"),
                "quantity": text("predictor"),
                **VARIANT,
                "baseline": flag("whether every training has it without a further measurement"),
                "chosen": flag("whether the config names it as chosen beforehand (league.chosen)"),
                "expected": whole("1: large values are expected to mean a long life, -1: small ones, 0: either"),
                "n_models": whole("models", "models"),
                "n_trainings": whole("trainings", "trainings"),
                "n_replicas": whole("replicas", "replicas"),
                "concordance": real("of pairs of replicas of two trainings, the share of which it names the one that lives longer (0.5: a guess)"),
                "concordance_low": real("lower bound of its bootstrap interval over models, seeds and replicas", optional=True),
                "concordance_high": real("upper bound", optional=True),
                "spearman": real("Spearman's correlation with the restricted mean time, ranks within a framework", optional=True),
                "spearman_low": real("lower bound of its interval", optional=True),
                "spearman_high": real("upper bound", optional=True),
                "kendall": real("Kendall's tau-b, pairs within a framework", optional=True),
                "kendall_low": real("lower bound of its interval", optional=True),
                "kendall_high": real("upper bound", optional=True),
                "scatter_of_a_guess": real("standard deviation of the concordance of shuffled predictors", optional=True),
                "p": real("share of shuffled predictors whose concordance is as far from 0.5", optional=True),
                "p_corrected": real("share of shuffles in which that of any predictor is; p itself for the chosen one", optional=True),
                "ceiling": real("concordance of one half of the MD with the other half", optional=True),
                "seconds": real("median wall time of its measurement for one training", "s", optional=True),
                "md_seconds": real("median wall time of the MD of one training", "s", optional=True),
            },
        )
    },
    options={
        "league": block(
            {
                "chosen": block(
                    {
                        "quantity": word(REQUIRED, "Its name in table predictors."),
                        "mode": word(None, "Its landscape mode, if it has one."),
                        "minimum": word(None, "kept or subtracted, if it has this."),
                    },
                    "A predictor that was chosen before this study was made. Its tests are not corrected for the number of predictors.",
                    default=None,
                ),
            },
            "Which cheap measurement tells which training lives longer.",
        )
    },
    settings=("statistics", "league", "md.duration_fs", "seed"),
    doing="Compare the predictors of the time to failure",
)

FEWEST = 3  # models of a row; over all frameworks, of one of them
ALL = "all"


def scopes(trainings: Trainings) -> dict[str, Trainings]:
    """Each framework's trainings, and all of them if there are several frameworks, one of them with enough models to compare."""
    apart = {framework: trainings.among(framework) for framework in trainings.frameworks}
    pooled = len(apart) > 1 and max(len(own.models) for own in apart.values()) >= FEWEST
    return apart | ({ALL: trainings} if pooled else {})


def oriented(trainings: Trainings, name: tuple[str, str, str], rows: pd.DataFrame) -> np.ndarray:
    """The values of a predictor with the sign with which large ones are expected to mean a long life, [n]; its own sign if none is expected."""
    return (quantities()[name[0]].better or 1) * trainings.values(rows)


def key_of(chosen: dict[str, str | None]) -> tuple[str, str, str]:
    """The key among the candidates of the predictor that the config names."""
    return chosen["quantity"] or "", chosen.get("mode") or "", chosen.get("minimum") or ""


def is_md(quantity: str) -> bool:
    """Whether a predictor is a part of the hot MD itself, a bound for measurements and not one of them (analysis ceiling)."""
    return quantities()[quantity].overlaps(quantities()["rmst_fs"])


def identity(scope: str, name: tuple[str, str, str], chosen: dict[str, str | None] | None) -> dict[str, Any]:
    """The first columns of a row of one predictor; chosen: league.chosen of the config."""
    quantity = quantities()[name[0]]
    known = chosen is not None and name == key_of(chosen)
    row = {"framework": scope, "quantity": name[0], "mode": name[1] or pd.NA, "minimum": name[2] or pd.NA}
    return row | {"baseline": quantity.baseline, "chosen": known, "expected": quantity.better}


def league(
    predictors: pd.DataFrame, failures: pd.DataFrame, horizon_fs: float, settings: dict[str, Any], costs: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Table league from tables predictors, failures and costs; settings: statistics, league and seed of the config.

    A predictor needs three models that have it and differ in it. The order of rows is that of table predictors.
    """
    rows = []
    statistics, chosen = settings["statistics"], settings["league"]["chosen"]
    for scope, trainings in scopes(Trainings.of(failures, horizon_fs)).items():
        rng = np.random.default_rng(derive(settings["seed"], "league", scope))
        resamples = ranking.Resamples.of(trainings, statistics["n_bootstrap"], rng)
        observed, shuffles = ranking.Resamples.observed(trainings), trainings.shuffles(statistics["n_permutation"], rng)
        top, own, shuffled = ranking.ceiling(trainings), [], []
        for name, of_quantity in candidates(predictors).items():
            x = oriented(trainings, name, of_quantity)
            known = np.isfinite(x)
            n_models = len(np.unique(trainings.model[known]))
            values = {key: float(value[0]) for key, value in ranking.agreement(trainings, x, observed).items()}
            if n_models < FEWEST or len(np.unique(x[known])) < 2 or not np.isfinite(values["concordance"]):
                continue
            again = ranking.agreement(trainings, x, resamples)
            row: dict[str, Any] = identity(scope, name, chosen)
            row |= {"n_models": n_models, "n_trainings": int(known.sum()), "n_replicas": int(known[trainings.owner].sum())}
            for measure in ranking.MEASURES:
                row[measure] = values[measure]
                row[f"{measure}_low"], row[f"{measure}_high"] = ranking.interval(again[measure], n_models, statistics["confidence"])
            row |= {"ceiling": top, "seconds": seconds(name[0], name[1], costs, of_quantity["wall_s"]), "md_seconds": seconds("rmst_fs", "", costs)}
            shuffled.append(ranking.shuffled_concordance(observed.longer[0], x, shuffles) - 0.5)
            own.append(row | {"scatter_of_a_guess": float(np.nanstd(shuffled[-1]))})
        if own:
            p, corrected = by_shuffling(np.abs([row["concordance"] - 0.5 for row in own]), np.abs(np.stack(shuffled, axis=1)))
            rows += [row | {"p": a, "p_corrected": a if row["chosen"] else b} for row, a, b in zip(own, p, corrected, strict=True)]
    return frame("league", rows)


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table league."""
    return {"league": league(tables["predictors"], tables["failures"], settings["md.duration_fs"], settings, tables.get("costs"))}
