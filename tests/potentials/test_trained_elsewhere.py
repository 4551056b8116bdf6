"""A model file that another command wrote is taken over, measured like one trained here, and recorded as failed if it is none."""

import shutil

import numpy as np
import pytest
from conftest import ethanol

from nnip.potentials.loading import load
from nnip.study.manifest import read_manifest
from nnip.training import train


@pytest.fixture
def adopt(settings_of, frame_files, tmp_path):
    """Take over a model file; the directory of its run."""

    def take(file):
        known = {"hyperparameters": {"trained": str(file), "energy_weight": 1, "forces_weight": 1000}, "refit_energy_shift": False}
        train(settings_of() | known, *frame_files["molecule"], tmp_path / "run")
        return tmp_path / "run"

    return take


def test_the_same_energies_and_forces(trained, adopt, tmp_path):
    source = read_manifest(trained() / "manifest.json")
    file = trained() / source["model_file"]
    theirs_file = tmp_path / f"theirs{file.suffix}"
    shutil.copyfile(file, theirs_file)
    directory = adopt(theirs_file)
    manifest = read_manifest(directory / "manifest.json")
    assert (manifest["status"], manifest["model_sha256"], manifest["n_parameters"]) == ("ok", source["model_sha256"], source["n_parameters"])
    assert (manifest["epochs"], manifest["best_epoch"]) == (0, None)
    ours, theirs, frames = load(trained()), load(directory), ethanol(4, seed=7)
    graph = theirs.graph(frames)
    energies, forces = theirs.energies_forces(graph)
    expected, expected_forces = ours.energies_forces(ours.graph(frames))
    shift = source["energy_shift_eV_per_atom"] * graph.n_atoms.double()
    np.testing.assert_allclose((energies + shift).numpy(), expected.numpy(), rtol=1e-12)
    np.testing.assert_array_equal(forces.numpy(), expected_forces.numpy())


def test_a_file_that_is_no_model_is_a_recorded_failure(adopt, tmp_path):
    (tmp_path / "none.model").write_text("not a model")
    manifest = read_manifest(adopt(tmp_path / "none.model") / "manifest.json")
    assert manifest["status"] == "failed"
    assert "none.model" in manifest["reason"]
    assert len(manifest["reason"].splitlines()) == 1


def test_unknown_elements_are_a_recorded_failure(trained, settings_of, frame_files, tmp_path):
    file = trained() / read_manifest(trained() / "manifest.json")["model_file"]
    train(settings_of() | {"hyperparameters": {"trained": str(file), "energy_weight": 1, "forces_weight": 1000}}, *frame_files["periodic"], tmp_path)
    manifest = read_manifest(tmp_path / "manifest.json")
    assert manifest["status"] == "failed"
    assert "not Al" in manifest["reason"]
