"""Landscapes and errors of really trained models, from settings to tables."""

import json
import math
import subprocess
import sys
from pathlib import Path

import ase.io
import pytest
import torch

from nnip.landscape.directions import cosines, isotropic_directions, paper_directions
from nnip.landscape.weights import weight_vector
from nnip.measure.base import run_measurement
from nnip.potentials.loading import load
from nnip.study.manifest import Stopwatch, read_manifest, write_manifest
from nnip.study.tables import read_table

SCRIPT = Path(__file__).resolve().parents[2] / "workflow" / "scripts" / "measure.py"
OPTIONS = {"split": "train", "n_directions": 3, "n_points": 5, "distance": 0.1, "n_frames": 6, "frames_per_batch": 4}


def rmse(potential, frames):
    """Energy and force RMSE by the framework's own calculator, frame by frame."""
    calculator = potential.calculator()
    energy_errors, force_errors = [], []
    for frame in frames:
        atoms = frame.copy()
        atoms.calc = calculator
        energy_errors.append((atoms.get_potential_energy() - frame.get_potential_energy()) / len(frame))
        force_errors.append(torch.tensor(atoms.get_forces() - frame.get_forces()))
    return math.sqrt(sum(error**2 for error in energy_errors) / len(frames)), float(torch.stack(force_errors).pow(2).mean().sqrt())


@pytest.mark.parametrize("mode", ["isotropic", "paper"])
def test_a_scan_of_a_trained_model(trained, settings_of, frame_files, mode, tmp_path):
    directory = trained("molecule")
    frames_file = frame_files["molecule"][0]
    run_measurement("landscape", settings_of(), OPTIONS | {"mode": mode}, directory, {"train": frames_file}, tmp_path)
    landscape = read_table("landscape", tmp_path / "landscape.csv")
    assert len(landscape) == 3 * 5
    assert set(landscape["mode"]) == {mode}
    potential = load(directory)
    frames = ase.io.read(frames_file, ":6")
    energy, forces = rmse(potential, frames)
    centre = landscape[landscape["t"] == 0]
    assert len(centre) == 3
    assert centre["energy_rmse_eV_per_atom"].tolist() == pytest.approx([energy] * 3, rel=1e-6)
    assert centre["forces_rmse_eV_per_A"].tolist() == pytest.approx([forces] * 3, rel=1e-6)
    # a displaced point again, by another way: the framework's own calculator with the weights set by hand
    seeds = list(read_manifest(tmp_path / "manifest.json")["seeds"].values())
    directions = paper_directions(potential.module, seeds) if mode == "paper" else isotropic_directions(potential.module, potential.filters(), seeds)
    row = landscape[landscape["direction"] == 2].iloc[-1]
    start = 0
    with torch.no_grad():
        for parameter in potential.module.parameters():
            parameter.add_((row["t"] * directions[2])[start : start + parameter.numel()].view(parameter.shape))
            start += parameter.numel()
    assert [row["energy_rmse_eV_per_atom"], row["forces_rmse_eV_per_A"]] == pytest.approx(rmse(potential, frames), rel=1e-6)
    assert row["forces_rmse_eV_per_A"] != pytest.approx(forces, rel=1e-3)
    pairs = read_table("directions", tmp_path / "directions.csv")
    assert list(zip(pairs["direction_a"], pairs["direction_b"], strict=True)) == [(0, 1), (0, 2), (1, 2)]
    if mode == "isotropic":
        assert pairs["cosine"].abs().max() < 1e-8
    else:
        assert pairs["cosine"].min() > 0.5


def test_directions_of_a_trained_model(trained):
    potential = load(trained("molecule"))
    theta = weight_vector(potential.module)
    names = dict(potential.module.named_parameters())
    one_axis = torch.cat([torch.full((parameter.numel(),), parameter.dim() == 1) for parameter in names.values()])
    assert one_axis.any(), "e3nn keeps linear weights flat"
    paper = paper_directions(potential.module, seeds=[1, 2])
    assert torch.allclose(paper[:, one_axis], theta[one_axis].abs().expand(2, -1), rtol=1e-12)
    filters = potential.filters()
    directions = isotropic_directions(potential.module, filters, seeds=range(8))
    assert (cosines(directions) - torch.eye(8, dtype=torch.float64)).abs().max() < 1e-8
    start = 0
    for name, parameter in names.items():
        part, ids = directions[:, start : start + parameter.numel()], filters[name].flatten()
        start += parameter.numel()
        for number in range(int(ids.max()) + 1):
            members = ids == number
            expected = float(parameter.detach().double().flatten()[members].norm()) if members.sum() > 1 else 0.0
            assert part[:, members].norm(dim=1).tolist() == pytest.approx([expected] * 8, rel=1e-10)


