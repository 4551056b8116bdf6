"""A data set made from a SMILES: conformers, Langevin dynamics and labels by GFN2-xTB (Bannwarth, Ehlert & Grimme, JCTC 15, 1652, 2019)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_masses
from ase.optimize import BFGS
from rdkit import Chem
from tblite.ase import TBLite

from nnip.data import molecule, split_of
from nnip.data.dynamics import Forces, langevin
from nnip.data.extxyz import labelled
from nnip.data.workers import Workers, workers
from nnip.jobs.errors import InputError
from nnip.study.schema import check, load_schema
from nnip.study.seeds import derive

RATTLE_A = 0.05  # moves a conformer off a saddle point, where a symmetric start would stay
FMAX_EV_PER_A = 0.02
CONFORMER_WINDOW_EV = 0.25
KICK_EVERY = 3  # steps of 1 fs between kicks by GFN2 - MMFF94; with 4 the dynamics fails at 1200 K
BROKEN = 1.6  # a bond longer than this times the sum of its covalent radii is broken
LABEL_ACCURACY = 0.01
DECIMALS = 8  # of positions in extxyz; they are rounded before labelling, so that the labels belong to the written positions


@dataclass(frozen=True)
class Recipe:
    """The keys of a dataset block with source xtb; defaults and limits are those of the config's schema."""

    smiles: str
    train_temperature_K: float
    test_temperatures_K: Sequence[float]
    n_test: int
    n_conformers: int
    frames_per_chunk: int
    equilibration_fs: float
    stride_fs: float
    tau_fs: float

    @classmethod
    def of(cls, options: dict[str, Any]) -> "Recipe":
        """The recipe of a dataset block (a pool's has no test temperatures); InputError for a key that is missing or unknown, or a bad value."""
        given = {key: value for key, value in options.items() if value != []}
        schema = load_schema("config")["$defs"]
        complete = check(given, schema["xtb"] | {"$defs": schema}, "source xtb") | options
        return cls(**{field.name: complete[field.name] for field in fields(cls)})


@dataclass(frozen=True)
class Chunk:
    """One trajectory of `n_frames` frames, with its own start and seed."""

    split: str
    number: int
    start_A: np.ndarray
    temperature_K: float
    n_frames: int
    seed: int


def generate(
    options: dict[str, Any], n_frames: int, root_seed: int, processes: int, folder: Path
) -> tuple[list[Atoms], dict[str, list[Atoms]], dict[str, Any]]:
    """Training pool of n_frames frames, test frames by split, and notes for the manifest; the same for any number of processes.

    Every chunk is a separate trajectory, so training and test frames share none. Each frame is labelled without a restart from the one before.
    Finished chunks are stored in `folder` (nnip.data.workers). InputError for a bad recipe, a SMILES that is no molecule, or a molecule that is
    not stable in GFN2-xTB.
    """
    recipe = Recipe.of(options)
    molecule.from_smiles(recipe.smiles)
    with workers(processes, folder) as pool:
        starts, energies = relaxed_conformers(recipe, root_seed, pool)
        temperatures = {split_of(temperature): temperature for temperature in recipe.test_temperatures_K}
        chunks = list(plan("train", recipe, recipe.train_temperature_K, n_frames, starts, root_seed))
        for split, temperature in temperatures.items():
            chunks += plan(f"test_{split}", recipe, temperature, recipe.n_test, starts, root_seed)
        results = pool.map(sample, repeat(recipe), chunks)
    frames: dict[str, list[Atoms]] = {}
    for chunk, (sampled, _) in zip(chunks, results, strict=True):
        frames.setdefault(chunk.split, []).extend(sampled)
    notes = {
        "conformers_above_lowest_eV": [round(energy - energies[0], 6) for energy in energies],
        "lowest_energy_eV": energies[0],
        "chunks": len(chunks),
        "chunks_by_plain_gfn2": [f"{chunk.split} {chunk.number}" for chunk, (_, plain) in zip(chunks, results, strict=True) if plain],
        "resumed": pool.resumed,
        "resume_notes": pool.notes,
    }
    return frames["train"], {split: frames[f"test_{split}"] for split in temperatures}, notes


def relaxed_conformers(recipe: Recipe, root_seed: int, pool: Workers) -> tuple[list[np.ndarray], list[float]]:
    """Positions and energies (eV) of the relaxed conformers up to CONFORMER_WINDOW_EV above the lowest, lowest first."""
    starts = molecule.conformers(molecule.from_smiles(recipe.smiles), recipe.n_conformers, derive(root_seed, "xtb", "conformers"))
    seeds = [derive(root_seed, "xtb", "rattle", i) for i in range(len(starts))]
    relaxed = [result for result in pool.map(relax, repeat(recipe.smiles), starts, seeds) if result is not None]
    if not relaxed:
        raise InputError(f"smiles: GFN2-xTB finds no geometry in which '{recipe.smiles}' holds together; choose another molecule")
    relaxed.sort(key=lambda result: result[0])
    low = [result for result in relaxed if result[0] < relaxed[0][0] + CONFORMER_WINDOW_EV]
    return [positions for _, positions in low], [energy for energy, _ in low]


