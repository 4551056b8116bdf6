"""Bond scans labelled by the reference engine of the training data, GFN2-xTB: rigid fragments, from far inside a bond to far beyond its breaking."""

import shutil
from itertools import repeat
from pathlib import Path

import numpy as np
from ase.data import covalent_radii
from ase.optimize import BFGS

from nnip.data import molecule
from nnip.data.extxyz import labelled, write_frames
from nnip.data.frames import read_frames
from nnip.data.workers import workers
from nnip.data.xtb import DECIMALS, FMAX_EV_PER_A, LABEL_ACCURACY, gfn2_atoms
from nnip.jobs.errors import InputError
from nnip.jobs.files import alone_in, sha256
from nnip.study.manifest import Stopwatch, write_manifest
from nnip.surface.stretching import bond_weights, stretched

SHORTEST, LONGEST = 0.5, 2.0  # of the sum of the covalent radii, as in BSCT (arXiv 2602.04861)
CHUNKS = "chunks"


def make_reference_scans(smiles: str, n_points: int, start_file: Path, directory: Path, processes: int) -> None:
    """Write frames.xyz and manifest.json: n_points frames for each bond of the molecule that is in no ring, with GFN2-xTB's energies and forces.

    The start, the frame of start_file, is relaxed by GFN2-xTB; then one of two rigid fragments moves along the bond, from SHORTEST
    to LONGEST times the sum of the covalent radii. info: bond_i, bond_j, length_A; column moved of the atoms: 1 in the fragment of bond_j. Points at
    which GFN2-xTB does not converge are left out, and counted in the manifest. Finished bonds are kept in chunks/ until all is written.
    InputError for a start of other atoms, for a molecule whose bonds are all in rings, and for one that is not stable in GFN2-xTB.
    """
    with alone_in(directory):
        watch = Stopwatch()
        (start,), known = read_frames(start_file), molecule.from_smiles(smiles)
        if not np.array_equal(start.numbers, molecule.numbers(known)):
            raise InputError(
                f"reference_scans: the start of the MD ({start.symbols}) is not '{smiles}' with its atoms in the order of the training frames: "
                "choose another md.start, or set reference_scans to null"
            )
        pairs = np.array([[bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()] for bond in known.GetBonds()])
        weights = bond_weights(len(start), pairs)
        free = [place for place in range(len(pairs)) if weights[place].min() >= 0]
        if not free:
            raise InputError(f"reference_scans: all bonds of '{smiles}' are in rings, so there are no rigid fragments: set reference_scans to null")
        with workers(processes, directory / CHUNKS) as pool:
            (minimum,) = pool.map(relaxed, [smiles], [start.positions])
            scans = [scan(minimum, pairs[place], weights[place], start.numbers, n_points) for place in free]
            results = pool.map(labels, repeat(smiles), [positions for _, positions in scans])
        frames = []
        for place, (lengths, positions), (energies, forces) in zip(free, scans, results, strict=True):
            for point in np.flatnonzero(np.isfinite(energies)):
                start.positions = positions[point]
                frame = labelled(start, float(energies[point]), forces[point], f"bond {place} point {point}")
                frame.info |= {"bond_i": int(pairs[place][0]), "bond_j": int(pairs[place][1]), "length_A": float(lengths[point])}
                frame.set_array("moved", weights[place].astype(int))
                frames.append(frame)
        write_frames(directory / "frames.xyz", frames)
        write_manifest(
            directory / "manifest.json",
            stage="reference scans",
            settings={"smiles": smiles, "n_points": n_points},
            seeds={},
            device="cpu",
            watch=watch,
            n_bonds=len(free),
            not_converged=len(free) * n_points - len(frames),
            resumed=pool.resumed,
            files={"frames.xyz": {"n_frames": len(frames), "sha256": sha256(directory / "frames.xyz")}},
        )
        shutil.rmtree(directory / CHUNKS, ignore_errors=True)


def relaxed(smiles: str, start_A: np.ndarray) -> np.ndarray:
    """Positions in Å of GFN2-xTB's minimum next to a start; InputError if it does not converge."""
    atoms = gfn2_atoms(molecule.from_smiles(smiles), start_A)
    try:
        BFGS(atoms, logfile=None).run(fmax=FMAX_EV_PER_A, steps=500)
    except RuntimeError as error:
        raise InputError(f"reference_scans: GFN2-xTB does not relax '{smiles}' ({error})") from None
    return atoms.positions


def scan(minimum_A: np.ndarray, pair: np.ndarray, weights: np.ndarray, numbers: np.ndarray, n_points: int) -> tuple[np.ndarray, np.ndarray]:
    """Lengths [n_points] and positions [n_points, n_atoms, 3] in Å of one bond's scan."""
    radii = covalent_radii[numbers[pair]].sum()
    lengths = np.linspace(SHORTEST * radii, LONGEST * radii, n_points)
    return lengths, stretched(minimum_A, weights, minimum_A[pair[1]] - minimum_A[pair[0]], lengths).round(DECIMALS)


def labels(smiles: str, positions_A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """GFN2-xTB energies [n] in eV and forces [n, n_atoms, 3] in eV/Å, each without a restart from the one before; nan where it does not converge."""
    atoms = gfn2_atoms(molecule.from_smiles(smiles), positions_A[0], accuracy=LABEL_ACCURACY, cache_api=False)
    energies, forces = np.full(len(positions_A), np.nan), np.full(positions_A.shape, np.nan)
    for point, positions in enumerate(positions_A):
        atoms.positions = positions
        try:
            energies[point], forces[point] = atoms.get_potential_energy(), atoms.get_forces()
        except RuntimeError:
            continue
    return energies, forces
