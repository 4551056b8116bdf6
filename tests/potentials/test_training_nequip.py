"""Every switch of the model table reaches NequIP's training: read back from what was trained."""

import csv

import conftest
import numpy as np
import pytest
import torch
import yaml
from conftest import ethanol
from nequip.integrations.ase import NequIPCalculator

from nnip.jobs.errors import InputError
from nnip.potentials.loading import load
from nnip.potentials.nequip.choices import SET_BY, problem
from nnip.potentials.nequip.config import build_config
from nnip.study.manifest import read_manifest
from nnip.study.seeds import derive
from nnip.study.tables import read_table
from nnip.training import train

OTHER = conftest.OTHER | {"radial_mlp": [10, 10, 10]}
STAGES = {"epochs": 6, "lr": 0.01, "swa": {"start_epoch": 2, "lr": 0.003, "energy_weight": 50, "forces_weight": 5}, "weight_decay": 0.22}


def checkpoint(directory):
    return torch.load(directory / "nequip" / "best.ckpt", weights_only=False)


def rows(directory):
    with open(directory / "nequip" / "csv" / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


def info(directory):
    return checkpoint(directory)["hyper_parameters"]["info_dict"]


def entry(saved, callback):
    return next(part for part in saved["trainer"]["callbacks"] if part["_target_"].endswith(callback))


def test_the_base_model_is_as_asked(trained):
    directory = trained("molecule")
    saved = checkpoint(directory)
    group = saved["optimizer_states"][0]["param_groups"][0]
    assert group["amsgrad"] is True
    assert group["lr"] == 0.01
    assert group["weight_decay"] == pytest.approx(5e-7 / 1001, rel=1e-12)
    assert group["eps"] == pytest.approx(1e-8 / 1001, rel=1e-12)
    assert "max_exp_avg_sq" in saved["optimizer_states"][0]["state"][0]
    assert saved["state_dict"]["ema._extra_state"]["decay"] == 0.9
    assert saved["lr_schedulers"][0]["factor"] == 0.8
    assert saved["lr_schedulers"][0]["patience"] == 50
    assert info(directory)["trainer"]["gradient_clip_val"] == pytest.approx(10 / 1001)
    coefficients = saved["state_dict"]["loss._extra_state"]["coeff_dict"]
    assert coefficients == pytest.approx({"per_atom_energy_mse": 1 / 1001, "forces_mse": 1000 / 1001})
    model = load(directory).module
    parameters, buffers = dict(model.named_parameters()), dict(model.named_buffers())
    assert {parameter.dtype for parameter in parameters.values()} == {torch.float64}
    assert not any("bessel_weights" in name for name in parameters)
    scales, shifts = (next(value for name, value in buffers.items() if name.endswith(part)) for part in ("scales", "shifts"))
    frames = ethanol(12, seed=1)
    forces = np.concatenate([atoms.get_forces() for atoms in frames])
    assert scales.item() == pytest.approx(np.sqrt((forces**2).mean()), rel=1e-4)
    assert shifts.item() == pytest.approx(np.mean([atoms.get_potential_energy() / len(atoms) for atoms in frames]), rel=1e-4)
    assert layers(parameters) == {"layer0_convnet", "layer1_convnet"}


def layers(parameters):
    return {part for name in parameters for part in name.split(".") if part.endswith("_convnet")}


def test_every_other_choice_reaches_the_training(trained):
    directory = trained("molecule", **OTHER)
    saved = checkpoint(directory)
    group = saved["optimizer_states"][0]["param_groups"][0]
    assert group["amsgrad"] is False
    assert group["lr"] == 0.02
    assert group["weight_decay"] == pytest.approx(1e-3 / 8)
    assert group["eps"] == pytest.approx(1e-8 / 8)
    assert "max_exp_avg_sq" not in saved["optimizer_states"][0]["state"][0]
    assert not any(name.startswith("ema") for name in saved["state_dict"])
    assert (saved["lr_schedulers"][0]["factor"], saved["lr_schedulers"][0]["patience"]) == (0.5, 7)
    coefficients = saved["state_dict"]["loss._extra_state"]["coeff_dict"]
    assert coefficients == pytest.approx({"per_atom_energy_mse": 0.25, "forces_mse": 0.75})
    assert info(directory)["trainer"]["gradient_clip_val"] is None
    assert next(state for name, state in saved["callbacks"].items() if name.startswith("EarlyStopping"))["patience"] == 9
    # two epochs of 12 frames in batches of 3
    assert saved["global_step"] == 4 * (saved["epoch"] + 1)
    assert max(int(row["epoch"]) for row in rows(directory) if row["epoch"]) == 1

    potential = load(directory)
    assert potential.cutoff_A == 3.5
    parameters, buffers = dict(potential.module.named_parameters()), dict(potential.module.named_buffers())
    bessel = next(parameter for name, parameter in parameters.items() if name.endswith("bessel_weights"))
    assert bessel.shape == (1, 5)
    moved = (bessel - bessel.round()).abs().max()
    assert 1e-6 < moved < 0.5, "trained from the whole numbers it starts at"
    assert {parameter.dtype for name, parameter in parameters.items() if "bessel" not in name} == {torch.float32}
    assert layers(parameters) == {"layer0_convnet", "layer1_convnet", "layer2_convnet"}
    widths = [tuple(parameter.shape) for name, parameter in parameters.items() if "layer1_convnet.conv.edge_mlp" in name]
    assert widths[:3] == [(5, 10), (10, 10), (10, 10)]
    assert len(widths) == 4
    assert next(parameter for name, parameter in parameters.items() if "type_embed" in name).shape == (3, 6)
    irreps = potential.module.model.func.layer1_convnet.irreps_in["node_features"]
    assert str(irreps) == "6x0e+6x1o+6x2e"
    for part in ("scales", "shifts"):
        assert not any(name.endswith(part) and value.numel() for name, value in buffers.items()), part


def test_the_model_is_the_best_by_validation_loss_with_ema_weights(trained, frame_files):
    directory = trained("molecule")
    saved, potential = checkpoint(directory), load(directory)
    for k, parameter in enumerate(potential.module.parameters()):
        assert torch.equal(parameter, saved["state_dict"][f"ema.ema_weight_{k}"])
    losses = [float(row["val0_epoch/weighted_sum"]) for row in rows(directory) if row["val0_epoch/weighted_sum"]]
    assert len(losses) == 4, "the untrained model and three epochs"
    best = read_manifest(directory / "manifest.json")["best_epoch"]
    assert best == saved["epoch"] + 1
    assert losses[best] == min(losses)
    # the loaded model has that very loss
    potential.energy_shift_eV_per_atom = 0.0
    graph = potential.graph(ethanol(4, seed=2))
    energies, forces = potential.energies_forces(graph)
    energy_mse = ((energies - graph.energies_eV) / graph.n_atoms).pow(2).mean()
    forces_mse = (forces - graph.forces_eV_per_A).pow(2).mean()
    assert float((energy_mse + 1000 * forces_mse) / 1001) == pytest.approx(losses[best], rel=1e-4)  # the files have 8 decimals


def test_the_calculator_is_nequips_own_plus_the_shift(trained):
    directory = trained("molecule")
    potential = load(directory)
    theirs = NequIPCalculator._from_saved_model(str(directory / "nequip" / "best.ckpt"), device="cpu", chemical_species_to_atom_type_map=True)
    atoms, ours = ethanol(1, seed=3)[0].copy(), ethanol(1, seed=3)[0].copy()
    atoms.calc, ours.calc = theirs, potential.calculator()
    shift = potential.energy_shift_eV_per_atom * len(atoms)
    assert ours.get_potential_energy() == pytest.approx(atoms.get_potential_energy() + shift, abs=1e-10)
    assert np.allclose(ours.get_forces(), atoms.get_forces(), atol=1e-10)
    assert np.allclose(ours.get_potential_energies().sum(), ours.get_potential_energy())


def test_seeds_make_the_weights_and_the_order_of_frames(trained, settings_of, frame_files, tmp_path):
    directory = trained("molecule")
    seeds = {use: derive(1, "training", use, 1) for use in ("weights", "batches")}
    assert read_manifest(directory / "manifest.json")["seeds"] == seeds
    assert info(directory)["training_module"]["model"]["seed"] == seeds["weights"]
    assert info(directory)["data"]["seed"] == seeds["batches"]
    train(settings_of(), *frame_files["molecule"], tmp_path / "again")
    same = zip(load(directory).module.parameters(), load(tmp_path / "again").module.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in same)
    train(settings_of() | {"seed": 2}, *frame_files["molecule"], tmp_path / "other")
    first = rows(directory)[0]["val0_epoch/weighted_sum"]
    assert rows(tmp_path / "again")[0]["val0_epoch/weighted_sum"] == first
    assert rows(tmp_path / "other")[0]["val0_epoch/weighted_sum"] != first


def test_the_second_stage_changes_weights_and_learning_rate_and_seeks_the_best_anew(trained):
    directory = trained("molecule", **STAGES)
    saved = checkpoint(directory)
    lr = [float(row["lr-Adam"]) for row in rows(directory) if row["lr-Adam"]]
    assert lr == [0.01] * 2 + [0.003] * 4
    assert saved["epoch"] >= 2
    coefficients = pytest.approx({"per_atom_energy_mse": 50 / 55, "forces_mse": 5 / 55})
    assert saved["state_dict"]["loss._extra_state"]["coeff_dict"] == coefficients
    assert saved["state_dict"]["val_metrics.0._extra_state"]["coeff_dict"] == coefficients
    assert saved["optimizer_states"][0]["param_groups"][0]["weight_decay"] == pytest.approx(0.22 / 55)
    validation = [row for row in rows(directory) if row["val0_epoch/weighted_sum"]]
    for k, row in enumerate(validation):
        energy, forces = float(row["val0_epoch/per_atom_energy_mse"]), float(row["val0_epoch/forces_mse"])
        expected = (energy + 1000 * forces) / 1001 if k < 3 else (50 * energy + 5 * forces) / 55
        assert float(row["val0_epoch/weighted_sum"]) == pytest.approx(expected)
    best = read_manifest(directory / "manifest.json")["best_epoch"]
    assert float(validation[best]["val0_epoch/weighted_sum"]) == min(float(row["val0_epoch/weighted_sum"]) for row in validation[3:])


def test_the_second_stage_begins_early_where_the_first_would_stop(settings_of, frame_files, tmp_path):
    swa = {"start_epoch": 10, "lr": 0.01, "energy_weight": 1000, "forces_weight": 1}
    train(settings_of(lr=1e-30, patience=1, epochs=11, weight_decay=0.0, swa=swa), *frame_files["molecule"], tmp_path)
    lr = [float(row["lr-Adam"]) for row in rows(tmp_path) if row["lr-Adam"]]
    assert lr[:3] == [1e-30, 1e-30, 0.01]
    saved = checkpoint(tmp_path)
    assert saved["epoch"] >= 2
    assert saved["state_dict"]["loss._extra_state"]["coeff_dict"]["per_atom_energy_mse"] == pytest.approx(1000 / 1001)


def test_training_stops_after_patience_epochs_without_improvement(settings_of, frame_files, tmp_path):
    """A learning rate of nothing: no epoch improves the first one, and the training is no model."""
    train(settings_of(lr=1e-30, epochs=20, patience=2, ema_decay=None, weight_decay=0.0), *frame_files["molecule"], tmp_path)
    row = read_table("trainings", tmp_path / "training.csv").iloc[0]
    assert row.epochs == 3
    assert row.status == "failed"
    assert "improved" in row.reason
    assert row.best_epoch == 0


def test_extra_options_reach_nequip_and_unknown_ones_are_named(trained, settings_of, frame_files, tmp_path):
    extra = {
        "training_module.model.polynomial_cutoff_p": 4,
        "training_module.model.readout_mlp_hidden_layers_depth": 1,
        "data.val_dataloader.batch_size": 2,
    }
    directory = trained("molecule", extra=extra)
    assert info(directory)["training_module"]["model"]["polynomial_cutoff_p"] == 4
    assert info(directory)["data"]["val_dataloader"]["batch_size"] == 2
    assert sum("per_atom_energy_readout" in name for name, _ in load(directory).module.named_parameters()) == 2
    for unknown in (
        "training_module.model.polynomial_cutof",
        "training_module.modl.seed",
        "trainer.callbacks.9.patience",
        "trainer.max_epochs.x",
        "epochs",
    ):
        with pytest.raises(InputError, match=f"model 'tiny'.*{unknown}"):
            train(settings_of(extra={unknown: 1}), *frame_files["molecule"], tmp_path)


def leaves(node, path=""):
    if not isinstance(node, (dict, list)) or not node:
        return {path: node}
    items = node.items() if isinstance(node, dict) else enumerate(node)
    return {name: value for key, part in items for name, value in leaves(part, f"{path}.{key}".lstrip(".")).items()}


def test_extra_options_that_the_study_sets_are_refused(settings_of, frame_files, tmp_path):
    def built(species="H", device="cpu", seed=1, **changes):
        h = settings_of(**changes)["hyperparameters"]
        return build_config(h, [species], tmp_path / species, tmp_path / species, device, dict.fromkeys(("weights", "batches"), seed))

    one, other = leaves(built()), leaves(built("C", "cuda", 2, **OTHER | {"ema_decay": 0.5, "clip_gradient": 1, "rescale": False}))
    changed = {path for path in one.keys() | other.keys() if one.get(path) != other.get(path)}
    changed -= {path for path in changed if "type_names" in path or path.endswith(".eps")}
    assert len(changed) > 20
    for path in (*changed, "training_module.optimizer", "training_module.loss.coeffs.forces"):
        assert problem(settings_of(extra={path: 1})["hyperparameters"]).startswith(f"'extra': '{path}' follows from the study's own")
    for path, key in SET_BY.items():
        assert problem(settings_of(extra={path: 1})["hyperparameters"]) == f"'extra': '{path}' follows from the study's own {key}; set that"
        assert path in one or any(name.startswith(f"{path}.") for name in one) or path.endswith(("max_time", "per_type_energy_shifts"))
    with pytest.raises(InputError, match=r"'training_module\.model\.num_layers' follows from the study's own layers; set that"):
        train(settings_of(extra={"training_module.model.num_layers": 2}), *frame_files["molecule"], tmp_path)


def test_what_nequip_cannot_train_is_named(settings_of, frame_files, tmp_path):
    for change in ({"body_order": 4}, {"l_hidden": 0}, {"radial_mlp": [8, 16]}):
        with pytest.raises(InputError, match=f"model 'tiny': '{next(iter(change))}'"):
            train(settings_of(**change), *frame_files["molecule"], tmp_path)


def test_a_command_that_fails_leaves_its_last_words(settings_of, frame_files, tmp_path):
    train(settings_of(extra={"training_module.model.polynomial_cutoff_p": "six"}), *frame_files["molecule"], tmp_path)
    manifest = read_manifest(tmp_path / "manifest.json")
    assert manifest["status"] == "failed"
    assert manifest["reason"].startswith("nequip-train ended with status 1; its last line (of nequip-train.log): ")
    assert "Error" in manifest["reason"]


def test_loading_says_nothing_of_what_was_asked_for(trained, capfd, recwarn):
    load(trained("molecule", **OTHER))
    assert capfd.readouterr() == ("", "")
    assert not [str(warning.message) for warning in recwarn if "nequip" in str(warning.filename)]


def test_the_config_is_kept_beside_the_model_and_asks_for_one_process(trained):
    config = yaml.safe_load((trained("molecule") / "nequip" / "config.yaml").read_text())
    assert config["trainer"]["devices"] == 1
    assert config["trainer"]["accelerator"] == "cpu"
    assert "LightningEnvironment" in config["trainer"]["plugins"][0]["_target_"]


def test_on_a_gpu_the_config_asks_for_it(settings_of, tmp_path):
    config = build_config(settings_of()["hyperparameters"], ["H"], tmp_path, tmp_path, "cuda", {"weights": 1, "batches": 2})
    assert config["trainer"]["accelerator"] == "gpu"
