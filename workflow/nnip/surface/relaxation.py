"""The minimum of a model's own surface next to a frame."""

from collections.abc import Sequence

import numpy as np
import torch
from ase import Atoms
from ase.optimize import BFGS

from nnip.md.rules import Rule, find_rules
from nnip.surface.surface import Surface, SurfaceCalculator

FMAX_EV_PER_A = 0.005


def relax(surface: Surface, max_bond_A: float | None, min_distance_A: float | None, n_steps: int) -> tuple[np.ndarray, str | None]:
    """Positions [n_atoms, 3] in Å of the minimum next to the surface's frame by ASE's BFGS, and why it is none, in words (None: it is one).

    It is none if a number is not finite, if a step breaks a failure rule of hot MD (nnip.md.rules), or if a force exceeds FMAX_EV_PER_A after
    n_steps steps. The cell stays. InputError for a frame that breaks a rule itself.
    """
    rules = find_rules(surface.frame, max_bond_A, min_distance_A, surface.device)
    atoms = surface.frame.copy()
    atoms.calc = SurfaceCalculator(surface)
    try:
        for _ in BFGS(atoms, logfile=None).irun(fmax=FMAX_EV_PER_A, steps=n_steps):
            if not (np.isfinite(atoms.get_forces()).all() and np.isfinite(atoms.get_potential_energy())):
                return atoms.positions, "relaxation: an energy or force is not finite"
            if left := _left(atoms, rules):
                return atoms.positions, f"relaxation leaves the structure of the start: {left}"
    except np.linalg.LinAlgError:  # forces that do not change from step to step
        return atoms.positions, "relaxation: the surface has no curvature"
    largest = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
    return atoms.positions, f"relaxation: a force of {largest:.2g} eV/A after {n_steps} steps" if largest > FMAX_EV_PER_A else None


def _left(atoms: Atoms, rules: Sequence[Rule]) -> str | None:
    """The pair of atoms that breaks a rule, in words."""
    for rule in rules:
        broken = rule.broken_by(rule.pairs.lengths_A(torch.tensor(atoms.positions, device=rule.pairs.atoms.device)[None])[0])
        if broken:
            first, second, length_A = broken
            return f"{atoms.symbols[first]}{first}-{atoms.symbols[second]}{second} at {length_A:.2f} A"
    return None
