"""Training sets of so many molecules and so many frames of each, drawn so that smaller sets are contained in larger ones."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from ase import Atoms

from nnip.data.frames import molecule_of
from nnip.data.splits import validation_every
from nnip.jobs.errors import InputError
from nnip.study.seeds import derive

MOST_ORDERS = 100_000


def drawn(
    pool: Sequence[Atoms], draw: Mapping[str, Any], fraction: float, root_seed: int, key: str
) -> tuple[list[Atoms], list[Atoms], dict[str, Any]]:
    """Training and validation frames of the first n_molecules of a draw's order, n_conformers frames of each, and notes.

    draw: nnip.study.training_sets.Draw as a mapping. A draw has one order of the molecules and, for each of them, one order of its frames; every set
    takes the first of both, and a frame that validates in one set validates in all. Frame c of molecule j (from 0) validates where c + j + 1 is a
    multiple of round(1 / fraction). Molecules with fewer frames than the largest set of any draw takes are left out of all of them. The order is
    drawn until the sets have all elements of the molecules, down to the fewest molecules that can have them. Notes: molecules, too_few_frames
    (molecule: frames) and missing_elements. InputError, which starts with `key`, for too few molecules.
    """
    of_molecule: dict[str, list[Atoms]] = {}
    for frame in pool:
        of_molecule.setdefault(molecule_of(frame) or frame.get_chemical_formula(), []).append(frame)
    too_few = {name: len(frames) for name, frames in of_molecule.items() if len(frames) < draw["most_conformers"]}
    elements = {name: set(frames[0].symbols) for name, frames in of_molecule.items() if name not in too_few}
    if len(elements) < draw["n_molecules"]:
        left_out = "; ".join(f"{name} has {n} frames, of which a set takes {draw['most_conformers']}" for name, n in too_few.items())
        raise InputError(f"{key}: {draw['n_molecules']} molecules asked for, but the pool has {len(elements)}{f' ({left_out})' if left_out else ''}")
    order = molecule_order(elements, draw["numbers_of_molecules"], derive(root_seed, "diversity", draw["number"], "molecules"))[: draw["n_molecules"]]
    every = validation_every(fraction)
    train: list[Atoms] = []
    validation: list[Atoms] = []
    orders = [
        np.random.default_rng(derive(root_seed, "diversity", draw["number"], "frames", name)).permutation(len(of_molecule[name])) for name in order
    ]
    for place in range(draw["n_conformers"]):
        for number, name in enumerate(order):
            (train if (place + number + 1) % every else validation).append(of_molecule[name][orders[number][place]])
    covered = set().union(*(elements[name] for name in order))
    notes = {"molecules": order, "too_few_frames": too_few, "missing_elements": sorted(set().union(*elements.values()) - covered)}
    return train, validation, notes


def molecule_order(elements: Mapping[str, set[str]], sizes: Sequence[int], seed: int) -> list[str]:
    """A random order of molecules whose first n have all elements of all molecules, n being the smallest of `sizes` of which that is possible."""
    names, random = list(elements), np.random.default_rng(seed)
    everything = set().union(*elements.values())

    def covers(some: Sequence[str]) -> bool:
        return set().union(*(elements[name] for name in some)) == everything

    possible = [size for size in sorted(sizes) if size <= len(names) and _can_cover(elements, everything, size)]
    for _ in range(MOST_ORDERS):
        order = [names[i] for i in random.permutation(len(names))]
        if not possible or covers(order[: possible[0]]):
            return order
    raise InputError(f"no order of {len(names)} molecules was found whose first {possible[0]} have {', '.join(sorted(everything))}")


def _can_cover(elements: Mapping[str, set[str]], everything: set[str], size: int) -> bool:
    """Whether some `size` molecules have all elements; no more of them are needed than there are elements."""
    kinds = {frozenset(own) for own in elements.values()}
    most = min(size, len(everything), len(kinds))
    return any(set().union(*some) == everything for n in range(1, most + 1) for some in combinations(kinds, n))
