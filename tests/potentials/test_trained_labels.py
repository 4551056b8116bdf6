"""What a training learns: stresses with their weight, frames without energies or forces, and the elements' reference energies."""

import ase.io
import numpy as np
import pytest
from ase.calculators.singlepoint import SinglePointCalculator
from conftest import ethanol, strained_aluminium

from nnip.jobs.errors import InputError
from nnip.landscape.weights import weight_vector
from nnip.potentials.evaluation import Batches, errors
from nnip.potentials.loading import framework_module, load
from nnip.study.manifest import read_manifest
from nnip.training import train

STRESS = {"stress_weight": 1e6, "epochs": 10}


def fit(settings_of, folder, frames, isolated=None, **changes):
    """Manifest and directory of a training on these frames, the last quarter of which validate."""
    split = 3 * len(frames) // 4
    folder.mkdir(exist_ok=True)
    for name, part in (("train", frames[:split]), ("val", frames[split:])):
        ase.io.write(folder / f"{name}.xyz", part, format="extxyz")
    train(settings_of(**changes), folder / "train.xyz", folder / "val.xyz", folder / "out", isolated_atoms_eV=isolated)
    return read_manifest(folder / "out" / "manifest.json"), folder / "out"


def only(frames, *labels):
    """The frames with some of their labels."""
    left = [atoms.copy() for atoms in frames]
    for atoms, whole in zip(left, frames, strict=True):
        atoms.calc = SinglePointCalculator(atoms, **{label: whole.calc.results[label] for label in labels})
    return left


def losses(framework, directory, hyperparameters):
    """The validation losses that the training's own numbers make."""
    module = framework_module(framework, "training")
    if framework == "nequip":
        return module._validation_losses(directory / "nequip" / "csv" / "metrics.csv", hyperparameters)
    (results,) = (directory / "mace" / "results").glob("*_train.txt")
    return module._validation_losses(results, hyperparameters)[1]


def test_a_stress_weight_changes_the_model_and_lowers_its_stress_errors(trained):
    frames = strained_aluminium(6, seed=11)
    without, learnt = (load(trained("strained", **changes)) for changes in ({"epochs": 10}, STRESS))
    assert not np.allclose(weight_vector(without.module), weight_vector(learnt.module))
    found = [errors(Batches(potential, frames, 4), of_stress=True).stress_rmse_eV_per_A3 for potential in (without, learnt)]
    assert 0 < found[1] < 0.5 * found[0]


def test_the_stress_weight_is_on_the_mean_square_of_the_nine_components(framework, trained, frame_files):
    """The framework's own validation loss of the best epoch is w_E e^2 + w_F f^2 + w_S s^2 with the errors measured here: one meaning in both."""
    directory = trained("strained", **STRESS, ema_decay=None)
    best, weights = read_manifest(directory / "manifest.json")["best_epoch"], {"energy": 1, "forces": 1000, "stress": 1e6}
    potential, frames = load(directory), ase.io.read(frame_files["strained"][1], ":")
    potential.energy_shift_eV_per_atom = 0.0
    found = errors(Batches(potential, frames, 4), of_stress=True)
    values = (found.energy_rmse_eV_per_atom, found.forces_rmse_eV_per_A, found.stress_rmse_eV_per_A3)
    expected = sum(weight * value**2 for weight, value in zip(weights.values(), values, strict=True))
    assert weights["stress"] * found.stress_rmse_eV_per_A3**2 > 0.05 * expected
    assert losses(framework, directory, weights)[best] == pytest.approx(expected, rel=1e-5)


def test_a_second_stage_has_its_own_stress_weight(settings_of, tmp_path):
    frames = strained_aluminium(12, seed=1)
    stage = {"start_epoch": 2, "lr": 0.003, "energy_weight": 50, "forces_weight": 5}
    ended = {}
    for weight in (None, 0, 1e5):
        swa = {"epochs": 4, "stress_weight": 1e4, "swa": stage | {"stress_weight": weight}}
        manifest, directory = fit(settings_of, tmp_path / str(weight), frames, **swa)
        assert manifest["status"] == "ok", manifest["reason"]
        ended[weight] = weight_vector(load(directory).module)
    assert not np.allclose(ended[None], ended[0]) and not np.allclose(ended[0], ended[1e5]) and not np.allclose(ended[None], ended[1e5])
    same = {"epochs": 4, "stress_weight": 1e4, "swa": stage | {"stress_weight": 1e4}}
    assert np.array_equal(weight_vector(load(fit(settings_of, tmp_path / "same", frames, **same)[1]).module), ended[None])


