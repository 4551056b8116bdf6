"""One training with a framework's own command, and the verdict on whether its model is usable."""

import math
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from ase import Atoms

from nnip.data.frames import have, missing_label, read_frames
from nnip.jobs.checkpoints import Checkpoints, environment_for
from nnip.jobs.files import alone_in, sha256, write_text
from nnip.jobs.gpus import take_gpu
from nnip.potentials.base import Fit, Graph, Potential
from nnip.potentials.evaluation import Batches
from nnip.potentials.loading import framework_module, pick_device
from nnip.study.labels import check_reference_energies, weighted_labels, with_reference_energies
from nnip.study.manifest import Stopwatch, package_versions, settings_hash, write_manifest
from nnip.study.tables import write_table

FRAMES_AT_ONCE = 50


@dataclass
class Verdict:
    """Whether a training gave a usable model: status ok, diverged (non-finite numbers) or failed, and why if not ok."""

    status: str
    reason: str | None = None


@dataclass
class Interruptions:
    """Interruptions of a training: number of resumptions, wall time before them in s, and problems with checkpoints in words."""

    resumed: int = 0
    earlier_s: float = 0.0
    notes: list[str] = field(default_factory=list)


def train(
    settings: dict[str, Any],
    train_xyz: str | os.PathLike[str],
    val_xyz: str | os.PathLike[str],
    directory: str | os.PathLike[str],
    checkpoint_minutes: float = 5.0,
    isolated_atoms_eV: Mapping[str, float] | None = None,
) -> None:
    """Train one model (settings: nnip.study.runs.run_settings) and write settings.yaml, training.csv and, last, manifest.json into the directory.

    An interrupted training resumes from its newest checkpoint in <directory>/checkpoints; one is written every checkpoint_minutes, and all are
    removed at the end. The manifest gives the number of resumptions; on a CPU the result is bit for bit that of an uninterrupted training.
    A model trained elsewhere (hyperparameter `trained`) is copied into the directory instead, and fails if it cannot be loaded and evaluated.
    Diverged and failed trainings are results, recorded with a reason. InputError for settings the framework does not support and unreadable frames.
    isolated_atoms_eV: energies of isolated atoms in the data set, for models whose reference_energies are those.
    With refit_energy_shift the manifest's energy_shift_eV_per_atom is the mean over the training frames of (E_ref - E_pred) / n_atoms;
    the framework's model file is never edited.
    """
    directory = Path(directory).resolve()
    settings = settings | {"hyperparameters": with_reference_energies(settings["hyperparameters"], isolated_atoms_eV or {})}
    with alone_in(directory):
        _train(settings, Path(train_xyz).resolve(), Path(val_xyz).resolve(), directory, checkpoint_minutes)


def _train(settings: dict[str, Any], train_xyz: Path, val_xyz: Path, directory: Path, checkpoint_minutes: float) -> None:
    watch = Stopwatch()
    if settings["device"] != "cpu":
        take_gpu()
    device = pick_device(settings["device"])
    frames = {path: read_frames(path) for path in (train_xyz, val_xyz)}
    check_reference_energies(settings, {symbol for part in frames.values() for atoms in part for symbol in atoms.symbols})
    framework = settings["framework"]
    framework_module(framework, "training")
    for stale in ("manifest.json", "training.csv"):
        (directory / stale).unlink(missing_ok=True)
    write_text(directory / "settings.yaml", yaml.safe_dump(settings, sort_keys=False))
    of = [settings | {"device": device.type}, sha256(train_xyz), sha256(val_xyz), package_versions(), str(directory)]
    checkpoints = Checkpoints(directory / "checkpoints", settings_hash(of))

    potential, shift, adopted = None, 0.0, bool(settings["hyperparameters"].get("trained"))
    # some frameworks train without labels and give no error
    learnt = [] if adopted else weighted_labels(settings["hyperparameters"])
    missing = [f"{path.name}: {words}; nothing was trained" for path, part in frames.items() if (words := missing_label(part, learnt))]
    if missing:
        shutil.rmtree(directory / framework, ignore_errors=True)
        fit, interruptions = Fit(None, 0, None, [], 0.0, {}, missing[0]), Interruptions()
    elif adopted:
        fit, interruptions = _adopted(settings, directory), Interruptions()
    else:
        fit, interruptions = _fit(settings | {"device": device.type}, train_xyz, val_xyz, directory, checkpoints, checkpoint_minutes)
    fit.wall_s = round(interruptions.earlier_s + fit.wall_s, 3)
    watch.started -= interruptions.earlier_s
    verdict = _judge_fit(fit)
    if verdict.status == "ok":
        assert fit.model_file is not None
        try:
            potential = framework_module(framework, "potential").load(fit.model_file, device, 0.0)
            errors = _energy_errors(potential, [atoms for part in frames.values() for atoms in part])
            verdict = _judge_potential(potential, errors)
        except Exception as error:  # a file of others can be anything
            if not adopted:
                raise
            verdict = Verdict("failed", f"{settings['hyperparameters']['trained']}: {' '.join(str(error).split())[:300]}")
        if verdict.status == "ok" and settings["refit_energy_shift"] and have(frames[train_xyz], "energy"):
            shift = float(errors[: len(frames[train_xyz])].mean())
    elements = sorted({symbol for part in frames.values() for atoms in part for symbol in atoms.symbols})
    _write(settings, fit, interruptions, verdict, potential, shift, device, directory, watch, elements)
    checkpoints.remove()


