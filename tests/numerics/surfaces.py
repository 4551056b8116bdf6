"""Frames and jobs of measurements of surfaces whose answers are known."""

from typing import Any

import torch
from analytic import SETTINGS, MorsePotential
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from nnip.data.start import bare, lowest_energy
from nnip.jobs.checkpoints import Progress
from nnip.measure.base import Job


class Energy(torch.nn.Module):
    """An energy [n] of positions [n, n_atoms, 3] as a module without weights."""

    def __init__(self, energy: Any) -> None:
        super().__init__()
        self.energy = energy

    def forward(self, positions: torch.Tensor) -> torch.Tensor:
        return self.energy(positions)


def potential(frame: Atoms, energy: Any) -> MorsePotential:
    """A potential of this energy."""
    made = MorsePotential(frame)
    made.module = Energy(energy)
    return made


def labelled(frame: Atoms, of: MorsePotential) -> Atoms:
    """A copy of a frame, labelled by a potential."""
    frame = frame.copy()
    energies, forces = of.energies_forces(of.graph([frame]))
    frame.calc = SinglePointCalculator(frame, energy=float(energies), forces=forces.numpy())
    return frame


def job(folder: Any, of: MorsePotential, frames: dict[str, list[Atoms]], options: dict[str, Any]) -> Job:
    """A job that measures a potential, with frames of splits."""
    made = Job(SETTINGS, options, dict.fromkeys(frames, "none"), of, Progress.of_measurement(folder, "test", 5.0))
    made.frames = lambda split, at_most=None: frames[split][:at_most]
    made.start = lambda: bare(lowest_energy([*frames["train"], *frames["val"]]))
    return made
