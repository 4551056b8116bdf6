"""Mahalanobis distance of atoms to the training atoms of their element, in the space of a model's invariant features."""

from dataclasses import dataclass

import numpy as np
import torch

from nnip.potentials.evaluation import Batches

RIDGE = 1e-3
QUANTILE = 0.95


@dataclass(frozen=True)
class Cloud:
    """Features of one element's training atoms: mean [d], inverse covariance [d, d], and the QUANTILE of their own distances."""

    mean: np.ndarray
    inverse: np.ndarray
    typical: float

    @classmethod
    def of(cls, features: np.ndarray) -> "Cloud":
        """The cloud of features [n, d] of two atoms or more; RIDGE tr(covariance) / d is added to its diagonal. ValueError if they do not vary."""
        mean, n_features = features.mean(axis=0), features.shape[1]
        covariance = (features - mean).T @ (features - mean) / max(len(features) - 1, 1)
        if not np.trace(covariance) > 0:
            raise ValueError("the features of its training atoms do not vary")
        inverse = np.linalg.inv(covariance + RIDGE * np.trace(covariance) / n_features * np.eye(n_features))
        return cls(mean, inverse, float(np.quantile(_distances(features, mean, inverse), QUANTILE)))

    def ratios(self, features: np.ndarray) -> np.ndarray:
        """Distances [n] of features [n, d] over the typical one."""
        return _distances(features, self.mean, self.inverse) / self.typical


def _distances(features: np.ndarray, mean: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    apart = features - mean
    return np.sqrt(np.einsum("ni,ij,nj->n", apart, inverse, apart))


def features_of(batches: Batches) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features [n, d], elements [n] and numbers of the frames [n] of all atoms of the frames, in one pass."""
    features = batches.use(lambda graphs: torch.cat([batches.potential.node_features(graph) for graph in graphs])).cpu().numpy()
    elements = np.concatenate([frame.numbers for frame in batches.frames])
    return features, elements, np.repeat(np.arange(len(batches.frames)), [len(frame) for frame in batches.frames])


def clouds(features: np.ndarray, elements: np.ndarray) -> dict[int, Cloud]:
    """Element -> cloud of its atoms; ValueError names an element whose features do not vary."""
    return {int(element): Cloud.of(features[elements == element]) for element in np.unique(elements)}


def frame_ratios(known: dict[int, Cloud], features: np.ndarray, elements: np.ndarray, frame_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest and the mean ratio over the atoms of each frame [n_frames]; KeyError for an element without a cloud."""
    ratios = np.empty(len(features))
    for element in np.unique(elements):
        ratios[elements == element] = known[int(element)].ratios(features[elements == element])
    parts = np.split(ratios, np.flatnonzero(np.diff(frame_of)) + 1)
    return np.array([part.max() for part in parts]), np.array([part.mean() for part in parts])
