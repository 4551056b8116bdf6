"""Errors as one number per model and seed: over training, validation and all test frames, and at the lowest and highest test temperature."""

from typing import Any

import numpy as np
import pandas as pd

from nnip.analyse.entropy import main_lines
from nnip.analyse.learning_curves import errors_on_tests, main_errors, overall_errors
from nnip.declare import RUN, Analysis, Quantity, Table, real, text
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("errors", "training_sets"),
    uses=("landscape",),
    tables={
        "error_summaries": Table(
            "The errors of a training on the main set over some frames.",
            RUN
            | {
                "frames": text("training; validation; coolest or hottest (test split with the lowest or highest temperature); all (all test frames)"),
                "energy_rmse_eV_per_atom": real("root mean square energy error per atom", "eV/atom", optional=True),
                "forces_rmse_eV_per_A": real("root mean square error of the force components", "eV/A", optional=True),
            },
        )
    },
    quantities=(
        Quantity(
            name="train_energy_rmse", table="error_summaries", column="energy_rmse_eV_per_atom", where={"frames": "training"},
            label="training energy RMSE", unit="meV/atom", factor=1e3, log=True, role="predictor", better=-1,
        ),
        Quantity(
            name="train_forces_rmse", table="error_summaries", column="forces_rmse_eV_per_A", where={"frames": "training"},
            label="training force RMSE", unit="meV/Å", factor=1e3, log=True, words="force error, training frames", role="predictor", better=-1,
            floor=True, control=True, baseline=True,
        ),
        Quantity(
            name="val_energy_rmse", table="error_summaries", column="energy_rmse_eV_per_atom", where={"frames": "validation"},
            label="validation energy RMSE", unit="meV/atom", factor=1e3, log=True, role="predictor", better=-1,
        ),
        Quantity(
            name="val_forces_rmse", table="error_summaries", column="forces_rmse_eV_per_A", where={"frames": "validation"},
            label="validation force RMSE", unit="meV/Å", factor=1e3, log=True, role="predictor", better=-1,
        ),
        Quantity(
            name="test_energy_rmse_coolest", table="error_summaries", column="energy_rmse_eV_per_atom", where={"frames": "coolest"},
            label="cool test energy RMSE", unit="meV/atom", factor=1e3, log=True, role="predictor", better=-1,
        ),
        Quantity(
            name="test_forces_rmse_coolest", table="error_summaries", column="forces_rmse_eV_per_A", where={"frames": "coolest"},
            label="cool test force RMSE", unit="meV/Å", factor=1e3, log=True, words="force error at the lowest temperature", role="predictor",
            better=-1, control=True, baseline=True,
        ),
        Quantity(
            name="test_energy_rmse_hottest", table="error_summaries", column="energy_rmse_eV_per_atom", where={"frames": "hottest"},
            label="hot test energy RMSE", unit="meV/atom", factor=1e3, log=True, role="outcome", better=-1,
        ),
        Quantity(
            name="test_forces_rmse_hottest", table="error_summaries", column="forces_rmse_eV_per_A", where={"frames": "hottest"},
            label="hot test force RMSE", unit="meV/Å", factor=1e3, log=True, words="force error at the highest temperature", role="both", better=-1,
            floor=True,
        ),
        Quantity(
            name="test_forces_rmse_all", table="error_summaries", column="forces_rmse_eV_per_A", where={"frames": "all"},
            label="test force RMSE", unit="meV/Å", factor=1e3, log=True, role="outcome", better=-1, control=True,
            parts=("test_forces_rmse_coolest", "test_forces_rmse_hottest"),
        ),
    ),
    doing="Summarise the errors of every model",
)  # fmt: skip

KEYS = ["framework", "model", "seed"]
RMSES = ["energy_rmse_eV_per_atom", "forces_rmse_eV_per_A"]


def temperatures_K(splits: pd.Series) -> pd.Series:
    """Temperature in a split's name such as 1200K; nan for other names."""
    return pd.to_numeric(splits.astype(str).str.extract(r"^(\d+(?:\.\d+)?)K$")[0])


def main_tests(errors: pd.DataFrame, training_sets: pd.DataFrame) -> pd.DataFrame:
    """Test errors of the trainings on the main training set, with column temperature_K."""
    tests = errors_on_tests(errors, training_sets).query("role == 'main'")
    return tests.assign(temperature_K=temperatures_K(tests["split"]).to_numpy())


def training_errors(errors: pd.DataFrame, training_sets: pd.DataFrame, landscape: pd.DataFrame | None) -> pd.DataFrame:
    """RMSE of every model and seed over its training frames, for trainings on the main set: split train of table errors.

    If no model has that split (the released data): the centre (t = 0) of the landscapes over it.
    """
    rows = main_errors(errors, training_sets).query("split == 'train'")
    if len(rows) or landscape is None:
        return rows
    lines = main_lines(landscape, "train")
    centre = lines[lines["t"].astype(float).abs() < 1e-9]
    return centre[centre["mode"].isin(centre["mode"].head(1))].groupby(KEYS, as_index=False, sort=False)[RMSES].mean()


def error_summaries(errors: pd.DataFrame, training_sets: pd.DataFrame, landscape: pd.DataFrame | None) -> pd.DataFrame:
    """Table error_summaries from table errors, and from table landscape if the errors over the training frames are unknown."""
    tests = main_tests(errors, training_sets)
    parts = {
        "training": training_errors(errors, training_sets, landscape),
        "validation": main_errors(errors, training_sets).query("split == 'val'"),
        "coolest": tests[tests["temperature_K"] == tests["temperature_K"].min()],
        "hottest": tests[tests["temperature_K"] == tests["temperature_K"].max()],
        "all": overall_errors(errors, training_sets).query("role == 'main'").assign(energy_rmse_eV_per_atom=np.nan),
    }
    parts = {frames: part.dropna(subset=RMSES, how="all") for frames, part in parts.items()}
    rows = [part[[*KEYS, *RMSES]].assign(frames=frames) for frames, part in parts.items() if len(part)]
    return frame("error_summaries", pd.concat(rows, ignore_index=True) if rows else [])


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:  # noqa: ARG001 - no setting
    """Table error_summaries."""
    return {"error_summaries": error_summaries(tables["errors"], tables["training_sets"], tables.get("landscape"))}