@pytest.mark.parametrize(
    ("labels", "weights"),
    [
        (["energy"], {"energy_weight": 1001, "forces_weight": 0}),
        (["forces"], {"energy_weight": 0, "forces_weight": 1001}),
        (["energy", "stress"], {"energy_weight": 1001, "forces_weight": 0, "stress_weight": 1e4}),
        (["forces", "stress"], {"energy_weight": 0, "forces_weight": 1001, "stress_weight": 1e4}),
    ],
)
def test_frames_need_only_the_labels_that_are_learnt(settings_of, tmp_path, labels, weights):
    """With the same frames whole, the loss is the same; without forces energies are not scaled, without energies not shifted."""
    frames = only(strained_aluminium(16, seed=3), *labels)
    manifest, directory = fit(settings_of, tmp_path / "a", frames, lr=0.002, **weights)
    assert manifest["status"] == "ok", manifest["reason"]
    found = errors(Batches(load(directory), frames, 8), of_stress=True)
    known = {"energy": found.energy_rmse_eV_per_atom, "forces": found.forces_rmse_eV_per_A, "stress": found.stress_rmse_eV_per_A3}
    assert {label for label, value in known.items() if value is not None} == set(labels)
    assert (manifest["energy_shift_eV_per_atom"] != 0) == ("energy" in labels)


@pytest.mark.parametrize("label", ["energy", "forces", "stress"])
def test_frames_without_a_label_that_is_learnt_train_nothing(settings_of, tmp_path, label):
    frames = only(strained_aluminium(8, seed=3), *({"energy", "forces", "stress"} - {label}))
    manifest, directory = fit(settings_of, tmp_path / "a", frames, stress_weight=1.0)
    assert manifest["status"] == "failed" and manifest["reason"] == f"train.xyz: frame 0 has no {label}; nothing was trained"
    assert not any(directory.rglob("*.yaml")) or [file.name for file in directory.rglob("*.yaml")] == ["settings.yaml"]


def test_reference_energies_are_those_of_lone_atoms(settings_of, tmp_path):
    """A lone atom has its reference energy and what the model adds to any atom; two tables differ by exactly their difference."""
    frames = ethanol(12, seed=1)
    tables = {"H": -1.0, "C": -2.0, "O": -3.0}, {"H": -1.0, "C": -2.5, "O": 4.0}
    energies = []
    for number, table in enumerate(tables):
        manifest, directory = fit(settings_of, tmp_path / str(number), frames, reference_energies=table, epochs=1, patience=None, lr=1e-9)
        potential = load(directory) if manifest["status"] == "ok" else pytest.fail(manifest["reason"])
        potential.energy_shift_eV_per_atom = 0.0
        atoms = [ase.Atoms(symbol, positions=[[0, 0, 0]]) for symbol in ("H", "C", "O")]
        energies.append(potential.energies_forces(potential.graph(atoms))[0].numpy())
    assert np.allclose(energies[1] - energies[0], [0.0, -0.5, 7.0], atol=1e-6)


def test_reference_energies_of_isolated_atoms_come_with_the_frames(framework, settings_of, tmp_path):
    frames = ethanol(8, seed=1)
    isolated = {"H": -1.0, "C": -2.0, "O": -3.0, "N": 7.0}
    _, directory = fit(settings_of, tmp_path / "isolated", frames, isolated, reference_energies="isolated", epochs=1)
    _, given = fit(settings_of, tmp_path / "given", frames, reference_energies={"H": -1.0, "C": -2.0, "O": -3.0}, epochs=1)
    name = "config.yaml" if framework == "nequip" else "mace.yaml"
    texts = [(folder / framework / name).read_text().replace(str(folder.parent), "") for folder in (directory, given)]
    assert texts[0] == texts[1] and "-2.0" in texts[0]
    del isolated["C"]
    with pytest.raises(InputError, match=r"'reference_energies' have no energy of C, which frames of training set 'n16' have"):
        fit(settings_of, tmp_path / "lacking", frames, isolated, reference_energies="isolated")
