"""Facts about MACE that need no torch (nnip.potentials.base): names, parts, the time of a step, and the rows it cannot train."""

import ast
from typing import Any

from nnip.study.labels import CHARGE_AND_SPIN

TITLE = "MACE"
PACKAGES = ("mace-torch", "e3nn")
IMPORTS = ("mace.cli.run_train", "mace.calculators")
PARAMETER_GROUPS = {
    "readout": r"readout",
    "radial network": r"conv_tp_weights|radial",
    "embedding": r"embed",
    "self-connection": r"skip",
    "products": r"contraction",
    "linear": r"linear",
}
FOREIGN = ("foundation_model", "restart_latest", "checkpoints_dir", "config")
# options of mace_run_train that keys of the model table and of the study's config set
SET_BY = {
    "name": "framework",
    "seed": "seeds",
    "work_dir": "study",
    "train_file": "datasets",
    "valid_file": "datasets",
    "energy_key": "datasets.<name>.energy_key",
    "forces_key": "datasets.<name>.forces_key",
    "stress_key": "datasets.<name>.stress_key",
    "virials_key": "datasets.<name>.virial_key",
    "total_charge_key": "frames, which have total_charge",
    "total_spin_key": "frames, which have total_spin",
    "device": "device",
    "pin_memory": "device",
    "default_dtype": "dtype",
    "model": "framework",
    "num_interactions": "layers",
    "max_ell": "l_max",
    "hidden_irreps": "features and l_hidden",
    "correlation": "body_order",
    "radial_MLP": "radial_mlp",
    "num_radial_basis": "n_bessel",
    "trainable_bessel": "bessel_trainable",
    "r_max": "cutoff_A",
    "scaling": "rescale",
    "E0s": "reference_energies",
    "loss": "energy_weight, forces_weight and stress_weight",
    "energy_weight": "energy_weight",
    "forces_weight": "forces_weight",
    "stress_weight": "stress_weight",
    "virials_weight": "stress_weight",
    "compute_stress": "stress_weight",
    "swa": "swa",
    "start_swa": "swa.start_epoch",
    "swa_lr": "swa.lr",
    "swa_energy_weight": "swa.energy_weight",
    "swa_forces_weight": "swa.forces_weight",
    "swa_stress_weight": "swa.stress_weight",
    "swa_virials_weight": "swa.stress_weight",
    "optimizer": "amsgrad (it is always Adam)",
    "amsgrad": "amsgrad",
    "ema": "ema_decay",
    "ema_decay": "ema_decay",
    "lr": "lr",
    "weight_decay": "weight_decay",
    "clip_grad": "clip_gradient",
    "scheduler": "lr_factor and lr_patience",
    "lr_factor": "lr_factor",
    "scheduler_patience": "lr_patience",
    "batch_size": "batch_size",
    "valid_batch_size": "validation_fraction",
    "max_num_epochs": "epochs",
    "patience": "patience",
    "max_hours": "training.max_hours",
    "eval_interval": "epochs (every epoch is validated)",
    "error_table": "framework",
    "plot": "framework",
}
# options for labels that frames of a study do not have
NO_LABELS = {
    "dipole_weight": "dipoles",
    "swa_dipole_weight": "dipoles",
    "dipole_key": "dipoles",
    "compute_atomic_dipole": "dipoles",
    "polarizability_weight": "polarizabilities",
    "swa_polarizability_weight": "polarizabilities",
    "polarizability_key": "polarizabilities",
    "compute_polarizability": "polarizabilities",
    "charges_key": "charges of atoms",
    "elec_temp_key": "electronic temperatures",
    "head_key": "heads",
}


def problem(row: dict[str, Any]) -> str | None:
    """What MACE cannot train in a row, and how to correct it; None if it can train the row."""
    for name in row["extra"]:
        if name in SET_BY:
            return f"'extra': '{name}' follows from the study's own {SET_BY[name]}; set that"
        if name in NO_LABELS:
            return f"'extra': '{name}' needs {NO_LABELS[name]}, which frames of a study do not have: leave it out"
    try:
        unknown = [name for name in embedding_specs(row) if name not in CHARGE_AND_SPIN]
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return f"'extra': 'embedding_specs' is {str(row['extra']['embedding_specs'])[:100]!r}, but should be a mapping of names to specifications"
    if unknown:
        return f"'extra': 'embedding_specs' has '{unknown[0]}', but of such quantities frames of a study have {' and '.join(CHARGE_AND_SPIN)}"
    l_hidden = row["l_max"] if row["l_hidden"] is None else row["l_hidden"]
    if l_hidden > row["l_max"]:
        return f"'l_hidden' is {l_hidden}, but must not exceed l_max ({row['l_max']}): edges of that degree are what fills such features"
    return None


def takes(row: dict[str, Any]) -> tuple[str, ...]:
    """Of total_charge and total_spin, those that the model embeds (mace's embedding_specs)."""
    return tuple(embedding_specs(row))


def embedding_specs(row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The quantities of a frame that the model embeds, with their specifications, from a mapping or its text; ValueError and others for neither."""
    specs = row["extra"].get("embedding_specs") or {}
    return {str(name): dict(spec) for name, spec in dict(ast.literal_eval(specs) if isinstance(specs, str) else specs).items()}


def foreign(extra: dict[str, Any]) -> str | None:
    """The extra option that would make the training read a model file (a pickle, which runs code) or unchecked options; None if there is none."""
    return next((f"'{name}', which reads files this study did not make" for name in FOREIGN if name in extra), None)


def step_s_per_frame(row: dict[str, Any]) -> float:
    """Seconds per frame of one training step on one CPU core.

    A rough power law fitted to steps of 5 frames of 27 atoms: 23 ms for 16 channels, l 1, body order 3; 6.8 s for 256 channels, l 3, hidden l 2.
    """
    l_hidden = row["l_max"] if row["l_hidden"] is None else row["l_hidden"]
    order = (row["body_order"] or 3) - 1
    return 0.005 * (row["layers"] / 2) * (row["features"] / 16) ** 1.3 * ((row["l_max"] + 1) / 2) ** 1.3 * (l_hidden + 1) * order / 2