def relax(smiles: str, start_A: np.ndarray, seed: int) -> tuple[float, np.ndarray] | None:
    """Energy (eV) and positions (A) of the minimum near a conformer; None if a bond breaks during relaxation or GFN2 does not converge."""
    mol = molecule.from_smiles(smiles)
    atoms = gfn2_atoms(mol, start_A + RATTLE_A * np.random.default_rng(seed).standard_normal(start_A.shape))
    try:
        BFGS(atoms, logfile=None).run(fmax=FMAX_EV_PER_A, steps=500)
        energy = atoms.get_potential_energy()
    except RuntimeError:
        return None
    return None if molecule.stretch(mol, atoms.positions) > BROKEN else (energy, atoms.positions)


def plan(split: str, recipe: Recipe, temperature_K: float, n_frames: int, starts: list[np.ndarray], root_seed: int) -> Iterator[Chunk]:
    """Chunks of at most frames_per_chunk frames, `n_frames` in total, cycling through the conformers."""
    for number, done in enumerate(range(0, n_frames, recipe.frames_per_chunk)):
        count = min(recipe.frames_per_chunk, n_frames - done)
        seed = derive(root_seed, "xtb", split, number)
        yield Chunk(split, number, starts[number % len(starts)], temperature_K, count, seed)


def sample(recipe: Recipe, chunk: Chunk) -> tuple[list[Atoms], bool]:
    """Labelled frames of one chunk, and whether they are from plain GFN2 dynamics.

    Dynamics with MMFF94 as the inner force costs a third of plain GFN2 and gives the same distribution. Plain GFN2 is used if MMFF94 has no
    parameters, and if the fast dynamics fails or breaks a bond.
    """
    mol = molecule.from_smiles(recipe.smiles)
    try:
        geometries = trajectory(mol, recipe, chunk, molecule.MMFF94(mol, chunk.start_A).forces)
        plain = any(molecule.stretch(mol, positions) > BROKEN for positions in geometries)
    except (RuntimeError, InputError):
        plain = True
    try:
        if plain:
            geometries = trajectory(mol, recipe, chunk, None)
        labels = gfn2_atoms(mol, chunk.start_A, accuracy=LABEL_ACCURACY, cache_api=False)  # no cache, so no restart
        frames = []
        for i, positions in enumerate(geometries):
            labels.positions = positions
            origin = f"{chunk.split} chunk {chunk.number} frame {i}"
            frames.append(labelled(Atoms(labels.numbers, positions), labels.get_potential_energy(), labels.get_forces(), origin))
    except RuntimeError as error:
        raise InputError(
            f"smiles: GFN2-xTB dynamics of '{recipe.smiles}' at {chunk.temperature_K:g} K fails ({error}); "
            "lower the temperature, or choose another molecule"
        ) from None
    return frames, plain


def trajectory(mol: Chem.Mol, recipe: Recipe, chunk: Chunk, mmff: Forces | None) -> list[np.ndarray]:
    """Positions (A) of one chunk's frames about their centre of mass; `mmff` is the inner force, and GFN2 - mmff the outer."""
    masses = atomic_masses[molecule.numbers(mol)]
    gfn2 = gfn2_forces(mol, chunk.start_A)
    outer: Forces | None = None
    if mmff is not None:
        cheap = mmff

        def outer(positions: np.ndarray) -> np.ndarray:
            return gfn2(positions) - cheap(positions)

    rng = np.random.default_rng(chunk.seed)
    steps = langevin(chunk.start_A, masses, chunk.temperature_K, recipe.tau_fs, mmff or gfn2, outer, KICK_EVERY, rng)
    first, stride = round(recipe.equilibration_fs / KICK_EVERY), round(recipe.stride_fs / KICK_EVERY)
    geometries = []
    for step in range(1, first + stride * chunk.n_frames + 1):
        positions, _ = next(steps)
        if step > first and (step - first) % stride == 0:
            centre = masses @ positions / masses.sum()
            geometries.append((positions - centre).round(DECIMALS))
    return geometries


def gfn2_forces(mol: Chem.Mol, start_A: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """GFN2-xTB forces (eV/A) as a function of positions; each call starts from the charges of the previous one."""
    atoms = gfn2_atoms(mol, start_A)

    def forces(positions: np.ndarray) -> np.ndarray:
        atoms.positions = positions
        return atoms.get_forces()

    return forces


def gfn2_atoms(mol: Chem.Mol, positions_A: np.ndarray, **settings: Any) -> Atoms:
    """The molecule with a GFN2-xTB calculator for its charge and multiplicity."""
    charge, multiplicity = molecule.charge_multiplicity(mol)
    atoms = Atoms(molecule.numbers(mol), positions_A)
    atoms.calc = TBLite(method="GFN2-xTB", charge=charge, multiplicity=multiplicity, verbosity=0, **settings)
    return atoms
