"""Aluminium, solid and liquid, sampled and labelled by ASE's effective medium theory (Jacobsen, Stoltze & Nørskov, Surf. Sci. 366, 394, 1996)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from nnip.data import split_of
from nnip.data.dynamics import Forces, langevin
from nnip.data.extxyz import labelled
from nnip.data.workers import workers
from nnip.jobs.errors import InputError
from nnip.study.seeds import derive

LATTICE_CONSTANT_A = 3.99429  # EMT aluminium at rest
TIMESTEP_FS = 2.0
LIQUID_FROM_K = 1400.0  # up to here a perfect crystal without surface survives a picosecond, although its melting point is lower
MELT_K = 3000.0
MELT_FS = 600.0
DECIMALS = 8  # of positions in extxyz; they are rounded before labelling, so that the labels belong to the written positions


@dataclass(frozen=True)
class Chunk:
    """One trajectory of `n_frames` frames, with its own cell and seed."""

    split: str
    number: int
    temperature_K: float
    n_frames: int
    seed: int


def generate(
    options: dict[str, Any], n_frames: int, root_seed: int, processes: int, folder: Path
) -> tuple[list[Atoms], dict[str, list[Atoms]], dict[str, Any]]:
    """Training pool of n_frames frames, test frames by split, and notes for the manifest; the same for any number of processes.

    options: a dataset block with source emt, all keys given. Every chunk is a separate trajectory, so training and test frames share none. The
    chunks of the training pool cycle through its temperatures. Finished chunks are stored in `folder` (nnip.data.workers). InputError for
    unstable dynamics.
    """
    chunks = list(plan("train", options, options["train_temperatures_K"], n_frames, root_seed))
    splits = {split_of(temperature): temperature for temperature in options["test_temperatures_K"]}
    for split, temperature in splits.items():
        chunks += plan(f"test_{split}", options, [temperature], options["n_test"], root_seed)
    with workers(processes, folder) as pool:
        results = pool.map(sample, repeat(options), chunks)
    frames: dict[str, list[Atoms]] = {}
    for chunk, sampled in zip(chunks, results, strict=True):
        frames.setdefault(chunk.split, []).extend(sampled)
    notes = {
        "chunks": len(chunks),
        "n_atoms": len(frames["train"][0]),
        "liquid_chunks": sum(chunk.temperature_K > LIQUID_FROM_K for chunk in chunks),
        "resumed": pool.resumed,
        "resume_notes": pool.notes,
    }
    return frames["train"], {split: frames[f"test_{split}"] for split in splits}, notes


def plan(split: str, options: dict[str, Any], temperatures_K: Sequence[float], n_frames: int, root_seed: int) -> Iterator[Chunk]:
    """Chunks of at most frames_per_chunk frames, `n_frames` in total, cycling through the temperatures."""
    for number, done in enumerate(range(0, n_frames, options["frames_per_chunk"])):
        count = min(options["frames_per_chunk"], n_frames - done)
        seed = derive(root_seed, "emt", split, number)
        yield Chunk(split, number, temperatures_K[number % len(temperatures_K)], count, seed)


def strained_crystal(repeats: int, strain: float, rng: np.random.Generator) -> Atoms:
    """fcc aluminium of repeats^3 cubic cells with 4 atoms each; the six strains of the cell are drawn uniformly from -strain to strain."""
    atoms = bulk("Al", "fcc", a=LATTICE_CONSTANT_A, cubic=True) * (repeats, repeats, repeats)
    tensor = np.zeros((3, 3))
    tensor[np.triu_indices(3)] = rng.uniform(-strain, strain, 6)
    tensor[np.tril_indices(3)] = tensor.T[np.tril_indices(3)]
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + tensor), scale_atoms=True)
    return atoms


def sample(options: dict[str, Any], chunk: Chunk) -> list[Atoms]:
    """Labelled frames of one chunk, atoms wrapped into the cell; above LIQUID_FROM_K the crystal is first melted at MELT_K."""
    rng = np.random.default_rng(chunk.seed)
    atoms = strained_crystal(options["repeats"], options["strain"], rng)
    frames = []
    try:
        if chunk.temperature_K > LIQUID_FROM_K:
            *_, atoms.positions = trajectory(atoms, max(MELT_K, chunk.temperature_K), [MELT_FS], options["tau_fs"], rng)
        times_fs = [options["equilibration_fs"] + (i + 1) * options["stride_fs"] for i in range(chunk.n_frames)]
        for i, positions in enumerate(trajectory(atoms, chunk.temperature_K, times_fs, options["tau_fs"], rng)):
            frame = Atoms(atoms.numbers, positions, cell=atoms.cell, pbc=True)
            frame.wrap()
            frame.positions = frame.positions.round(DECIMALS)
            frame.calc = EMT()  # a new one, without the state of the frame before
            frames.append(labelled(frame, frame.get_potential_energy(), frame.get_forces(), f"{chunk.split} chunk {chunk.number} frame {i}"))
    except RuntimeError as error:
        raise InputError(f"test_temperatures_K: EMT dynamics at {chunk.temperature_K:g} K fails ({error}); lower the temperature") from None
    return frames


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
