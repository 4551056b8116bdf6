"""Scores of predicted against reference forces, with standard errors over frames."""

from collections.abc import Sequence

import numpy as np

from nnip.surface.scatter import jackknife_ratio

MAGNITUDE_WINDOW_EV_PER_A = 1.0
ANGLE_WINDOW_DEG = 60.0
SMALLEST_FORCE_EV_PER_A = 0.1


def force_scores(predicted: Sequence[np.ndarray], reference: Sequence[np.ndarray]) -> dict[str, float | None]:
    """Columns of table hot_frames from forces [n_atoms, 3] in eV/Å of each frame; a score that no atom defines is None.

    Each score is a ratio of sums over frames; its standard error is the jackknife's, which leaves out one frame at a time (None for one frame).
    """
    scores: dict[str, float | None] = {}
    for name, parts in _sums(predicted, reference).items():
        value, error = jackknife_ratio(*parts)
        scores |= {name: value, f"{name}_error": error}
    return scores


def _sums(predicted: Sequence[np.ndarray], reference: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Score -> numerators and denominators of the frames [2, n_frames]."""
    sums: dict[str, list[tuple[float, float]]] = {"softening_slope": [], "magnitude_score": [], "direction_score": []}
    for ours, true in zip(predicted, reference, strict=True):
        sums["softening_slope"].append((float((ours * true).sum()), float((true**2).sum())))
        difference = np.abs(np.linalg.norm(ours, axis=1) - np.linalg.norm(true, axis=1))
        sums["magnitude_score"].append((float(np.minimum(difference / MAGNITUDE_WINDOW_EV_PER_A, 1).sum()), len(true)))
        large = np.linalg.norm(true, axis=1) > SMALLEST_FORCE_EV_PER_A
        sums["direction_score"].append((float(np.minimum(angles_deg(ours[large], true[large]) / ANGLE_WINDOW_DEG, 1).sum()), int(large.sum())))
    return {name: np.array(parts, dtype=float).T for name, parts in sums.items()}


def angles_deg(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Angles [n] in degrees between vectors [n, 3]; 180 where the first is zero and has no direction."""
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines = np.divide((first * second).sum(axis=1), norms, out=np.full(len(norms), -1.0), where=norms > 0)
    return np.degrees(np.arccos(cosines.clip(-1, 1)))
