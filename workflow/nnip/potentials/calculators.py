"""A framework's ASE calculator with a constant energy per atom added."""

from collections.abc import Sequence
from typing import Any

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from nnip.study.labels import CHARGE_AND_SPIN


class ShiftedCalculator(Calculator):
    """Another calculator's results, with shift_eV_per_atom added to the energy of every atom."""

    def __init__(self, calculator: Calculator, shift_eV_per_atom: float) -> None:
        super().__init__()
        self.calculator = calculator
        self.shift_eV_per_atom = shift_eV_per_atom
        self.implemented_properties = list(calculator.implemented_properties)

    def check_state(self, atoms: Atoms, tol: float = 1e-15) -> list[str]:
        """Also the charge and spin of a frame, which ase does not compare, make another calculation."""
        before: Any = self.atoms.info if self.atoms else {}
        changed = any(before.get(name) != atoms.info.get(name) for name in CHARGE_AND_SPIN)
        return super().check_state(atoms, tol) + (["info"] if changed else [])

    def calculate(self, atoms: Atoms | None = None, properties: Sequence[str] = ("energy",), system_changes: Sequence[str] = all_changes) -> None:
        """Calculate as the other calculator does, then add the shift."""
        super().calculate(atoms, properties, system_changes)
        assert self.atoms is not None
        self.calculator.calculate(self.atoms, list(properties), system_changes)
        self.results = dict(self.calculator.results)
        for name, n_atoms in (("energy", len(self.atoms)), ("free_energy", len(self.atoms)), ("energies", 1)):
            if name in self.results:
                self.results[name] = self.results[name] + self.shift_eV_per_atom * n_atoms
