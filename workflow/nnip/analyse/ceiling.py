"""The honest ceiling of cheap candidates: the beginning of the hot MD itself, of a few replicas.

Restricted mean time to failure, and share of failures, up to a share of the MD's duration, of the first replicas of each training. No cheap candidate
need predict the outcome better than a short MD does. It is a part of the outcome, so its correlations with the times to failure are marked as
overlapping. A short MD as a test of stability: Fu et al., TMLR (2023), arXiv 2210.07237; Ibayashi et al., arXiv 2303.08169 (2023).
"""

from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse.survival import restricted_means
from nnip.analyse.trainings import KEYS
from nnip.declare import RUN, Analysis, Quantity, Table, block, integer, number, real, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("failures",),
    uses=("costs",),
    tables={
        "ceiling": Table(
            "The beginning of the MD of a training's first replicas.",
            RUN
            | {
                "n_replicas": whole("replicas", "replicas"),
                "horizon_fs": real("time up to which they count", "fs"),
                "rmst_fs": real("restricted mean survival time, up to the horizon", "fs"),
                "rmst_error_fs": real("its standard error over replicas; blank for fewer than two failures", "fs", optional=True),
                "share_failed": real("share of replicas that failed by then"),
                "share_failed_error": real("its standard error over replicas"),
                "n_passes": whole("steps of all replicas up to the horizon or their failure, each the energies and forces of one frame", "frames"),
                "wall_s": real("their share of the MD's wall time, by steps", "s", optional=True),
            },
        )
    },
    quantities=(
        Quantity(
            name="early_rmst_fs", table="ceiling", column="rmst_fs", label="mean time to failure in a short MD", unit="ps", factor=1e-3,
            role="predictor", better=1, parts=("rmst_fs", "mean_time_to_failure_fs"),
        ),
        Quantity(
            name="early_share_failed", table="ceiling", column="share_failed", label="share of failures in a short MD", role="predictor",
            better=-1, parts=("rmst_fs", "mean_time_to_failure_fs"),
        ),
    ),
    options={
        "ceiling": block(
            {
                "n_replicas": integer(5, "First replicas that count.", minimum=1),
                "share": number(0.1, "Share of the MD's duration that counts.", exclusiveMinimum=0, maximum=1),
            },
            "The beginning of the MD as a predictor, the ceiling of all cheap ones (table ceiling); null = none, {} = with these defaults.",
            default=None,
        )
    },
    settings=("ceiling", "md.duration_fs", "md.timestep_fs"),
    when="ceiling",
    doing="Failures at the beginning of the MD",
)  # fmt: skip


def ceiling(failures: pd.DataFrame, n_replicas: int, horizon_fs: float, timestep_fs: float, costs: pd.DataFrame | None = None) -> pd.DataFrame:
    """Table ceiling from tables failures and costs, whose MD of another training set of the same model does not count."""
    rows = []
    md = costs[costs["stage"] == "md"].set_index([*KEYS, "training_set"])["wall_s"] if costs is not None else pd.Series(dtype=float)
    for (framework, model, seed), every in failures.groupby(KEYS, sort=False):
        replicas = every[every["replica"] < n_replicas]
        time = np.minimum(replicas["time_fs"].to_numpy(float), horizon_fs)
        failed = replicas["failed"].to_numpy(bool) & (replicas["time_fs"].to_numpy(float) <= horizon_fs)
        mean, variance = (value[0] for value in restricted_means(time, failed, horizon_fs, np.ones((1, len(time)))))
        share, n_passes = failed.mean(), passes(time, timestep_fs)
        wall_s = md.get((framework, model, seed, every["training_set"].iloc[0]), pd.NA)
        rows.append(
            {
                "framework": framework,
                "model": model,
                "seed": seed,
                "n_replicas": len(time),
                "horizon_fs": horizon_fs,
                "rmst_fs": mean,
                "rmst_error_fs": np.sqrt(variance),
                "share_failed": share,
                "share_failed_error": np.sqrt(share * (1 - share) / len(time)),
                "n_passes": n_passes,
                "wall_s": wall_s * n_passes / passes(every["time_fs"].to_numpy(float), timestep_fs),
            }
        )
    return frame("ceiling", rows)


def passes(time_fs: np.ndarray, timestep_fs: float) -> int:
    """Steps of replicas that lived so long, the start frame's included."""
    return int((np.round(time_fs / timestep_fs) + 1).sum())


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table ceiling."""
    options, duration_fs, timestep_fs = (settings[key] for key in ("ceiling", "md.duration_fs", "md.timestep_fs"))
    return {"ceiling": ceiling(tables["failures"], options["n_replicas"], options["share"] * duration_fs, timestep_fs, tables.get("costs"))}
