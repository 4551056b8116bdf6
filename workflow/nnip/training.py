"""One training by a framework's own command, and an open word on whether it can be used."""

import math
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from ase import Atoms

from nnip.evaluation import batches
from nnip.files import sha256, write_text
from nnip.frames import missing_label, read_frames
from nnip.manifest import Stopwatch, write_manifest
from nnip.potentials.base import Fit, Potential
from nnip.potentials.loading import framework_module, pick_device
from nnip.tables import write_table

FRAMES_AT_ONCE = 50


@dataclass
class Verdict:
    """Whether a training gave a usable model: status ok, diverged (non-finite numbers) or failed, and why if not ok."""

    status: str
    reason: str | None = None


def train(settings: dict[str, Any], train_xyz: str | os.PathLike[str], val_xyz: str | os.PathLike[str], directory: str | os.PathLike[str]) -> None:
    """Train one model (settings: nnip.runs.run_settings) and write settings.yaml, training.csv and, last, manifest.json into the directory.

    Diverged and failed trainings are results, recorded with a reason. InputError for settings the framework cannot follow and unreadable frames.
    With refit_energy_shift the manifest's energy_shift_eV_per_atom is the mean over the training frames of (E_ref - E_pred) / n_atoms;
    the framework's model file is never edited.
    """
    watch = Stopwatch()
    directory = Path(directory)
    framework = settings["framework"]
    device = pick_device(settings["device"])
    frames = {Path(path): read_frames(path) for path in (train_xyz, val_xyz)}
    training = framework_module(framework, "training")
    for stale in ("manifest.json", "training.csv"):
        (directory / stale).unlink(missing_ok=True)
    shutil.rmtree(directory / framework, ignore_errors=True)
    (directory / framework).mkdir(parents=True)
    write_text(directory / "settings.yaml", yaml.safe_dump(settings, sort_keys=False))

    potential, shift = None, 0.0
    # some frameworks train on in silence without labels
    missing = [f"{path.name}: {words}; nothing was trained" for path, part in frames.items() if (words := missing_label(part))]
    if missing:
        fit = Fit(None, 0, None, [], 0.0, {}, missing[0])
    else:
        fit = training.fit(settings | {"device": device.type}, Path(train_xyz).resolve(), Path(val_xyz).resolve(), directory.resolve())
    verdict = _judge_fit(fit)
    if verdict.status == "ok":
        assert fit.model_file is not None
        potential = framework_module(framework, "potential").load(fit.model_file, device, 0.0)
        errors = _energy_errors(potential, [atoms for part in frames.values() for atoms in part])
        verdict = _judge_potential(potential, errors)
        if verdict.status == "ok" and settings["refit_energy_shift"]:
            shift = float(errors[: len(frames[Path(train_xyz)])].mean())
    _write(settings, fit, verdict, potential, shift, device, directory, watch)


def _judge_fit(fit: Fit) -> Verdict:
    wrong = [epoch for epoch, loss in enumerate(fit.validation_losses) if not math.isfinite(loss)]
    if wrong:
        also = f"; {fit.failure}" if fit.failure else ""
        return Verdict("diverged", f"the validation loss is {fit.validation_losses[wrong[0]]} after {wrong[0]} epochs{also}")
    if fit.failure:
        return Verdict("failed", fit.failure)
    if fit.model_file is None or not fit.model_file.exists():
        return Verdict("failed", "the training ended well but left no model")
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
    """(E_ref - E_pred) / n_atoms of each frame in eV, float64; not finite where a frame's energy or forces are not."""
    errors = []
    for graph in batches(potential, frames, FRAMES_AT_ONCE):
        energies, forces = potential.energies_forces(graph)
        assert graph.energies_eV is not None
        # a sum over a frame's forces is finite only if each of them is
        forces_of_frame = torch.zeros_like(energies).index_add_(0, graph.frame_of, forces.abs().sum(dim=1))
        error = torch.where(forces_of_frame.isfinite(), (graph.energies_eV - energies) / graph.n_atoms, math.nan)
        errors.append(error.cpu().numpy())
    return np.concatenate(errors)


def _write(
    settings: dict[str, Any],
    fit: Fit,
    verdict: Verdict,
    potential: Potential | None,
    shift: float,
    device: torch.device,
    directory: Path,
    watch: Stopwatch,
) -> None:
    model_file = fit.model_file if verdict.status == "ok" else None
    n_parameters = sum(parameter.numel() for parameter in potential.module.parameters()) if potential else None
    row = {name: settings[name] for name in ("framework", "model", "seed", "n_train", "noise")}
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
        model_file=str(model_file.relative_to(directory.resolve())) if model_file else None,
        model_sha256=sha256(model_file) if model_file else None,
        n_parameters=n_parameters,
        epochs=fit.epochs,
        best_epoch=fit.best_epoch,
        energy_shift_eV_per_atom=shift,
        training_wall_s=fit.wall_s,
    )
