"""Aluminium, solid and liquid, with and without point defects, sampled and labelled by ASE's effective medium theory.

Jacobsen, Stoltze & Nørskov, Surf. Sci. 366, 394 (1996). Frames of a hop and of the split `event` are displaced images of EMT's own minimum-energy
path of a vacancy to a neighbouring site; the atom that hops has 1 in the column `event` there.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.emt import EMT
from ase.stress import voigt_6_to_full_3x3_stress

from nnip.crystal import cells
from nnip.crystal.engines import CalculatorEngine
from nnip.crystal.paths import minimum_energy_path, relaxed
from nnip.data import EVENT, split_of
from nnip.data.dynamics import Forces, langevin
from nnip.data.extxyz import labelled
from nnip.data.workers import workers
from nnip.jobs.errors import InputError
from nnip.study.seeds import derive

TIMESTEP_FS = 2.0
LIQUID_FROM_K = 1400.0  # up to here a perfect crystal without surface survives a picosecond, although its melting point is lower
MELT_K = 3000.0
MELT_FS = 600.0
IMAGES = 5  # of the path of a hop, without its ends
PATH_FMAX_EV_PER_A, PATH_STEPS = 0.02, 500
DECIMALS = 8  # of positions in extxyz; they are rounded before labelling, so that the labels belong to the written positions


@dataclass(frozen=True)
class Chunk:
    """One trajectory of `n_frames` frames, with its own cell and seed; or, if `defect` is hop, displaced images, the first of which is `first`.

    temperature_K: None for images
    """

    split: str
    number: int
    defect: str
    temperature_K: float | None
    n_frames: int
    seed: int
    first: int = 0


def generate(
    options: dict[str, Any], n_frames: int, root_seed: int, processes: int, folder: Path
) -> tuple[list[Atoms], dict[str, list[Atoms]], dict[str, Any]]:
    """Training pool of n_frames frames, test frames by split, and notes for the manifest; the same for any number of processes.

    options: a dataset block with source emt, all keys given. Every chunk is a separate trajectory, so training and test frames share none. The
    chunks of the training pool cycle through its temperatures and, once through these, to the next of its defects; tests have no hops but in the
    split `event`. Finished chunks are stored in `folder` (nnip.data.workers). InputError for unstable dynamics.
    """
    chunks = list(plan("train", options, options["train_temperatures_K"], n_frames, root_seed))
    splits = {split_of(temperature): temperature for temperature in options["test_temperatures_K"]}
    resting = options | {"defects": [defect for defect in options["defects"] if defect != "hop"] or ["none"]}
    for split, temperature in splits.items():
        chunks += plan(f"test_{split}", resting, [temperature], options["n_test"], root_seed)
    if options["n_event"]:
        splits[EVENT] = 0.0
        chunks += plan(f"test_{EVENT}", options | {"defects": ["hop"]}, [0.0], options["n_event"] * (IMAGES + 2), root_seed)
    with workers(processes, folder) as pool:
        results = pool.map(sample, repeat(options), chunks)
    frames: dict[str, list[Atoms]] = {}
    for chunk, sampled in zip(chunks, results, strict=True):
        frames.setdefault(chunk.split, []).extend(sampled)
    notes = {
        "chunks": len(chunks),
        "n_atoms": len(frames["train"][0]),
        "liquid_chunks": sum(chunk.temperature_K is not None and chunk.temperature_K > LIQUID_FROM_K for chunk in chunks),
        "chunks_of_defects": {defect: sum(chunk.defect == defect for chunk in chunks) for defect in options["defects"]},
        "resumed": pool.resumed,
        "resume_notes": pool.notes,
    }
    return frames["train"], {split: frames[f"test_{split}"] for split in splits}, notes


def plan(split: str, options: dict[str, Any], temperatures_K: Sequence[float], n_frames: int, root_seed: int) -> Iterator[Chunk]:
    """Chunks of at most frames_per_chunk frames, `n_frames` in total, cycling through the temperatures, and after each cycle to the next defect."""
    images = 0
    for number, done in enumerate(range(0, n_frames, options["frames_per_chunk"])):
        count = min(options["frames_per_chunk"], n_frames - done)
        turn, place = divmod(number, len(temperatures_K))
        defect = options["defects"][turn % len(options["defects"])]
        hops = defect == "hop"
        yield Chunk(
            split, number, defect, None if hops else temperatures_K[place], count, derive(root_seed, "emt", split, number), images if hops else 0
        )
        images += count if hops else 0


def strained(atoms: Atoms, strain: float, rng: np.random.Generator) -> Atoms:
    """A crystal whose six strains are drawn uniformly from -strain to strain."""
    atoms = atoms.copy()
    tensor = np.zeros((3, 3))
    tensor[np.triu_indices(3)] = rng.uniform(-strain, strain, 6)
    tensor[np.tril_indices(3)] = tensor.T[np.tril_indices(3)]
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + tensor), scale_atoms=True)
    return atoms


def sample(options: dict[str, Any], chunk: Chunk) -> list[Atoms]:
    """Labelled frames of one chunk, atoms wrapped into the cell; above LIQUID_FROM_K the crystal is first melted at MELT_K."""
    crystal = cells.perfect(options["repeats"], options["primitive"])
    rng = np.random.default_rng(chunk.seed)
    name = f"{chunk.split} chunk {chunk.number} frame"
    if chunk.temperature_K is None:
        images, atom = hop_path(options["repeats"], options["primitive"])
        frames = []
        for place in range(chunk.n_frames):
            image = strained(images[(chunk.first + place) % len(images)], options["strain"] if chunk.split == "train" else 0.0, rng)
            image.positions += rng.normal(0, options["displacement_A"], image.positions.shape)
            frame = label(image, f"{name} {place}")
            frame.set_array(EVENT, (np.arange(len(frame)) == atom).astype(int))
            frames.append(frame)
        return frames
    atoms = strained(cells.defective(crystal, chunk.defect), options["strain"], rng)
    frames = []
    try:
        if chunk.temperature_K > LIQUID_FROM_K:
            *_, atoms.positions = trajectory(atoms, max(MELT_K, chunk.temperature_K), [MELT_FS], options["tau_fs"], rng)
        times_fs = [options["equilibration_fs"] + (i + 1) * options["stride_fs"] for i in range(chunk.n_frames)]
        for i, positions in enumerate(trajectory(atoms, chunk.temperature_K, times_fs, options["tau_fs"], rng)):
            frames.append(label(Atoms(atoms.numbers, positions, cell=atoms.cell, pbc=True), f"{name} {i}"))
    except RuntimeError as error:
        raise InputError(f"test_temperatures_K: EMT dynamics at {chunk.temperature_K:g} K fails ({error}); lower the temperature") from None
    return frames


def label(frame: Atoms, origin: str) -> Atoms:
    """A frame, wrapped into its cell, with EMT's energy, forces and stress."""
    frame = frame.copy()
    frame.wrap()
    frame.positions = frame.positions.round(DECIMALS)
    frame.calc = EMT()  # a new one, without the state of the frame before
    stress = voigt_6_to_full_3x3_stress(frame.get_stress())
    return labelled(frame, frame.get_potential_energy(), frame.get_forces(), origin, stress)


