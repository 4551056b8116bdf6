"""Labelled frames of extxyz files; the text is checked before ase reads it, since ase trusts the sizes that a file states."""

import io
import itertools
import os
import re
from collections.abc import Iterator, Sequence

import ase.io.extxyz
import numpy as np
from ase import Atoms
from ase.data import chemical_symbols

from nnip.data.frame_keys import check_columns, check_comment, check_keys
from nnip.data.species import check_species
from nnip.jobs.errors import InputError
from nnip.jobs.files import reading
from nnip.study.manifest import check_written

MOST_ATOMS = 1_000_000
QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
PROPERTIES = re.compile(r"[^\s:]+:[RISL]:[1-9][0-9]{0,2}(:[^\s:]+:[RISL]:[1-9][0-9]{0,2})*")


def iterate_frames(path: str | os.PathLike[str]) -> Iterator[Atoms]:
    """Each frame of an extxyz file in UTF-8; InputError naming file and frame for one that is cut short or contradicts its own header.

    The file's name has no meaning: neither its ending nor an '@' in it changes how or what is read.
    """
    with reading(path) as file:
        yield from frames_of(file, path)


def frames_of(file: Iterator[str], path: str | os.PathLike[str]) -> Iterator[Atoms]:
    """As iterate_frames, of text that is open already; `path` is for messages."""
    for index in itertools.count():
        where = f"{path}: frame {index}"
        lines = _next_frame(file, where)
        if not lines:
            return
        try:
            yield _read(lines, where)
        except InputError:
            raise
        except Exception as error:  # ase raises many types, from XYZError to RecursionError
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{where} is not readable extxyz ({type(error).__name__}: {reason})") from None


def _next_frame(file: Iterator[str], where: str) -> list[str]:
    """The lines of the next frame, as many as its first line states; none at the end of the file."""
    header = next((line for line in file if line.strip()), None)
    if header is None:
        return []
    if not re.fullmatch(r"\s*[0-9]{1,7}\s*", header) or not 0 < int(header) <= MOST_ATOMS:
        raise InputError(f"{where} is not readable extxyz: its first line should be the number of atoms, but is {header.strip()[:40]!r}")
    lines = list(itertools.islice(file, int(header) + 1))
    if len(lines) < int(header) + 1:
        raise InputError(f"{where} is not readable extxyz: the file ends after {max(len(lines) - 1, 0)} of its {int(header)} atoms")
    return [header, *lines]


def _read(lines: list[str], where: str) -> Atoms:
    """A frame as read by ase, after checks that ase does not make."""
    comment = lines[1].strip()
    check_comment(comment, where)
    keys = re.findall(r"(?:^|\s)([A-Za-z_]\w*)\s*=", QUOTED.sub('""', comment))
    if repeated := next((key for key in keys if keys.count(key) > 1), None):
        raise InputError(f"{where} has '{repeated}' twice in its second line")
    info = ase.io.extxyz.key_val_str_to_dict(comment) if comment else {}
    check_keys(info, where)
    properties = info.get("Properties", "species:S:1:pos:R:3")
    if not isinstance(properties, str) or not PROPERTIES.fullmatch(properties):
        raise InputError(f"{where} is not readable extxyz: Properties should be NAME:KIND:COLUMNS:NAME:KIND:COLUMNS and so on, with kinds R, I, S, L")
    check_columns(properties, where)
    widths = list(map(int, properties.split(":")[2::3]))
    rows = [line.split() for line in lines[2:]]
    for index, row in enumerate(rows):
        if len(row) != sum(widths):
            made = f"its Properties make {sum(widths)}" if "Properties" in info else "it has no Properties, which would say what they are"
            raise InputError(f"{where} is not readable extxyz: atom {index} has {len(row)} columns, but {made}")
    for name, first in zip(properties.split(":")[::3], itertools.accumulate(widths, initial=0), strict=False):
        if name in ("species", "symbols"):
            check_species([row[first] for row in rows], comment, where)
    if "pbc" in info and (np.shape(info["pbc"]) != (3,) or not set(info["pbc"]) <= {True, False}):
        raise InputError(f"{where}: pbc should be three letters T or F, but is {str(info['pbc'])[:40]}")
    (atoms,) = ase.io.extxyz.read_xyz(io.StringIO("".join(lines)), index=slice(None), properties_parser=lambda _: info)
    if np.any((atoms.numbers < 1) | (atoms.numbers >= len(chemical_symbols))):
        raise InputError(f"{where} has an atom that is not an element")
    return atoms


def read_frames(path: str | os.PathLike[str], at_most: int | None = None) -> list[Atoms]:
    """The first `at_most` frames (None: all) of an extxyz file, labelled or not; InputError if it is unreadable, empty or changed."""
    check_written(path)
    frames = list(itertools.islice(iterate_frames(path), at_most))
    if not frames:
        raise InputError(f"{path}: has no frames")
    return frames


def missing_label(frames: Sequence[Atoms], labels: Sequence[str]) -> str | None:
    """The first frame without one of the labels (energy, forces, stress), in words; None if all frames have all."""
    for index, frame in enumerate(frames):
        results = frame.calc.results if frame.calc else {}
        for label in labels:
            if label not in results:
                return f"frame {index} has no {label}"
    return None


def read_labelled(path: str | os.PathLike[str], at_most: int | None = None) -> list[Atoms]:
    """As read_frames; InputError also if a frame has neither energy nor forces."""
    frames = read_frames(path, at_most)
    for index, frame in enumerate(frames):
        if not frame.calc or not {"energy", "forces"} & set(frame.calc.results):
            raise InputError(f"{path}: frame {index} has no energy and no forces")
    return frames


def have(frames: Sequence[Atoms], label: str) -> bool:
    """Whether all frames have a label."""
    return missing_label(frames, [label]) is None


def molecule_of(frame: Atoms) -> str | None:
    """The name of a frame's molecule; None if it has none."""
    name = frame.info.get("molecule")
    return None if name is None else str(name)


def substance(frame: Atoms) -> str:
    """The name of a frame's molecule, or else its composition: energies per atom within a substance are comparable."""
    return molecule_of(frame) or composition(frame)


def composition(frame: Atoms) -> str:
    """The elements and their ratio in any order of atoms, such as CH3: energies per atom of frames with one composition are comparable."""
    return frame.symbols.formula.reduce()[0].format("hill")
