"""What a file of frames is, by its content: read if its reader runs nothing, else refused by name with the command that converts it."""

import os
import re
import shlex
from collections.abc import Callable, Iterator

from ase import Atoms
from ase.io.formats import ioformats

from nnip.data import foreign, packed
from nnip.data.frames import frames_of
from nnip.jobs.errors import InputError
from nnip.jobs.files import reading

HEAD = 65536  # bytes
SECTION = "docs/own-data.md, 'Files and formats', has a command that writes extxyz"
PICKLE = "reading it runs the code in it: where you trust it, write its frames as extxyz"
UNPACK = "unpack it first ({})"

# read by ase: first bytes or text -> what it is, reader
READ: list[tuple[str, str, Callable[[str | os.PathLike[str]], Iterator[Atoms]]]] = [
    (r"\s*vasp\.\d", "an OUTCAR of VASP", foreign.outcar),
    (r"\s*(<\?xml[^<>]*\?>\s*)?<modeling>", "a vasprun.xml of VASP", foreign.vasprun),
    (r"- of UlmASE-Trajectory", "an ase trajectory", foreign.trajectory),
]
# refused: bytes at an offset -> what it is, what to do ({ase}: the command with this format of ase)
BINARY: list[tuple[int, bytes, str, str]] = [
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file", SECTION),
    (0, b"SQLite format 3\0", "a database of ase (SQLite)", "{db} (its name must end in .db)"),
    (0, b"PK\x03\x04", "a zip archive", UNPACK.format("unzip")),
    (0, b"\xfd7zXZ\0", "packed by xz", UNPACK.format("unxz")),
    (0, b"\x28\xb5\x2f\xfd", "packed by zstd", UNPACK.format("unzstd")),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK.format("7z x")),
    (257, b"ustar", "a tar archive", UNPACK.format("tar xf")),
    (0, b"\x93NUMPY", "an array of numpy", SECTION),
    (0, b"- of Ulm", "a file of GPAW or ase (ULM) that is no trajectory", "{gpw}"),
    (0, b"CDF", "a NetCDF file", SECTION),
    (16, b"\xde\xc0\xef\xbe", "an LMDB database", SECTION),
    (0, b"%PDF", "a PDF", "give the file of frames"),
    (0, b"\x89PNG", "an image", "give the file of frames"),
    (0, b"\xff\xfe", "text in UTF-16", "save it as UTF-8"),
    (0, b"\xfe\xff", "text in UTF-16", "save it as UTF-8"),
    (0, b"\xef\xbb\xbf", "text that begins with a byte-order mark", "save it as UTF-8 without one"),
]
# refused: a pattern in the text's beginning -> what it is, what to do; of those that ase reads too, ase's own signs tell more (_other)
TEXT: list[tuple[str, str, str]] = [
    (r"\Aversion https://git-lfs\.github\.com", "a Git LFS pointer, not the file itself", "fetch the file with `git lfs pull`"),
    (r"(?i)\A\s*(<!doctype html|<html)", "an HTML page, not the file itself", "download the file behind it"),
    (r"\A\s*BEGIN_CFG", "a .cfg file of MLIP (MTP)", SECTION),
    (r"(?m)^_cell_length_a\s", "a CIF", "it has no energies or forces"),
    (r"\A(HEADER|REMARK|CRYST1|ATOM  |HETATM|MODEL |TITLE )", "a PDB file", "it has no energies or forces"),
    (r"(?m)^ITEM: TIMESTEP", "a dump of LAMMPS, which has no energies and may have types for elements", SECTION),
    (r"(?m)^[ \t]*\d+[ \t]+atom types", "a data file of LAMMPS", "it has no energies or forces"),
    (r"(?m)^ *\| +CASTEP +|Welcome to CASTEP|Materials Studio.*CASTEP", "an output of CASTEP", "{castep-castep}"),
    (r"\ALAMMPS \(", "a log of LAMMPS", SECTION),
    (r"PROGRAM STARTED AT|CP2K\|", "an output of CP2K", SECTION),
    (
        r"\A[^\n]*\n[ \t]*-?\d+\.?\d*[ \t]*\n([ \t]*-?\d+\.\d+[ \t]+-?\d+\.\d+[ \t]+-?\d+\.\d+[^\n]*\n){3}",
        "a POSCAR or XDATCAR of VASP",
        "it has no energies or forces",
    ),
]
AFTER_ASE: list[tuple[str, str, str]] = [
    (r"\A\s*(<\?xml|<!DOCTYPE)", "an XML file, but no vasprun.xml of VASP", SECTION),
    (r"\A\s*[\[{]", "a JSON file", "if ase wrote it: {json}"),
]


