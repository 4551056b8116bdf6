"""Training and validation sets of every size, nested: the frames of a smaller set are those of a larger one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms

from nnip.jobs.errors import InputError
from nnip.study.seeds import derive


def sizes(study: dict[str, Any]) -> dict[int, str]:
    """Training-set size -> the config key that asks for it, n_train first; InputError for one without a validation or a training frame."""
    every = validation_every(study)
    wanted = {study["n_train"]: "n_train"}
    for size in study["learning_curve"]:
        wanted.setdefault(size, "learning_curve")
    for size, key in wanted.items():
        if size > study["n_train"]:
            raise InputError(f"learning_curve: size {size} is larger than n_train ({study['n_train']})")
        if size < every:
            raise InputError(
                f"{key}: size {size} leaves no validation frame, for validation_fraction {study['validation_fraction']} takes every {every}th; "
                f"use {every} or more, or a larger validation_fraction"
            )
    return wanted


def validation_every(study: dict[str, Any]) -> int:
    """The n of "every nth frame is for validation", round(1 / validation_fraction)."""
    fraction = study["validation_fraction"]
    if not 0 < fraction <= 0.5:
        raise InputError(f"validation_fraction: {fraction} should be above 0 and at most 0.5")
    return round(1 / fraction)


def subsets(pool: Sequence[Atoms], study: dict[str, Any]) -> dict[int, tuple[list[Atoms], list[Atoms]]]:
    """Size -> its training and validation frames: the first `size` of one shuffled order, of which every nth is for validation.

    Sets are nested by this: a smaller one's training frames are the first of a larger one's, and its validation frames likewise.
    """
    n_train, every = study["n_train"], validation_every(study)
    wanted = sizes(study)
    if len(pool) < n_train:
        raise InputError(f"n_train: {n_train} frames asked for, but the training data has {len(pool)}; lower n_train or give more frames")
    order = np.random.default_rng(derive(study["seed"], "split")).permutation(len(pool))[:n_train]
    shuffled = [pool[i] for i in order]
    return {
        size: (
            [frame for i, frame in enumerate(shuffled[:size], start=1) if i % every],
            [frame for i, frame in enumerate(shuffled[:size], start=1) if i % every == 0],
        )
        for size in wanted
    }
