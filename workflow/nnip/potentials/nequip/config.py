"""The YAML file that nequip-train reads, made from the framework-neutral keys of the model table."""

import copy
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from nnip.potentials.nequip.extra import override
from nnip.study.labels import stage_weights

VALIDATION_LOSS = "val0_epoch/weighted_sum"
ADAM_EPS = 1.0e-8


def build_config(
    hyperparameters: dict[str, Any],
    species: list[str],
    train_xyz: Path,
    val_xyz: Path,
    device: str,
    seeds: dict[str, int],
    max_hours: float | None = None,
    labels: Collection[str] = ("energy", "forces"),
) -> dict[str, Any]:
    """The config of one training, `extra` included; nequip-train reads it as config.yaml in its working directory and writes only there.

    labels: energy, forces and stress, those that all frames of the training have (the stress only if it is learnt).
    NequIP divides the loss weights by their sum. Gradient clipping, weight decay and Adam's eps are divided by that sum too, so that their values
    in the model table mean the same as in MACE.
    InputError for an `extra` key that NequIP does not know.
    """
    h = hyperparameters
    first, *second = stage_weights(h)
    total_weight = float(sum(first.values()))
    loss = _loss(first, labels)
    config: dict[str, Any] = {
        # the first validation is of the untrained model: it shows whether training improved anything
        "run": ["val", "train"],
        "data": _data(h, species, labels, train_xyz, val_xyz, seeds["batches"]),
        "trainer": {
            "_target_": "lightning.Trainer",
            "accelerator": "gpu" if device == "cuda" else "cpu",
            "devices": 1,
            # a training is one process, even in a batch job of several tasks
            "plugins": [{"_target_": "lightning.pytorch.plugins.environments.LightningEnvironment"}],
            "default_root_dir": ".",
            "max_epochs": h["epochs"],
            "max_time": None if max_hours is None else _days_hours_minutes_seconds(max_hours),
            "check_val_every_n_epoch": 1,
            "num_sanity_val_steps": 0,
            "log_every_n_steps": 1_000_000_000,
            "gradient_clip_val": None if h["clip_gradient"] is None else h["clip_gradient"] / total_weight,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "logger": {
                "_target_": "lightning.pytorch.loggers.CSVLogger",
                "save_dir": ".",
                "name": "csv",
                "version": "",
                "flush_logs_every_n_steps": 1,
            },
            "callbacks": _callbacks(h, total_weight, second),
        },
        "training_module": {
            "_target_": "nequip.train.NequIPLightningModule" if h["ema_decay"] is None else "nequip.train.EMALightningModule",
            **({} if h["ema_decay"] is None else {"ema_decay": h["ema_decay"]}),
            "loss": loss,
            "val_metrics": copy.deepcopy(loss),
            "train_metrics": None,
            "test_metrics": None,
            "optimizer": {
                "_target_": "torch.optim.Adam",
                "lr": h["lr"],
                "betas": [0.9, 0.999],
                "eps": ADAM_EPS / total_weight,
                "weight_decay": h["weight_decay"] / total_weight,
                "amsgrad": h["amsgrad"],
            },
            "lr_scheduler": {
                "scheduler": {"_target_": "torch.optim.lr_scheduler.ReduceLROnPlateau", "factor": h["lr_factor"], "patience": h["lr_patience"]},
                "monitor": VALIDATION_LOSS,
                "interval": "epoch",
                "frequency": 1,
            },
            "model": _model(h, species, labels, seeds["weights"]),
        },
        # the command's own files go to the working directory
        "hydra": {"run": {"dir": "."}, "job": {"chdir": False}},
    }
    for key, value in h["extra"].items():
        override(config, key, value)
    # the last one: a saved state includes what the others do at the beginning of an epoch, and their indices do not change
    config["trainer"]["callbacks"].append({"_target_": "nnip.potentials.nequip.checkpoint.Checkpoints"})
    return config


def _loss(weights: Mapping[str, float], labels: Collection[str]) -> dict[str, Any]:
    """NequIP's loss on labels: mean squared errors of energies per atom, of force components and of the nine stress components."""
    names = {"energy": "total_energy", "forces": "forces", "stress": "stress"}
    if {"energy", "forces"} <= set(labels):
        coeffs = {names[label]: float(weights[label]) for label in ("energy", "forces", "stress") if label in labels}
        target = "nequip.train.EnergyForceStressLoss" if "stress" in labels else "nequip.train.EnergyForceLoss"
        return {"_target_": target, "per_atom_energy": True, "coeffs": coeffs}
    per_atom = {"_target_": "nequip.data.PerAtomModifier", "field": "total_energy"}
    metrics = [
        {
            "name": "per_atom_energy_mse" if label == "energy" else f"{label}_mse",
            "field": per_atom if label == "energy" else label,
            "metric": {"_target_": "nequip.train.MeanSquaredError"},
            "coeff": float(weights[label]),
        }
        for label in names
        if label in labels
    ]
    return {"_target_": "nequip.train.MetricsManager", "metrics": metrics}


