"""Every switch of the model table reaches MACE's training: read back from what was trained."""

import json

import ase.io
import conftest
import numpy as np
import pytest
import torch
from conftest import HYPERPARAMETERS, ethanol, with_force

from nnip.jobs.errors import InputError
from nnip.potentials.loading import load
from nnip.potentials.mace.choices import NO_LABELS, SET_BY
from nnip.potentials.mace.launcher import build_parser
from nnip.potentials.mace.training import build_options
from nnip.study.manifest import read_manifest
from nnip.study.seeds import derive
from nnip.training import train

OTHER = conftest.OTHER | {"l_hidden": 1, "body_order": 4, "radial_mlp": [10, 12]}
STAGES = {"epochs": 6, "swa": {"start_epoch": 3, "lr": 0.003, "energy_weight": 50, "forces_weight": 5}}


def rows(directory, mode):
    (file,) = (directory / "mace" / "results").glob("*_train.txt")
    return [row for row in map(json.loads, file.read_text().splitlines()) if row["mode"] == mode]


def checkpoint(directory, pattern="*[0-9].pt"):
    (file,) = (directory / "mace" / "checkpoints").glob(pattern)
    return torch.load(file, weights_only=False)


def groups(saved):
    return {group["name"]: group for group in saved["optimizer"]["param_groups"]}


def gradient_norm(saved):
    """Norm of the one gradient that Adam's first step has seen: its average is a tenth of it."""
    return float(sum((10 * state["exp_avg"]).pow(2).sum() for state in saved["optimizer"]["state"].values()).sqrt())


def weights(directory):
    return {name: parameter.clone() for name, parameter in load(directory).module.named_parameters()}


def logged_loss(row, energy_weight, forces_weight):
    """mace's number is the mean loss of the batches over their size; here all 4 validation frames are one batch."""
    return (energy_weight * row["rmse_e_per_atom"] ** 2 + forces_weight * row["rmse_f"] ** 2) / 4


def test_the_base_model_is_as_asked(trained):
    directory = trained("molecule")
    saved = checkpoint(directory)
    decay = {name: group["weight_decay"] for name, group in groups(saved).items()}
    assert decay == {"embedding": 0, "interactions_decay": 5e-7, "interactions_no_decay": 0, "products": 5e-7, "readouts": 0}
    for group in groups(saved).values():
        assert group["amsgrad"] is True
        assert group["lr"] == 0.01
    assert all("max_exp_avg_sq" in state for state in saved["optimizer"]["state"].values())
    assert (saved["lr_scheduler"]["factor"], saved["lr_scheduler"]["patience"]) == (0.8, 50)
    assert len(rows(directory, "opt")) == 3 * 12 / 4
    for row in rows(directory, "eval"):
        assert row["loss"] == pytest.approx(logged_loss(row, 1, 1000), rel=1e-6)
    module = load(directory).module
    assert {parameter.dtype for parameter in module.parameters()} == {torch.float64}
    assert not any("bessel" in name for name, _ in module.named_parameters())
    assert (int(module.num_interactions), module.spherical_harmonics.irreps_out.lmax) == (2, 1)
    assert str(module.interactions[0].hidden_irreps) == "4x0e+4x1o"
    assert module.products[0].symmetric_contractions.contractions[0].correlation == 2
    frames = ethanol(12, seed=1)
    forces = np.concatenate([atoms.get_forces() for atoms in frames])
    assert float(module.scale_shift.scale) == pytest.approx(np.sqrt((forces**2).mean()), rel=1e-6)
    # of one composition only the sum is known: 2 C, 6 H, 1 O
    mean_energy = module.atomic_energies_fn.atomic_energies[0] @ torch.tensor([6.0, 2.0, 1.0], dtype=torch.float64)
    assert float(mean_energy) == pytest.approx(np.mean([atoms.get_potential_energy() for atoms in frames]), rel=1e-9)


