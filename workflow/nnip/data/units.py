"""Whether labels are in eV and eV/Å, and whether the forces are forces: what the frames themselves say.

Two independent measures: the stiffness of bonds (nnip.data.stiffness), whose size is known for covalent bonds, and the energies of similar frames
against their forces (nnip.data.similar), which shows a wrong sign and unlike units. Thresholds lie far from all values measured on right and on
wrong labels (docs/own-data.md); where a value lies between, nothing is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ase.units
import numpy as np
from ase import Atoms

from nnip.data.similar import Pair, similar_pairs
from nnip.data.stiffness import Stiffness, neighbour_distances, stiffnesses
from nnip.jobs.errors import InputError

FEWEST_PAIRS = 6
LEAST_T = 5.0  # slope in units of its standard error
SOFTEST, STIFFEST = 4.0, 200.0  # eV/Å², median over a molecule's kinds of bonds; right labels give 15 to 139
LOWEST_RATIO, HIGHEST_RATIO = 0.15, 5.0  # of energies to forces; right labels give 0.47 to 1.01
USUAL_STIFFNESS = (8.0, 100.0)
USUAL_RATIO = (0.45, 1.3)
WIDEST, FARTHEST = 1.5, 2.4  # nearest neighbours' distance over the sum of covalent radii; in Bohr 1.6 to 2.2
FEWEST_ATOMS = 10

ENERGIES = {"eV": 1.0, "Hartree": ase.units.Hartree, "kcal/mol": ase.units.kcal / ase.units.mol, "kJ/mol": ase.units.kJ / ase.units.mol, "meV": 1e-3}
FORCES = {
    "eV/Å": 1.0,
    "Hartree/Å": ase.units.Hartree,
    "Hartree/Bohr": ase.units.Hartree / ase.units.Bohr,
    "kcal/mol/Å": ENERGIES["kcal/mol"],
    "kJ/mol/Å": ENERGIES["kJ/mol"],
    "kJ/mol/nm": ENERGIES["kJ/mol"] / 10,
    "meV/Å": 1e-3,
}


@dataclass(frozen=True)
class Evidence:
    """What the frames of a split say: stiffnesses of bonds, and the slope of energy differences against those from the forces, if it is certain."""

    bonds: list[Stiffness]
    ratio: float | None
    n_pairs: int

    @property
    def stiffness(self) -> float | None:
        """The median stiffness of covalent bonds, None if there are none."""
        slopes = [bond.slope for bond in self.bonds if bond.covalent and bond.certain]
        return float(np.median(slopes)) if slopes else None

    @property
    def sign(self) -> int:
        """1 where forces hold bonds together, -1 where all push them apart, 0 if uncertain."""
        signs = {int(np.sign(bond.slope)) for bond in self.bonds if bond.certain}
        return signs.pop() if len(signs) == 1 else 0

    def in_words(self) -> str:
        """The measured numbers."""
        words = []
        if certain := [bond for bond in self.bonds if bond.certain]:
            slopes = ", ".join(f"{bond.name} {bond.slope:.3g}" for bond in certain[:4])
            words.append(f"the force along a bond grows with its length by {slopes} per Å (covalent bonds, in eV/Å: 10 to 140)")
        if self.ratio is not None:
            words.append(
                f"energies of {self.n_pairs} pairs of similar frames differ by {self.ratio:.3g} times what their forces say (right: 0.5 to 1)"
            )
        return "; ".join(words)


def evidence(frames: Sequence[Atoms]) -> Evidence:
    """What these frames say about units and signs; labels that are missing say nothing."""
    pairs = similar_pairs(frames, frames)
    return Evidence(stiffnesses(frames), ratio(pairs), len(pairs))


def ratio(pairs: Sequence[Pair]) -> float | None:
    """The slope of energy differences against those from the forces, through the origin; None if there are few pairs or the slope is uncertain."""
    if len(pairs) < FEWEST_PAIRS:
        return None
    y, x = (np.array([getattr(pair, name) for pair in pairs]) for name in ("difference", "from_forces"))
    if not (x @ x > 0 and y @ y > 0):
        return None
    slope = float(x @ y / (x @ x))
    error = np.sqrt(((y - slope * x) ** 2).sum() / (len(x) - 1) / (x @ x))
    return slope if abs(slope) > LEAST_T * error else None


def check(splits: Mapping[str, Sequence[Atoms]]) -> list[str]:
    """A warning for each oddity of units and signs, with the splits that have it; splits: name -> frames.

    InputError where both measures agree that the forces are gradients, and energies and forces are of like units.
    """
    found: dict[str, tuple[str, list[str]]] = {}
    for split, frames in splits.items():
        for problem, words in problems(frames):
            if problem == GRADIENTS:
                raise InputError(f"{split}: {problem} ({words}); multiply them by -1")
            found.setdefault(problem, (words, []))[1].append(split)
    return [f"{', '.join(names)}: {problem} ({words})" for problem, (words, names) in found.items()]


GRADIENTS = "the forces are gradients of the energy, which have the opposite sign"


def problems(frames: Sequence[Atoms]) -> list[tuple[str, str]]:
    """What is odd about units and signs, and the numbers that say so."""
    found = []
    if wide := wide_distances(frames):
        found.append(("the positions look like Bohr, not Å", wide))
    seen = evidence(frames)
    backwards = seen.ratio is not None and seen.ratio < 0
    unlike = seen.ratio is not None and not LOWEST_RATIO <= abs(seen.ratio) <= HIGHEST_RATIO
    if seen.sign < 0 and backwards and not unlike:
        return [*found, (GRADIENTS, seen.in_words())]
    if seen.sign < 0:
        found.append(("the forces look like gradients of the energy, which have the opposite sign", seen.in_words()))
    elif backwards:
        found.append(("the energies rise along the forces: one of the two has the wrong sign", seen.in_words()))
    soft = seen.stiffness is not None and not SOFTEST <= abs(seen.stiffness) <= STIFFEST
    if soft or unlike:
        found.append((f"the labels look as if they are not in eV and eV/Å{guess(seen)}", seen.in_words()))
    return found


def guess(seen: Evidence) -> str:
    """The units in which the evidence would be usual, as a clause."""
    fits = []
    for force, force_eV_per_A in FORCES.items():
        if seen.stiffness is not None and not USUAL_STIFFNESS[0] <= abs(seen.stiffness) * force_eV_per_A <= USUAL_STIFFNESS[1]:
            continue
        if seen.ratio is None:
            fits.append(f"forces in {force}")
            continue
        for energy, eV in ENERGIES.items():
            go_together = energy == "eV" or force == "eV/Å" or (force.startswith(f"{energy}/") and seen.stiffness is not None)
            if go_together and USUAL_RATIO[0] <= abs(seen.ratio) * eV / force_eV_per_A <= USUAL_RATIO[1]:
                fits.append(f"energies in {energy} and forces in {force}")
    return f", but {' or '.join(fits)}" if fits else ""


def wide_distances(frames: Sequence[Atoms]) -> str | None:
    """The numbers that say that atoms are too far apart for Å, if they do."""
    if not len(near := neighbour_distances(frames, WIDEST)) or np.isfinite(near).mean() > 0.05:
        return None
    low, middle = np.quantile(neighbour_distances(frames, FARTHEST), (0.05, 0.5), method="lower")
    if len(near) < FEWEST_ATOMS or not middle < FARTHEST:
        return None
    return (
        f"nearest neighbours are {low:.2f} to {middle:.2f} times the sum of their covalent radii apart (5 % and half of the atoms); "
        "bonded atoms: 0.8 to 1.2"
    )
