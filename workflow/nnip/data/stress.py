"""Stress labels: from a file's stress or virial, in the forms that the field's tools write, to one tensor in eV/Å³.

The sign is ASE's: positive is tension, stress = dE/d(strain) / volume, and virial = -stress * volume (as in MACE, NequIP and QUIP).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import ase.units
import numpy as np
from ase import Atoms
from ase.stress import voigt_6_to_full_3x3_stress
from scipy import stats

from nnip.jobs.errors import InputError

NAMES = re.compile(r"(\w+_)?(stress|virials?)", re.IGNORECASE)  # keys under which tools write them
LARGEST = 5.0  # eV/Å^3, 800 GPa
HIGH = 0.3  # eV/Å^3, 48 GPa; a whole split above it is rather in GPa or kbar
DIFFERENT, SMALL = 0.01, 1e-5  # relative, and in eV/Å^3: rounding in files
FEWEST = 5  # frames that show how stress depends on volume


def stress_of(values: Mapping[str, Any], atoms: Atoms, where: str, stress_key: str | None, virial_key: str | None) -> np.ndarray | None:
    """The stress [3, 3] in eV/A^3 of a frame from the named keys of its values; None if neither is there.

    InputError naming frame and key for a tensor of another shape, with numbers that are not finite, that is not symmetric or larger than any
    stress in eV/A^3, for a frame that is not periodic in three directions, and for a virial that contradicts the stress.
    """
    found = {key: _tensor(values[key], f"{where}: '{key}'") for key in (stress_key, virial_key) if key is not None and key in values}
    if not found:
        return None
    if not atoms.pbc.all() or not atoms.cell.volume:
        raise InputError(f"{where} has '{next(iter(found))}', but is not periodic in three directions: it has no volume, so no stress")
    if virial_key in found:
        found |= {str(virial_key): -found[str(virial_key)] / atoms.cell.volume}
    for key, stress in found.items():
        if (largest := np.abs(stress).max()) > LARGEST:
            unit = "eV" if key == virial_key else "eV/Å³"
            raise InputError(
                f"{where}: '{key}' is {largest:.3g} eV/Å³, {largest / ase.units.GPa:.0f} GPa, which no frame has; "
                f"it should be in {unit} (1 GPa = {ase.units.GPa:.5f} eV/Å³, 1 kbar a tenth)"
            )
    if len(found) == 2:
        _check_agreement(found[str(stress_key)], found[str(virial_key)], f"{where}: '{stress_key}' and '{virial_key}'")
    return next(iter(found.values()))


def _tensor(value: Any, what: str) -> np.ndarray:
    """A symmetric tensor [3, 3] from 3x3 numbers, 9 numbers or 6 in Voigt's order xx, yy, zz, yz, xz, xy."""
    try:
        given = np.asarray(value, dtype=float)
    except (ValueError, TypeError):
        raise InputError(f"{what} is not a tensor of numbers") from None
    if given.shape not in ((3, 3), (9,), (6,)):
        raise InputError(f"{what} should be 3 x 3 numbers, or 6 in the order xx, yy, zz, yz, xz, xy; its shape is {given.shape}")
    if not np.isfinite(given).all():
        raise InputError(f"{what} has a number that is not finite (NaN or infinity)")
    tensor = voigt_6_to_full_3x3_stress(given) if given.shape == (6,) else given.reshape(3, 3)
    if np.abs(tensor - tensor.T).max() > DIFFERENT * np.abs(tensor).max() + SMALL:
        raise InputError(f"{what} is not symmetric: {np.round(tensor, 6).tolist()}")
    return (tensor + tensor.T) / 2


def _check_agreement(stress: np.ndarray, of_virial: np.ndarray, what: str) -> None:
    tolerance = DIFFERENT * np.abs(stress).max() + SMALL
    if np.abs(stress - of_virial).max() <= tolerance:
        return
    if np.abs(stress + of_virial).max() <= tolerance:
        raise InputError(f"{what} have signs that do not agree: virial = -stress * volume, where a positive stress is tension")
    place = np.unravel_index(np.abs(stress - of_virial).argmax(), (3, 3))
    raise InputError(
        f"{what} do not agree: virial = -stress * volume (eV, eV/Å³, Å³), but component {'xyz'[place[0]]}{'xyz'[place[1]]} of the stress "
        f"is {stress[place]:.4g} eV/Å³ and that of the virial makes {of_virial[place]:.4g}"
    )


def oddities(frames: Sequence[Atoms]) -> list[str]:
    """Sentences on labelled frames whose stresses are possible but odd: as large as in another unit, or falling where the cell grows.

    The second compares frames of one composition by the mean of the diagonal over ln(volume per atom), whose slope is a bulk modulus.
    """
    said = []
    labelled = [(frame, frame.calc.results["stress"]) for frame in frames if frame.calc and "stress" in frame.calc.results]
    if labelled and (typical := float(np.median([np.abs(stress).max() for _, stress in labelled]))) > HIGH:
        said.append(f"stresses are typically {typical:.2g} eV/Å³, {typical / ase.units.GPa:.0f} GPa: are they in eV/Å³?")
    of_composition: dict[str, list[tuple[float, float]]] = {}
    for frame, stress in labelled:
        points = of_composition.setdefault(str(frame.symbols.formula.reduce()[0]), [])
        points.append((float(np.log(frame.cell.volume / len(frame))), float(np.mean(stress[:3]))))
    for composition, points in of_composition.items():
        volumes, stresses = np.array(points).T
        if len(points) >= FEWEST and np.ptp(volumes) > 0.01 and stats.spearmanr(volumes, stresses).statistic < -0.5:
            said.append(f"the stress of {composition} falls where its cell grows, as with the opposite sign; a positive stress should be tension")
    return said
