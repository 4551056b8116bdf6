"""Options of NequIP from the model table's `extra`, added to the config of a training; unknown options and those of the study's keys are refused."""

import inspect
from typing import Any

import hydra.utils

from nnip.jobs.errors import InputError

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
    "training_module.loss.coeffs": "energy_weight and forces_weight",
    "training_module.val_metrics.coeffs": "energy_weight and forces_weight",
    "training_module.lr_scheduler.scheduler.factor": "lr_factor",
    "training_module.lr_scheduler.scheduler.patience": "lr_patience",
    "training_module.model.bessel_trainable": "bessel_trainable",
    "training_module.model.l_max": "l_max",
    "training_module.model.model_dtype": "dtype",
    "training_module.model.num_bessels": "n_bessel",
    "training_module.model.num_features": "features",
    "training_module.model.num_layers": "layers",
    "training_module.model.per_type_energy_scales": "rescale",
    "training_module.model.per_type_energy_shifts": "rescale",
    "training_module.model.r_max": "cutoff_A",
    "training_module.model.radial_mlp_depth": "radial_mlp",
    "training_module.model.radial_mlp_width": "radial_mlp",
    "training_module.model.type_embed_num_features": "features",
    "training_module.model.seed": "seeds",
    "training_module.optimizer.amsgrad": "amsgrad",
    "training_module.optimizer.lr": "lr",
    "training_module.optimizer.weight_decay": "weight_decay",
}


def override(config: dict[str, Any], dotted_key: str, value: Any) -> None:
    """Set one value of the config; list items are addressed by index, and one may be appended.

    InputError for a key that the study sets, or that NequIP does not know.
    """
    for path, key in SET_BY.items():
        # the same part of the config, one inside it, or one around it
        if f"{path}.".startswith(f"{dotted_key}.") or dotted_key.startswith(f"{path}."):
            raise InputError(f"'extra': '{dotted_key}' follows from the study's own {key}; set that")
    *parents, last = dotted_key.split(".")
    node: Any = config
    for part in parents:
        known = list(map(str, range(len(node)))) if isinstance(node, list) else list(node)
        if part not in known:
            raise InputError(f"'extra': NequIP's config has no '{dotted_key}': '{part}' is not one of {', '.join(known)}")
        node = node[int(part)] if isinstance(node, list) else node[part]
        if not isinstance(node, (dict, list)):
            raise InputError(f"'extra': NequIP's config has no '{dotted_key}': '{part}' is a value, not a block")
    if isinstance(node, list):
        if last not in map(str, range(len(node) + 1)):
            raise InputError(f"'extra': '{dotted_key}' names no item of a list of {len(node)}, nor the next one")
        node[int(last) : int(last) + 1] = [value]
        return
    arguments = _arguments(node)
    if last not in node and arguments is not None and last not in arguments:
        raise InputError(f"'extra': NequIP has no '{dotted_key}'; there are {', '.join(sorted(arguments))}")
    node[last] = value


def _arguments(node: dict[str, Any]) -> set[str] | None:
    """The allowed keys of a block of the config: the arguments of its class; None if they cannot be known."""
    if "_target_" not in node:
        return set(node)
    target = hydra.utils.get_object(node["_target_"])
    signatures = [inspect.signature(target)]
    if str(node["_target_"]).startswith("nequip.model."):
        signatures.append(inspect.signature(hydra.utils.get_object("nequip.model.FullNequIPGNNModel")))
    elif any(parameter.kind is parameter.VAR_KEYWORD for parameter in signatures[0].parameters.values()):
        return None
    return {"_target_", *(name for signature in signatures for name in signature.parameters)}
