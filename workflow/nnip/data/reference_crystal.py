"""The reference crystal of a study of defects: what the engine of the training data says of the same defects."""

from pathlib import Path
from typing import Any

from ase.calculators.emt import EMT

from nnip.crystal.reference import reference_frames
from nnip.data.extxyz import write_frames
from nnip.jobs.files import alone_in, sha256
from nnip.study.manifest import Stopwatch, write_manifest


def make_reference_crystal(asked: dict[str, dict[str, Any]], seed: int, directory: Path) -> None:
    """Write crystal.xyz, frames labelled by ASE's EMT (nnip.crystal.reference), and manifest.json; asked: measurement -> its options."""
    with alone_in(directory):
        watch = Stopwatch()
        frames = reference_frames(asked, EMT, seed)
        write_frames(directory / "crystal.xyz", frames)
        write_manifest(
            directory / "manifest.json",
            stage="reference crystal",
            settings=asked,
            seeds={"root": seed},
            device="cpu",
            watch=watch,
            files={"crystal.xyz": {"n_frames": len(frames), "sha256": sha256(directory / "crystal.xyz")}},
        )
