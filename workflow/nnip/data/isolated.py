"""Isolated atoms among the frames of a data set: their energies are reference energies, and no model is trained on them or tested with them."""

import contextlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from ase import Atoms
from ase.geometry import minkowski_reduce

from nnip.jobs.errors import InputError

CONFIG_TYPES = ("isolatedatom", "isolatedatoms", "e0", "e0s")
OF_MOLECULES_TOO = "isolated"
ALONE_A = 6.0  # the usual cutoff of a potential, which sees no neighbour then
SAME_EV = 1e-4  # files round energies
MARK = "isolated_atom"  # key of a frame's info


def is_isolated(atoms: Atoms, where: str) -> bool:
    """Whether a frame is an isolated atom: one atom that its config_type calls so, or whose images, if it has any, are 6 Å away or more.

    A crystal's cell of one atom is therefore none. The names are those of CONFIG_TYPES and "isolated", in any case, with or without '_', '-' and
    blanks. InputError, which starts with `where`, for several atoms with a name of CONFIG_TYPES.
    """
    given = str(atoms.info.get("config_type", ""))
    name = given.lower().translate(str.maketrans("", "", "_- "))
    if len(atoms) > 1:
        if name in CONFIG_TYPES:
            raise InputError(f"{where} has config_type {given[:40]}, but {len(atoms)} atoms: an isolated atom is one; give it another config_type")
        return False
    return name in (*CONFIG_TYPES, OF_MOLECULES_TOO) or nearest_image_A(atoms) >= ALONE_A


def nearest_image_A(atoms: Atoms) -> float:
    """Distance from an atom to the nearest of its own images, in Å; infinity without periodic directions, 0 in a cell that is no lattice."""
    if not atoms.pbc.any():
        return math.inf
    with np.errstate(all="ignore"), contextlib.suppress(ValueError, RuntimeError):  # of vectors that are parallel or not finite
        reduced, _ = minkowski_reduce(atoms.cell.complete(), atoms.pbc)
        return float(np.linalg.norm(reduced[atoms.pbc], axis=1).min())
    return 0.0


def left_out(frames: dict[str, list[Atoms]]) -> tuple[dict[str, list[Atoms]], dict[str, Any]]:
    """The frames of every split without isolated atoms, and the notes isolated_atoms_eV ({symbol: energy}) and isolated_atoms ({symbol: frame}).

    InputError for an element with two energies, naming both frames, and for a split in which nothing else is.
    """
    energies: dict[str, float] = {}
    origins: dict[str, str] = {}
    for frame in (frame for split in frames.values() for frame in split if MARK in frame.info):
        symbol, energy, origin = frame.get_chemical_formula(), frame.get_potential_energy(), frame.info["origin"]
        if abs(energies.setdefault(symbol, energy) - energy) > SAME_EV:
            raise InputError(
                f"the isolated atom {symbol} has two energies, {energies[symbol]:.6f} eV in {origins[symbol]} and {energy:.6f} eV in {origin}: "
                "leave one out"
            )
        origins.setdefault(symbol, origin)
    others = {split: [frame for frame in own if MARK not in frame.info] for split, own in frames.items()}
    for split, own in others.items():
        if not own:
            what = "there is nothing to train on; add molecules or crystals" if split == "train" else "there is nothing to test; leave this split out"
            raise InputError(f"{split}: every frame is an isolated atom, so {what}")
    return others, {"isolated_atoms_eV": dict(sorted(energies.items())), "isolated_atoms": dict(sorted(origins.items()))}


def in_words(energies_eV: Mapping[str, float]) -> str:
    """A sentence on the isolated atoms with these energies."""
    listed = ", ".join(f"{symbol} {energy:.4f} eV" for symbol, energy in energies_eV.items())
    return f"Isolated atoms ({listed}) are reference energies; they are in no training set, test split or start of MD."
