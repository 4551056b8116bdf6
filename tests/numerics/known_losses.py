"""Potentials whose training loss is known: one that is linear in its weights, and one with layers that can be rescaled without any effect."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from analytic import SETTINGS, MorsePotential, ethanol, labelled, write_training

from nnip.jobs.checkpoints import Progress
from nnip.measure.base import Job

WEIGHTS = SETTINGS["hyperparameters"]
CENTRES = torch.linspace(0.8, 3.2, 6, dtype=torch.float64)


def features(positions: torch.Tensor) -> torch.Tensor:
    """Sums over pairs of atoms of Gaussians of the distance, [n, 6] of positions [n, n_atoms, 3]."""
    i, j = torch.triu_indices(positions.shape[1], positions.shape[1], 1)
    distances = (positions[:, i] - positions[:, j]).norm(dim=-1)
    return torch.exp(-((distances[:, :, None] - CENTRES) ** 2) / 0.3).sum(dim=1)


class Linear(torch.nn.Module):
    """Energies linear in the weights of a read-out of one row."""

    def __init__(self) -> None:
        super().__init__()
        self.readout = torch.nn.Parameter(torch.tensor([[1.0], [-2.0], [0.5], [0.3], [-0.7], [0.9]], dtype=torch.float64), requires_grad=False)

    def forward(self, positions: torch.Tensor) -> torch.Tensor:
        return features(positions) @ self.readout[:, 0]


class Layered(torch.nn.Module):
    """A layer of one number for each feature, then a read-out of three channels, then their sum: only the product of the first two counts."""

    def __init__(self) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(4)
        for name, shape in (("scale", (6,)), ("readout", (6, 3)), ("outer", (3,))):
            drawn = 0.3 * torch.randn(shape, generator=random, dtype=torch.float64)
            setattr(self, name, torch.nn.Parameter(drawn, requires_grad=False))

    def forward(self, positions: torch.Tensor) -> torch.Tensor:
        return torch.tanh(features(positions) / 8 * self.scale @ self.readout) @ self.outer


class Known(MorsePotential):
    """The Morse potential's interface around one of these."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__(ethanol())
        self.module = module

    def filters(self) -> dict[str, torch.Tensor]:
        sizes = {name: parameter.shape for name, parameter in self.module.named_parameters()}
        return {name: torch.arange(size[-1]).expand(size).contiguous() for name, size in sizes.items()}


def rescaled(module: Layered) -> Layered:
    """The same function: the first layer times 3, the next divided by 3."""
    other = copy.deepcopy(module)
    other.scale *= 3
    other.readout /= 3
    return other


def design(frames: list[Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """X [n_outputs, 6] and y with L = |X theta - y|^2 / 2 for Linear: the frames' features and minus their gradients, scaled as in the loss."""
    rows, labels, n = [], [], len(frames)
    scales = [(2 * WEIGHTS[name] / count) ** 0.5 for name, count in (("energy_weight", n), ("forces_weight", n * 27))]
    for frame in frames:
        positions = torch.tensor(frame.positions)[None]
        rows.append(scales[0] * features(positions) / len(frame))
        labels.append(scales[0] * torch.tensor([frame.get_potential_energy() / len(frame)], dtype=torch.float64))
    for frame in frames:
        slopes = torch.autograd.functional.jacobian(lambda x: features(x)[0], torch.tensor(frame.positions)[None])
        rows.append(-scales[1] * slopes.reshape(6, -1).T)
        labels.append(scales[1] * torch.tensor(frame.get_forces()).reshape(-1))
    return torch.cat(rows), torch.cat(labels)


def frames_of(n: int) -> list[Any]:
    """Frames with a Morse potential's energies, without its mean, and forces."""
    return labelled(MorsePotential(ethanol(), -0.2), n, seed=1)


def measured(measurement: Any, module: torch.nn.Module, options: dict[str, Any], folder: Path, frames: list[Any] | None = None) -> dict[str, Any]:
    """The rows of a measurement's tables; the weights must be the same bits afterwards."""
    potential, frames = Known(module), frames or frames_of(8)
    before = [parameter.clone() for parameter in module.parameters()]
    write_training(folder / "train", best_epoch=12)
    progress = Progress.of_measurement(folder / "checkpoints", "test", 5.0)
    job = Job(SETTINGS, {"split": "train", "n_frames": 100, "frames_per_batch": 3} | options, {}, potential, progress, folder / "train")
    job.frames = lambda split, at_most: frames[:at_most]
    rows = measurement.measure(job)
    assert all(torch.equal(*pair) for pair in zip(module.parameters(), before, strict=True))
    assert not any(parameter.requires_grad for parameter in module.parameters())
    return rows


def standard_error(values: Any) -> float:
    return float(np.std(np.asarray(values), ddof=1) / np.sqrt(len(values)))
