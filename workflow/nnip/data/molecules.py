"""A data set of several molecules: the frames of each are made as those of one (nnip.data.xtb), and carry its name."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io.extxyz import key_val_str_to_dict
from rdkit import Chem

from nnip.data import BASIN, molecule, split_of, xtb
from nnip.data.workers import workers
from nnip.jobs.errors import InputError
from nnip.study.seeds import derive

SAME_EV = 5e-3  # conformers that differ by less are taken for one


def generate(
    options: dict[str, Any], n_frames: int, root_seed: int, processes: int, folder: Path
) -> tuple[list[Atoms], dict[str, list[Atoms]], dict[str, Any], list[str]]:
    """Training pool of n_frames frames of each molecule, test frames by split, notes for the manifest, and a warning per molecule left out.

    options: a dataset block with source xtb, whose smiles are {name: SMILES}; test_smiles are in the test splits alone. Frames stand in turn, one of
    each molecule. A molecule's frames depend on its name, SMILES and the seed, not on the others. One that RDKit refuses or cannot embed, with an
    element that GFN2-xTB lacks, or whose calculation does not converge is left out with a reason (notes: left_out); InputError if two names are
    one molecule, and if no training molecule is left.
    """
    everything = xtb.Recipe.of(options)
    only_tested = options.get("test_smiles") or {}
    tests = {split_of(temperature): temperature for temperature in everything.test_temperatures_K}
    known, left_out = _known({**options["smiles"], **(only_tested if tests else {})})
    notes: dict[str, dict[str, Any]] = {}
    chunks: dict[str, list[xtb.Chunk]] = {}
    with workers(processes, folder) as pool:
        for name, smiles in known.items():
            recipe, seed = replace(everything, smiles=smiles), derive(root_seed, "molecule", name)
            try:
                starts, energies = xtb.relaxed_conformers(recipe, seed, pool)
            except InputError as error:
                left_out[name] = str(error).removeprefix("smiles: ")
                continue
            own, apart = basins(starts, energies) if options.get("n_basin") else (starts, [])
            planned = [] if name in only_tested else list(xtb.plan("train", recipe, recipe.train_temperature_K, n_frames, own, seed))
            for split, temperature in tests.items():
                planned += xtb.plan(f"test_{split}", recipe, temperature, recipe.n_test, own, seed)
            planned += xtb.plan(f"test_{BASIN}", recipe, recipe.train_temperature_K, options["n_basin"], apart, seed) if apart else []
            chunks[name] = planned
            notes[name] = _described(smiles, name in only_tested) | {"conformers": len(starts), "conformers_apart": len(apart)}
        if options.get("n_basin") and chunks and not any(chunk.split == f"test_{BASIN}" for planned in chunks.values() for chunk in planned):
            raise InputError("n_basin: no molecule has conformers of different energies, so there is no other basin: set it to 0")
        calls = [(replace(everything, smiles=known[name]), chunk) for name, planned in chunks.items() for chunk in planned]
        results = iter(pool.map(attempt, *zip(*calls, strict=True)) if calls else [])
    frames: dict[str, dict[str, list[Atoms]]] = {}
    for name, planned in chunks.items():
        made = [next(results) for _ in planned]
        if reason := next((result for result in made if isinstance(result, str)), None):
            left_out[name] = reason
            del notes[name]
            continue
        for chunk, (sampled, _) in zip(planned, made, strict=True):
            frames.setdefault(chunk.split, {}).setdefault(name, []).extend(named(frame, name) for frame in sampled)
        notes[name]["chunks_by_plain_gfn2"] = sum(plain for _, plain in made)
    if not frames.get("train"):
        raise InputError(f"smiles: no molecule is left to train on: {'; '.join(left_out.values())}")
    splits = {split: in_turn(frames.get(f"test_{split}", {})) for split in (*tests, *([BASIN] if options.get("n_basin") else []))}
    if empty := next((split for split, made in splits.items() if not made), None):
        raise InputError(f"smiles: no molecule is left for test split {empty}: {'; '.join(left_out.values())}")
    words = [f"molecule {name} is left out: {reason}" for name, reason in left_out.items()]
    more = {"molecules": notes, "left_out": left_out, "resumed": pool.resumed, "resume_notes": pool.notes}
    return in_turn(frames["train"]), splits, more, words


def _known(given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The molecules that RDKit and GFN2-xTB know, and why the others are left out; InputError for names that no file keeps and for twins."""
    known: dict[str, str] = {}
    refused: dict[str, str] = {}
    first: dict[str, str] = {}
    for name, smiles in given.items():
        if key_val_str_to_dict(f"molecule={name}").get("molecule") != name:
            raise InputError(f"smiles.{name}: '{name}' is read as a number or a truth value in extxyz files: choose another name")
        try:
            canonical = Chem.MolToSmiles(Chem.RemoveHs(molecule.from_smiles(smiles)))
        except InputError as error:
            refused[name] = str(error).removeprefix("smiles: ")
            continue
        if (twin := first.setdefault(canonical, name)) != name:
            raise InputError(f"smiles.{name}: is the same molecule as '{twin}' ({canonical}); leave one out")
        known[name] = smiles
    return known, refused


def basins(starts: Sequence[np.ndarray], energies: Sequence[float]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Relaxed conformers to sample, and those held out: the ones within SAME_EV of the highest, if any lies lower than that."""
    apart = [energy > energies[-1] - SAME_EV for energy in energies]
    if all(apart):
        return list(starts), []
    return [start for start, far in zip(starts, apart, strict=True) if not far], [start for start, far in zip(starts, apart, strict=True) if far]


def attempt(recipe: xtb.Recipe, chunk: xtb.Chunk) -> tuple[list[Atoms], bool] | str:
    """As nnip.data.xtb.sample; the reason in words where that is an error."""
    try:
        return xtb.sample(recipe, chunk)
    except InputError as error:
        return str(error).removeprefix("smiles: ")


def named(frame: Atoms, name: str) -> Atoms:
    """The frame with its molecule's name."""
    frame.info |= {"molecule": name, "origin": f"{name}, {frame.info['origin']}"}
    return frame


def in_turn(frames: Mapping[str, Sequence[Atoms]]) -> list[Atoms]:
    """The first frame of each molecule, then the second of each, and so on: any first frames are balanced."""
    return [frame for frame in chain.from_iterable(zip_longest(*frames.values())) if frame is not None]


def _described(smiles: str, only_tested: bool) -> dict[str, Any]:
    numbers = molecule.numbers(molecule.from_smiles(smiles))
    atoms = Atoms(numbers)
    elements = sorted(Counter(atoms.symbols))
    return {"smiles": smiles, "formula": atoms.get_chemical_formula(), "n_atoms": len(atoms), "elements": elements, "only_tested": only_tested}
