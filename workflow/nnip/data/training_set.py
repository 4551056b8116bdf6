"""The frames of one training set: drawn from a pool, split into training and validation frames, with noise if it has any."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ase import Atoms

from nnip.data import checks, draws, selection, splits
from nnip.data.extxyz import relabelled, write_frames
from nnip.data.frames import read_labelled
from nnip.data.noise import noisy
from nnip.data.start import find_start
from nnip.jobs.errors import InputError
from nnip.jobs.files import sha256
from nnip.study.manifest import Stopwatch, write_manifest
from nnip.study.seeds import derive


def make_training_set(
    recipe: dict[str, Any],
    study: dict[str, Any],
    pool_xyz: str | os.PathLike[str],
    tests: Mapping[str, str | os.PathLike[str]],
    directory: str | os.PathLike[str],
    isolated_atoms_eV: Mapping[str, float] | None = None,
    md: Mapping[str, Any] | None = None,
) -> None:
    """Write train.xyz, val.xyz and manifest.json of a training set; with noise also train_clean.xyz, the training frames without it.

    recipe: nnip.study.training_sets.TrainingSet.recipe; study: seed, validation_fraction, dataset (the study's, whose pool was checked against
    the test splits; frames of other pools that are in a test split are left out), isolated (whether a model's reference energies are
    isolated_atoms_eV, those of the pool's isolated atoms, which the manifest repeats). md: for sets that are drawn like the main one, the config's
    block and the main set's size as n_train, so that no training of them begins where MD has no start. InputError for a pool with too few frames,
    for test frames with a species that is not in the training frames, for a species without an isolated atom that a model needs, and if MD cannot
    start (nnip.data.start.find_start). A named molecule with another species is only left out of the tests, and the manifest lists it (untested).
    """
    watch, directory, key = Stopwatch(), Path(directory), recipe["size_key"]
    test_frames = {f"test {name}": read_labelled(path) for name, path in tests.items()}
    pool: Sequence[Atoms] = [relabelled(frame) for frame in read_labelled(pool_xyz)]
    n_pool = len(pool)
    if recipe["pool"] != study["dataset"]:
        known = {checks.fingerprint(frame) for frames in test_frames.values() for frame in frames}
        pool = [frame for frame in pool if checks.fingerprint(frame) not in known]
    n_tested, pool = n_pool - len(pool), selection.selected(pool, recipe["select"])
    if recipe["select"] and len(pool) < recipe["size"]:
        raise InputError(
            f"{key}: {recipe['size']} frames asked for, but 'select' leaves {len(pool)} of the {n_pool} of '{recipe['pool']}'; "
            f"lower it or give more frames (datasets.{recipe['pool']}.n_pool, if they are generated)"
        )
    if draw := recipe.get("draw"):
        train, validation, notes = draws.drawn(pool, draw, study["validation_fraction"], study["seed"], key)
    else:
        train, validation = splits.subset(pool, recipe["size"], study["validation_fraction"], study["seed"], key)
        notes = {}
    words = f"n_train {recipe['size']}" if key in ("n_train", "learning_curve") else f"training set {recipe['name']}"
    checks.check_species(train, {"validation": validation}, words)
    untested = checks.untested(train, test_frames, words)
    for molecule, elements in untested.items():
        print(f"warning: molecule {molecule} has {elements}, which no training frame of {words} has: its models are not tested on it")
    if md:
        main, more = splits.subset(pool, md["n_train"], study["validation_fraction"], study["seed"])
        find_start(md["start"], md, [*main, *more], {"main": main})
    lone = dict(isolated_atoms_eV or {})
    if study.get("isolated") and (missing := sorted({symbol for frame in (*train, *validation) for symbol in frame.symbols} - set(lone))):
        raise InputError(
            f"'reference_energies: isolated' in the model table needs an isolated atom of {', '.join(missing)} in 'datasets.{recipe['pool']}': "
            "add a frame of that atom alone with its energy, or write the energies into the model table"
        )
    sizes: dict[str, float] = {}
    outputs, seeds = {"train.xyz": train, "val.xyz": validation}, {"root": study["seed"], "split": derive(study["seed"], "split")}
    for label, sigma in recipe["noise"].items():
        try:
            made, sizes, seeds["noise"] = noisy([*train, *validation], label, sigma, study["seed"])
        except InputError as error:
            raise InputError(f"{pool_xyz}: {error}") from None
        outputs = {"train.xyz": made[: len(train)], "val.xyz": made[len(train) :], "train_clean.xyz": train}
    for name, frames in outputs.items():
        write_frames(directory / name, frames)
    write_manifest(
        directory / "manifest.json",
        stage="training set",
        settings={"training_set": recipe, "study": study},
        seeds=seeds,
        device="cpu",
        watch=watch,
        pool_frames=n_pool,
        left_out_for_tests=n_tested,
        isolated_atoms_eV=lone,
        untested=untested,
        **notes,
        **sizes,
        files={name: {"n_frames": len(frames), "sha256": sha256(directory / name)} for name, frames in outputs.items()},
    )
