"""The reference's own defects: relaxed structures, formation energies and the path of a hop; labelled frames that models are compared with.

Each frame has info["part"], the measurement it is for, and info["kind"]: bulk, vacancy, dumbbell, or path with the number of its image.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from nnip.crystal import cells
from nnip.crystal.engines import CalculatorEngine
from nnip.crystal.paths import minimum_energy_path, relaxed
from nnip.crystal.sites import CHECKS, Sites, not_vacancy
from nnip.data.extxyz import labelled
from nnip.jobs.errors import InputError

Make = Callable[[], Calculator]


def evaluated(make: Make, atoms: Atoms, part: str, kind: str, image: int = 0, stress: bool = False) -> Atoms:
    """A frame labelled by a new calculator."""
    frame = atoms.copy()
    frame.calc = make()
    tensor = frame.get_stress(voigt=False) if stress else None
    frame = labelled(frame, frame.get_potential_energy(), frame.get_forces(), f"{part} {kind} {image}", tensor)
    frame.info |= {"part": part, "kind": kind, "image": image}
    return frame


def defect_frames(options: dict[str, Any], make: Make) -> list[Atoms]:
    """The perfect crystal, each defect relaxed in it, and the images of the path of a vacancy to a neighbouring site, ends included.

    options: those of measurement defects. InputError where the reference has no such defect or path in this cell.
    """
    crystal = cells.perfect(options["repeats"])
    sites = Sites(crystal)
    frames = [evaluated(make, crystal, "defects", "bulk")]

    def minimum(frame: Atoms, kind: str, why_not: Callable[[np.ndarray], str | None]) -> Atoms:
        positions, why = relaxed(CalculatorEngine(make, frame), frame.positions, options["fmax_eV_per_A"], options["n_steps"])
        if why := why or why_not(positions):
            raise InputError(
                f"defects: the reference has no {kind} in a cell of {len(crystal)} sites ({why}); give larger 'defects.repeats' or 'defects.n_steps'"
            )
        found = frame.copy()
        found.positions = positions
        return found

    for kind in options["kinds"]:
        found = minimum(cells.defective(crystal, kind), kind, functools.partial(CHECKS[kind], sites))
        frames.append(evaluated(make, found, "defects", kind))
    first, last, atom = cells.hop(crystal)
    first = minimum(first, "vacancy", functools.partial(not_vacancy, sites))
    last = minimum(last, "vacancy", functools.partial(not_vacancy, sites, at=atom + 1))
    path, _, why = minimum_energy_path(
        CalculatorEngine(make, first), first.positions, last.positions, options["n_images"], options["path_fmax_eV_per_A"], options["n_steps"]
    )
    if why:
        raise InputError(f"defects: the reference has no path of a vacancy in a cell of {len(crystal)} sites ({why})")
    for image, positions in enumerate(path):
        frame = first.copy()
        frame.positions = positions
        frames.append(evaluated(make, frame, "defects", "path", image))
    return frames


MAKERS: dict[str, Callable[[dict[str, Any], Make], list[Atoms]]] = {"defects": defect_frames}


def reference_frames(asked: dict[str, dict[str, Any]], make: Make) -> list[Atoms]:
    """The frames of each measurement asked for: name -> its options."""
    return [frame for name, options in asked.items() for frame in MAKERS[name](options, make)]
