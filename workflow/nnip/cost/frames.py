"""Frames for the calibration, and what the engines that label frames, and a process of statistics or figures, cost on this machine."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.emt import EMT

from nnip.data.extxyz import labelled
from nnip.data.frames import iterate_frames
from nnip.jobs.errors import InputError
from nnip.study.seeds import derive

N_FRAMES = 12
RATTLE_A = 0.05  # about that of a molecule at 300 K
IMPORTS = "import pandas, scipy.stats, matplotlib.pyplot, lifelines, snakemake.script"  # of analyses and figures


def make_frames(options: dict[str, Any], root_seed: int, pool: str | None) -> tuple[list[Atoms], dict[str, Any]]:
    """At most N_FRAMES labelled frames of the size of the study's, and costs of its data stage.

    options: the dataset's block. pool: the file of its frames, whose first ones are taken; None if this workflow makes them (sources xtb and emt).
    Then conformers or strained crystals, rattled by RATTLE_A, with made-up labels: no calculation is needed for them.
    Costs: frames (their origin in words), job_s (CPU s of an interpreter with pandas and matplotlib), engine_s (CPU s of one call in dynamics) and
    label_s (of one label).
    """
    costs: dict[str, Any] = {"job_s": process_s(IMPORTS), "engine_s": 0.0, "label_s": 0.0}
    if pool:
        with_labels = [_whole(frame) for frame, _ in zip(iterate_frames(pool), range(N_FRAMES), strict=False)]
        return with_labels, costs | {"frames": "the study's own"}
    rng = np.random.default_rng(derive(root_seed, "cost", "frames"))
    structures = _molecules(options, rng, costs) if options["source"] == "xtb" else _crystals(options, rng, costs)
    return [_labelled(atoms, rng) for atoms in structures], costs | {"frames": "made-up ones of the study's size"}


def process_s(code: str) -> float:
    """CPU seconds of a Python process that runs this code."""
    text = f"{code}\nimport os; print(sum(os.times()[:2]))"
    return float(subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True).stdout.split()[-1])


def _molecules(options: dict[str, Any], rng: np.random.Generator, costs: dict[str, Any]) -> list[Atoms]:
    """Frames of the molecule, or in turn of molecules from all over the list of several; costs are means over these."""
    from nnip.data import molecule
    from nnip.data.xtb import LABEL_ACCURACY, gfn2_atoms, gfn2_forces

    several = isinstance(options["smiles"], dict)
    known = [mol for smiles in _some(options) if (mol := _known(smiles)) is not None] if several else [molecule.from_smiles(options["smiles"])]
    if not known:
        raise InputError("smiles: there is no molecule that RDKit and GFN2-xTB know")
    engine, label_s, starts = [], [], []
    for mol in known:
        start = molecule.conformers(mol, 1, 1)[0]
        forces = gfn2_forces(mol, start)
        positions = [start + 0.01 * rng.standard_normal(start.shape) for _ in range(6)]
        engine.append(_median_s(forces, positions))
        labels = gfn2_atoms(mol, start, accuracy=LABEL_ACCURACY, cache_api=False)

        def label(at: np.ndarray, labels: Atoms = labels) -> None:
            labels.positions = at
            labels.get_forces()

        label_s.append(_median_s(label, positions))
        starts.append((molecule.numbers(mol), start))
    costs |= {"engine_s": round(float(np.mean(engine)), 6), "label_s": round(float(np.mean(label_s)), 6)}
    chosen = [starts[i % len(starts)] for i in range(N_FRAMES)]
    return [Atoms(numbers, start + RATTLE_A * rng.standard_normal(start.shape)) for numbers, start in chosen]


def _some(options: dict[str, Any]) -> list[str]:
    """At most N_FRAMES of the molecules that are trained on, evenly over the list."""
    every = list(options["smiles"].values())
    return [every[i] for i in sorted(set(np.linspace(0, len(every) - 1, min(N_FRAMES, len(every))).round().astype(int).tolist()))]


def _known(smiles: str) -> Any:
    """The molecule, None for one that the data stage leaves out."""
    from nnip.data import molecule

    try:
        mol = molecule.from_smiles(smiles)
        molecule.conformers(mol, 1, 1)
    except InputError:
        return None
    return mol


def _crystals(options: dict[str, Any], rng: np.random.Generator, costs: dict[str, Any]) -> list[Atoms]:
    from nnip.crystal.cells import perfect
    from nnip.data.emt import forces_of, strained

    crystals = [strained(perfect(options["repeats"], options["primitive"]), options["strain"], rng) for _ in range(N_FRAMES)]
    for atoms in crystals:
        atoms.positions += RATTLE_A * rng.standard_normal(atoms.positions.shape)
    costs["engine_s"] = _median_s(forces_of(crystals[0]), [atoms.positions for atoms in crystals[:6]])

    def label(atoms: Atoms) -> None:
        atoms.calc = EMT()
        atoms.get_forces()

    costs["label_s"] = _median_s(label, crystals[:6])
    return crystals


def _median_s(work: Callable[[Any], Any], given: list[Any]) -> float:
    seconds = []
    for each in given:
        began = time.process_time()
        work(each)
        seconds.append(time.process_time() - began)
    return round(float(np.median(seconds)), 6)


def _labelled(atoms: Atoms, rng: np.random.Generator) -> Atoms:
    bare = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    return labelled(bare, float(rng.standard_normal()), rng.standard_normal(atoms.positions.shape), "calibration")


def _whole(frame: Atoms) -> Atoms:
    """The frame with energy and forces, made up if it lacks them."""
    results = frame.calc.results if frame.calc else {}
    return frame if {"energy", "forces"} <= set(results) else _labelled(frame, np.random.default_rng(1))
