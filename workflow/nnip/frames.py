"""Labelled frames from the files of the data stage."""

import os
from collections.abc import Sequence
from pathlib import Path

import ase.io
from ase import Atoms

from nnip.errors import InputError


def read_frames(path: str | os.PathLike[str], at_most: int | None = None) -> list[Atoms]:
    """The first `at_most` frames (None: all) of an extxyz file, labelled or not; InputError if it cannot be read or has none."""
    try:
        frames = list(ase.io.iread(Path(path), index=slice(at_most), format="extxyz"))
    except (OSError, ValueError, KeyError, IndexError, StopIteration) as error:
        raise InputError(f"{path}: cannot be read as extxyz ({error})") from None
    if not frames:
        raise InputError(f"{path}: has no frames")
    return frames


def missing_label(frames: Sequence[Atoms]) -> str | None:
    """Which is the first frame without energy or forces, in words; None if all have both."""
    for index, frame in enumerate(frames):
        results = frame.calc.results if frame.calc else {}
        for label in ("energy", "forces"):
            if label not in results:
                return f"frame {index} has no {label}"
    return None


def read_labelled(path: str | os.PathLike[str], at_most: int | None = None) -> list[Atoms]:
    """As read_frames, and InputError if a frame lacks energy or forces."""
    frames = read_frames(path, at_most)
    if missing := missing_label(frames):
        raise InputError(f"{path}: {missing}")
    return frames


def lowest_energy(frames: Sequence[Atoms]) -> Atoms:
    """A copy of the frame of lowest labelled energy per atom (the first of equals), without labels or momenta."""
    best = min(frames, key=lambda frame: frame.get_potential_energy() / len(frame))
    return Atoms(best.numbers, positions=best.positions, cell=best.cell, pbc=best.pbc)