def test_every_other_choice_reaches_the_training(trained):
    directory = trained("molecule", **OTHER)
    saved = checkpoint(directory)
    assert groups(saved)["products"]["weight_decay"] == 1e-3
    for group in groups(saved).values():
        assert group["amsgrad"] is False
        assert group["lr"] == 0.02
    assert not any("max_exp_avg_sq" in state for state in saved["optimizer"]["state"].values())
    assert (saved["lr_scheduler"]["factor"], saved["lr_scheduler"]["patience"]) == (0.5, 7)
    assert len(rows(directory, "opt")) == 2 * 12 / 3
    for row in rows(directory, "eval"):
        assert row["loss"] == pytest.approx(logged_loss(row, 2, 6), rel=1e-4)

    potential = load(directory)
    module = potential.module
    assert potential.cutoff_A == 3.5
    assert {parameter.dtype for parameter in module.parameters()} == {torch.float32}
    assert (int(module.num_interactions), module.spherical_harmonics.irreps_out.lmax) == (3, 2)
    assert str(module.interactions[0].hidden_irreps) == "6x0e+6x1o"
    assert module.products[0].symmetric_contractions.contractions[0].correlation == 3
    parameters = dict(module.named_parameters())
    radial = [parameters[f"interactions.0.conv_tp_weights.layer{k}.weight"].shape for k in range(2)]
    assert radial == [(5, 10), (10, 12)]
    moved = parameters["radial_embedding.bessel_fn.bessel_weights"] - torch.pi / 3.5 * torch.arange(1, 6)
    assert 1e-5 < moved.abs().max() < 0.5, "trained from the frequencies it starts at"
    assert float(module.scale_shift.scale) == 1
    assert module.atomic_energies_fn.atomic_energies.abs().max() == 0


ONE_STEP = {"epochs": 1, "batch_size": 12, "weight_decay": 0.0, "ema_decay": None, "clip_gradient": None}


def test_the_average_of_the_weights_is_what_is_kept(trained):
    """The training is the same with and without the average, to the optimizer's last bit; what is saved of it is not."""
    raw, averaged = checkpoint(trained("molecule", **ONE_STEP)), checkpoint(trained("molecule", **ONE_STEP | {"ema_decay": 0.9}))
    for one, other in zip(*(saved["optimizer"]["state"].values() for saved in (raw, averaged)), strict=True):
        assert torch.equal(one["exp_avg"], other["exp_avg"])
    weight = "readouts.0.linear.weight"
    assert (raw["model"][weight] - averaged["model"][weight]).abs().max() > 1e-4
    kept = weights(trained("molecule", **ONE_STEP | {"ema_decay": 0.9}))
    assert torch.equal(kept[weight], averaged["model"][weight])


def test_gradients_are_clipped_to_the_norm_asked_for(trained):
    assert gradient_norm(checkpoint(trained("molecule", **ONE_STEP))) > 0.1
    clipped = gradient_norm(checkpoint(trained("molecule", **ONE_STEP | {"clip_gradient": 0.01})))
    assert clipped == pytest.approx(0.01, rel=1e-3)


def test_the_second_stage_has_its_own_weights_and_learning_rate_and_is_what_is_kept(trained):
    directory = trained("molecule", **STAGES)
    evaluations = rows(directory, "eval")
    for row in evaluations:
        expected = logged_loss(row, 1, 1000) if row["epoch"] is None or row["epoch"] < 3 else logged_loss(row, 50, 5)
        assert row["loss"] == pytest.approx(expected, rel=1e-6)
    saved = checkpoint(directory, "*_swa.pt")
    assert {group["lr"] for group in groups(saved).values()} == {0.003}
    manifest = read_manifest(directory / "manifest.json")
    assert manifest["model_file"] == "mace/mace_stagetwo.model"
    assert manifest["epochs"] == 6
    second = {row["epoch"] + 1: row["loss"] for row in evaluations[4:]}
    assert manifest["best_epoch"] == min(second, key=second.get)
    kept = weights(directory)
    assert all(torch.equal(saved["model"][name], parameter) for name, parameter in kept.items())


def test_training_stops_when_its_patience_ends(settings_of, frame_files, tmp_path):
    settings = settings_of(epochs=40, patience=2, lr=0.2, ema_decay=None, lr_factor=0.99)
    train(settings, *frame_files["molecule"], tmp_path)
    losses = [row["loss"] for row in rows(tmp_path, "eval")[1:]]
    assert len(losses) < 40
    assert len(losses) == int(np.argmin(losses)) + 1 + 2
    manifest = read_manifest(tmp_path / "manifest.json")
    assert (manifest["epochs"], manifest["best_epoch"]) == (len(losses), int(np.argmin(losses)) + 1)


