"""Frames of files that VASP and ase write, read by ase's readers that run nothing; what ase would trust is checked before."""

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ase import Atoms
from ase.io.trajectory import TrajectoryReader
from ase.io.vasp import read_vasp_xml
from ase.io.vasp_parsers.vasp_outcar_parsers import OutcarHeaderParser, outcarchunks

from nnip.data.frames import MOST_ATOMS
from nnip.jobs.errors import InputError
from nnip.jobs.files import reading

File = str | os.PathLike[str]


def outcar(path: File) -> Iterator[Atoms]:
    """Every ionic step of an OUTCAR; `energy` is that of sigma -> 0, `free_energy` the one that the forces belong to."""
    with reading(path) as file:
        for line in file:
            if "ions per type" in line and sum(map(int, line.split("=")[1].split())) > MOST_ATOMS:
                raise InputError(f"{path}: has more than {MOST_ATOMS} atoms")
    with reading(path) as file:
        # without a parser of our own ase looks for a CONTCAR beside the file
        for chunk in outcarchunks(file, header_parser=OutcarHeaderParser()):
            yield chunk.build()


def vasprun(path: File) -> Iterator[Atoms]:
    """Every ionic step of a vasprun.xml; energies as for an OUTCAR. Its first element must be <modeling>, so it declares no entities."""
    yield from read_vasp_xml(path, index=slice(None))


def trajectory(path: File) -> Iterator[Atoms]:
    """Every frame of an ase .traj: JSON and arrays, whose stated sizes must fit in the file."""
    size = Path(path).stat().st_size
    with open(path, "rb") as file:
        n_frames, start = _integers(file, 32, 2)
        if not 0 <= n_frames <= size // 8:
            raise ValueError("it is cut, or its header is damaged")
        for offset in _integers(file, start, n_frames):
            (length,) = _integers(file, offset, 1)
            if not 0 <= length <= size:
                raise ValueError("a block is larger than the file")
            _check_sizes(json.loads(file.read(length)), size)
    with TrajectoryReader(path) as frames:
        yield from frames


def _integers(file: BinaryIO, start: int, count: int) -> list[int]:
    if start < 0:
        raise ValueError("an offset is negative")
    file.seek(start)
    return [int.from_bytes(file.read(8), "little", signed=True) for _ in range(count)]


def _check_sizes(value: Any, size: int) -> None:
    """ValueError if an array in the JSON of an ULM file states more numbers than the file has bytes."""
    if isinstance(value, dict):
        for key in ("ndarray", "__ndarray__"):
            if key in value and math.prod(value[key][0]) > size:
                raise ValueError("an array is larger than the file")
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_sizes(part, size)
