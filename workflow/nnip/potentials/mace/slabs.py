"""Slabs and wires in a form that MACE's neighbour search takes.

It replaces the cell vector of each open direction, first, second or third, by one along x, y or z (mace.data.neighborhood). Where that lies in the
span of the periodic vectors the cell is singular, although the structure is sound. Another order of the cell vectors describes the same structure.
"""

from collections.abc import Iterable
from itertools import permutations
from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

ORDERS = tuple(permutations(range(3)))
CLEARLY = 1e-6  # a volume larger by no more is rounding


def order_of(frame: Atoms) -> tuple[int, ...]:
    """The order of the cell vectors in which those of the open directions stand best on the periodic ones; the given order if it is as good."""
    volumes = []
    for order in ORDERS:
        pbc = frame.pbc[list(order)]
        volumes.append(abs(np.linalg.det(np.where(pbc[:, None], frame.cell.array[list(order)], np.eye(3)))))
    return ORDERS[0] if volumes[0] >= (1 - CLEARLY) * max(volumes) else ORDERS[int(np.argmax(volumes))]


def turned(frame: Atoms) -> Atoms:
    """The frame with its cell vectors and pbc in the order of order_of, atoms unmoved; the frame itself if nothing changes."""
    order = list(order_of(frame))
    if order == sorted(order):
        return frame
    copy = frame.copy()
    copy.set_cell(frame.cell.array[order])
    copy.pbc = frame.pbc[order]
    if frame.calc is not None:
        copy.calc = SinglePointCalculator(copy, **frame.calc.results)
    return copy


def turned_file(path: Path, folder: Path) -> Path:
    """The path of a file with these frames turned: the file itself if none needs it, else a new one of its name in the folder."""
    frames: Iterable[Atoms] = ase.io.read(path, ":")
    made = [turned(frame) for frame in frames]
    if all(new is old for new, old in zip(made, frames, strict=True)):
        return path
    ase.io.write(folder / path.name, made, format="extxyz")
    return folder / path.name
