"""Keys of a frame that mean what a known key means but are spelled otherwise: ase ignores them, and a crystal would become a cluster."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from nnip.jobs.errors import InputError

LATTICE = {"lattice", "cell", "unitcell", "box", "tv", "latticevectors", "cellvectors", "latticevec", "h0", "vec1", "latticea", "cella"}
PERIODIC = {"pbc", "pbcs", "periodic", "isperiodic", "periodicity", "periodicboundary", "periodicboundaryconditions"}
PROPERTIES = {"properties", "property", "columns"}
ELEMENTS = {"species", "specie", "element", "elements", "symbol", "symbols", "atom", "atoms", "atomicsymbol", "atomicsymbols", "el", "name", "names"}
NUMBERS = {"z", "number", "numbers", "atomicnumber", "atomicnumbers", "an"}
TYPES = {"type", "types", "atomtype", "atomtypes"}
POSITIONS = {"pos", "position", "positions", "coord", "coords", "coordinate", "coordinates", "xyz", "r", "cartesian", "cart"}
SCALED = {"x", "xs", "frac", "fractional", "scaledpositions", "scaledpos", "fraccoords", "direct"}
ENERGIES = ("e", "etot", "epot", "toten", "e0", "u", "u0", "pe", "eng", "dft", "scf")
FORCES = ("f", "frc", "fxyz")


def plain(name: str) -> str:
    """A key without what differs by habit: case, '_', '-', '.' and ':'."""
    return re.sub("[^a-z0-9]", "", name.lower())


def check_comment(comment: str, where: str) -> None:
    """InputError for the second line of CP2K's trajectory, whose energy is in hartree and whose forces are in another file."""
    if re.match(r"i = +\d+, +time = .*E = ", comment):
        raise InputError(
            f"{where} is of a CP2K trajectory: its energy is in hartree and its forces are in another file (-frc-1.xyz); "
            "docs/own-data.md, 'Files and formats', has a command that joins both as extxyz"
        )


def check_keys(info: dict[str, Any], where: str) -> None:
    """InputError for a key of the second line that stands for Lattice, pbc or Properties under another spelling, if the right one is absent.

    A cell that is not read does no harm where pbc says "F F F".
    """
    molecule = "pbc" in info and not np.any(info["pbc"])
    for key, value in info.items():
        name = plain(key)
        if name in LATTICE and "Lattice" not in info and not molecule and (name == "lattice" or _is_cell(value)):
            right = 'Lattice="ax ay az bx by bz cx cy cz", in Å'
            raise InputError(f"{where} has '{key}', which is not read: write {right}; without it the frame would be a cluster, not a crystal")
        if name in PERIODIC and "pbc" not in info:
            raise InputError(f'{where} has \'{key}\', which is not read: write pbc="T T T" for a crystal, pbc="F F F" for a molecule')
        if name in PROPERTIES and "Properties" not in info and re.fullmatch(r"\S+:[RISL]:\d+\S*", str(value)):
            raise InputError(f"{where} has '{key}', which is not read: write Properties={value}")


def _is_cell(value: Any) -> bool:
    """Whether a value can be a cell: one length in a fraction, three lengths, lengths and angles, or three vectors."""
    if isinstance(value, str):  # as [[4, 0, 0], ... is after ase has split it
        return len(re.findall(r"[\d.]+", value)) >= 3 and bool(re.fullmatch(r"[-+\d\s.,;eE()\[\]]+", value))
    numbers = np.asarray(value) if isinstance(value, int | float | list | np.ndarray | np.generic) else np.zeros(0, dtype=bool)
    return numbers.dtype.kind in "iuf" and (numbers.size in (3, 6, 9) or (numbers.size == 1 and numbers.dtype.kind == "f"))


def check_columns(properties: str, where: str) -> None:
    """InputError if Properties has no column of elements or none of positions that ase knows; it would take X and zeros for them."""
    parts = properties.split(":")
    kinds = dict(zip(parts[::3], parts[1::3], strict=True))
    if kinds.get("species", "S") != "S" or kinds.get("symbols", "S") != "S":
        raise InputError(f"{where}: the column of elements should be species:S:1; for atomic numbers write Z:I:1")
    if kinds.get("Z", "I") != "I" or kinds.get("numbers", "I") != "I":
        raise InputError(f"{where}: the column of atomic numbers should be Z:I:1; for element symbols write species:S:1")
    if not kinds.keys() & {"species", "symbols", "Z", "numbers"}:
        raise InputError(f"{where} has no column of elements: {_element_column(kinds)}")
    if not kinds.keys() & {"pos", "positions"}:
        if alike := _first(kinds, POSITIONS):
            words = f"Properties has '{alike}': write pos:R:3"
        elif scaled := _first(kinds, SCALED):
            words = f"Properties has '{scaled}': write Cartesian positions in Å, x, y and z together, as pos:R:3"
        else:
            words = "write pos:R:3 in Properties where x, y and z stand, in Å"
        raise InputError(f"{where} has no column of positions: {words}")


def _element_column(kinds: dict[str, str]) -> str:
    if kind := _first(kinds, TYPES):
        return f"Properties has '{kind}', a type of LAMMPS or OVITO, which is no element: write each atom's element symbol as species:S:1"
    if alike := _first(kinds, ELEMENTS | NUMBERS):
        return f"Properties has '{alike}': write {'Z:I:1' if kinds[alike] == 'I' else 'species:S:1'}"
    return "write species:S:1 in Properties where the element symbol stands"


def _first(names: Iterable[str], known: set[str]) -> str | None:
    return next((name for name in names if plain(name) in known), None)


def no_such_key(option: str, wanted: str, values: dict[str, Any], n_atoms: int) -> str:
    """Words for a frame without the key that the option energy_key or forces_key names: the keys of the file that look like it."""
    numbers = {key: np.asarray(value) for key, value in values.items() if key not in ("numbers", "positions")}
    numbers = {key: value for key, value in numbers.items() if value.dtype.kind in "iuf"}
    if not numbers:
        return (
            "has no labels: coordinates only, as in a plain xyz; "
            "its energy (eV) belongs in the second line, forces (eV/Å) in three columns of Properties"
        )
    if option == "energy_key":
        fit = [key for key, value in numbers.items() if value.shape == () and ("energ" in plain(key) or plain(key) in ENERGIES)]
    else:
        fit = [key for key, value in numbers.items() if value.shape == (n_atoms, 3) and ("force" in plain(key) or plain(key) in FORCES)]
    fit.sort(key=lambda key: (plain(key) not in ("energy", "forces"), -SequenceMatcher(None, plain(wanted), plain(key)).ratio()))
    if len(fit) == 1:
        return f"has no '{wanted}' ({option}); it has {fit[0]}: set {option}: {fit[0]}"
    if fit:
        return f"has no '{wanted}' ({option}); it has {', '.join(fit)}: set {option} to the right one, such as {option}: {fit[0]}"
    gradient = next((key for key, value in numbers.items() if value.shape == (n_atoms, 3) and "grad" in plain(key)), None)
    if option == "forces_key" and gradient:
        return f"has no '{wanted}' ({option}); it has {gradient}: forces are minus the gradient, so write them as forces with the sign changed"
    return f"has no '{wanted}' ({option}); keys found: {', '.join(sorted(set(values) - {'numbers', 'positions'})) or 'none'}"
