"""The ANI-Al data set: DFT frames of crystalline and molten aluminium (Smith et al., Nat. Commun. 12, 1257, 2021).

The archive holds HDF5 files with nested groups. A leaf group has one array per quantity over its frames, which share one composition. Energies
are in Hartree, and the array `force` is the gradient of the energy in Hartree/Å. The release states neither. The evidence: the example of
lanl/hippynn, by authors of the data set, trains on both this way (examples/ani_aluminum_example.py); the released model's energy of an atom is
-2.7 Hartree (-73.6 eV); the same laboratory's other sets hold gradients (isayev/COMP6, issue 2). Therefore the forces on close atoms are
checked: they must be repulsive.
"""

import fnmatch
import tempfile
from pathlib import Path
from typing import Any

import ase.units
import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

from nnip.data import checks
from nnip.data.ani_h5 import Group, read_groups, unpack
from nnip.data.download import fetch
from nnip.data.extxyz import labelled
from nnip.jobs.errors import InputError
from nnip.jobs.files import sha256
from nnip.study.seeds import derive

ARCHIVE = "Al-data.tgz"
CHECKED_FRAMES = 200
CLOSE_A = 2.6  # the neighbours of aluminium at rest are 2.86 Å apart


def read(options: dict[str, Any], root_seed: int, mirror: str | None, downloads: Path) -> tuple[list[Atoms], dict[str, list[Atoms]], dict[str, Any]]:
    """Training pool, test frames by split, and notes for the manifest.

    options: a dataset block with source ani-al, all keys given. Each test split is drawn from the frames that match its pattern and are in no
    earlier split. The pool is the rest that matches `train`. Repeated frames are left out. InputError for unusable data (naming file and group),
    for a pattern without enough frames, and for forces by which close atoms attract each other.
    """
    archive = fetch("ani-al", ARCHIVE, mirror, downloads)
    with tempfile.TemporaryDirectory(dir=downloads) as folder:
        groups = [group for file in unpack(archive, Path(folder)) for group in read_groups(file)]
    sign = -1.0 if options["force_array"] == "gradient" else 1.0
    named = [(group.name, frame) for group in groups for frame in frames_of(group, sign)]
    if not named:
        raise InputError(f"{archive}: no frames in this archive")
    check_repulsion([frame for _, frame in named], options["force_array"])
    tests: dict[str, list[Atoms]] = {}
    for split, pattern in (options["test"] or {}).items():
        drawn = draw(named, f"test.{split}", pattern, options["n_test"], derive(root_seed, "ani-al", split))
        tests[split] = [named[i][1] for i in drawn]
        named = [entry for i, entry in enumerate(named) if i not in set(drawn)]
    pool = [frame for name, frame in named if fnmatch.fnmatchcase(name, options["train"])]
    if not pool:
        raise InputError(f"train: no frame is left whose group matches '{options['train']}'; {groups_there(named)}")
    pool, tests, dropped = checks.without_duplicates(pool, tests, drop=True)
    notes = {"input_sha256": {ARCHIVE: sha256(archive)}, "groups": len(groups), "dropped_duplicates": dropped}
    return pool, tests, notes


def frames_of(group: Group, sign: float) -> list[Atoms]:
    """The labelled periodic frames of a group, in eV and eV/Å; the stored forces are multiplied by the sign."""
    frames = []
    for i, (positions, cell) in enumerate(zip(group.positions_A, group.cells_A, strict=True)):
        atoms = Atoms(group.numbers, positions, cell=cell, pbc=True)
        energy, forces = float(group.energies[i]) * ase.units.Hartree, sign * group.forces[i] * ase.units.Hartree
        frames.append(labelled(atoms, energy, forces, f"{group.name} frame {i}"))
    return frames


def draw(named: list[tuple[str, Atoms]], key: str, pattern: str, n: int, seed: int) -> list[int]:
    """Sorted indices of n random frames whose group name matches the pattern; InputError if there are fewer."""
    matching = [i for i, (name, _) in enumerate(named) if fnmatch.fnmatchcase(name, pattern)]
    if len(matching) < n:
        raise InputError(f"{key}: {len(matching)} frames not yet drawn match '{pattern}', but n_test is {n}; {groups_there(named)}")
    return sorted(int(i) for i in np.random.default_rng(seed).choice(matching, n, replace=False))


def groups_there(named: list[tuple[str, Atoms]]) -> str:
    """A clause that lists some of the groups."""
    names = sorted({name for name, _ in named})
    return f"there are {len(names)} groups, such as {', '.join(names[:5])}" if names else "no frames are left"


def check_repulsion(frames: list[Atoms], force_array: str) -> None:
    """InputError if atoms much closer than neighbours in the crystal attract each other, on average over some frames."""
    push = 0.0
    for frame in frames[:: max(len(frames) // CHECKED_FRAMES, 1)]:
        i, j, apart = neighbor_list("ijD", frame, CLOSE_A)
        unit = apart / np.linalg.norm(apart, axis=1, keepdims=True)
        push += float(((frame.get_forces()[j] - frame.get_forces()[i]) * unit).sum())
    if push < 0:
        other = "force" if force_array == "gradient" else "gradient"
        raise InputError(f"force_array: {force_array} makes atoms closer than {CLOSE_A} Å attract each other; it should be {other}")