def read_any(path: str | os.PathLike[str]) -> Iterator[Atoms]:
    """Each frame of a user's file: extxyz, also packed by gzip or bzip2, OUTCAR, vasprun.xml or ase's .traj; nothing depends on the name.

    InputError naming the file and what it is for any other, for a folder, and for a file that is empty, cut or damaged.
    """
    with reading(path) as file:
        head = file.buffer.read(HEAD)
    if kind := packed.packer(head):
        yield from _packed(path, kind)
        return
    for pattern, what, reader in READ:
        if re.match(pattern, head.decode("latin-1")):
            yield from _by_ase(path, what, reader)
            return
    if other := _other(head):
        raise InputError(f"{path}: is {other[0]}; {_command(other[1], path)}")
    with reading(path) as file:
        yield from frames_of(file, path)


def _packed(path: str | os.PathLike[str], kind: str) -> Iterator[Atoms]:
    with packed.unpacked(path, kind) as file:
        head = file.buffer.read(HEAD)
        file.seek(0)
        readable = next(((what, "") for pattern, what, _ in READ if re.match(pattern, head.decode("latin-1"))), None)
        if other := readable or _other(head):
            raise InputError(f"{path}: is {other[0]}, packed by {kind}; {UNPACK.format('gunzip' if kind == 'gzip' else 'bunzip2')}")
        yield from frames_of(file, path)


def _by_ase(path: str | os.PathLike[str], what: str, reader: Callable[[str | os.PathLike[str]], Iterator[Atoms]]) -> Iterator[Atoms]:
    index = 0
    try:
        for index, atoms in enumerate(reader(path), start=1):  # noqa: B007  (for the message)
            yield atoms
    except InputError:
        raise
    except Exception as error:  # ase's readers raise many types
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: frame {index} of {what} is not readable ({type(error).__name__}: {reason})") from None


def _other(head: bytes) -> tuple[str, str] | None:
    """What a file is that begins with these bytes, and what to do with it; None if it can be extxyz."""
    if known := _binary(head):
        return known
    if not head.strip() and len(head) < HEAD:
        return "empty, with no frames in this file", "write it again"
    text = head.decode("utf-8", errors="replace").replace("\r\n", "\n")
    if re.match(r"\s*\d+\s*\n", text):  # a number of atoms: xyz, whatever its comments say
        return None
    known = _found(TEXT, text)
    for name, ioformat in ioformats.items() if not known else ():
        if (ioformat.magic or ioformat.magic_regex) and ioformat.match_magic(head):
            return f"not extxyz but, by ase's signs, {ioformat.description}", "{" + name + "}"
    return known or _found(AFTER_ASE, text)


def _binary(head: bytes) -> tuple[str, str] | None:
    for offset, magic, what, remedy in BINARY:
        if head[offset:].startswith(magic):
            if magic[:2] == b"PK" and b".npy" in head[:200]:
                return "an .npz file of numpy", SECTION
            return ("a file of torch", PICKLE) if magic[:2] == b"PK" and b"data.pkl" in head[:200] else (what, remedy)
    if re.match(rb"\x80[\x02-\x05]", head):
        return "a Python pickle", PICKLE
    return ("a binary file, not text in UTF-8", "give the file of frames") if b"\0" in head else None


def _found(signs: list[tuple[str, str, str]], text: str) -> tuple[str, str] | None:
    return next(((what, remedy) for pattern, what, remedy in signs if re.search(pattern, text)), None)


def _command(remedy: str, path: str | os.PathLike[str]) -> str:
    """A remedy in which {FORMAT} is replaced by the command that converts a file of this format of ase."""
    return re.sub(r"\{([\w-]+)\}", lambda match: f"convert it: ase convert -i {match[1]} -n : {shlex.quote(str(path))} frames.xyz", remedy)