def _fit(
    settings: dict[str, Any], train_xyz: Path, val_xyz: Path, directory: Path, checkpoints: Checkpoints, minutes: float
) -> tuple[Fit, Interruptions]:
    """Train from the newest checkpoint, or from the start; a killed command is restarted unless it was killed twice from the same epoch."""
    training = framework_module(settings["framework"], "training")
    folder = directory / settings["framework"]
    tried: int | None = None
    while True:
        resume = checkpoints.newest()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        fit = training.fit(settings, train_xyz, val_xyz, directory, environment_for(checkpoints, minutes, resume))
        epochs_before = resume.done if resume else 0
        if not fit.killed or tried == epochs_before:
            before = (resume.resumed + 1, resume.wall_s) if resume else (0, 0.0)
            return fit, Interruptions(*before, checkpoints.notes)
        tried = epochs_before


def _adopted(settings: dict[str, Any], directory: Path) -> Fit:
    """A model trained elsewhere, copied into the framework's folder: what is measured later is what was checked here."""
    file = Path(settings["hyperparameters"]["trained"])
    folder = directory / settings["framework"]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copyfile(file, folder / file.name)
    return Fit(folder / file.name, 0, None, [], 0.0, {})


def _judge_fit(fit: Fit) -> Verdict:
    wrong = [epoch for epoch, loss in enumerate(fit.validation_losses) if not math.isfinite(loss)]
    if wrong:
        also = f"; {fit.failure}" if fit.failure else ""
        return Verdict("diverged", f"the validation loss is {fit.validation_losses[wrong[0]]} after {wrong[0]} epochs{also}")
    if fit.failure:
        return Verdict("failed", fit.failure)
    if fit.model_file is None or not fit.model_file.exists():
        return Verdict("failed", "the training succeeded but left no model")
    if fit.best_epoch == 0:
        return Verdict("failed", f"no epoch of {fit.epochs} improved the untrained model's validation loss ({fit.validation_losses[0]:.6g})")
    return Verdict("ok")


def _judge_potential(potential: Potential, energy_errors: np.ndarray) -> Verdict:
    for name, parameter in potential.module.named_parameters():
        if not parameter.isfinite().all():
            return Verdict("diverged", f"weights '{name}' of the best model are not finite")
    if not np.isfinite(energy_errors).all():
        return Verdict("diverged", f"predictions of {int((~np.isfinite(energy_errors)).sum())} of {len(energy_errors)} frames are not finite")
    return Verdict("ok")


def _energy_errors(potential: Potential, frames: Sequence[Atoms]) -> np.ndarray:
    """(E_ref - E_pred) / n_atoms of each frame in eV, float64; not finite where a frame's energy or forces are not; without labels E_ref is 0."""
    return Batches(potential, frames, FRAMES_AT_ONCE).use(lambda graphs: np.concatenate([_energy_errors_of(potential, graph) for graph in graphs]))


def _energy_errors_of(potential: Potential, graph: Graph) -> np.ndarray:
    energies, forces = potential.energies_forces(graph)
    reference = torch.zeros_like(energies) if graph.energies_eV is None else graph.energies_eV
    # a sum over a frame's forces is finite only if each of them is
    forces_of_frame = torch.zeros_like(energies).index_add_(0, graph.frame_of, forces.abs().sum(dim=1))
    return torch.where(forces_of_frame.isfinite(), (reference - energies) / graph.n_atoms, math.nan).cpu().numpy()


def _write(
    settings: dict[str, Any],
    fit: Fit,
    interruptions: Interruptions,
    verdict: Verdict,
    potential: Potential | None,
    shift: float,
    device: torch.device,
    directory: Path,
    watch: Stopwatch,
    elements: Sequence[str],
) -> None:
    model_file = fit.model_file if verdict.status == "ok" else None
    n_parameters = sum(parameter.numel() for parameter in potential.module.parameters()) if potential else None
    row = {name: settings[name] for name in ("framework", "model", "training_set", "seed")}
    row |= {"status": verdict.status, "epochs": fit.epochs, "wall_s": fit.wall_s, "n_parameters": n_parameters, "best_epoch": fit.best_epoch}
    write_table("trainings", [row | {"device": device.type, "reason": verdict.reason}], directory / "training.csv")
    write_manifest(
        directory / "manifest.json",
        stage="train",
        settings=settings,
        seeds=fit.seeds,
        device=device.type,
        watch=watch,
        status=verdict.status,
        reason=verdict.reason,
        framework=settings["framework"],
        model_file=str(model_file.relative_to(directory)) if model_file else None,
        model_sha256=sha256(model_file) if model_file else None,
        initial_file=str(fit.initial_file.relative_to(directory)) if fit.initial_file else None,
        initial_sha256=sha256(fit.initial_file) if fit.initial_file else None,
        n_parameters=n_parameters,
        epochs=fit.epochs,
        best_epoch=fit.best_epoch,
        energy_shift_eV_per_atom=shift,
        elements=elements,
        training_wall_s=fit.wall_s,
        resumed=interruptions.resumed,
        resume_notes=interruptions.notes,
    )
