"""The framework-neutral driver and loader (nnip.training, nnip.potentials.loading), run with the framework of this environment."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import ase.io
import numpy as np
import pytest
import torch
from ase.calculators.singlepoint import SinglePointCalculator
from conftest import ethanol, with_force

from nnip.jobs.errors import InputError
from nnip.jobs.files import sha256
from nnip.potentials import base
from nnip.potentials.loading import framework_module, load
from nnip.study.manifest import read_manifest
from nnip.study.tables import read_table
from nnip.training import train

SCRIPT = Path(__file__).parents[2] / "workflow" / "scripts" / "train_model.py"


def row(directory):
    return read_table("trainings", directory / "training.csv").iloc[0]


def test_an_ok_training_is_recorded_whole(trained, settings_of, framework):
    directory = trained("molecule")
    manifest, training = read_manifest(directory / "manifest.json"), row(directory)
    assert manifest["stage"] == "train"
    assert manifest["status"] == training.status == "ok"
    assert manifest["settings"] == settings_of()
    assert manifest["model_sha256"] == sha256(directory / manifest["model_file"])
    assert manifest["device"] == training.device == "cpu"
    assert (training.framework, training.model, training.seed, training.training_set) == (framework, "tiny", 1, "n16")
    assert training.epochs == 3
    assert 1 <= training.best_epoch <= 3
    assert training.wall_s > 0
    assert training.n_parameters == sum(p.numel() for p in load(directory).module.parameters()) > 100
    assert training.isna()["reason"]
    assert all(isinstance(seed, int) for seed in manifest["seeds"].values())
    assert manifest["seeds"]
    assert {path.name for path in directory.iterdir()} == {"manifest.json", "training.csv", "settings.yaml", framework}


def test_the_energy_shift_takes_the_mean_error_of_the_training_frames_away(trained, frame_files):
    potential = load(trained("molecule"))
    graph = potential.graph(ase.io.read(frame_files["molecule"][0], ":"))
    energies, _ = potential.energies_forces(graph)
    assert float(((graph.energies_eV - energies) / graph.n_atoms).mean()) == pytest.approx(0, abs=1e-9)


def test_a_model_learns_from_energies_alone(trained):
    training = row(trained("periodic", energy_weight=1001, forces_weight=0, ema_decay=None, epochs=10))
    assert (training.status, training.epochs) == ("ok", 10)


def test_a_training_whose_time_is_over_ends_well(settings_of, frame_files, tmp_path):
    train(settings_of(epochs=100_000) | {"max_hours": 1e-9}, *frame_files["molecule"], tmp_path)
    assert row(tmp_path).status == "ok"
    assert 1 <= row(tmp_path).epochs < 1000


def test_a_training_whose_time_is_over_before_its_second_stage_has_failed(settings_of, frame_files, tmp_path):
    second_stage = {"start_epoch": 99_999, "lr": 0.01, "energy_weight": 1, "forces_weight": 1}
    train(settings_of(epochs=100_000, swa=second_stage) | {"max_hours": 1e-9}, *frame_files["molecule"], tmp_path)
    assert row(tmp_path).status == "failed"
    assert "before its second stage" in row(tmp_path).reason


def test_without_refit_there_is_no_shift(framework, trained, settings_of, frame_files, tmp_path, monkeypatch):
    monkeypatch.setattr(framework_module(framework, "training"), "fit", finished(trained("molecule"), framework, tmp_path))
    train(settings_of() | {"refit_energy_shift": False}, *frame_files["molecule"], tmp_path)
    assert read_manifest(tmp_path / "manifest.json")["energy_shift_eV_per_atom"] == 0.0


def finished(directory, framework, target, **changes):
    """A fit that hands back a model trained before, with some of its outcome changed."""
    manifest = read_manifest(directory / "manifest.json")

    def fit(*_):
        (target / framework).mkdir(exist_ok=True)
        model = target / framework / "given.model"
        shutil.copy(directory / manifest["model_file"], model)
        outcome = {"model_file": model, "epochs": 2, "best_epoch": 2, "validation_losses": [3.0, 2.0, 1.0], "wall_s": 1.0, "seeds": {}}
        return base.Fit(**(outcome | changes))

    return fit


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"validation_losses": [3.0, float("nan"), 1.0]}, "diverged", "nan after 1 epochs"),
        ({"validation_losses": [3.0, float("inf")], "failure": "it ended with status 1"}, "diverged", "status 1"),
        ({"failure": "it ended with status 1"}, "failed", "status 1"),
        ({"best_epoch": 0}, "failed", "no epoch of 2 improved"),
        ({"model_file": None}, "failed", "left no model"),
    ],
)
def test_bad_ends_are_recorded_in_words(framework, trained, settings_of, frame_files, tmp_path, monkeypatch, changes, status, reason):
    monkeypatch.setattr(framework_module(framework, "training"), "fit", finished(trained("molecule"), framework, tmp_path, **changes))
    train(settings_of(), *frame_files["molecule"], tmp_path)
    manifest = read_manifest(tmp_path / "manifest.json")
    assert (manifest["status"], row(tmp_path).status) == (status, status)
    assert reason in manifest["reason"] == row(tmp_path).reason
    assert manifest["model_file"] is manifest["model_sha256"] is None
    with pytest.raises(InputError, match=status):
        load(tmp_path)


@pytest.mark.parametrize("broken", ["weights", "predictions"])
def test_a_model_with_non_finite_numbers_has_diverged(framework, trained, settings_of, frame_files, tmp_path, monkeypatch, broken):
    monkeypatch.setattr(framework_module(framework, "training"), "fit", finished(trained("molecule"), framework, tmp_path))
    real = framework_module(framework, "potential").load

    def load_broken(*arguments):
        potential = real(*arguments)
        if broken == "weights":
            with torch.no_grad():
                next(potential.module.parameters()).view(-1)[0] = float("nan")
        else:
            potential.energies_forces = lambda graph: (graph.energies_eV, graph.forces_eV_per_A * torch.inf)
        return potential

    monkeypatch.setattr(framework_module(framework, "potential"), "load", load_broken)
    train(settings_of(), *frame_files["molecule"], tmp_path)
    manifest = read_manifest(tmp_path / "manifest.json")
    assert manifest["status"] == "diverged"
    assert broken in manifest["reason"]


def test_frames_without_energies_are_a_failed_training(settings_of, frame_files, tmp_path):
    frames = ethanol(5, seed=1)
    frames[3].calc = SinglePointCalculator(frames[3], forces=frames[3].get_forces())
    ase.io.write(tmp_path / "part.xyz", frames, format="extxyz")
    train(settings_of(), tmp_path / "part.xyz", frame_files["molecule"][1], tmp_path / "train")
    manifest = read_manifest(tmp_path / "train" / "manifest.json")
    assert (manifest["status"], manifest["reason"]) == ("failed", "part.xyz: frame 3 has no energy; nothing was trained")


def test_a_training_that_goes_nan_is_recorded_as_diverged_by_the_command_line(settings_of, frame_files, tmp_path, tmp_path_factory):
    """Real: the framework's own command meets an infinite label and ends with status 0."""
    ase.io.write(tmp_path / "bad.xyz", with_force(np.inf, 6), format="extxyz")
    settings = json.dumps(settings_of(epochs=2, rescale=False))
    command = [sys.executable, SCRIPT, "--settings", settings, "--train", tmp_path / "bad.xyz", "--val", frame_files["molecule"][1]]
    home = tmp_path_factory.mktemp("home")
    environment = {"PYTHONPATH": str(SCRIPT.parents[1]), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin", "HOME": str(home)}
    done = subprocess.run([*map(str, command), "--directory", str(tmp_path / "train")], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert row(tmp_path / "train").status == "diverged"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.xyz", "train"], "nothing is written elsewhere"
    assert {path.name for path in home.glob("*/*")} <= {"matplotlib"}, "nor at home, but for a font cache"


def test_a_second_training_starts_clean(framework, trained, settings_of, frame_files, tmp_path, monkeypatch):
    (tmp_path / framework).mkdir()
    (tmp_path / framework / "old.ckpt").touch()
    monkeypatch.setattr(framework_module(framework, "training"), "fit", finished(trained("molecule"), framework, tmp_path))
    train(settings_of(), *frame_files["molecule"], tmp_path)
    assert not (tmp_path / framework / "old.ckpt").exists()


def test_a_changed_model_file_is_not_read(trained, tmp_path):
    copy = tmp_path / "train"
    shutil.copytree(trained("molecule"), copy)
    model = copy / read_manifest(copy / "manifest.json")["model_file"]
    model.write_bytes(model.read_bytes()[:-1] + b"!")
    with pytest.raises(InputError, match="sha256"):
        load(copy)
    model.unlink()
    with pytest.raises(InputError, match="not found"):
        load(copy)


def test_bad_input_is_named(settings_of, frame_files, tmp_path):
    with pytest.raises(InputError, match=r"manifest\.json"):
        load(tmp_path)
    with pytest.raises(InputError, match="there are mace, nequip"):
        train(settings_of() | {"framework": "nequipp"}, *frame_files["molecule"], tmp_path)
    with pytest.raises(InputError, match=r"none\.xyz"):
        train(settings_of(), tmp_path / "none.xyz", frame_files["molecule"][1], tmp_path)
    other = "mace" if settings_of()["framework"] == "nequip" else "nequip"
    with pytest.raises(InputError, match=f"'{other}': this Python lacks the package"):
        framework_module(other, "potential")
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="cuda"):
            train(settings_of() | {"device": "cuda"}, *frame_files["molecule"], tmp_path)
