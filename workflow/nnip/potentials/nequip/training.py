"""Training a NequIP model by nequip-train."""

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ase.io
import torch
import yaml
from ase.data import chemical_symbols

from nnip.data.element_energies import fitted
from nnip.data.frames import composition, have
from nnip.jobs.errors import InputError
from nnip.jobs.files import write_text
from nnip.potentials import initial
from nnip.potentials.base import Fit
from nnip.potentials.command import WARM, run_command
from nnip.potentials.nequip.choices import problem
from nnip.potentials.nequip.config import build_config
from nnip.study.labels import LABELS, stage_weights, weighted_labels
from nnip.study.seeds import derive

COMMAND = Path(sys.executable).parent / "nequip-train"


def fit(settings: dict[str, Any], train_xyz: Path, val_xyz: Path, directory: Path, environment: Mapping[str, str]) -> Fit:
    """Train in <directory>/nequip, which keeps config.yaml and everything nequip-train writes (see nnip.potentials.base).

    The model file is the checkpoint of the lowest validation loss. It holds the raw weights and the EMA weights, if any, which are then loaded.
    """
    h = settings["hyperparameters"]
    model = f"model '{settings['model']}'"
    if impossible := problem(h):
        raise InputError(f"{model}: {impossible}")
    frames = [atoms for path in (train_xyz, val_xyz) for atoms in ase.io.iread(path, ":")]
    species = [chemical_symbols[number] for number in sorted({number for atoms in frames for number in atoms.numbers})]
    labels = [label for label in LABELS if have(frames, label) and (label != "stress" or label in weighted_labels(h))]
    if h["rescale"] and h["reference_energies"] is None and "energy" in labels and len({composition(atoms) for atoms in frames}) > 1:
        # a mean per atom would leave the network what distinguishes compositions: tens of eV
        learnt = list(ase.io.iread(train_xyz, ":"))
        h = h | {"reference_energies": fitted(learnt, [atoms.get_potential_energy() for atoms in learnt])}
    # models with one seed start from the same weights where their shapes agree, and use the frames in the same order
    seeds = {use: derive(settings["root_seed"], "training", use, settings["seed"]) for use in ("weights", "batches")}
    try:
        config = build_config(h, species, train_xyz, val_xyz, settings["device"], seeds, settings["max_hours"], labels)
    except InputError as error:
        raise InputError(f"{model}: {error}") from None
    folder = directory / "nequip"
    write_text(folder / "config.yaml", yaml.safe_dump(config, sort_keys=False))
    ending = run_command([*WARM, str(COMMAND), "--config-path", str(folder)], folder, folder / "nequip-train.log", environment, COMMAND.name)
    losses = _validation_losses(folder / "csv" / "metrics.csv", stage_weights(h)[-1])
    model_file = folder / "best.ckpt"
    return Fit(
        model_file=model_file if model_file.exists() else None,
        epochs=max(len(losses) - 1, 0),
        best_epoch=_best_epoch(model_file, losses),
        validation_losses=losses,
        wall_s=ending.wall_s,
        seeds=seeds,
        failure=ending.failure,
        killed=ending.killed,
        initial_file=folder / initial.FILE if (folder / initial.FILE).exists() else None,
    )


def _validation_losses(metrics: Path, weights: Mapping[str, float]) -> list[float]:
    """Raw weighted validation losses, of the untrained model and after each epoch."""
    if not metrics.exists():
        return []
    with open(metrics, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("val0_epoch/weighted_sum")]
    columns = {"energy": "per_atom_energy_mse", "forces": "forces_mse", "stress": "stress_mse"}
    return [sum(weight * float(row[f"val0_epoch/{columns[label]}"]) for label, weight in weights.items() if weight) for row in rows]


def _best_epoch(model_file: Path, losses: list[float]) -> int | None:
    if not model_file.exists():
        return None
    # safe to unpickle: the command just wrote this file; Lightning counts epochs from 0
    epoch = torch.load(model_file, map_location="cpu", weights_only=False)["epoch"] + 1
    return epoch if epoch < len(losses) and losses[epoch] < losses[0] else 0