@functools.cache
def hop_path(repeats: int, primitive: bool) -> tuple[list[Atoms], int]:
    """The images of EMT's minimum-energy path of a vacancy to a neighbouring site, ends included, and the number of the atom that hops.

    InputError if it has none in this cell.
    """
    first, last, atom = cells.hop(cells.perfect(repeats, primitive))
    engine = CalculatorEngine(EMT, first)
    (start, why), (end, why_end) = (relaxed(engine, frame.positions, PATH_FMAX_EV_PER_A / 4, PATH_STEPS) for frame in (first, last))
    why = why or why_end
    if why is None:
        positions, _, why = minimum_energy_path(engine, start, end, IMAGES, PATH_FMAX_EV_PER_A, PATH_STEPS)
    if why is not None:
        raise InputError(
            f"repeats: EMT has no path of a vacancy in a cell of {len(first) + 1} sites ({why}); make it larger, or leave out hop and n_event"
        )
    images = [Atoms(first.numbers, each, cell=first.cell, pbc=True) for each in positions]
    return images, atom


def trajectory(atoms: Atoms, temperature_K: float, times_fs: Sequence[float], tau_fs: float, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Unwrapped positions (Å) at the given times of Langevin dynamics that starts from the atoms' positions."""
    steps = langevin(atoms.positions, atoms.get_masses(), temperature_K, tau_fs, forces_of(atoms), None, 1, rng, TIMESTEP_FS)
    done = 0
    for time_fs in times_fs:
        last = round(time_fs / TIMESTEP_FS)
        for _ in range(last - done):
            positions, _ = next(steps)
        done = last
        yield positions


def forces_of(atoms: Atoms) -> Forces:
    """EMT's forces (eV/Å) on a periodic structure as a function of positions."""
    moving = atoms.copy()
    moving.calc = EMT()

    def forces(positions: np.ndarray) -> np.ndarray:
        moving.positions = positions
        return moving.get_forces()

    return forces
