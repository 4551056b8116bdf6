"""Training and validation frames of a pool, nested: a smaller set is contained in a larger one."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from nnip.data.frames import molecule_of
from nnip.jobs.errors import InputError
from nnip.study.seeds import derive


def validation_every(fraction: float) -> int:
    """round(1 / fraction), the n of "every nth frame is for validation"; InputError for a fraction outside (0, 0.5]."""
    if not 0 < fraction <= 0.5:
        raise InputError(f"validation_fraction: {fraction} should be above 0 and at most 0.5")
    return round(1 / fraction)


def subset(pool: Sequence[Atoms], size: int, fraction: float, root_seed: int, key: str = "n_train") -> tuple[list[Atoms], list[Atoms]]:
    """Training and validation frames: the first `size` of the pool in one shuffled order, of which every nth is for validation.

    Sets of one pool are therefore nested: the training frames of a smaller set are the first of a larger one, and so are its validation frames.
    Where the frames name their molecules, each set has every molecule in the proportion of the pool, as far as whole frames allow.
    fraction: validation_fraction. InputError, which starts with `key`, for a size larger than the pool or too small for a validation frame.
    """
    every = validation_every(fraction)
    if size < every:
        raise InputError(
            f"{key}: size {size} leaves no validation frame: with validation_fraction {fraction} it is every {every}th; "
            f"use {every} or more, or a larger validation_fraction"
        )
    if len(pool) < size:
        raise InputError(f"{key}: {size} frames asked for, but the training data has {len(pool)}; lower {key} or give more frames")
    shuffled = [pool[i] for i in _order(pool, np.random.default_rng(derive(root_seed, "split")))[:size]]
    return (
        [frame for i, frame in enumerate(shuffled, start=1) if i % every],
        [frame for i, frame in enumerate(shuffled, start=1) if i % every == 0],
    )


def _order(pool: Sequence[Atoms], random: np.random.Generator) -> np.ndarray:
    """A random order of the frames; where they name their molecules, each molecule's frames are spread evenly over it."""
    order = random.permutation(len(pool))
    molecules = np.array([molecule_of(pool[i]) or "" for i in order])
    if len(names := np.unique(molecules)) < 2:
        return order
    places = np.empty(len(pool))
    for name in names:
        own = np.flatnonzero(molecules == name)
        places[own] = (np.arange(len(own)) + random.random(len(own))) / len(own)
    return order[np.argsort(places)]
