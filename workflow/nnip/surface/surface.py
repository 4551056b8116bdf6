"""Energies and forces of many displaced copies of one frame, with numpy arrays."""

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from nnip.jobs.memory import AtOnce
from nnip.md.simulation import Batch
from nnip.potentials.base import Potential


class Surface:
    """A model's potential-energy surface for the atoms and the cell of one frame; at most at_once copies are evaluated at once.

    n_passes counts the frames evaluated (energies and forces of one frame are one pass), the spare copy of each batch included; it starts at the
    passes of an interrupted job.
    """

    def __init__(self, potential: Potential, frame: Atoms, at_once: int, n_passes: int = 0) -> None:
        self.frame = frame
        self.device = potential.device
        self.batch = Batch(potential, frame, AtOnce(at_once, f"copies of the start frame of {len(frame)} atoms"))
        self.batch.n_evaluated = n_passes

    @property
    def n_passes(self) -> int:
        return self.batch.n_evaluated

    def energies_forces(self, positions_A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies [n] in eV and forces [n, n_atoms, 3] in eV/Å at positions [n, n_atoms, 3], float64."""
        energies, forces = self.batch.energies_forces(torch.tensor(positions_A, dtype=torch.float64, device=self.device))
        return energies.cpu().numpy(), forces.cpu().numpy()


class SurfaceCalculator(Calculator):
    """ASE calculator of a Surface, one copy at a time."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012 - as ase declares it

    def __init__(self, surface: Surface) -> None:
        super().__init__()
        self.surface = surface

    def calculate(self, atoms: Atoms | None = None, properties: object = ("energy",), system_changes: object = all_changes) -> None:
        """Energy and forces at the atoms' positions."""
        super().calculate(atoms, properties, system_changes)
        assert self.atoms is not None
        energies, forces = self.surface.energies_forces(self.atoms.positions[None])
        self.results = {"energy": float(energies[0]), "forces": forces[0]}
