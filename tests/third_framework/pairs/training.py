"""Training a Pairs model by its command."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from nnip.jobs.errors import InputError
from nnip.jobs.files import write_text
from nnip.potentials.base import Fit
from nnip.potentials.command import run_command
from nnip.potentials.pairs.choices import problem


def fit(settings: dict[str, Any], train_xyz: Path, val_xyz: Path, directory: Path, environment: Mapping[str, str]) -> Fit:
    """Train in <directory>/pairs, where everything the command writes stays (nnip.potentials.base says more)."""
    h = settings["hyperparameters"]
    if impossible := problem(h):
        raise InputError(f"model '{settings['model']}': {impossible}")
    folder = directory / "pairs"
    options = {name: h[name] for name in ("cutoff_A", "n_bessel", "dtype", "energy_weight", "forces_weight")}
    write_text(folder / "options.yaml", yaml.safe_dump(options | {"train": str(train_xyz), "val": str(val_xyz)}))
    ending = run_command([sys.executable, "-m", "nnip.potentials.pairs.fit", "options.yaml"], folder, folder / "fit.log", environment)
    losses = yaml.safe_load((folder / "losses.yaml").read_text()) if ending.failure is None else []
    model_file = folder / "model.pt"
    return Fit(
        model_file=model_file if model_file.exists() else None,
        epochs=max(len(losses) - 1, 0),
        best_epoch=int(losses[1] < losses[0]) if losses else None,
        validation_losses=losses,
        wall_s=ending.wall_s,
        seeds={},
        failure=ending.failure,
        killed=ending.killed,
    )
