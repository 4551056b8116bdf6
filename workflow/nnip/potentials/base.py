"""The interface between the study and a framework: training, landscapes, MD and evaluation know a framework by this alone.

A framework is a sub-package of nnip.potentials with three modules:

choices.py    imported without torch, in every environment:
              TITLE: its name in text and figures
              PACKAGES: the distributions whose versions decide its results; manifests record them
              IMPORTS: modules of others that its jobs import, loaded once a run (nnip.jobs.warm_process); may be missing
              PARAMETER_GROUPS: part of the model -> regular expression for its parameters' names; the first match counts
              problem(row) -> str | None: what the framework cannot train in a row of the model table, and what its `extra` must not set
              takes(row) -> tuple[str, ...]: of total_charge and total_spin, those that the model's energy depends on
              foreign(extra) -> str | None: which of a row's extra options would read others' model files or run others' code
              step_s_per_frame(row) -> float: rough seconds per frame of one training step on one CPU core (nnip.study.estimates)
training.py   fit(settings, train_xyz, val_xyz, directory, environment) -> Fit: runs the framework's own training command
potential.py  load(model_file, device, energy_shift_eV_per_atom) -> Potential

`settings` are those of nnip.study.runs.run_settings with the device resolved to "cpu" or "cuda". A framework writes only to
<directory>/<framework>/, which is empty when fit is called. `environment` holds environment variables for the command; they say where its
checkpoints are (nnip.jobs.checkpoints). Bad settings raise an InputError. A training that fails returns a Fit with a failure.

A Potential computes energies and forces from positions (energies_forces). For measurements in weight space it also computes both as
differentiable functions of the weights (differentiable_energies_forces). The training loss is the same for all frameworks
(nnip.landscape.training_loss).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.stress import voigt_6_to_full_3x3_stress


@dataclass
class Fit:
    """What a framework's training command left behind.

    validation_losses: [0] of the untrained model, [k] after k epochs; with the weights (EMA or not) and the loss weights that select the model
    best_epoch:        number of epochs after which model_file was the best by this loss; 0 if training never improved the untrained model
    model_file:        the best model, None if there is none
    failure:           why there is no usable model, in words, with the command's last line of output; None if it ended well
    wall_s:            wall time of the training command
    seeds:             its random seeds, by their use
    initial_file:      the weights before the first step (nnip.potentials.initial), None if they were not kept
    killed:            whether SIGKILL ended the command: sent by a person, or by the system when memory ran out
    """

    model_file: Path | None
    epochs: int
    best_epoch: int | None
    validation_losses: list[float]
    wall_s: float
    seeds: dict[str, int]
    failure: str | None = None
    killed: bool = False
    initial_file: Path | None = None


@dataclass
class Graph:
    """Frames as one batch on the device, built once and still valid after the weights change.

    inputs:      the inputs of the framework's model, by its own names
    n_atoms:     [n_frames] int64, number of atoms of each frame
    frame_of:    [sum n_atoms] int64, the frame of each atom
    energies_eV, forces_eV_per_A, stresses_eV_per_A3: the frames' labels, float64 [n_frames], [sum n_atoms, 3] and [n_frames, 3, 3]; None unless
                 all frames have them
    periodic:    [n_frames] bool, frames that are periodic in three directions and so have a stress; None in a replica graph: pbc says it
    cell_A, pbc: in a replica graph, the cell [3, 3] of all replicas (None for a molecule) and its periodic directions
    """

    inputs: dict[str, torch.Tensor]
    n_atoms: torch.Tensor
    frame_of: torch.Tensor
    energies_eV: torch.Tensor | None = None
    forces_eV_per_A: torch.Tensor | None = None
    stresses_eV_per_A3: torch.Tensor | None = None
    periodic: torch.Tensor | None = None
    cell_A: torch.Tensor | None = None
    pbc: tuple[bool, bool, bool] = (False, False, False)

    def add_labels(self, frames: Sequence[Atoms]) -> None:
        """Set each label that all frames have, and which frames are periodic."""
        results = [atoms.calc.results if atoms.calc else {} for atoms in frames]
        device = self.frame_of.device
        if all("energy" in result for result in results):
            self.energies_eV = torch.tensor([float(result["energy"]) for result in results], dtype=torch.float64, device=device)
        if all("forces" in result for result in results):
            forces = np.concatenate([result["forces"] for result in results])
            self.forces_eV_per_A = torch.tensor(forces, dtype=torch.float64, device=device)
        if all("stress" in result for result in results):
            stresses = np.array([voigt_6_to_full_3x3_stress(result["stress"]) for result in results])
            self.stresses_eV_per_A3 = torch.tensor(stresses, dtype=torch.float64, device=device)
        self.periodic = torch.tensor([bool(atoms.pbc.all()) for atoms in frames], device=device)

    def where_periodic(self, stresses: torch.Tensor) -> torch.Tensor:
        """Stresses [n_frames, 3, 3] with NaN for frames that are not periodic in three directions."""
        periodic = torch.full_like(self.n_atoms, all(self.pbc), dtype=torch.bool) if self.periodic is None else self.periodic
        return torch.where(periodic[:, None, None], stresses, torch.nan)


class Potential(Protocol):
    """A trained potential. The parameters of `module` are the weights that training changes, and nothing else.

    not_compiled: why energies_forces cannot be compiled here, in words; None if it can
    """

    module: torch.nn.Module
    cutoff_A: float
    energy_shift_eV_per_atom: float
    device: torch.device
    not_compiled: str | None

    def graph(self, frames: Sequence[Atoms]) -> Graph:
        """One batch of frames with the framework's own neighbour lists; a frame with pbc False is a molecule, whatever its cell."""

    def replicas(self, frame: Atoms, n: int) -> Graph:
        """n copies of one frame as a batch, at its positions until set_positions is called.

        On one CPU thread the results for a replica do not depend on the number or the positions of the others, bit for bit. The last replica
        is the exception: matrix kernels sum the last rows of a batch in a different order. A caller that needs the same for every replica
        adds a spare one that stays at rest.
        """

    def set_positions(self, graph: Graph, positions_A: torch.Tensor) -> None:
        """Move a replica graph to positions float64 [n, n_atoms, 3] and search its neighbours again, on the device.

        A replica with non-finite positions gets no neighbours and does not change the others; its own energy and forces are meaningless.
        """

    def energies_forces(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor]:
        """Energies [n_frames] in eV (energy_shift_eV_per_atom added) and forces [sum n_atoms, 3] in eV/A, float64, detached."""

    def compile(self, graph: Graph) -> None:
        """From now on energies_forces runs code that is faster for long work, made here with a graph of two frames or more in up to two minutes.

        It serves every graph that is periodic as this one is, and any weights; graphs of few atoms get code of their own when the first one comes.
        Its results are those of the plain code within rounding, but what `replicas` says of bits no longer holds. An error leaves the plain code.
        """

    def energies_forces_stress(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """As energies_forces, and the stresses [n_frames, 3, 3] in eV/A^3, float64, detached: dE/d(strain) / volume, so tension is positive.

        NaN for a frame that is not periodic in three directions. It works for every model, whether or not it was trained on stresses.
        """

    def differentiable_energies_forces(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor]:
        """As energies_forces, but at least twice differentiable in the weights that require gradients (nnip.landscape.weights.trainable).

        The results are float64. The computation from the weights to them, derivatives included, uses the weights' own type.
        """

    def node_features(self, graph: Graph) -> torch.Tensor:
        """The invariant scalars that the energy read-outs take of each atom, float64 [sum n_atoms, d], detached; d and units depend on the model."""

    def filters(self) -> dict[str, torch.Tensor]:
        """For each parameter name an int64 tensor of its shape: entries with the same id (0, 1, ...) form one filter (output channel)."""

    def calculator(self) -> Calculator:
        """The framework's own ASE calculator, with the same energy shift."""
