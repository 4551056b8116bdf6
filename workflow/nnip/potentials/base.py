"""The seam between the study and a framework: all that training, landscapes, MD and evaluation know of it.

A framework is a sub-package of nnip.potentials, found by its name, with three modules:

choices.py    problem(row) -> str | None: what it cannot train of a row of the model table (imported without torch)
              foreign(extra) -> str | None: which of a row's extra options would read others' model files or run others' code
training.py   fit(settings, train_xyz, val_xyz, directory, environment) -> Fit: runs the framework's own training command
potential.py  load(model_file, device, energy_shift_eV_per_atom) -> Potential

`settings` are those of nnip.study.runs.run_settings with the device resolved to "cpu" or "cuda". All that a framework writes goes to
<directory>/<framework>/, which is empty when fit is called. `environment` are variables for the command, which tell it of checkpoints
(nnip.jobs.checkpoints). Bad settings are an InputError; a training that ends badly is a Fit with a failure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator


@dataclass
class Fit:
    """What a framework's training command left behind.

    validation_losses: [0] of the untrained model, [k] after k epochs, of the weights (EMA or not) and with the loss weights that choose the model
    best_epoch:        after how many epochs the model in model_file was the best by that loss; 0 if training never improved the untrained model
    model_file:        the best model, None if there is none
    failure:           why there is no usable model, in words, the command's last line of output included; None if it ended well
    wall_s:            of the training command
    seeds:             the random seeds it was given, by their use
    killed:            whether the command was ended by SIGKILL: by a person, or by the system for want of memory
    """

    model_file: Path | None
    epochs: int
    best_epoch: int | None
    validation_losses: list[float]
    wall_s: float
    seeds: dict[str, int]
    failure: str | None = None
    killed: bool = False


@dataclass
class Graph:
    """Frames as one batch on the device, built once and reusable while weights change.

    inputs:      what the framework's model reads, by its own names
    n_atoms:     [n_frames] int64, atoms of each frame
    frame_of:    [sum n_atoms] int64, the frame each atom belongs to
    energies_eV, forces_eV_per_A: the frames' labels, float64 [n_frames] and [sum n_atoms, 3]; None unless all frames have them
    cell_A, pbc: of a replica graph: the cell [3, 3] all replicas share (None for a molecule) and its periodic directions
    """

    inputs: dict[str, torch.Tensor]
    n_atoms: torch.Tensor
    frame_of: torch.Tensor
    energies_eV: torch.Tensor | None = None
    forces_eV_per_A: torch.Tensor | None = None
    cell_A: torch.Tensor | None = None
    pbc: tuple[bool, bool, bool] = (False, False, False)

    def add_labels(self, frames: Sequence[Atoms]) -> None:
        """Take over the frames' energies and forces, each where all frames have them."""
        results = [atoms.calc.results if atoms.calc else {} for atoms in frames]
        device = self.frame_of.device
        if all("energy" in result for result in results):
            self.energies_eV = torch.tensor([float(result["energy"]) for result in results], dtype=torch.float64, device=device)
        if all("forces" in result for result in results):
            forces = np.concatenate([result["forces"] for result in results])
            self.forces_eV_per_A = torch.tensor(forces, dtype=torch.float64, device=device)


class Potential(Protocol):
    """A trained potential. `module` holds the weights that training changes as its parameters, and nothing else as parameters."""

    module: torch.nn.Module
    cutoff_A: float
    energy_shift_eV_per_atom: float
    device: torch.device

    def graph(self, frames: Sequence[Atoms]) -> Graph:
        """One batch of frames by the framework's own neighbour lists; pbc False means a molecule, whatever its cell says."""

    def replicas(self, frame: Atoms, n: int) -> Graph:
        """n copies of one frame as a batch, at its positions until set_positions is called.

        On one CPU thread a replica's numbers are bit-identical whatever the others do and however many there are, except the last one's:
        matrix kernels add up the last rows of a batch in another way. Who needs this of all replicas adds one that is kept at rest.
        """

    def set_positions(self, graph: Graph, positions_A: torch.Tensor) -> None:
        """Move a replica graph to positions float64 [n, n_atoms, 3] and find its neighbours anew, on the device.

        A replica with non-finite positions gets no neighbours and disturbs no other; its own energy and forces mean nothing.
        """

    def energies_forces(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor]:
        """Energies [n_frames] in eV (energy_shift_eV_per_atom added) and forces [sum n_atoms, 3] in eV/A, float64, detached."""

    def filters(self) -> dict[str, torch.Tensor]:
        """For each parameter name an int64 tensor of its shape: entries with one id (0, 1, ...) form one filter (output channel)."""

    def calculator(self) -> Calculator:
        """The framework's own ASE calculator, with the same energy shift."""
