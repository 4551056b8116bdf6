"""config/models/paper.yaml says what the authors' released hyperparameter files say, model by model."""

import csv
from pathlib import Path

import pytest
import yaml

from nnip.data import split_names
from nnip.study.config import check_config
from nnip.study.estimates import Work, atoms_expected, frames_expected, measurement_minutes, training_minutes
from nnip.study.measured import asked_for, jobs, module
from nnip.study.model_table import load_models
from nnip.study.runs import list_runs

ROOT = Path(__file__).resolve().parents[2]
TABLE = load_models(ROOT / "config/models/paper.yaml")


def released(folder, framework):
    with open(folder / f"{framework}_hyperparams.csv", newline="") as file:
        return {row[""]: row for row in csv.DictReader(file)}


def rows(framework):
    return {name: row for name, row in TABLE["models"].items() if row["framework"] == framework}


def on(text):
    return text == "True"


def test_names_labels_and_experiments_are_those_of_the_published_study():
    published = yaml.safe_load((ROOT / "config/models/published.yaml").read_text())
    assert TABLE["experiments"] == published["experiments"]
    assert {name: (row["framework"], row["label"]) for name, row in TABLE["models"].items()} == {
        name: (row["framework"], row["label"]) for name, row in published["models"].items()
    }


def test_nequip(mirror):
    given = released(mirror / "published", "nequip")
    assert rows("nequip").keys() == given.keys()
    for name, row in rows("nequip").items():
        said = given[name]
        assert (row["layers"], row["l_max"], row["features"]) == (int(said["num_layers"]), int(said["l_max"]), int(said["num_features"])), name
        assert row["bessel_trainable"] == on(said["BesselBasis_trainable"]), name
        assert row["rescale"] == ("PerSpeciesRescale" in said["model_builders"]), name
        assert row["amsgrad"] == on(said["optimizer_amsgrad"]), name
        assert row["ema_decay"] == (float(said["ema_decay"]) if on(said["use_ema"]) else None), name
        assert row["radial_mlp"] == [int(said["invariant_neurons"])] * int(said["invariant_layers"])
        assert {"training_loss": row["patience"]} == yaml.safe_load(said["early_stopping_patiences"]), name
        numbers = {
            "lr": "learning_rate",
            "lr_factor": "lr_scheduler_factor",
            "lr_patience": "lr_scheduler_patience",
            "weight_decay": "optimizer_weight_decay",
            "clip_gradient": "max_gradient_norm",
            "batch_size": "batch_size",
            "epochs": "max_epochs",
            "n_bessel": "num_basis",
            "cutoff_A": "r_max",
        }
        for key, column in numbers.items():
            assert row[key] == float(said[column]), (name, key)
        assert yaml.safe_load(said["loss_coeffs"]) == {"forces": row["forces_weight"], "total_energy": [row["energy_weight"], "PerAtomMSELoss"]}
        extra = row["extra"]
        total_weight = row["forces_weight"] + row["energy_weight"]
        assert extra["trainer.callbacks.1.min_delta"] * total_weight == pytest.approx(
            yaml.safe_load(said["early_stopping_delta"])["training_loss"], rel=1e-9
        )
        assert str(extra["trainer.callbacks.3"]["stopping_threshold"]) == yaml.safe_load(said["early_stopping_lower_bounds"])["LR"]
        assert (said["parity"], extra["training_module.model._target_"].rsplit(".", 1)[1]) == ("False", "NequIP055Model")


def test_mace(mirror):
    given = released(mirror / "published", "mace")
    assert rows("mace").keys() == given.keys()
    for name, row in rows("mace").items():
        said = given[name]
        assert (row["layers"], row["l_max"], row["body_order"] - 1) == (
            int(said["num_interactions"]),
            int(said["max_ell"]),
            int(said["correlation"]),
        ), name
        hidden = " + ".join(f"{row['features']}x{degree}{'eo'[degree % 2]}" for degree in range(row["l_hidden"] + 1))
        assert hidden == said["hidden_irreps"], name
        assert row["bessel_trainable"] == on(said["trainable_bessel"]), name
        assert row["rescale"] == (said["scaling"] == "rms_forces_scaling") == (said["E0s"] == "average"), name
        assert row["amsgrad"] == on(said["amsgrad"]), name
        assert row["ema_decay"] == (float(said["ema_decay"]) if on(said["ema"]) else None), name
        second = {"start_epoch": "start_swa", "lr": "swa_lr", "energy_weight": "swa_energy_weight", "forces_weight": "swa_forces_weight"}
        stage = {key: float(said[column]) for key, column in second.items()} | {"stress_weight": None} if on(said["swa"]) else None
        assert row["swa"] == stage, name
        # counted in validations there, in epochs here
        assert row["patience"] == int(said["patience"]) * int(said["eval_interval"]), name
        numbers = {
            "lr": "lr",
            "lr_factor": "lr_factor",
            "lr_patience": "scheduler_patience",
            "weight_decay": "weight_decay",
            "clip_gradient": "clip_grad",
            "batch_size": "batch_size",
            "epochs": "max_num_epochs",
            "n_bessel": "num_radial_basis",
            "cutoff_A": "r_max",
            "energy_weight": "energy_weight",
            "forces_weight": "forces_weight",
        }
        for key, column in numbers.items():
            assert row[key] == float(said[column]), (name, key)
        assert (said["num_cutoff_basis"], said["MLP_irreps"], said["gate"], row["extra"]) == ("5", "16x0e", "silu", {}), "what mace does by itself"


def test_every_job_fits_a_days_limit_on_a_gpu():
    config = check_config(yaml.safe_load((ROOT / "config/paper.yaml").read_text()))
    dataset = config["datasets"][config["dataset"]]
    n_frames, n_atoms = frames_expected(dataset, len(split_names(dataset)), config["n_train"]), atoms_expected(dataset)
    runs = list_runs(config, TABLE["models"])
    for run in runs.values():
        assert 0 < training_minutes(run, config, TABLE["models"], n_atoms) <= 1440, run.name
    for name in asked_for(config):
        for folder, job in jobs(name, config, runs).items():
            evaluations = module(name).cost(job.options, n_frames)
            assert 0 < measurement_minutes(Work(evaluations, 0, False), runs[job.run], config, TABLE["models"], n_atoms) <= 1440, folder


def test_a_model_named_with_a_comma_has_a_folder_without():
    config = check_config(yaml.safe_load((ROOT / "config/paper.yaml").read_text()))
    runs = list_runs(config, TABLE["models"])
    assert runs["2-layer-AMSGrad-only.n500.seed1"].model == "2-layer, AMSGrad-only"
