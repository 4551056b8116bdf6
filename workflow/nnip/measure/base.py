"""The input of a measurement (Job) and the steps common to all: load the model or find out why there is none, write tables and manifest."""

import contextlib
import importlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ase import Atoms

from nnip.data.frames import molecule_of, read_frames, read_labelled
from nnip.jobs.checkpoints import Progress
from nnip.jobs.errors import InputError
from nnip.jobs.files import alone_in, sha256
from nnip.jobs.gpus import take_gpu
from nnip.measure.compiled import choose_evaluation, possible_evaluations
from nnip.measure.frames import Rows, write_tables
from nnip.potentials.base import Potential
from nnip.potentials.evaluation import Batches
from nnip.potentials.loading import load
from nnip.study.manifest import Stopwatch, code_version, package_versions, read_manifest, settings_hash, write_manifest
from nnip.study.seeds import derive


@dataclass
class Job:
    """One measurement of one trained model.

    settings:   the run's (nnip.study.runs.run_settings)
    options:    the measurement's block of the config, or those of one of its variants
    files:      split -> file of labelled frames; start -> file of the start frame
    potential:  the trained model
    train_directory: the folder of its training
    progress:   state for resuming an interrupted job: progress.done, progress.state, progress.save_if_due(done, state)
    notes:      further entries of the manifest, filled by the measurement
    seeds:      seeds by their use, for the manifest
    elements:   those of the training's frames; None: unknown
    untested:   molecule -> its elements that the training's frames lack, in words: none of its frames is measured
    """

    settings: dict[str, Any]
    options: dict[str, Any]
    files: Mapping[str, str | os.PathLike[str]]
    potential: Potential
    progress: Progress
    train_directory: str | os.PathLike[str] = ""
    notes: dict[str, Any] = field(default_factory=dict)
    seeds: dict[str, int] = field(default_factory=dict)
    elements: Sequence[str] | None = None
    untested: dict[str, str] = field(default_factory=dict)

    def seed(self, use: str, *names: str | int) -> int:
        """The seed derived from the study's root seed and `names`; the manifest lists it under `use`."""
        self.seeds[use] = derive(self.settings["root_seed"], *names)
        return self.seeds[use]

    def frames(self, split: str, at_most: int | None = None) -> list[Atoms]:
        """The labelled frames of a split, at most the first `at_most`, without molecules of elements that the training's frames lack."""
        frames = read_labelled(self.files[split], at_most)
        known = [frame for frame in frames if self._is_known(frame)]
        if at_most and len(known) < len(frames):
            known = [frame for frame in read_labelled(self.files[split]) if self._is_known(frame)][:at_most]
        return known

    def _is_known(self, frame: Atoms) -> bool:
        name, others = molecule_of(frame), sorted(set(frame.symbols).difference(self.elements or frame.symbols))
        if name is None or not others:
            return True
        self.untested[name] = ", ".join(others)
        return False

    def start(self) -> Atoms:
        """The frame that the MD of all models starts from, without labels; of a measurement whose splits have "start"."""
        return read_frames(self.files["start"])[0]

    def batches(self, split: str, at_most: int | None = None) -> Batches:
        """The same frames as graphs of options["frames_per_batch"] frames."""
        return Batches(self.potential, self.frames(split, at_most), self.options["frames_per_batch"])


def run_measurement(
    name: str,
    settings: dict[str, Any],
    options: dict[str, Any],
    train_directory: str | os.PathLike[str],
    files: Mapping[str, str | os.PathLike[str]],
    directory: str | os.PathLike[str],
    checkpoint_minutes: float = 5.0,
    compile: str = "never",
) -> None:
    """Write the tables of one measurement of one trained model, and manifest.json, into the directory.

    For a training without a model the tables are empty and the manifest gives the reason. An interrupted measurement resumes from its newest
    checkpoint. compile: never, always, or auto = where it pays (nnip.measure.compiled). InputError for files that are not labelled frames, and for
    settings that the measurement refuses.
    """
    watch = Stopwatch()
    module = importlib.import_module(f"nnip.measure.{name}")
    potential, reason = load_trained(train_directory, settings["device"])
    rows: Rows = {}
    notes: dict[str, Any] = {}
    seeds: dict[str, int] = {}
    evaluations = possible_evaluations(potential, module, compile)
    with resumable(
        potential, [name, settings, options], train_directory, list(files.values()), directory, checkpoint_minutes, evaluations
    ) as progress:
        if potential:
            elements = read_manifest(Path(train_directory) / "manifest.json").get("elements")
            job = Job(settings, options, files, potential, progress, train_directory, notes, seeds, elements)
            notes["evaluation"] = choose_evaluation(job, module, evaluations)
            rows = module.measure(job)
            notes |= {"untested": job.untested} if job.untested else {}
        write_tables(name, options, rows, settings, directory)
        watch.started -= progress.earlier_s
        write_manifest(
            f"{directory}/manifest.json",
            stage=name,
            settings=settings | {name: options},
            seeds=seeds,
            device=potential.device.type if potential else settings["device"],
            watch=watch,
            status="ok" if potential else "skipped",
            reason=reason,
            resumed=progress.resumed,
            resume_notes=progress.notes,
            **notes,
        )


def load_trained(train_directory: str | os.PathLike[str], device: str) -> tuple[Potential | None, str | None]:
    """A training's potential, or None and the reason in words if its manifest says that it gave no model.

    InputError if there is no manifest, or if the model file is not the one it names.
    """
    manifest_file = Path(train_directory) / "manifest.json"
    if not manifest_file.exists():
        raise InputError(f"{manifest_file}: not found; --train-directory takes the directory of a finished training")
    manifest = read_manifest(manifest_file)
    if "status" not in manifest or "reason" not in manifest:
        raise InputError(f"{manifest_file}: is not the manifest of a training")
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
    evaluations: Sequence[str],
) -> Iterator[Progress]:
    """Progress of a measurement of a trained model, with checkpoints in <directory>/checkpoints; they are removed when the block succeeds.

    A checkpoint is used only if settings (`what`, JSON values), model, frames, kind of device, packages and code are the same, and if its job
    was evaluated in one of these ways. InputError if another job works in the directory.
    """
    training = read_manifest(Path(train_directory) / "manifest.json")
    model = [training.get(name) for name in ("model_sha256", "energy_shift_eV_per_atom")]
    device = potential.device.type if potential else None
    of = [what, model, [sha256(path) for path in frames_files], device, package_versions(), code_version()]
    with alone_in(directory):
        identities = [f"{settings_hash(of)}.{evaluation}" for evaluation in evaluations]
        progress = Progress.of_measurement(Path(directory) / "checkpoints", identities[0], checkpoint_minutes, identities[1:])
        yield progress
        progress.checkpoints.remove()
