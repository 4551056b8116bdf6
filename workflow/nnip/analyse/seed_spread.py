"""Spread of the forces of one model's seeds on the same hot frames, and whether it tells where the forces are wrong.

With F_s,k the predicted force components k of seed s on the kept frames (table hot_forces), S seeds and n components:

    spread         sqrt( 1/n sum_k Var_s F_s,k )                        of a model (all seeds; unbiased variance)
    leave-one-out  sqrt( 1/n sum_k (F_s,k - mean_{s' != s} F_s',k)^2 )    of each seed
    calibration    Spearman's rho over atoms between the spread of an atom and the error of the seeds' mean force there (needs the labels)

Standard errors: jackknife over frames. Ensembles that share their data understate errors away from it (Kurniawan et al., arXiv 2508.06456, 2025).
Spread of an ensemble as an uncertainty: Lakshminarayanan, Pritzel & Blundell, NeurIPS 30 (2017), arXiv 1612.01474.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from nnip.declare import POOLED, Analysis, Quantity, Table, real, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("hot_forces",),
    tables={
        "seed_spread": Table(
            "The forces of a model's seed beside those of its other seeds, or of all its seeds (blank), on the same hot frames.",
            POOLED
            | {
                "n_seeds": whole("seeds of the model", "seeds"),
                "n_frames": whole("frames", "frames"),
                "spread_eV_per_A": real("root mean square distance of a component from the other seeds' mean; blank seed: spread of all", "eV/A"),
                "spread_error_eV_per_A": real("its standard error over frames; blank for one frame", "eV/A", optional=True),
                "calibration": real("Spearman's rho between spread and error of an atom's force; only for all seeds", optional=True),
                "n_passes": whole("frames whose energies and forces were computed, by all seeds", "frames"),
            },
        )
    },
    quantities=(
        Quantity(
            name="seed_spread", table="seed_spread", column="spread_eV_per_A", label="distance from the other seeds' forces", unit="meV/Å",
            factor=1e3, role="predictor", better=-1, log=True,
        ),
    ),
    doing="Spread of forces over seeds",
)  # fmt: skip

ATOM = ["split", "frame", "atom"]
PREDICTED, REFERENCE = ([f"{axis}{kind}_eV_per_A" for axis in "xyz"] for kind in ("", "_reference"))


def seed_spread(forces: pd.DataFrame) -> pd.DataFrame:
    """Table seed_spread from table hot_forces; models with one seed have no row."""
    rows = []
    for (framework, model), part in forces.groupby(["framework", "model"], sort=False):
        seeds = list(part["seed"].unique())
        if len(seeds) < 2:
            continue
        each = [part[part["seed"] == seed].set_index(ATOM) for seed in seeds]
        shared = each[0].index
        for other in each[1:]:
            shared = shared.intersection(other.index, sort=False)
        predicted = np.stack([one.loc[shared, PREDICTED].to_numpy(float) for one in each])
        frame_of = shared.get_level_values("frame").to_numpy()
        of = {"framework": framework, "model": model, "n_seeds": len(seeds), "n_frames": len(np.unique(frame_of))}
        of["n_passes"] = len(seeds) * of["n_frames"]
        for place, seed in enumerate(seeds):
            apart = predicted[place] - np.delete(predicted, place, axis=0).mean(axis=0)
            rows.append(of | {"seed": seed} | _root_mean((apart**2).mean(axis=1), frame_of))
        variances = predicted.var(axis=0, ddof=1).mean(axis=1)
        errors = np.linalg.norm(predicted.mean(axis=0) - each[0].loc[shared, REFERENCE].to_numpy(float), axis=1)
        rows.append(of | {"seed": pd.NA, "calibration": stats.spearmanr(variances, errors).statistic} | _root_mean(variances, frame_of))
    return frame("seed_spread", rows)


def _root_mean(squares: np.ndarray, frame_of: np.ndarray) -> dict[str, float]:
    """The root of the mean of squares [n_atoms], and its jackknife standard error over the frames."""
    frames = np.unique(frame_of)
    without = np.array([np.sqrt(squares[frame_of != left].mean()) for left in frames]) if len(frames) > 1 else np.array([np.nan])
    error = np.sqrt((len(frames) - 1) * without.var())
    return {"spread_eV_per_A": float(np.sqrt(squares.mean())), "spread_error_eV_per_A": float(error)}


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:  # noqa: ARG001 - no setting
    """Table seed_spread."""
    return {"seed_spread": seed_spread(tables["hot_forces"])}
