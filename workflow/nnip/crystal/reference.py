"""What models of crystals are compared with: the reference's relaxed defects, path of a hop, response of the crystal, and hops in dynamics.

Each frame has info["part"], the measurement it is for, and info["kind"]: bulk, vacancy, dumbbell, path, displaced, strained or start.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator
from ase.md.nvtberendsen import NVTBerendsen
from ase.md.velocitydistribution import Stationary, thermalize_momenta

from nnip.crystal import cells
from nnip.crystal.engines import CalculatorEngine
from nnip.crystal.hops import HopCounter, summary
from nnip.crystal.paths import minimum_energy_path, relaxed
from nnip.crystal.response import displaced, strained
from nnip.crystal.sites import CHECKS, Sites, not_vacancy
from nnip.data.extxyz import labelled
from nnip.jobs.errors import InputError
from nnip.study.seeds import derive

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
        seed = derive(options["seed"], "reference", kind)
        positions, why = relaxed(CalculatorEngine(make, frame), frame.positions, options["fmax_eV_per_A"], options["n_steps"], seed)
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


def far_field_frames(options: dict[str, Any], make: Make) -> list[Atoms]:
    """The perfect crystal with an atom displaced, and its cubic cell under strain; options: those of measurement far_field."""
    moved = displaced(cells.perfect(options["repeats"]), options["h_A"])
    frames = [evaluated(make, frame, "far_field", "displaced", place) for place, frame in enumerate(moved)]
    cubes = strained(cells.perfect(1), options["strain"])
    return frames + [evaluated(make, frame, "far_field", "strained", place, stress=True) for place, frame in enumerate(cubes)]


def hop_frames(options: dict[str, Any], make: Make) -> list[Atoms]:
    """The perfect crystal, and the start of the dynamics with the number of hops in all replicas and their time as info["n_hops"], ["time_ps"].

    options: those of measurement hops. InputError if most of the reference's replicas melt.
    """
    crystal = cells.perfect(options["repeats"])
    sites, start = Sites(crystal), cells.vacancy(crystal)
    every = max(round(options["every_fs"] / options["timestep_fs"]), 1)
    n_steps = math.ceil((options["equilibration_fs"] + options["duration_fs"]) / options["timestep_fs"] - 1e-9)
    counters = []
    for replica in range(options["n_replicas"]):
        atoms, counter = start.copy(), HopCounter(sites, 0)
        atoms.calc = make()
        thermalize_momenta(atoms, options["temperature_K"], rng=np.random.default_rng(derive(options["seed"], "reference", "hops", replica)))
        Stationary(atoms)
        dynamics = NVTBerendsen(
            atoms, options["timestep_fs"] * units.fs, temperature_K=options["temperature_K"], taut=options["tau_fs"] * units.fs, fixcm=True
        )
        for step in range(every, n_steps + 1, every):
            dynamics.run(every)
            counter.see(atoms.positions, step * options["timestep_fs"] > options["equilibration_fs"])
        counters.append(counter)
    found = summary(counters, every * options["timestep_fs"])
    if found["n_melted"] > len(counters) / 2:
        raise InputError(
            f"hops: {found['n_melted']} of {len(counters)} replicas of the reference melt; lower 'hops.temperature_K' or raise 'hops.repeats'"
        )
    first = evaluated(make, start, "hops", "start")
    first.info |= found
    return [evaluated(make, crystal, "hops", "bulk"), first]


MAKERS: dict[str, Callable[[dict[str, Any], Make], list[Atoms]]] = {"defects": defect_frames, "far_field": far_field_frames, "hops": hop_frames}


def reference_frames(asked: dict[str, dict[str, Any]], make: Make, seed: int = 1) -> list[Atoms]:
    """The frames of each measurement asked for: name -> its options; seed: the study's."""
    return [frame for name, options in asked.items() for frame in MAKERS[name](options | {"seed": seed}, make)]
