"""Reading untrusted archives of HDF5 files in the format of pyanitools: nothing is executed, linked to or unpacked outside its folder."""

import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import h5py
import numpy as np
from ase.data import atomic_numbers

from nnip.jobs.errors import InputError

MOST_BYTES = 4 * 2**30  # of the unpacked files, and of the arrays in one of them
DEEPEST = 16
SPELLINGS = {
    "species": ("species", "symbols", "elements", "atomic_numbers", "numbers"),
    "coordinates": ("coordinates", "positions", "coords"),
    "cell": ("cell", "cells", "lattice"),
    "energy": ("energy", "energies"),
    "force": ("force", "forces"),
}


@dataclass(frozen=True)
class Group:
    """Frames of a leaf group in the file's units: numbers [n_atoms], positions_A and forces [n, n_atoms, 3], cells_A [n, 3, 3], energies [n]."""

    name: str
    numbers: np.ndarray
    positions_A: np.ndarray
    cells_A: np.ndarray
    energies: np.ndarray
    forces: np.ndarray


def unpack(archive: Path, folder: Path) -> list[Path]:
    """Unpack the .h5 files of a tar archive into an empty folder and return their paths, sorted.

    Other files are left out. InputError if the file is no archive, has no .h5 file, holds links, devices or paths that lead outside, two files with
    one name, or more than MOST_BYTES.
    """
    total = 0
    files: list[Path] = []
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                if path.is_absolute() or ".." in path.parts or "\\" in member.name:
                    raise InputError(f"{archive.name}: '{member.name}' leads outside the archive; nothing was read")
                if member.isdir():
                    continue
                if not member.isreg():
                    raise InputError(f"{archive.name}: '{member.name}' is a link or a device, but data needs only files; nothing was read")
                total += member.size
                if total > MOST_BYTES:
                    raise InputError(f"{archive.name}: holds more than {MOST_BYTES / 2**30:g} GiB; nothing was read")
                if path.suffix != ".h5" or path.name.startswith("."):
                    continue
                target = folder / path.name
                if target in files:
                    raise InputError(f"{archive.name}: two files are called '{path.name}'; nothing was read")
                content = tar.extractfile(member)
                assert content is not None
                with open(target, "xb") as file:
                    shutil.copyfileobj(content, file)
                files.append(target)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise InputError(f"{archive.name}: not a readable tar archive ({type(error).__name__}: {' '.join(str(error).split())[:200]})") from None
    if not files:
        raise InputError(f"{archive.name}: no .h5 file in this archive")
    return sorted(files)


def read_groups(path: Path) -> Iterator[Group]:
    """The leaf groups of one file (those that hold arrays), in the order of their names.

    InputError naming file and group for a file that is not HDF5, for links to elsewhere, and for arrays that are missing (listing those found), have
    a wrong shape or type, or are not finite.
    """
    try:
        with h5py.File(path, "r") as file:
            yield from _leaves(file, path.name, DEEPEST)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path.name}: not a readable HDF5 file ({type(error).__name__}: {' '.join(str(error).split())[:200]})") from None


def _leaves(group: h5py.Group, name: str, deepest: int) -> Iterator[Group]:
    if not deepest:
        raise InputError(f"{name}: groups are nested more than {DEEPEST} deep")
    for key in sorted(group):
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise InputError(f"{name}/{key}: is a link to elsewhere; data should be in the file itself")
    children = {key: group[key] for key in sorted(group)}
    arrays = {key: child for key, child in children.items() if isinstance(child, h5py.Dataset)}
    if arrays:
        yield _read(arrays, name)
    for key, child in children.items():
        if isinstance(child, h5py.Group):
            yield from _leaves(child, f"{name}/{key}", deepest - 1)


def _read(arrays: dict[str, h5py.Dataset], name: str) -> Group:
    values_of = {}
    for quantity, spellings in SPELLINGS.items():
        given = [spelling for spelling in spellings if spelling in arrays]
        if len(given) != 1:
            problem = f"has no '{quantity}'" if not given else f"has '{quantity}' more than once ({', '.join(given)})"
            raise InputError(f"{name}: {problem}; arrays found: {', '.join(sorted(arrays))}; spellings known: {', '.join(spellings)}")
        values_of[quantity] = _values(arrays[given[0]], f"{name}/{given[0]}", text=quantity == "species")
    numbers = _numbers(values_of["species"], f"{name}: species")
    positions = values_of["coordinates"]
    if positions.ndim == 2:
        positions = positions[None]
    n_frames, n_atoms = len(positions), len(numbers)
    cells = values_of["cell"]
    if cells.ndim == 2:
        cells = np.broadcast_to(cells, (n_frames, *cells.shape))
    shaped = {
        "coordinates": (positions, (n_frames, n_atoms, 3)),
        "cell": (cells, (n_frames, 3, 3)),
        "energy": (values_of["energy"].reshape(-1), (n_frames,)),
        "force": (values_of["force"][None] if values_of["force"].ndim == 2 else values_of["force"], (n_frames, n_atoms, 3)),
    }
    for quantity, (values, expected) in shaped.items():
        if values.shape != expected:
            raise InputError(f"{name}: '{quantity}' should have the shape {expected} (frames, atoms), but has {values.shape}")
        if not np.isfinite(values).all():
            raise InputError(f"{name}: '{quantity}' has a number that is not finite")
    if n_frames and np.abs(np.linalg.det(cells)).min() < 1e-3:
        raise InputError(f"{name}: 'cell' of a frame spans no volume")
    return Group(name, numbers, positions, cells, shaped["energy"][0], shaped["force"][0])


def _values(array: h5py.Dataset, name: str, text: bool) -> np.ndarray:
    """The numbers (float64) or fixed-length texts of an array that is in the file itself; InputError for any other."""
    if array.is_virtual or array.external:
        raise InputError(f"{name}: takes its numbers from other files; they should be in the file itself")
    if array.dtype.kind not in ("SUiu" if text else "fiu"):
        raise InputError(f"{name}: holds {array.dtype}, but should hold {'texts of fixed length or atomic numbers' if text else 'numbers'}")
    if array.nbytes > MOST_BYTES:
        raise InputError(f"{name}: claims {array.nbytes / 2**30:.1f} GiB, more than {MOST_BYTES / 2**30:g} GiB")
    values = np.asarray(array[()])
    return values if text else values.astype(float)


def _numbers(species: np.ndarray, name: str) -> np.ndarray:
    """Atomic numbers [n_atoms] from species given as texts or numbers."""
    if species.ndim != 1 or not len(species):
        raise InputError(f"{name} should be one per atom; its shape is {species.shape}")
    texts = [value.decode("ascii", "replace") if isinstance(value, bytes) else value for value in species.tolist()]
    numbers = [atomic_numbers.get(value.strip(), 0) if isinstance(value, str) else value for value in texts]
    for text, number in zip(texts, numbers, strict=True):
        if not 0 < number < len(atomic_numbers):
            raise InputError(f"{name}: '{text}' is not an element")
    return np.array(numbers)
