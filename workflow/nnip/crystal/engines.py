"""Energies and forces of many copies of one frame, by a model or by an ASE calculator; relaxation and paths take either."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes


class Engine(Protocol):
    """What nnip.surface.surface.Surface is for a model: the surface of the atoms and the cell of one frame."""

    frame: Atoms

    def energies_forces(self, positions_A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies [n] in eV and forces [n, n_atoms, 3] in eV/Å at positions [n, n_atoms, 3]."""


class CalculatorEngine:
    """The surface of an ASE calculator; `make` gives a new one."""

    def __init__(self, make: Callable[[], Calculator], frame: Atoms) -> None:
        self.frame = frame
        self._moving = frame.copy()
        self._moving.calc = make()

    def energies_forces(self, positions_A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies [n] in eV and forces [n, n_atoms, 3] in eV/Å at positions [n, n_atoms, 3], one after the other."""
        energies, forces = [], []
        for positions in positions_A:
            self._moving.positions = positions
            energies.append(self._moving.get_potential_energy())
            forces.append(self._moving.get_forces())
        return np.array(energies), np.array(forces).reshape(positions_A.shape)


class EngineCalculator(Calculator):
    """ASE calculator of an engine, for ASE's optimisers."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012 - as ase declares it

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine

    def calculate(self, atoms: Atoms | None = None, properties: object = ("energy",), system_changes: object = all_changes) -> None:
        """Energy and forces at the atoms' positions."""
        super().calculate(atoms, properties, system_changes)
        assert self.atoms is not None
        energies, forces = self.engine.energies_forces(self.atoms.positions[None])
        self.results = {"energy": float(energies[0]), "forces": forces[0]}
