"""Training a MACE model by mace_run_train, started through the launcher beside this file."""

import difflib
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import ase.io
import yaml
from ase import Atoms
from ase.data import chemical_symbols

from nnip.data.frames import have
from nnip.jobs.errors import InputError
from nnip.jobs.files import write_text
from nnip.potentials import initial
from nnip.potentials.base import Fit
from nnip.potentials.command import WARM, run_command
from nnip.potentials.mace.choices import embedding_specs, problem
from nnip.potentials.mace.launcher import build_parser
from nnip.potentials.mace.slabs import turned_file
from nnip.study.labels import LABELS, stage_weights, weighted_labels
from nnip.study.seeds import derive

NAME = "mace"
# -P: Python does not search the working directory or the launcher's folder for modules, where one could have the name of a module of mace
COMMAND = [*WARM, "-m", "nnip.potentials.mace.launcher", "--config", "mace.yaml"]
VALIDATION_BATCH = 50


def fit(settings: dict[str, Any], train_xyz: Path, val_xyz: Path, directory: Path, environment: Mapping[str, str]) -> Fit:
    """Train in <directory>/mace, which keeps mace.yaml and everything mace_run_train writes (see nnip.potentials.base).

    The model file is the module of the lowest validation loss (of stage two, if there is one), with its EMA weights if there are any.
    """
    h = settings["hyperparameters"]
    model = f"model '{settings['model']}'"
    if impossible := problem(h):
        raise InputError(f"{model}: {impossible}")
    # mace has one seed for both the weights and the order of the frames
    seed = derive(settings["root_seed"], "training", "weights", settings["seed"])
    folder = directory / NAME
    train_xyz, val_xyz = (turned_file(path, folder) for path in (train_xyz, val_xyz))
    try:
        write_text(
            folder / "mace.yaml",
            yaml.safe_dump(build_options(h, train_xyz, val_xyz, settings["device"], seed, settings["max_hours"]), sort_keys=False),
        )
        check_options(folder / "mace.yaml")
    except InputError as error:
        raise InputError(f"{model}: {error}") from None
    ending = run_command(COMMAND, folder, folder / "mace_run_train.log", environment, "mace_run_train")
    epochs, losses = _validation_losses(folder / "results" / f"{NAME}_run-{seed}_train.txt", stage_weights(h)[-1])
    model_file = folder / (f"{NAME}_stagetwo.model" if h["swa"] else f"{NAME}.model")
    return Fit(
        model_file=model_file if model_file.exists() else None,
        epochs=len(epochs),
        best_epoch=_best_epoch(folder / "checkpoints", bool(h["swa"]), epochs, losses),
        validation_losses=losses,
        wall_s=ending.wall_s,
        seeds={"weights": seed, "batches": seed},
        failure=ending.failure,
        killed=ending.killed,
        initial_file=folder / initial.FILE if (folder / initial.FILE).exists() else None,
    )


