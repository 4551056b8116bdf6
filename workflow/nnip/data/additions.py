"""A training set that is the main one and frames chosen by a model (nnip.labelling), with the labels that the pool has of them."""

import os
from pathlib import Path
from typing import Any

from nnip.data.checks import fingerprint
from nnip.data.extxyz import relabelled, write_frames
from nnip.data.frames import read_frames, read_labelled
from nnip.data.splits import validation_every
from nnip.jobs.files import sha256
from nnip.study.manifest import Stopwatch, read_manifest, write_manifest


def add_selected(
    recipe: dict[str, Any],
    fraction: float,
    main: dict[str, str | os.PathLike[str]],
    chosen: str | os.PathLike[str],
    pool: str | os.PathLike[str],
    directory: str | os.PathLike[str],
) -> None:
    """Write train.xyz, val.xyz and manifest.json: the frames of the main set and the chosen ones, of which every round(1 / fraction)-th validates.

    main: train, val and manifest of the main set. chosen: frames without labels, each of which is in the pool.
    """
    watch, directory = Stopwatch(), Path(directory)
    labels = {fingerprint(frame): frame for frame in read_labelled(pool)}
    added, every = [labels[fingerprint(frame)] for frame in read_frames(chosen)], validation_every(fraction)
    parts = {
        "train.xyz": [*read_labelled(main["train"]), *(frame for i, frame in enumerate(added, start=1) if i % every)],
        "val.xyz": [*read_labelled(main["val"]), *(frame for i, frame in enumerate(added, start=1) if i % every == 0)],
    }
    for name, frames in parts.items():
        write_frames(directory / name, [relabelled(frame) for frame in frames])
    before = read_manifest(main["manifest"])
    write_manifest(
        directory / "manifest.json",
        stage="training set",
        settings={"training_set": recipe, "study": before["settings"]["study"]},
        seeds=before["seeds"],
        device="cpu",
        watch=watch,
        pool_frames=before["pool_frames"],
        left_out_for_tests=before["left_out_for_tests"],
        isolated_atoms_eV=before["isolated_atoms_eV"],
        untested=before["untested"],
        files={name: {"n_frames": len(frames), "sha256": sha256(directory / name)} for name, frames in parts.items()},
    )
