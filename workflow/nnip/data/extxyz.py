"""Labelled frames of a user's files, read with all checks: without them a training would fail hours later."""

import re
from collections.abc import Sequence
from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from nnip.data.formats import read_any
from nnip.data.frame_keys import no_such_key
from nnip.data.isolated import MARK, is_isolated
from nnip.jobs.errors import InputError
from nnip.jobs.files import whole

LARGEST = 1e6  # eV per atom, eV/Å, Å: no frame has more


def labelled(atoms: Atoms, energy_eV: float, forces_eV_per_A: np.ndarray, origin: str) -> Atoms:
    """A bare copy of a frame (species, positions, cell, pbc) with its labels, and its file and frame as info["origin"]."""
    origin = origin.replace("\\", "/").replace('"', "'")  # ase would write these but not read them
    frame = Atoms(numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc, info={"origin": origin})
    frame.calc = SinglePointCalculator(frame, energy=energy_eV, forces=forces_eV_per_A)
    return frame


def read_frames(path: str | Path, frames: str = ":", energy_key: str = "energy", forces_key: str = "forces") -> list[Atoms]:
    """Read frames "a:b" (from 0, b excluded) with the energy in eV and forces in eV/A under the given keys.

    The file's pbc stays: a molecule with a cell and pbc F remains a molecule. Isolated atoms are marked (nnip.data.isolated) and need no forces.
    InputError names file, frame and key if the file cannot be read, has no frames or too few, lacks a key, or holds numbers that are not finite
    or have the wrong shape.
    """
    everything = list(read_any(path))
    if not everything:
        raise InputError(f"{path}: no frames in this file")
    start, stop = frame_range(path, frames, len(everything))
    return [check(path, i, everything[i], energy_key, forces_key) for i in range(start, stop)]


def frame_range(path: str | Path, frames: str, n_frames: int) -> tuple[int, int]:
    """First and one past the last frame of a range "a:b", where a or b may be missing; InputError if the file has no such frames."""
    match = re.fullmatch(r"(\d*):(\d*)", str(frames))
    if match is None:
        raise InputError(f'{path}: frames \'{frames}\' is not a range; write "a:b", counted from 0, b excluded, for example "0:{n_frames}"')
    start, stop = int(match[1] or 0), int(match[2] or n_frames)
    if not start < stop <= n_frames:
        raise InputError(f"{path}: frames '{frames}' are not in this file, which has {n_frames} (frames \"0:{n_frames}\")")
    return start, stop


def check(path: str | Path, index: int, atoms: Atoms, energy_key: str, forces_key: str) -> Atoms:
    """One frame with its labels, checked; ase moves known keys (energy, forces) to a calculator, others stay in info and arrays."""
    where = f"{path}: frame {index}"
    values = {**atoms.arrays, **atoms.info, **(atoms.calc.results if atoms.calc else {})}
    if isolated := is_isolated(atoms, where):
        values.setdefault(forces_key, np.zeros((1, 3)))
    for key, value in (("energy_key", energy_key), ("forces_key", forces_key)):
        if value not in values:
            raise InputError(f"{where} {no_such_key(key, value, values, len(atoms))}")
        if np.asarray(values[value]).dtype.kind not in "iuf":
            raise InputError(f"{where}: '{value}' is not a number")
    energy, forces = np.asarray(values[energy_key], dtype=float), np.asarray(values[forces_key], dtype=float)
    if energy.shape != ():
        raise InputError(f"{where}: '{energy_key}' should be one number, the energy of the frame in eV; its shape is {energy.shape}")
    if forces.shape != (len(atoms), 3):
        raise InputError(f"{where}: '{forces_key}' should be three numbers an atom, {(len(atoms), 3)}; its shape is {forces.shape}")
    read = ((energy_key, energy / len(atoms)), (forces_key, forces), ("positions", atoms.positions), ("Lattice", atoms.cell.array))
    for key, numbers in read:
        if not np.isfinite(numbers).all():
            raise InputError(f"{where}: '{key}' has a number that is not finite (NaN or infinity)")
        if np.abs(numbers).max() > LARGEST:
            raise InputError(f"{where}: '{key}' has a number of size {np.abs(numbers).max():.3g}, which no atom has in eV and Å")
    if len(np.unique(atoms.positions, axis=0)) < len(atoms):
        raise InputError(f"{where}: two atoms are at the same place")
    if np.any(atoms.pbc & ~atoms.cell.any(axis=1)):
        raise InputError(f'{where}: pbc is true along a direction in which Lattice is zero; give the cell, or pbc="F F F" for a molecule')
    frame = labelled(atoms, float(energy), forces, origin=f"{Path(path).name} frame {index}")
    frame.info |= {MARK: True} if isolated else {}
    return frame


def write_frames(path: str | Path, frames: Sequence[Atoms]) -> None:
    """Write a whole extxyz file; ase reads it with energies and forces in a calculator."""
    with whole(path) as temporary:
        ase.io.write(temporary, list(frames), format="extxyz")
