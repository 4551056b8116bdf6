"""Loss entropy: how much of a loss landscape lies low, as one number."""

import numpy as np
import pandas as pd

from nnip.study.tables import columns, frame

KEYS = ["framework", "model", "seed", "mode", "split"]
ENERGY, FORCES = "energy_rmse_eV_per_atom", "forces_rmse_eV_per_A"


def loss_entropy(losses: np.ndarray, T: float) -> float:
    """S = ln sum_t exp(-l(t) / T) over the points of a curve (k = 1; Vita & Schwalbe-Koda 2023), losses and T in one unit.

    A sum, not a mean: n points at zero loss give ln n, so S has a meaning only together with its number of points.
    Infinite losses add nothing; where all are infinite S is -inf.
    """
    exponents = -np.asarray(losses, dtype=float) / T
    highest = exponents.max()
    return float(highest + np.log(np.exp(exponents - highest).sum())) if highest > -np.inf else -np.inf


def entropy_table(
    landscape: pd.DataFrame, T_energy_eV_per_atom: float, T_forces_eV_per_A: float, alpha: float, table: str = "entropy"
) -> pd.DataFrame:
    """Table entropy of a table landscape: per model, seed, mode and split one row with the curves' minimum kept and one with it subtracted.

    Or entropy_tests of a table landscape_tests, or entropy_frozen of landscape_frozen (which has frozen parameters as a further key).

    The paper's order: losses are first averaged over directions at each t, then S = alpha S_energy + (1 - alpha) S_forces.
    Kept, S tells of level and flatness at once; with each curve's own minimum subtracted, of flatness alone.
    A curve that is infinite everywhere has no minimum to subtract: -inf in both rows.
    """
    keys = [key for key in (*KEYS, "frozen") if key in columns(table)]
    rows = []
    for key, group in landscape.groupby(keys, sort=False):
        curves = group.groupby("t")[[ENERGY, FORCES]].mean().to_numpy(dtype=float)
        lowest = curves.min(axis=0)
        for minimum, subtracted in (("kept", np.zeros(2)), ("subtracted", np.where(np.isfinite(lowest), lowest, 0))):
            S_energy = loss_entropy(curves[:, 0] - subtracted[0], T_energy_eV_per_atom)
            S_forces = loss_entropy(curves[:, 1] - subtracted[1], T_forces_eV_per_A)
            row = dict(zip(keys, key, strict=True)) | {"minimum": minimum, "n_points": len(curves)}
            row |= {"T_energy_eV_per_atom": T_energy_eV_per_atom, "T_forces_eV_per_A": T_forces_eV_per_A, "alpha": alpha}
            rows.append(row | {"S_energy": S_energy, "S_forces": S_forces, "S": _mean(alpha, S_energy, S_forces)})
    return frame(table, rows)


def _mean(alpha: float, S_energy: float, S_forces: float) -> float:
    # a weight of zero leaves a term out, also an infinite one
    return sum(weight * S for weight, S in ((alpha, S_energy), (1 - alpha, S_forces)) if weight)