def test_patience_in_the_first_stage_begins_the_second(settings_of, frame_files, tmp_path):
    swa = {"start_epoch": 30, "lr": 0.001, "energy_weight": 1000, "forces_weight": 1}
    train(settings_of(epochs=34, patience=2, lr=0.2, ema_decay=None, swa=swa), *frame_files["molecule"], tmp_path)
    epochs = [row["epoch"] for row in rows(tmp_path, "eval")[1:]]
    assert len(epochs) < 34
    assert epochs[-1] > 30
    assert read_manifest(tmp_path / "manifest.json")["epochs"] == len(epochs)


@pytest.mark.parametrize("changes", [{"l_max": 0}, {"l_max": 0, "body_order": 2, "layers": 1}, {"l_max": 2, "l_hidden": 0}])
def test_models_without_angles_or_many_bodies_train(trained, changes):
    directory = trained("molecule", epochs=2, **changes)
    assert read_manifest(directory / "manifest.json")["status"] == "ok"
    h = HYPERPARAMETERS | changes
    module = load(directory).module
    assert int(module.num_interactions) == h["layers"]
    assert module.spherical_harmonics.irreps_out.lmax == h["l_max"]
    assert module.products[0].symmetric_contractions.contractions[0].correlation == (h["body_order"] or 3) - 1


def test_the_seed_decides_the_weights(trained, settings_of, frame_files, tmp_path):
    train(settings_of() | {"seed": 2}, *frame_files["molecule"], tmp_path)
    first, second = weights(trained("molecule")), weights(tmp_path)
    assert not any(torch.equal(first[name], second[name]) for name in first)
    assert read_manifest(tmp_path / "manifest.json")["seeds"]["weights"] == derive(1, "training", "weights", 2)


@pytest.mark.parametrize(("batch_size", "steps"), [(5, 3), (100, 1)])
def test_no_frame_is_left_out_of_an_epoch(trained, batch_size, steps):
    directory = trained("molecule", batch_size=batch_size, epochs=2)
    assert [row["epoch"] for row in rows(directory, "opt")] == [0] * steps + [1] * steps
    forces = np.concatenate([atoms.get_forces() for atoms in ethanol(12, seed=1)])
    assert float(load(directory).module.scale_shift.scale) == pytest.approx(np.sqrt((forces**2).mean()), rel=1e-6)


def test_extra_options_reach_mace(trained):
    directory = trained("molecule", extra={"num_cutoff_basis": 7})
    assert load(directory).module.radial_embedding.cutoff_fn.p == 7


def test_every_option_of_a_training_is_one_that_the_study_is_said_to_set(settings_of, frame_files):
    """And every one that is said to be set is an option of mace_run_train."""
    h = settings_of(stress_weight=1.0, ema_decay=0.9, swa=STAGES["swa"])["hyperparameters"]
    options = build_options(h, *frame_files["strained"], "cpu", 1)
    assert set(options) <= set(SET_BY)
    assert {*SET_BY, *NO_LABELS} <= set(vars(build_parser().parse_args(["--name", "a"])))


SPECS = {
    "total_charge": {"type": "categorical", "per": "graph", "num_classes": 3, "emb_dim": 4, "offset": 1},
    "total_spin": {"type": "continuous", "per": "graph", "in_dim": 1, "emb_dim": 4},
}


def charged(n, seed):
    """Frames in two states, whose energies differ by 2 eV."""
    frames = ethanol(n, seed)
    for number, atoms in enumerate(frames):
        atoms.info |= {"total_charge": -(number % 2), "total_spin": 1 + number % 2}
        atoms.calc.results["energy"] += 2.0 * (number % 2)
    return frames


