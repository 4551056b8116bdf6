"""Checks across splits: errors that no single frame shows."""

from collections.abc import Sequence
from pathlib import Path

from ase import Atoms
from ase.data import chemical_symbols

from nnip.jobs.errors import InputError


def fingerprint(frame: Atoms) -> bytes:
    """Bytes that are equal for frames with bit-identical species, positions, pbc and, along periodic directions, cell; labels do not count."""
    return b"|".join(array.tobytes() for array in (frame.numbers, frame.positions, frame.pbc, frame.cell.array[frame.pbc]))


def without_duplicates(
    pool: Sequence[Atoms], tests: dict[str, list[Atoms]], drop: bool
) -> tuple[list[Atoms], dict[str, list[Atoms]], list[dict[str, str]]]:
    """Pool and tests without frames that repeat one of the pool, and the dropped frames (split, frame, the frame it repeats).

    A repeat within the pool could be in both the training and the validation set. Without `drop` a repeat is an InputError naming both frames.
    """
    first: dict[bytes, str] = {}
    dropped: list[dict[str, str]] = []

    def unique(split: str, frames: Sequence[Atoms], remember: bool) -> list[Atoms]:
        different = []
        for frame in frames:
            key = fingerprint(frame)
            if key not in first:
                different.append(frame)
                if remember:
                    first[key] = frame.info["origin"]
                continue
            if not drop:
                raise InputError(
                    f"{split}: {frame.info['origin']} repeats {first[key]} of the training frames, atom by atom; "
                    "remove it, or set drop_duplicates: true to leave out every such frame"
                )
            dropped.append({"split": split, "frame": frame.info["origin"], "repeats": first[key]})
        return different

    pool = unique("train", pool, remember=True)
    tests = {name: unique(f"test {name}", frames, remember=False) for name, frames in tests.items()}
    for name, frames in tests.items():
        if not frames:
            raise InputError(f"test {name}: every frame repeats a training frame; choose other frames for this split")
    return pool, tests, dropped


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
