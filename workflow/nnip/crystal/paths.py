"""Relaxed structures and the minimum-energy path between two of them, on the surface of any engine.

Paths: the nudged elastic band with a climbing image and the improved tangent (Henkelman, Uberuaga & Jónsson, J. Chem. Phys. 113, 9901, 2000;
Henkelman & Jónsson, ibid. 9978), as ASE has it; all images of a step are evaluated as one batch.
"""

import os
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.mep import NEB
from ase.optimize import FIRE

from nnip.crystal.engines import Engine, EngineCalculator

BELOW_ENDS_EV = 0.005
RATTLE_A = 0.01  # a symmetric structure would otherwise rest on a saddle point


def relaxed(engine: Engine, positions_A: np.ndarray, fmax_eV_per_A: float, n_steps: int, seed: int = 0) -> tuple[np.ndarray, str | None]:
    """Positions [n_atoms, 3] in Å of the minimum next to a structure by ASE's FIRE in its cell, and why it is none, in words (None: it is one).

    All atoms are first displaced by a random vector of about RATTLE_A, so that symmetry does not hold them on a saddle point. FIRE is a dynamics,
    which leaves saddle points and maxima; quasi-Newton steps may end on them.
    """
    atoms = engine.frame.copy()
    atoms.positions = positions_A + np.random.default_rng(seed).normal(0, RATTLE_A, positions_A.shape)
    atoms.calc = EngineCalculator(engine)
    for _ in FIRE(atoms, logfile=os.devnull).irun(fmax=fmax_eV_per_A, steps=n_steps):
        if not (np.isfinite(atoms.get_forces()).all() and np.isfinite(atoms.get_potential_energy())):
            return atoms.positions, "an energy or force is not finite"
    largest = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
    return atoms.positions, f"no convergence: a force of {largest:.2g} eV/A after {n_steps} steps" if largest > fmax_eV_per_A else None


class Band(NEB):
    """ASE's nudged elastic band, whose images are evaluated together."""

    def __init__(self, engine: Engine, images: list[Atoms]) -> None:
        super().__init__(images, climb=True, method="improvedtangent")
        self.engine = engine

    def get_forces(self) -> Any:
        """Forces on the inner images along the band, after one batch of all images that moved."""
        if moved := [image for image in self.images if image.calc is None or image.calc.check_state(image)]:
            results = self.engine.energies_forces(np.array([image.positions for image in moved]))
            for image, energy, forces in zip(moved, *results, strict=True):
                image.calc = SinglePointCalculator(image, energy=float(energy), forces=forces)
        return super().get_forces()


def minimum_energy_path(
    engine: Engine, first_A: np.ndarray, last_A: np.ndarray, n_images: int, fmax_eV_per_A: float, n_steps: int
) -> tuple[np.ndarray, np.ndarray, str | None]:
    """Positions [n_images + 2, n_atoms, 3] in Å and energies [n_images + 2] in eV along the path between two minima, and why it is none.

    It starts as a straight line. It is none if a number is not finite, if a force across the band exceeds fmax_eV_per_A after n_steps steps of
    FIRE, and if an inner image is lower than an end, which is then no minimum of this path.
    """
    images = [engine.frame.copy() for _ in range(n_images + 2)]
    for image, share in zip(images, np.linspace(0, 1, n_images + 2), strict=True):
        image.positions = (1 - share) * first_A + share * last_A
    band = Band(engine, images)

    def state() -> tuple[np.ndarray, np.ndarray]:
        energies = np.array([image.get_potential_energy() if image.calc else np.nan for image in images])
        return np.array([image.positions for image in images]), energies

    # FIRE turns a force that is not finite into positions that are not; it is stopped before
    for _ in FIRE(band, logfile=os.devnull).irun(fmax=fmax_eV_per_A, steps=n_steps):
        if not all(np.isfinite(image.get_forces()).all() and np.isfinite(image.get_potential_energy()) for image in images):
            return *state(), "an energy or force is not finite"
    positions, energies = state()
    if (residual := float(np.sqrt((band.get_forces() ** 2).sum(axis=1).max()))) > fmax_eV_per_A:
        return positions, energies, f"no convergence: a force of {residual:.2g} eV/A across the path after {n_steps} steps"
    if energies[1:-1].min() < energies[[0, -1]].min() - BELOW_ENDS_EV:
        lower = float(energies[[0, -1]].min() - energies[1:-1].min())
        return positions, energies, f"an end is no minimum of the path: image {int(energies[1:-1].argmin()) + 1} is {lower:.3f} eV lower"
    if int(energies.argmax()) in (0, n_images + 1):
        return positions, energies, "no barrier: an end is the highest image"
    return positions, energies, None
