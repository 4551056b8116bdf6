"""The frames of one training set: drawn from a pool, split into training and validation frames, with noise if it has any."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ase import Atoms

from nnip.data import checks, selection, splits
from nnip.data.extxyz import labelled, write_frames
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
    md: Mapping[str, Any] | None = None,
) -> None:
    """Write train.xyz, val.xyz and manifest.json of a training set; with noise also train_clean.xyz, the training frames without it.

    recipe: nnip.study.training_sets.TrainingSet.recipe; study: seed, validation_fraction, dataset (the study's, whose pool was checked against
    the test splits; frames of other pools that are in a test split are left out). md: for sets that are drawn like the main one, the config's block
    and the main set's size as n_train, so that no training of them begins where MD has no start. InputError for a pool with too few frames, for test
    frames with a species that is not in the training frames, and if MD cannot start (nnip.data.start.find_start).
    """
    watch, directory, key = Stopwatch(), Path(directory), recipe["size_key"]
    test_frames = {f"test {name}": read_labelled(path) for name, path in tests.items()}
    pool: Sequence[Atoms] = [labelled(frame, *labels(frame), origin=frame.info["origin"]) for frame in read_labelled(pool_xyz)]
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
    train, validation = splits.subset(pool, recipe["size"], study["validation_fraction"], study["seed"], key)
    words = f"n_train {recipe['size']}" if key in ("n_train", "learning_curve") else f"training set {recipe['name']}"
    checks.check_species(train, {"validation": validation, **test_frames}, words)
    if md:
        main, more = splits.subset(pool, md["n_train"], study["validation_fraction"], study["seed"])
        find_start(md["start"], md, [*main, *more], {"main": main})
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
        **sizes,
        files={name: {"n_frames": len(frames), "sha256": sha256(directory / name)} for name, frames in outputs.items()},
    )


def labels(frame: Atoms) -> tuple[float, Any]:
    """Energy in eV and forces in eV/A of a labelled frame."""
    return frame.get_potential_energy(), frame.get_forces()