@pytest.mark.parametrize("more", [{}, {"use_embedding_readout": True}])
def test_a_model_that_embeds_charge_and_spin_depends_on_them_everywhere(settings_of, tmp_path, more):
    """In graphs, replicas, stresses and mace's own calculator; without the option the two states are one."""
    for part, seed in (("train", 1), ("val", 2)):
        ase.io.write(tmp_path / f"{part}.xyz", charged(8, seed), format="extxyz")
    train(settings_of(extra={"embedding_specs": SPECS} | more), tmp_path / "train.xyz", tmp_path / "val.xyz", tmp_path / "out")
    potential = load(tmp_path / "out")
    frames = charged(2, seed=3)
    frames[1].positions = frames[0].positions
    energies, forces = potential.energies_forces(potential.graph(frames))
    assert abs(float(energies[1] - energies[0])) > 1e-3 and not torch.allclose(forces[:9], forces[9:])
    calculator = potential.calculator()
    for frame, energy in zip(frames, energies, strict=True):
        assert torch.allclose(potential.energies_forces(potential.replicas(frame, 2))[0], energy, atol=1e-9)
        assert torch.allclose(potential.energies_forces_stress(potential.graph([frame]))[0], energy, atol=1e-9)
        atoms = frame.copy()
        atoms.calc = calculator
        assert atoms.get_potential_energy() == pytest.approx(float(energy), abs=1e-9)
    del frames[1].info["total_spin"]
    with pytest.raises(InputError, match="has no total_spin, which the energy of this model depends on"):
        potential.graph(frames)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda atoms: atoms.info.pop("total_spin"), "'embedding_specs' needs total_spin, which .* has not"),
        (lambda atoms: atoms.info.update(total_charge=-2), r"'embedding_specs.total_charge' has classes 0 to 2, but total_charge \+ offset .* is -1"),
    ],
)
def test_a_charge_that_the_embedding_does_not_have_is_named(settings_of, tmp_path, change, message):
    frames = charged(8, 1)
    change(frames[3])
    ase.io.write(tmp_path / "a.xyz", frames, format="extxyz")
    with pytest.raises(InputError, match=message):
        train(settings_of(extra={"embedding_specs": SPECS}), tmp_path / "a.xyz", tmp_path / "a.xyz", tmp_path / "out")


def test_weights_of_config_types_reach_mace(settings_of, tmp_path):
    """A weight of 0 on one kind of frames: the model is that of a training in which their energies and forces are others."""
    made = {}
    for name, shift, weights in (("all", 0.0, None), ("weighted", 0.0, {"odd": 0.0}), ("other", 5.0, {"odd": 0.0})):
        frames = ethanol(8, 1)
        for number, atoms in enumerate(frames):
            atoms.info["config_type"] = "odd" if number % 2 else "even"
            atoms.calc.results["energy"] += shift * (number % 2)
        for part in ("train", "val"):
            ase.io.write(tmp_path / f"{name}-{part}.xyz", frames, format="extxyz")
        extra = {"config_type_weights": weights} if weights else {}
        files = [tmp_path / f"{name}-{part}.xyz" for part in ("train", "val")]
        train(settings_of(extra=extra, rescale=False), *files, tmp_path / name)
        made[name] = torch.cat([weight.flatten() for weight in weights_of(tmp_path / name)])
    assert not torch.allclose(made["all"], made["weighted"])
    assert torch.equal(made["weighted"], made["other"])


def weights_of(directory):
    (file,) = (directory / "mace").glob("mace.model")
    return [parameter.detach() for parameter in torch.load(file, weights_only=False).parameters()]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"extra": {"num_cutof_basis": 7}}, "model 'tiny': 'extra': mace_run_train has no option 'num_cutof_basis'; did you mean num_cutoff_basis"),
        ({"extra": {"lr": 1}}, "'extra': 'lr' follows from the study's own lr; set that"),
        ({"extra": {"gate": "step"}}, "refuses its options: .*gate.*step"),
        ({"l_max": 1, "l_hidden": 2}, "l_hidden"),
    ],
)
def test_what_mace_cannot_do_is_named(settings_of, frame_files, tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        train(settings_of(**changes), *frame_files["molecule"], tmp_path)


def test_numbers_that_are_not_finite_end_a_training_as_diverged(settings_of, frame_files, tmp_path):
    ase.io.write(tmp_path / "bad.xyz", with_force(np.nan, 5), format="extxyz")
    train(settings_of(epochs=9, rescale=False), tmp_path / "bad.xyz", frame_files["molecule"][1], tmp_path / "train")
    manifest = read_manifest(tmp_path / "train" / "manifest.json")
    assert manifest["status"] == "diverged"
    assert "nan" in manifest["reason"]
    assert manifest["epochs"] == 1, "nothing is trained on after it"


def test_everything_written_stays_with_the_model(trained):
    directory = trained("molecule")
    assert {path.name for path in directory.iterdir()} == {"mace", "manifest.json", "settings.yaml", "training.csv"}