def _days_hours_minutes_seconds(hours: float) -> str:
    minutes, seconds = divmod(math.ceil(3600 * hours), 60)
    return f"{minutes // 1440:02}:{minutes // 60 % 24:02}:{minutes % 60:02}:{seconds:02}"


def _data(h: dict[str, Any], species: list[str], labels: Collection[str], train_xyz: Path, val_xyz: Path, seed: int) -> dict[str, Any]:
    def loader(batch_size: int, shuffle: bool) -> dict[str, Any]:
        return {"_target_": "torch.utils.data.DataLoader", "batch_size": batch_size, "shuffle": shuffle, "num_workers": 0}

    return {
        "_target_": "nequip.data.datamodule.ASEDataModule",
        "seed": seed,
        "train_file_path": str(train_xyz),
        "val_file_path": str(val_xyz),
        "transforms": [
            {"_target_": "nequip.data.transforms.ChemicalSpeciesToAtomTypeMapper", "model_type_names": species},
            {"_target_": "nequip.data.transforms.NeighborListTransform", "r_max": h["cutoff_A"]},
        ],
        "train_dataloader": loader(h["batch_size"], True),
        "val_dataloader": loader(10, False),
        "stats_manager": _statistics(labels) | {"dataloader_kwargs": {"batch_size": 10}, "type_names": species},
    }


def _statistics(labels: Collection[str]) -> dict[str, Any]:
    """NequIP's statistics of the training frames for _model; its common ones need energies and forces."""
    if {"energy", "forces"} <= set(labels):
        return {"_target_": "nequip.data.CommonDataStatisticsManager"}
    mean, energy = {"_target_": "nequip.data.Mean"}, {"_target_": "nequip.data.PerAtomModifier", "field": "total_energy"}
    metrics = [{"name": "num_neighbors_mean", "field": {"_target_": "nequip.data.NumNeighbors"}, "metric": mean}]
    if "energy" in labels:
        metrics.append({"name": "per_atom_energy_mean", "field": energy, "metric": mean})
    if "forces" in labels:
        metrics.append({"name": "forces_rms", "field": "forces", "metric": {"_target_": "nequip.data.RootMeanSquare"}})
    return {"_target_": "nequip.data.DataStatisticsManager", "metrics": metrics}


def _model(h: dict[str, Any], species: list[str], labels: Collection[str], seed: int) -> dict[str, Any]:
    """NequIP's model; energies are scaled and shifted by what the labels tell."""
    shifts: str | dict[str, float] | None = "${training_data_stats:per_atom_energy_mean}" if h["rescale"] and "energy" in labels else None
    if h["reference_energies"]:
        shifts = {symbol: h["reference_energies"][symbol] for symbol in species}
    return {
        "_target_": "nequip.model.NequIPGNNModel",
        "seed": seed,
        "model_dtype": h["dtype"],
        "compile_mode": "eager",
        "type_names": species,
        "r_max": h["cutoff_A"],
        "num_bessels": h["n_bessel"],
        "bessel_trainable": h["bessel_trainable"],
        "polynomial_cutoff_p": 6,
        "num_layers": h["layers"],
        "l_max": h["l_max"],
        "parity": False,
        "num_features": h["features"],
        "type_embed_num_features": h["features"],
        "radial_mlp_depth": len(h["radial_mlp"]),
        "radial_mlp_width": h["radial_mlp"][0],
        "avg_num_neighbors": "${training_data_stats:num_neighbors_mean}",
        "per_type_energy_scales": "${training_data_stats:forces_rms}" if h["rescale"] and "forces" in labels else None,
        "per_type_energy_shifts": shifts,
        "per_type_energy_scales_trainable": False,
        "per_type_energy_shifts_trainable": False,
    }


def _callbacks(h: dict[str, Any], total_weight: float, second: Sequence[Mapping[str, float]]) -> list[dict[str, Any]]:
    callbacks: list[dict[str, Any]] = [
        {
            "_target_": "lightning.pytorch.callbacks.ModelCheckpoint",
            "dirpath": ".",
            "filename": "best",
            "monitor": VALIDATION_LOSS,
            "mode": "min",
            "save_top_k": 1,
            "enable_version_counter": False,
        },
        {
            # it also stops on a loss that is not finite, so it is there without a patience too
            "_target_": "lightning.pytorch.callbacks.EarlyStopping",
            "monitor": VALIDATION_LOSS,
            "mode": "min",
            "min_delta": 0.0,
            "patience": h["epochs"] + 1 if h["patience"] is None else h["patience"],
            # checked at the end of the validation, so that a second stage can still begin; at the end of the epoch it would be checked last
            "check_on_train_epoch_end": False,
        },
    ]
    if h["swa"]:
        weights = {f"{label}_weight": weight for label, weight in second[0].items()}
        second_stage = {"_target_": "nnip.potentials.nequip.second_stage.SecondStage", "first_total_weight": total_weight, **h["swa"], **weights}
        callbacks.append(
            second_stage | {"monitor": VALIDATION_LOSS, "weight_decay": h["weight_decay"], "clip_gradient": h["clip_gradient"], "eps": ADAM_EPS}
        )
    return [*callbacks, {"_target_": "lightning.pytorch.callbacks.LearningRateMonitor", "logging_interval": "epoch"}]
