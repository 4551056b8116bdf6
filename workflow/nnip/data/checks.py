"""Checks across splits: errors that no single frame shows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols

from nnip.data.frames import molecule_of
from nnip.jobs.errors import InputError

ENERGY_eV = 1e-3  # of a frame: digits that a file dropped, and runs of one calculation, differ by less
FORCE_eV_PER_A = 1e-2  # of a component


def fingerprint(frame: Atoms) -> bytes:
    """Bytes that are equal for frames with bit-identical species, positions, pbc, charge, spin and, along periodic directions, cell.

    Labels do not count.
    """
    state = repr([None if frame.info.get(key) is None else float(frame.info[key]) for key in ("total_charge", "total_spin")]).encode()
    return b"|".join((*(array.tobytes() for array in (frame.numbers, frame.positions, frame.pbc, frame.cell.array[frame.pbc])), state))


def without_duplicates(
    pool: Sequence[Atoms], tests: dict[str, list[Atoms]], drop: bool
) -> tuple[list[Atoms], dict[str, list[Atoms]], list[dict[str, str]]]:
    """Pool and tests without frames that repeat one of the pool, and the dropped frames (split, frame, the frame it repeats).

    A repeat within the pool could be in both the training and the validation set. Without `drop` a repeat is an InputError naming both frames.
    A frame of the same geometry, charge and spin with other labels is no repeat but a contradiction, and always an InputError.
    """
    first: dict[bytes, Atoms] = {}
    dropped: list[dict[str, str]] = []

    def unique(split: str, frames: Sequence[Atoms], remember: bool) -> list[Atoms]:
        different = []
        for frame in frames:
            key, origin = fingerprint(frame), frame.info["origin"]
            if key not in first:
                different.append(frame)
                if remember:
                    first[key] = frame
                continue
            if contradiction := _contradiction(frame, first[key]):
                raise InputError(f"{split}: {origin} is atom by atom {first[key].info['origin']} of the training frames, but {contradiction}")
            if not drop:
                raise InputError(
                    f"{split}: {origin} repeats {first[key].info['origin']} of the training frames, atom by atom; "
                    "remove it, or set drop_duplicates: true to leave out every such frame"
                )
            dropped.append({"split": split, "frame": origin, "repeats": first[key].info["origin"]})
        return different

    pool = unique("train", pool, remember=True)
    tests = {name: unique(f"test {name}", frames, remember=False) for name, frames in tests.items()}
    for name, frames in tests.items():
        if not frames:
            raise InputError(f"test {name}: every frame repeats a training frame; choose other frames for this split")
    return pool, tests, dropped


def _contradiction(frame: Atoms, other: Atoms) -> str | None:
    """How the labels of two frames of one geometry contradict each other, as the end of a sentence; None if they agree as far as both have them."""
    remedy = (
        "which is no duplicate and is not dropped: both cannot be right for one method; remove the wrong one "
        "(or give total_charge and total_spin, if the state differs)"
    )
    labels, others = (each.calc.results if each.calc else {} for each in (frame, other))
    if {"energy"} <= labels.keys() & others.keys() and abs(labels["energy"] - others["energy"]) > ENERGY_eV:
        return f"its energy is {labels['energy']:.6f} eV, not {others['energy']:.6f} eV, {remedy}"
    if {"forces"} <= labels.keys() & others.keys() and (most := np.abs(labels["forces"] - others["forces"]).max()) > FORCE_eV_PER_A:
        return f"a force differs by {most:.4g} eV/Å (energies {_shown(labels)} and {_shown(others)}), {remedy}"
    return None


def _shown(labels: dict[str, Any]) -> str:
    return f"{labels['energy']:.6f} eV" if "energy" in labels else "none"


def partly_periodic(path: str | Path, frames: Sequence[Atoms]) -> list[str]:
    """A warning if some frames of a file are periodic and others, of more than one atom, are not; isolated atoms belong among crystals."""
    molecules = [frame for frame in frames if len(frame) > 1 and not frame.pbc.any()]
    if not molecules or not any(frame.pbc.any() for frame in frames):
        return []
    first, count = molecules[0].info["origin"], f"{len(molecules)} of {len(frames)} frames"
    return [f"{path}: {count} are not periodic, the others are (first {first}); if they are crystals too, their second lines lack Lattice"]


def check_species(train: Sequence[Atoms], others: dict[str, Sequence[Atoms]], size: str) -> None:
    """InputError if a frame outside the training set has a species that no training frame has: no potential can evaluate it."""
    known = {number for frame in train for number in frame.numbers}
    for split, frames in others.items():
        for frame in frames:
            if unknown := set(frame.numbers) - known:
                names = ", ".join(sorted(chemical_symbols[number] for number in unknown))
                raise InputError(
                    f"{split}: {frame.info['origin']} has {names}, which no training frame of {size} has; "
                    "add frames with it to the training set, or leave this frame out"
                )


def untested(train: Sequence[Atoms], tests: Mapping[str, Sequence[Atoms]], size: str) -> dict[str, str]:
    """Named molecule -> its species that no training frame has, in words: it is left out of the tests of these models.

    InputError as check_species for frames without a molecule's name, and if nothing is left of a split.
    """
    known = {number for frame in train for number in frame.numbers}
    left_out: dict[str, str] = {}
    for split, frames in tests.items():
        others = {id(frame): set(frame.numbers) - known for frame in frames}
        if all(others.values()) or any(others[id(frame)] and molecule_of(frame) is None for frame in frames):
            check_species(train, {split: frames}, size)
        for frame in frames:
            if unknown := others[id(frame)]:
                left_out[str(molecule_of(frame))] = ", ".join(sorted(chemical_symbols[number] for number in unknown))
    return left_out