def build_options(h: dict[str, Any], train_xyz: Path, val_xyz: Path, device: str, seed: int, max_hours: float | None = None) -> dict[str, Any]:
    """mace_run_train's options for one training, `extra` included; all output goes to the working directory.

    InputError for an `extra` option that mace does not have.
    """
    train_frames, val_frames = (list(ase.io.iread(path, ":")) for path in (train_xyz, val_xyz))
    elements = sorted({int(number) for atoms in (*train_frames, *val_frames) for number in atoms.numbers})
    labels = [label for label in LABELS if have([*train_frames, *val_frames], label)]
    first, *second = stage_weights(h)
    of_stress = "stress" in weighted_labels(h)
    # without the labels that mace takes an element's energy and the energies' scale from, they are 0 and 1
    E0s: dict[int, float] | str = "average" if h["rescale"] and "energy" in labels else dict.fromkeys(elements, 0.0)
    if h["reference_energies"]:
        E0s = {number: float(h["reference_energies"][chemical_symbols[number]]) for number in elements}
    _check_states(h, [*train_frames, *val_frames])
    l_hidden = h["l_max"] if h["l_hidden"] is None else h["l_hidden"]
    options = {
        "name": NAME,
        "seed": seed,
        "work_dir": ".",
        "train_file": str(train_xyz),
        "valid_file": str(val_xyz),
        "energy_key": "energy",
        "forces_key": "forces",
        "device": device,
        "pin_memory": device == "cuda",
        "default_dtype": h["dtype"],
        # the model
        "model": "MACE",
        "num_interactions": h["layers"],
        "max_ell": h["l_max"],
        "hidden_irreps": " + ".join(f"{h['features']}x{degree}{'eo'[degree % 2]}" for degree in range(l_hidden + 1)),
        "correlation": 2 if h["body_order"] is None else h["body_order"] - 1,
        "radial_MLP": str(h["radial_mlp"]),
        "num_radial_basis": h["n_bessel"],
        "trainable_bessel": h["bessel_trainable"],
        "r_max": h["cutoff_A"],
        "scaling": "rms_forces_scaling" if h["rescale"] and "forces" in labels else "no_scaling",
        "E0s": str(E0s),
        # the loss and its optimizer
        "loss": "stress" if of_stress else "weighted",
        "energy_weight": first["energy"],
        "forces_weight": first["forces"],
        "optimizer": "adam",
        "amsgrad": h["amsgrad"],
        "lr": h["lr"],
        "weight_decay": h["weight_decay"],
        "clip_grad": str(h["clip_gradient"]),
        "scheduler": "ReduceLROnPlateau",
        "lr_factor": h["lr_factor"],
        "scheduler_patience": h["lr_patience"],
        "batch_size": h["batch_size"],
        # mace sums the losses of batches: with batches of one size all frames have equal weight
        "valid_batch_size": next(size for size in range(VALIDATION_BATCH, 0, -1) if len(val_frames) % size == 0),
        "max_num_epochs": h["epochs"],
        "patience": h["epochs"] + 1 if h["patience"] is None else h["patience"],
        "max_hours": math.inf if max_hours is None else max_hours,
        "eval_interval": 1,
        "error_table": "PerAtomRMSE",
        "plot": False,
    }
    if of_stress:
        options |= {"stress_key": "stress", "stress_weight": first["stress"]}
    if h["ema_decay"] is not None:
        options |= {"ema": True, "ema_decay": h["ema_decay"]}
    if h["swa"]:
        weights = {f"swa_{label}_weight": weight for label, weight in second[0].items() if label != "stress" or of_stress}
        options |= {"swa": True, "start_swa": h["swa"]["start_epoch"], "swa_lr": h["swa"]["lr"], **weights}
    known = set(vars(build_parser().parse_args(["--name", NAME])))
    for name in h["extra"]:
        if name not in known:
            alike = "; did you mean " + " or ".join(matches) + "?" if (matches := difflib.get_close_matches(name, known)) else ""
            raise InputError(f"'extra': mace_run_train has no option '{name}'{alike}")
    # mace reads mappings as text
    return options | {name: str(value) if isinstance(value, dict) else value for name, value in h["extra"].items()}


def _check_states(h: dict[str, Any], frames: Sequence[Atoms]) -> None:
    """InputError for a frame without a charge or spin that the model embeds, or with one that its classes do not have: mace would take a default."""
    for name, spec in embedding_specs(h).items():
        for frame in frames:
            origin, value = frame.info.get("origin", frame.symbols), frame.info.get(name)
            if value is None:
                raise InputError(f"'extra': 'embedding_specs' needs {name}, which {origin} has not")
            place = value + spec.get("offset", 0)
            if spec.get("type") == "categorical" and not 0 <= place < spec.get("num_classes", math.inf):
                raise InputError(
                    f"'extra': 'embedding_specs.{name}' has classes 0 to {spec['num_classes'] - 1}, but {name} + offset of {origin} is {place}: "
                    "set offset and num_classes"
                )


def check_options(file: Path) -> None:
    """Parse a file of options with mace's own parser; InputError with its message if it refuses a value."""
    parser = build_parser()

    def refuse(message: str) -> NoReturn:
        raise InputError(f"mace_run_train refuses its options: {message}")

    parser.error = refuse  # type: ignore[method-assign]
    parser.parse_args(["--config", str(file)])


def _validation_losses(results: Path, weights: Mapping[str, float]) -> tuple[list[int], list[float]]:
    """mace's numbers of the finished epochs, and the weighted validation losses of the untrained model and after each epoch."""
    rows = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()] if results.exists() else []
    rows = [row for row in rows if row["mode"] == "eval"]
    columns = {"energy": "rmse_e_per_atom", "forces": "rmse_f", "stress": "rmse_stress"}
    losses = [sum(weight * row[columns[label]] ** 2 for label, weight in weights.items() if weight) for row in rows]
    return [row["epoch"] for row in rows[1:]], losses


def _best_epoch(checkpoints: Path, second_stage: bool, epochs: list[int], losses: list[float]) -> int | None:
    """The number of epochs before the newest checkpoint of the last stage; 0 if that model was no better than the untrained one."""
    pattern = re.compile(r"_epoch-(\d+)_swa\.pt$" if second_stage else r"_epoch-(\d+)\.pt$")
    saved = [int(match[1]) for match in map(pattern.search, map(str, checkpoints.glob("*.pt"))) if match]
    if not saved:
        return None
    best = epochs.index(max(saved)) + 1
    return best if losses[best] < losses[0] else 0
