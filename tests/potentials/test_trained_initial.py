"""The initial weights that each framework's training keeps: those of its seed, whatever came after."""

import json
import shutil

import pytest
import torch

from nnip.jobs.errors import InputError
from nnip.landscape.weights import weight_vector
from nnip.measure.base import run_measurement
from nnip.potentials.initial import initial_weights
from nnip.potentials.loading import load
from nnip.study.manifest import read_manifest
from nnip.study.tables import read_table


def row(settings, directory, folder):
    run_measurement("initial_distance", settings, {}, directory, {}, folder)
    return read_table("initial_distance", folder / "initial_distance.csv").iloc[0]


def test_the_distance_is_from_the_weights_of_the_seed(trained, settings_of, tmp_path):
    directory = trained("molecule")
    module = load(directory).module
    initial = initial_weights(directory, module)
    # another training of the same seed that went elsewhere started from the same weights
    other = trained("molecule", lr=1e-4, ema_decay=None, epochs=1)
    assert torch.equal(initial_weights(other, load(other).module), initial)
    found, trained_weights = row(settings_of(), directory, tmp_path), weight_vector(module)
    assert found["distance"] == pytest.approx(float((trained_weights - initial).norm()), rel=1e-12)
    assert found["relative_distance"] == pytest.approx(found["distance"] / float(initial.norm()), rel=1e-12)
    small = float((weight_vector(load(other).module) - initial).norm())
    # Adam moves a weight by about the learning rate in each of 3 steps
    assert 0 < small < 3.5e-4 * len(initial) ** 0.5 < found["distance"]
    # both frameworks draw their weights with unit variance
    assert 0.5 < float(initial.norm()) / len(initial) ** 0.5 < 1.5


def test_a_training_that_kept_none_has_no_distance(trained, settings_of, tmp_path):
    directory = shutil.copytree(trained("molecule"), tmp_path / "train")
    manifest = read_manifest(directory / "manifest.json")
    older = {name: value for name, value in manifest.items() if not name.startswith("initial_")}
    (directory / "manifest.json").write_text(json.dumps(older))
    found = row(settings_of(), directory, tmp_path / "out")
    assert found.isna()["distance"] and found.isna()["relative_distance"]
    assert found["reason"] == "the training kept no initial weights of this model"


def test_another_file_is_refused(trained, tmp_path):
    directory = shutil.copytree(trained("molecule"), tmp_path / "train")
    file = directory / read_manifest(directory / "manifest.json")["initial_file"]
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"initial\.pt: is not the file that"):
        initial_weights(directory, load(directory).module)
