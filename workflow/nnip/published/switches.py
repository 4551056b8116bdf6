"""The released hyperparameters, under this study's names."""

import ast
import re
from collections.abc import Callable

import pandas as pd


def _l_hidden(row: pd.Series) -> str:
    return max(re.findall(r"x(\d)[eo]", row["hidden_irreps"] if "hidden_irreps" in row else row["feature_irreps_hidden"]))


def _loss(row: pd.Series, which: str) -> str:
    given = ast.literal_eval(row["loss_coeffs"])[which]
    return f"{given[0] if isinstance(given, list) else given:g}"


def _null_unless(on: str, column: str) -> Callable[[pd.Series], str]:
    return lambda row: row[column] if row[on] == "True" else "null"


# Hyperparameters by this study's names (config/README.md): a column of the release, or a function of a released row.
SWITCHES: dict[str, dict[str, str | Callable[[pd.Series], str]]] = {
    "nequip": {
        "layers": "num_layers",
        "l_max": "l_max",
        "l_hidden": _l_hidden,
        "features": "num_features",
        "n_bessel": "num_basis",
        "bessel_trainable": lambda row: row["BesselBasis_trainable"].lower(),
        "cutoff_A": "r_max",
        "rescale": lambda row: str("PerSpeciesRescale" in row["model_builders"]).lower(),
        "amsgrad": lambda row: row["optimizer_amsgrad"].lower(),
        "ema_decay": _null_unless("use_ema", "ema_decay"),
        "swa": lambda _: "null",
        "lr": "learning_rate",
        "lr_factor": "lr_scheduler_factor",
        "lr_patience": "lr_scheduler_patience",
        "weight_decay": "optimizer_weight_decay",
        "clip_gradient": "max_gradient_norm",
        "energy_weight": lambda row: _loss(row, "total_energy"),
        "forces_weight": lambda row: _loss(row, "forces"),
        "epochs": "max_epochs",
        "patience": lambda row: str(ast.literal_eval(row["early_stopping_patiences"])["training_loss"]),
        "batch_size": "batch_size",
        "dtype": "default_dtype",
    },
    "mace": {
        "layers": "num_interactions",
        "l_max": "max_ell",
        "l_hidden": _l_hidden,
        "body_order": lambda row: str(int(row["correlation"]) + 1),
        "features": lambda row: row["hidden_irreps"].split("x")[0],
        "n_bessel": "num_radial_basis",
        "bessel_trainable": lambda row: str(row["trainable_bessel"] == "True").lower(),
        "cutoff_A": "r_max",
        "rescale": lambda row: str(row["scaling"] != "no_scaling").lower(),
        "amsgrad": lambda row: row["amsgrad"].lower(),
        "ema_decay": _null_unless("ema", "ema_decay"),
        "swa": lambda row: (
            f"{{start_epoch: {row['start_swa']}, lr: {row['swa_lr']}, energy_weight: {row['swa_energy_weight']}, "
            f"forces_weight: {row['swa_forces_weight']}}}"
            if row["swa"] == "True"
            else "null"
        ),
        "lr": "lr",
        "lr_factor": "lr_factor",
        "lr_patience": "scheduler_patience",
        "weight_decay": "weight_decay",
        "clip_gradient": "clip_grad",
        "energy_weight": "energy_weight",
        "forces_weight": "forces_weight",
        "epochs": "max_num_epochs",
        "patience": "patience",
        "batch_size": "batch_size",
        "dtype": "default_dtype",
    },
}


def hyperparameters(framework: str, data: pd.DataFrame) -> pd.DataFrame:
    """The hyperparameters of every model by this study's names, then every released column that is not blank as `released.<column>`."""
    rows = []
    for model, row in data.iterrows():
        switches = {name: row[source] if isinstance(source, str) else source(row) for name, source in SWITCHES[framework].items()}
        released = {f"released.{name}": value for name, value in row.items() if value != ""}
        rows += [{"framework": framework, "model": model, "name": name, "value": value} for name, value in {**switches, **released}.items()]
    return pd.DataFrame(rows)
