"""A model's forces along bond scans beside those of a reference."""

from collections.abc import Sequence
from typing import Any

import numpy as np

FLOOR_EV_PER_A = 1.0


def force_smoothness_deviation(lengths_A: np.ndarray, energies_eV: np.ndarray, reference: np.ndarray, forces: np.ndarray) -> tuple[float, float]:
    """FSD of one scan, and the 95 % quantile of what it is the maximum of, in 1/Å; lengths ascending [k], forces [k, n_atoms, 3] in eV/Å.

    energies_eV are the reference's. m = sum_atoms |F - F_ref(at its lowest energy)|^2 for model and reference, r = log max(m_model, FLOOR^2) -
    log max(m_ref, FLOOR^2), and FSD = max |change of r| / step.
    """
    rest = reference[energies_eV.argmin()]
    ours, theirs = (np.log(np.maximum(((each - rest) ** 2).sum(axis=(1, 2)), FLOOR_EV_PER_A**2)) for each in (forces, reference))
    changes = np.abs(np.diff(ours - theirs)) / np.diff(lengths_A)
    return float(changes.max()), float(np.quantile(changes, 0.95))


def along(forces: np.ndarray, moved: np.ndarray, apart_A: np.ndarray) -> np.ndarray:
    """-dE/d(length) in eV/Å [k] when the moved atoms [n_atoms] go as one; forces [k, n_atoms, 3], apart_A [k, 3] from bond_i to bond_j."""
    return np.einsum("kac,a,kc->k", forces, moved, apart_A / np.linalg.norm(apart_A, axis=1, keepdims=True))


def means(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> dict[str, float]:
    """Means over rows, and their standard errors for two rows or more."""
    values = {name: np.array([row[name] for row in rows if row.get(name) is not None], dtype=float) for name in names}
    found = {name: float(each.mean()) for name, each in values.items() if len(each)}
    return found | {f"{name}_error": float(each.std(ddof=1) / np.sqrt(len(each))) for name, each in values.items() if len(each) > 1}
