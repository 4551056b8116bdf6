"""Labelled frames of a user's files, read with all checks: without them a training would fail hours later."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.stress import full_3x3_to_voigt_6_stress, voigt_6_to_full_3x3_stress

from nnip.data import info, stress
from nnip.data.formats import read_any
from nnip.data.frame_keys import no_such_key
from nnip.data.isolated import MARK, is_isolated
from nnip.jobs.errors import InputError
from nnip.jobs.files import whole

LARGEST = 1e6  # eV per atom, eV/Å, Å: no frame has more


def labelled(
    atoms: Atoms, energy_eV: float | None, forces_eV_per_A: np.ndarray | None, origin: str, stress_eV_per_A3: np.ndarray | None = None
) -> Atoms:
    """A bare copy of a frame (species, positions, cell, pbc) with the labels it has, its file and frame as info["origin"], and what info.KEPT names.

    stress_eV_per_A3: [3, 3]; None: the frame has no such label.
    """
    origin = origin.replace("\\", "/").replace('"', "'")  # ase would write these but not read them
    entries = {"origin": origin} | info.carried(atoms.info)
    frame = Atoms(numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc, info=entries)
    labels = {"energy": energy_eV, "forces": forces_eV_per_A}
    if stress_eV_per_A3 is not None:
        labels["stress"] = full_3x3_to_voigt_6_stress(stress_eV_per_A3)
    frame.calc = SinglePointCalculator(frame, **{name: value for name, value in labels.items() if value is not None})
    return frame


def relabelled(frame: Atoms, **changed: Any) -> Atoms:
    """A bare copy of a frame of the data stage with its own labels, but for those that are given (energy_eV, forces_eV_per_A)."""
    results = frame.calc.results if frame.calc else {}
    tensor = voigt_6_to_full_3x3_stress(results["stress"]) if "stress" in results else None
    labels = {"energy_eV": results.get("energy"), "forces_eV_per_A": results.get("forces"), "stress_eV_per_A3": tensor}
    return labelled(frame, origin=frame.info["origin"], **(labels | changed))


def read_frames(
    path: str | Path,
    frames: str = ":",
    energy_key: str = "energy",
    forces_key: str = "forces",
    stress_key: str | None = None,
    virial_key: str | None = None,
    needed: Sequence[str] = ("energy", "forces"),
    warnings: list[str] | None = None,
) -> list[Atoms]:
    """Read frames "a:b" (from 0, b excluded) with the energy in eV, forces in eV/A and stress in eV/A^3 under the given keys.

    The file's pbc stays: a molecule with a cell and pbc F remains a molecule. A label that is not needed may be absent from all frames. Isolated
    atoms are marked (nnip.data.isolated) and need an energy only. Sentences about what the file has or lacks are added to `warnings`. InputError
    names file, frame and key if the file cannot be read, has no frames or too few, lacks a needed key in a frame or energies or forces in some
    frames only, or holds numbers that are not finite or have the wrong shape.
    """
    everything = list(read_any(path))
    if not everything:
        raise InputError(f"{path}: no frames in this file")
    start, stop = frame_range(path, frames, len(everything))
    keys = {"energy": energy_key, "forces": forces_key, "stress": stress_key, "virial": virial_key}
    found = info.Keys([*keys.values(), "numbers", "positions"], has_stress=bool(stress_key or virial_key))
    read = [check(path, i, everything[i], energy_key, forces_key, stress_key, virial_key, needed, found) for i in range(start, stop)]
    _check_complete(path, start, read, keys)
    if warnings is not None:
        ordinary = [frame for frame in read if MARK not in frame.info]
        warnings += [f"{path}: {sentence}" for sentence in (*_absent(ordinary, keys), *found.sentences(), *stress.oddities(ordinary))]
    return read


def _check_complete(path: str | Path, start: int, frames: Sequence[Atoms], keys: Mapping[str, str | None]) -> None:
    """InputError if some frames, isolated atoms aside, have energies or forces and others do not."""
    for label in ("energy", "forces"):
        there = {start + index: label in frame.calc.results for index, frame in enumerate(frames) if MARK not in frame.info}
        without = [index for index, has_it in there.items() if not has_it]
        if without and len(without) < len(there):
            raise InputError(
                f"{path}: frame {without[0]} has no '{keys[label]}' ({label}_key), which {len(there) - len(without)} of {len(there)} frames have; "
                "put the frames without it into a split of their own"
            )


def _absent(frames: Sequence[Atoms], keys: Mapping[str, str | None]) -> Iterator[str]:
    """What to say of labels that are named and absent from frames."""
    for label in ("energy", "forces"):
        if frames and label not in frames[0].calc.results:
            yield f"no frame has '{keys[label]}' ({label}_key): errors of {'the energy' if label == 'energy' else 'forces'} are left out"
    named = [f"'{keys[label]}' ({label}_key)" for label in ("stress", "virial") if keys[label]]
    n = sum("stress" in frame.calc.results for frame in frames)
    if named and n < len(frames):
        yield f"{n} of {len(frames)} frames have {' or '.join(named)}: errors of the stress are left out"


def frame_range(path: str | Path, frames: str, n_frames: int) -> tuple[int, int]:
    """First and one past the last frame of a range "a:b", where a or b may be missing; InputError if the file has no such frames."""
    match = re.fullmatch(r"(\d*):(\d*)", str(frames))
    if match is None:
        raise InputError(f'{path}: frames \'{frames}\' is not a range; write "a:b", counted from 0, b excluded, for example "0:{n_frames}"')
    start, stop = int(match[1] or 0), int(match[2] or n_frames)
    if not start < stop <= n_frames:
        raise InputError(f"{path}: frames '{frames}' are not in this file, which has {n_frames} (frames \"0:{n_frames}\")")
    return start, stop


def check(
    path: str | Path,
    index: int,
    atoms: Atoms,
    energy_key: str,
    forces_key: str,
    stress_key: str | None = None,
    virial_key: str | None = None,
    needed: Sequence[str] = ("energy", "forces"),
    found: info.Keys | None = None,
) -> Atoms:
    """One frame with its labels, checked; ase moves known keys (energy, forces, stress) to a calculator, others stay in info and arrays."""
    where = f"{path}: frame {index}"
    values = {**atoms.arrays, **atoms.info, **(atoms.calc.results if atoms.calc else {})}
    isolated = is_isolated(atoms, where)
    needed = ("energy",) if isolated else needed
    if found is not None:
        found.add(values)
    absent = [(f"{label}_key", key) for label, key in (("energy", energy_key), ("forces", forces_key)) if label in needed and key not in values]
    if absent or (energy_key not in values and forces_key not in values):
        name, key = (absent or [("energy_key", energy_key)])[0]
        raise InputError(f"{where} {no_such_key(name, key, values, len(atoms))}")
    tensor = None if isolated else stress.stress_of(values, atoms, where, stress_key, virial_key)
    if tensor is None and "stress" in needed:
        raise InputError(f"{where} has no '{stress_key or virial_key}' ({'stress_key' if stress_key else 'virial_key'}); a training frame needs it")
    energy = _numbers(values, energy_key, (), "one number, the energy of the frame in eV", where)
    forces = _numbers(values, forces_key, (len(atoms), 3), f"three numbers an atom, {(len(atoms), 3)}", where)
    per_atom = None if energy is None else energy / len(atoms)
    for key, numbers in ((energy_key, per_atom), (forces_key, forces), ("positions", atoms.positions), ("Lattice", atoms.cell.array)):
        if numbers is None:
            continue
        if not np.isfinite(numbers).all():
            raise InputError(f"{where}: '{key}' has a number that is not finite (NaN or infinity)")
        if np.abs(numbers).max() > LARGEST:
            raise InputError(f"{where}: '{key}' has a number of size {np.abs(numbers).max():.3g}, which no atom has in eV and Å")
    if len(np.unique(atoms.positions, axis=0)) < len(atoms):
        raise InputError(f"{where}: two atoms are at the same place")
    if np.any(atoms.pbc & ~atoms.cell.any(axis=1)):
        raise InputError(f'{where}: pbc is true along a direction in which Lattice is zero; give the cell, or pbc="F F F" for a molecule')
    atoms.info = info.kept(values, where)
    origin = f"{Path(path).name} frame {index}"
    frame = labelled(atoms, None if energy is None else float(energy), forces, origin=origin, stress_eV_per_A3=tensor)
    frame.info |= {MARK: True} if isolated else {}
    return frame


def _numbers(values: Mapping[str, Any], key: str, shape: tuple[int, ...], meaning: str, where: str) -> np.ndarray | None:
    """The numbers of a label, float64; None if it is absent; InputError if it is not numeric or has another shape."""
    if key not in values:
        return None
    given = np.asarray(values[key])
    if given.dtype.kind not in "iuf":
        raise InputError(f"{where}: '{key}' is not a number")
    if given.shape != shape:
        raise InputError(f"{where}: '{key}' should be {meaning}; its shape is {given.shape}")
    return given.astype(float)


def write_frames(path: str | Path, frames: Sequence[Atoms]) -> None:
    """Write a whole extxyz file; ase reads it with energies and forces in a calculator."""
    with whole(path) as temporary:
        ase.io.write(temporary, list(frames), format="extxyz")
