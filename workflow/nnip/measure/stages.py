"""What every measurement of a trained model begins and ends with: the model, or why there is none, and the manifest that says so."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nnip.jobs.checkpoints import Progress
from nnip.jobs.errors import InputError
from nnip.jobs.files import alone_in, sha256
from nnip.jobs.gpus import take_gpu
from nnip.potentials.base import Potential
from nnip.potentials.loading import load
from nnip.study.manifest import Stopwatch, code_version, package_versions, read_manifest, settings_hash, write_manifest


def load_trained(train_directory: str | os.PathLike[str], device: str) -> tuple[Potential | None, str | None]:
    """A training's potential, or None and the reason in words where its manifest says that it did not end well.

    InputError where there is no manifest, or where the model file is not the one it names.
    """
    manifest_file = Path(train_directory) / "manifest.json"
    if not manifest_file.exists():
        raise InputError(f"{manifest_file}: not found; --train-directory takes the directory of a finished training")
    manifest = read_manifest(manifest_file)
    if "status" not in manifest or "reason" not in manifest:
        raise InputError(f"{manifest_file}: is no training's manifest")
    if manifest["status"] != "ok":
        return None, f"nothing to measure: the training is '{manifest['status']}' ({manifest['reason']})"
    if device != "cpu":
        take_gpu()
    return load(train_directory, device), None


@contextlib.contextmanager
def resumable(
    potential: Potential | None,
    what: Any,
    train_directory: str | os.PathLike[str],
    frames_files: Sequence[str | os.PathLike[str]],
    directory: str | os.PathLike[str],
    checkpoint_minutes: float,
) -> Iterator[Progress]:
    """Where a measurement of a trained model stands, with its checkpoints in <directory>/checkpoints; they are removed when the block ends well.

    A checkpoint is used only by the measurement it is of: of the same settings (`what`, JSON values), model, frames, kind of device, packages and
    code. InputError if another job is at work in the directory.
    """
    training = read_manifest(Path(train_directory) / "manifest.json")
    model = [training.get(name) for name in ("model_sha256", "energy_shift_eV_per_atom")]
    device = potential.device.type if potential else None
    of = [what, model, [sha256(path) for path in frames_files], device, package_versions(), code_version()]
    with alone_in(directory):
        progress = Progress.of_measurement(Path(directory) / "checkpoints", settings_hash(of), checkpoint_minutes)
        yield progress
        progress.checkpoints.remove()


def names(settings: dict[str, Any]) -> dict[str, Any]:
    """The columns that say which trained model a row is of."""
    return {name: settings[name] for name in ("framework", "model", "seed")}


def write_measured(
    directory: str | os.PathLike[str],
    stage: str,
    settings: dict[str, Any],
    seeds: dict[str, int],
    potential: Potential | None,
    reason: str | None,
    watch: Stopwatch,
    progress: Progress | None = None,
    **more: Any,
) -> None:
    """Write a measurement's manifest.json: status ok, or skipped and the reason where load_trained gave no potential.

    progress: of a measurement that is resumable; its time before an interruption counts.
    """
    if progress:
        watch.started -= progress.earlier_s
        more |= {"resumed": progress.resumed, "resume_notes": progress.notes}
    write_manifest(
        f"{directory}/manifest.json",
        stage=stage,
        settings=settings,
        seeds=seeds,
        device=potential.device.type if potential else settings["device"],
        watch=watch,
        status="ok" if potential else "skipped",
        reason=reason,
        **more,
    )
