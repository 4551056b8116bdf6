"""How errors of defects depend on the training: on the size of its cells, and on the accuracy of forces and of the far field.

Straight lines in logarithms by least squares, over all trainings of a framework that learn the same labels (against atoms), or over all (against
an accuracy; `given` another accuracy: the partial slope beside it). Intervals are those of the fit (Student's t).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from nnip.declare import TRAINING, Analysis, Table, real, text, whole
from nnip.declare.registry import quantities
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("defects", "barriers", "errors", "training_sets"),
    uses=("far_field",),
    tables={
        "defect_errors": Table(
            "An error of a defect by a training, with what it is to be explained by.",
            TRAINING
            | {
                "outcome": text("name of the quantity"),
                "value": real("its value, in the unit of its table"),
                "atoms": real("mean number of atoms of the training frames", "atoms"),
                "learn": text("labels that are trained on, joined by +"),
                "forces_rmse_eV_per_A": real("force error on the training frames", "eV/A", optional=True),
                "force_constants_error": real("relative error of the force constants of the crystal", optional=True),
                "stress_rmse_eV_per_A3": real("stress error of the strained crystal", "eV/A^3", optional=True),
            },
        ),
        "defect_scaling": Table(
            "The slope of the logarithm of a defect's error.",
            {
                "framework": text("nequip or mace"),
                "outcome": text("name of the quantity"),
                "learn": text("labels that are trained on, joined by +; blank: all trainings", optional=True),
                "against": text("atoms, or an accuracy: column of table defect_errors"),
                "given": text("accuracy beside it in the fit; blank: none", optional=True),
                "n_points": whole("trainings", "trainings"),
                "slope": real("slope of ln error against ln of that"),
                "slope_low": real("lower bound of the interval of the fit", optional=True),
                "slope_high": real("upper bound", optional=True),
            },
        ),
    },
    every_set=True,
    settings=("statistics.confidence",),
    doing="Slopes of the errors of defects",
)

KEYS = ["framework", "model", "training_set", "seed"]
ACCURACIES = ("forces_rmse_eV_per_A", "force_constants_error", "stress_rmse_eV_per_A3")
FAR_FIELD = ("force_constants_error", "stress_rmse_eV_per_A3")


def defect_errors(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Table defect_errors: judged outcomes of tables defects and barriers; values of zero, which have no logarithm, are left out."""
    errors = tables["errors"].query("split == 'train'")
    errors = errors.assign(atoms=errors["n_components"].astype(float) / 3 / errors["n_frames"].astype(float))
    explained = errors[[*KEYS, "atoms", "forces_rmse_eV_per_A"]].merge(tables["training_sets"][["training_set", "learn"]], on="training_set")
    if "far_field" in tables:
        explained = explained.merge(tables["far_field"][[*KEYS, *FAR_FIELD]], on=KEYS, how="left")
    parts = []
    for name, quantity in quantities().items():
        if quantity.judged and quantity.table in ("defects", "barriers"):
            rows = tables[quantity.table]
            for column, value in quantity.where.items():
                rows = rows[rows[column] == value]
            values = rows[[*KEYS, quantity.column]].rename(columns={quantity.column: "value"}).dropna(subset=["value"])
            parts.append(values[values["value"] > 0].merge(explained, on=KEYS).assign(outcome=name))
    return frame("defect_errors", pd.concat(parts, ignore_index=True))


def slopes(x: Sequence[np.ndarray], y: np.ndarray, confidence: float) -> Iterator[tuple[float, float, float]]:
    """Slopes and bounds of a least-squares fit of y [n] with a constant and the columns x, in their order; nan where they are undefined."""
    design = np.column_stack([np.ones(len(y)), *x])
    freedom = len(y) - design.shape[1]
    if np.linalg.matrix_rank(design) < design.shape[1] or freedom < 0:
        yield from ((np.nan, np.nan, np.nan) for _ in x)
        return
    inverse = np.linalg.inv(design.T @ design)
    fitted = inverse @ design.T @ y
    rest = y - design @ fitted
    scatter = np.sqrt(np.diag(inverse) * (rest @ rest) / freedom) if freedom else np.full(len(fitted), np.nan)
    half = scatter * stats.t.ppf((1 + confidence) / 2, freedom) if freedom else scatter
    for value, width in zip(fitted[1:], half[1:], strict=True):
        yield float(value), float(value - width), float(value + width)


def several_sizes(errors: pd.DataFrame) -> bool:
    """Whether training cells differ in size by more than the atoms that vacancies take; errors: rows of table defect_errors."""
    return bool(errors["atoms"].max() > 1.5 * errors["atoms"].min())


def defect_scaling(errors: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Table defect_scaling from table defect_errors."""
    rows: list[dict[str, Any]] = []

    def fit(of: pd.DataFrame, name: dict[str, Any], against: str, given: str | None = None) -> None:
        names = [against, *([given] if given else [])]
        known = of.dropna(subset=names)
        known = known[(known[names].to_numpy(float) > 0).all(axis=1)]
        logs = [np.log(known[column].to_numpy(float)) for column in names]
        if len(known) < 3:
            return
        slope, low, high = next(slopes(logs, np.log(known["value"].to_numpy(float)), confidence))
        if np.isfinite(slope):
            rows.append(name | {"against": against, "given": given, "n_points": len(known), "slope": slope, "slope_low": low, "slope_high": high})

    for (framework, outcome), of in errors.groupby(["framework", "outcome"], sort=False):
        name = {"framework": framework, "outcome": outcome}
        for learn, alike in of.groupby("learn", sort=False):
            if several_sizes(alike):
                fit(alike, name | {"learn": learn}, "atoms")
        for accuracy in ACCURACIES:
            fit(of, name, accuracy)
        for accuracy in FAR_FIELD:
            fit(of, name, accuracy, given="forces_rmse_eV_per_A")
            fit(of, name, "forces_rmse_eV_per_A", given=accuracy)
    return frame("defect_scaling", rows)


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Tables defect_errors and defect_scaling."""
    errors = defect_errors(tables)
    return {"defect_errors": errors, "defect_scaling": defect_scaling(errors, settings["statistics.confidence"])}