def run(name, settings, options, train_directory, files, directory):
    """scripts/measure.py as a rule calls it."""
    frames = [f"{split}={path}" for split, path in files.items()]
    command = ["--name", name, "--settings", json.dumps(settings), "--options", json.dumps(options), "--train-directory", train_directory]
    command += ["--frames", *frames, "--directory", directory]
    return subprocess.run([sys.executable, SCRIPT, *map(str, command)], capture_output=True, text=True, check=False)


def test_the_script_writes_errors_and_landscapes(trained, settings_of, frame_files, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(SCRIPT.parents[1]))
    directory = trained("molecule")
    train, val = frame_files["molecule"]
    done = run("errors", settings_of(), {"frames_per_batch": 5}, directory, {"train": train, "val": val}, tmp_path / "errors")
    assert done.returncode == 0, done.stderr
    errors = read_table("errors", tmp_path / "errors" / "errors.csv")
    assert errors["split"].tolist() == ["train", "val"]
    assert errors["n_frames"].tolist() == [12, 4]
    potential = load(directory)
    for row, file in zip(errors.to_dict("records"), (train, val), strict=True):
        assert [row["energy_rmse_eV_per_atom"], row["forces_rmse_eV_per_A"]] == pytest.approx(rmse(potential, ase.io.read(file, ":")), rel=1e-6)
        assert row["forces_mae_eV_per_A"] < row["forces_rmse_eV_per_A"]
    done = run("landscape", settings_of(), OPTIONS | {"mode": "isotropic"}, directory, {"train": train}, tmp_path / "landscape")
    assert done.returncode == 0, done.stderr
    assert len(read_table("landscape", tmp_path / "landscape" / "landscape.csv")) == 15
    assert len(read_table("directions", tmp_path / "landscape" / "directions.csv")) == 3


def test_of_a_training_without_a_model_all_tables_have_no_rows(settings_of, frame_files, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(SCRIPT.parents[1]))
    ending = {"status": "diverged", "reason": "the loss is nan", "model_file": None}
    write_manifest(tmp_path / "train/manifest.json", "train", settings_of(), {}, "cpu", Stopwatch(), **ending)
    train, val = frame_files["molecule"]
    for name, options, files in (
        ("errors", {"frames_per_batch": 5}, {"train": train}),
        ("landscape", OPTIONS | {"mode": "paper"}, {"train": train}),
        ("planes", OPTIONS | {"mode": "paper"}, {"train": train}),
        ("weights", {"n_bins": 9}, {}),
        ("md", {"n_replicas": 2}, {"train": train, "val": val}),
    ):
        done = run(name, settings_of(), options, tmp_path / "train", files, tmp_path / "out")
        assert done.returncode == 0, done.stderr
        manifest = read_manifest(tmp_path / "out" / "manifest.json")
        assert manifest["status"] == "skipped"
        assert "the loss is nan" in manifest["reason"]
    for table in ("errors", "landscape", "directions", "planes", "weights", "weight_moments", "failures"):
        assert read_table(table, tmp_path / "out" / f"{table}.csv").empty


def test_frames_without_labels_are_refused(trained, settings_of, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(SCRIPT.parents[1]))
    ase.io.write(tmp_path / "bare.xyz", ase.Atoms("H2", positions=[[0, 0, 0], [0, 0, 0.74]]), format="extxyz")
    done = run("errors", settings_of(), {"frames_per_batch": 5}, trained("molecule"), {"train": tmp_path / "bare.xyz"}, tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == f"error: {tmp_path / 'bare.xyz'}: frame 0 has no energy and no forces"
