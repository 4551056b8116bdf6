"""Training and validation frames of a pool, nested: the frames of a smaller set are those of a larger one."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from nnip.jobs.errors import InputError
from nnip.study.seeds import derive


def validation_every(fraction: float) -> int:
    """The n of "every nth frame is for validation", round(1 / fraction)."""
    if not 0 < fraction <= 0.5:
        raise InputError(f"validation_fraction: {fraction} should be above 0 and at most 0.5")
    return round(1 / fraction)


def subset(pool: Sequence[Atoms], size: int, fraction: float, root_seed: int, key: str = "n_train") -> tuple[list[Atoms], list[Atoms]]:
    """Training and validation frames: the first `size` of the pool in one shuffled order, of which every nth is for validation.

    Sets of one pool are nested by this: a smaller one's training frames are the first of a larger one's, and its validation frames likewise.
    fraction: validation_fraction. InputError, which begins with `key`, for a size that the pool does not have or that leaves none to validate.
    """
    every = validation_every(fraction)
    if size < every:
        raise InputError(
            f"{key}: size {size} leaves no validation frame, for validation_fraction {fraction} takes every {every}th; "
            f"use {every} or more, or a larger validation_fraction"
        )
    if len(pool) < size:
        raise InputError(f"{key}: {size} frames asked for, but the training data has {len(pool)}; lower {key} or give more frames")
    order = np.random.default_rng(derive(root_seed, "split")).permutation(len(pool))[:size]
    shuffled = [pool[i] for i in order]
    return (
        [frame for i, frame in enumerate(shuffled, start=1) if i % every],
        [frame for i, frame in enumerate(shuffled, start=1) if i % every == 0],
    )
