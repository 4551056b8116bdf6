"""Loss entropy: one number for how low and how flat a loss landscape is."""

from typing import Any

import numpy as np
import pandas as pd

from nnip.declare import RUN, Analysis, Quantity, Table, block, number, real, text, whole
from nnip.study.tables import frame

ANALYSIS = Analysis(
    needs=("landscape",),
    tables={
        "entropy": Table(
            "The loss entropy of a landscape, with its minimum kept or subtracted. k = 1, so entropies are pure numbers.",
            RUN
            | {
                "mode": text("how its directions were drawn"),
                "split": text("frames the loss is over"),
                "frozen": text("parameters that are frozen; blank: all weights are displaced", optional=True),
                "minimum": text("kept (the paper's) or subtracted"),
                "n_points": whole("points of the sum", "points"),
                "T_energy_eV_per_atom": real("temperature of the energy entropy", "eV/atom"),
                "T_forces_eV_per_A": real("temperature of the forces entropy", "eV/A"),
                "alpha": real("weight of the energy entropy"),
                "S_energy": real("entropy of the energy landscape"),
                "S_forces": real("entropy of the forces landscape"),
                "S": real("alpha S_energy + (1 - alpha) S_forces"),
            },
        )
    },
    quantities=(
        Quantity(
            name="S", table="entropy", column="S", label="loss entropy $S$", words="loss entropy S", role="predictor", better=1, floor=True,
            where={"frozen": None}, at={"split": "landscape.split"}, variants=("mode", "minimum"),
        ),
        Quantity(
            name="S_energy", table="entropy", column="S_energy", label="energy entropy $S_E$", role="predictor", better=1,
            where={"frozen": None}, at={"split": "landscape.split"}, variants=("mode", "minimum"),
        ),
        Quantity(
            name="S_forces", table="entropy", column="S_forces", label="forces entropy $S_F$", role="predictor", better=1,
            where={"frozen": None}, at={"split": "landscape.split"}, variants=("mode", "minimum"),
        ),
    ),
    options={
        "entropy": block(
            {
                "T_energy_eV_per_atom": number(0.004, "Temperature of the energy entropy.", "eV/atom", exclusiveMinimum=0),
                "T_forces_eV_per_A": number(0.04, "Temperature of the forces entropy.", "eV/Å", exclusiveMinimum=0),
                "alpha": number(0.2, "Weight of the energy entropy, S = alpha S_E + (1 - alpha) S_F.", minimum=0, maximum=1),
            },
            "Loss entropy of a landscape.",
        )
    },
    settings=("entropy",),
    doing="Loss entropy of every landscape",
)  # fmt: skip

KEYS = ["framework", "model", "seed", "mode", "split", "frozen"]
ENERGY, FORCES = "energy_rmse_eV_per_atom", "forces_rmse_eV_per_A"


def loss_entropy(losses: np.ndarray, T: float) -> float:
    """S = ln sum_t exp(-l(t) / T) over the points of a curve (k = 1; Vita & Schwalbe-Koda 2023), losses and T in one unit.

    It is a sum, not a mean: n points at zero loss give ln n, so S can be compared only for equal numbers of points.
    Infinite losses add nothing; if all are infinite, S is -inf.
    """
    exponents = -np.asarray(losses, dtype=float) / T
    highest = exponents.max()
    return float(highest + np.log(np.exp(exponents - highest).sum())) if highest > -np.inf else -np.inf


def with_both(landscape: pd.DataFrame) -> pd.DataFrame:
    """The landscapes over frames with both energies and forces, which S needs."""
    return landscape.dropna(subset=[ENERGY, FORCES])


def main_lines(lines: pd.DataFrame, split: str) -> pd.DataFrame:
    """Rows of table landscape or entropy of the main landscapes: over the frames of one split, with all weights displaced."""
    return lines[(lines["split"] == split) & lines["frozen"].isna()]


def entropy_table(landscape: pd.DataFrame, T_energy_eV_per_atom: float, T_forces_eV_per_A: float, alpha: float) -> pd.DataFrame:
    """Table entropy of table landscape: per model, seed, mode, split and frozen parameters one row with the curves' minimum kept and one with it
    subtracted.

    The paper's order: losses are first averaged over directions at each t, then S = alpha S_energy + (1 - alpha) S_forces.
    With the minimum kept, S depends on level and flatness; with each curve's minimum subtracted, on flatness alone.
    A curve that is infinite everywhere has no minimum: S is -inf in both rows. A landscape over frames without energies or forces has no row.
    """
    rows = []
    for key, group in with_both(landscape).groupby(KEYS, sort=False, dropna=False):
        curves = group.groupby("t")[[ENERGY, FORCES]].mean().to_numpy(dtype=float)
        lowest = curves.min(axis=0)
        for minimum, subtracted in (("kept", np.zeros(2)), ("subtracted", np.where(np.isfinite(lowest), lowest, 0))):
            S_energy = loss_entropy(curves[:, 0] - subtracted[0], T_energy_eV_per_atom)
            S_forces = loss_entropy(curves[:, 1] - subtracted[1], T_forces_eV_per_A)
            row = dict(zip(KEYS, key, strict=True)) | {"minimum": minimum, "n_points": len(curves)}
            row |= {"T_energy_eV_per_atom": T_energy_eV_per_atom, "T_forces_eV_per_A": T_forces_eV_per_A, "alpha": alpha}
            rows.append(row | {"S_energy": S_energy, "S_forces": S_forces, "S": _mean(alpha, S_energy, S_forces)})
    return frame("entropy", rows)


def analyse(tables: dict[str, pd.DataFrame], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """Table entropy."""
    return {"entropy": entropy_table(tables["landscape"], **settings["entropy"])}


def _mean(alpha: float, S_energy: float, S_forces: float) -> float:
    # a weight of zero removes a term, even an infinite one
    return sum(weight * S for weight, S in ((alpha, S_energy), (1 - alpha, S_forces)) if weight)
