"""What chosen frames bring: errors of a model trained on the main set with frames of each kind of choice, against frames chosen at random.

Ratios of force RMSEs are formed seed by seed; a value is their geometric mean with the interval of Student's t of the logarithms over seeds. The
choice itself was made once, by the seeds of one model, so its scatter is not in the interval.
"""

from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse.balance import interval
from nnip.analyse.learning_curves import NOT_TEST
from nnip.declare import RUN, Analysis, Table, real, text, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("errors", "training_sets", "selected"),
    tables={
        "selection_gains": Table(
            "The errors on one test split after frames of one kind of choice were added to the main training set.",
            {
                "framework": RUN["framework"],
                "model": RUN["model"],
                "by": text("kind of the choice: distance, spread or random"),
                "split": text("name of the test split"),
                "n_train": whole("labelled frames of the trainings", "frames"),
                "n_seeds": whole("seeds", "seeds"),
                "forces_rmse_eV_per_A": real("geometric mean over seeds", "eV/A"),
                "to_main": real("ratio to the error without these frames", optional=True),
                "to_main_low": real("lower bound of its interval; blank for one seed", optional=True),
                "to_main_high": real("upper bound", optional=True),
                "to_random": real("ratio to the error with as many frames chosen at random", optional=True),
                "to_random_low": real("lower bound of its interval", optional=True),
                "to_random_high": real("upper bound", optional=True),
            },
        )
    },
    settings=("statistics.confidence", "select.n_frames", "select.by"),
    doing="Compare choices of frames to label",
)


def selection_gains(errors: pd.DataFrame, training_sets: pd.DataFrame, n_frames: int, kinds: list[str], confidence: float) -> pd.DataFrame:
    """Table selection_gains; n_frames: frames chosen of each of these kinds."""
    rows = errors[~errors["split"].isin(NOT_TEST) & errors["forces_rmse_eV_per_A"].notna()].merge(training_sets, on="training_set")
    rows = rows.assign(log=np.log(rows["forces_rmse_eV_per_A"].astype(float)))
    rows = rows[np.isfinite(rows["log"])]
    (main,) = training_sets.loc[training_sets["role"] == "main", "training_set"]
    sets = {kind: f"plus{n_frames}.{kind}" for kind in kinds}
    found = []
    for (framework, model, split), group in rows.groupby(["framework", "model", "split"], sort=False):
        logs = {name: part.set_index("seed")["log"] for name, part in group.groupby("training_set")}
        for kind, name in sets.items():
            if name not in logs:
                continue
            of = {"framework": framework, "model": model, "by": kind, "split": split, "n_seeds": len(logs[name])}
            of |= {"n_train": int(group.loc[group["training_set"] == name, "n_train"].iloc[0])}
            of |= {"forces_rmse_eV_per_A": float(np.exp(logs[name].mean()))}
            for against, other in (("to_main", main), ("to_random", sets.get("random"))):
                if other in logs and other != name:
                    apart = (logs[name] - logs[other]).dropna().to_numpy(float)
                    of |= interval(apart, confidence, (against, f"{against}_low", f"{against}_high"))
            found.append(of)
    return frame("selection_gains", found)


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table selection_gains."""
    given = [settings[key] for key in ("select.n_frames", "select.by", "statistics.confidence")]
    return {"selection_gains": selection_gains(tables["errors"], tables["training_sets"], *given)}
