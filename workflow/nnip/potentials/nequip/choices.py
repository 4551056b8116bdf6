"""Facts about NequIP that need no torch (nnip.potentials.base): names, parts, the time of a step, and the rows it cannot train."""

import re
from collections.abc import Iterator
from typing import Any

TITLE = "NequIP"
PACKAGES = ("nequip", "e3nn")
# nequip.scripts.train is not among them: it keeps the working directory of its import as the place of the config
IMPORTS = ("nequip.train", "nequip.data.datamodule", "nequip.integrations.ase", "nequip.model.saved_models.load_utils", "hydra")
PARAMETER_GROUPS = {
    "readout": r"readout",
    "radial network": r"edge_mlp|bessel",
    "embedding": r"embed",
    "self-connection": r"\bsc\b",
    "linear": r"linear",
}
# classes that only do what their options say and read no model file; one name after the module, since most modules lead to os.system
KNOWN = re.compile(r"(lightning\.pytorch\.callbacks|torch\.optim|torch\.optim\.lr_scheduler|nequip\.train|nnip\.potentials\.nequip\.\w+)\.[A-Z]\w*")
STATISTIC = re.compile(r"\$\{training_data_stats:\w+\}")

# the options that keys of the model table and the study's config set; all other options have defaults and may be changed
SET_BY = {
    "data.seed": "seeds",
    "data.train_file_path": "dataset",
    "data.val_file_path": "dataset",
    "data.train_dataloader.batch_size": "batch_size",
    "data.transforms.1.r_max": "cutoff_A",
    "trainer.accelerator": "device",
    "trainer.callbacks.1.patience": "patience",
    "trainer.gradient_clip_val": "clip_gradient",
    "trainer.max_epochs": "epochs",
    "trainer.max_time": "max_hours",
    "training_module.ema_decay": "ema_decay",
    "training_module.loss.coeffs": "energy_weight, forces_weight and stress_weight",
    "training_module.val_metrics.coeffs": "energy_weight, forces_weight and stress_weight",
    "training_module.lr_scheduler.scheduler.factor": "lr_factor",
    "training_module.lr_scheduler.scheduler.patience": "lr_patience",
    "training_module.model.bessel_trainable": "bessel_trainable",
    "training_module.model.l_max": "l_max",
    "training_module.model.model_dtype": "dtype",
    "training_module.model.num_bessels": "n_bessel",
    "training_module.model.num_features": "features",
    "training_module.model.num_layers": "layers",
    "training_module.model.per_type_energy_scales": "rescale",
    "training_module.model.per_type_energy_shifts": "reference_energies",
    "training_module.model.r_max": "cutoff_A",
    "training_module.model.radial_mlp_depth": "radial_mlp",
    "training_module.model.radial_mlp_width": "radial_mlp",
    "training_module.model.type_embed_num_features": "features",
    "training_module.model.seed": "seeds",
    "training_module.optimizer.amsgrad": "amsgrad",
    "training_module.optimizer.lr": "lr",
    "training_module.optimizer.weight_decay": "weight_decay",
}


def problem(row: dict[str, Any]) -> str | None:
    """What NequIP cannot train in a row, and how to correct it; None if it can train the row."""
    for option, value in row["extra"].items():
        if key := set_by(str(option)):
            return f"'extra': '{option}' follows from the study's own {key}; set that"
        if "stress" in f"{option}: {value}".lower() or "virial" in f"{option}: {value}".lower():
            return f"'extra': '{option}: {str(value)[:100]}' is of stresses, which 'stress_weight' has the model learn; set that"
    for key, allowed in (("l_hidden", (None, row["l_max"])), ("body_order", (None, 2))):
        if row[key] not in allowed:
            return f"'{key}' is {row[key]}, but NequIP has no such choice: leave it out"
    if len(set(row["radial_mlp"])) > 1:
        return f"'radial_mlp' is {row['radial_mlp']}, but the hidden layers of NequIP's radial network have one width"
    return None


def set_by(option: str) -> str | None:
    """The key that sets an option with dots, a part of it, or something in it; None if no key does."""
    return next((key for path, key in SET_BY.items() if f"{path}.".startswith(f"{option}.") or option.startswith(f"{path}.")), None)


def takes(row: dict[str, Any]) -> tuple[str, ...]:
    """None of total_charge and total_spin: energies of NequIP depend on atoms alone."""
    del row
    return ()


def foreign(extra: dict[str, Any]) -> str | None:
    """The extra option that may make NequIP read a model file (a pickle, which runs code) or run other code; None if there is none."""
    for key in extra:
        if str(key).split(".")[0] == "hydra":
            return f"'{key}', by which NequIP's command can be made to run anything"
    for key, value in _leaves(extra):
        if key.split(".")[-1] == "_target_" and not KNOWN.fullmatch(str(value)):
            return f"'{key}: {value}', which has NequIP call that"
        if "${" in str(value) and not STATISTIC.fullmatch(str(value)):
            return f"'{key}: {value}', from which NequIP makes options"
    return None


def step_s_per_frame(row: dict[str, Any]) -> float:
    """Seconds per frame of one training step on one CPU core.

    A rough power law fitted to steps of 5 frames of 27 atoms and 2 layers: 21 ms for 16 features, l 1; 190 ms for 64 features, l 3.
    """
    return 0.004 * (row["layers"] / 2) ** 1.6 * max(row["features"] / 16, 0.5) * ((row["l_max"] + 1) / 2) ** 1.5


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, (dict, list)):
        for key, part in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _leaves(part, f"{path}.{key}".lstrip("."))
    else:
        yield path, node
