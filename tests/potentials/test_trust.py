"""Files that could run code are not read unless this study made them, and checkpoints and manifests that were tampered with run none."""

import hashlib
import json
import os
import pickle
from pathlib import Path

import pytest
import torch

from nnip.jobs.checkpoints import Checkpoint, Checkpoints, _read
from nnip.jobs.errors import InputError
from nnip.jobs.files import sha256
from nnip.potentials.loading import load
from nnip.study.manifest import Stopwatch, write_manifest


class Mine:
    """A pickle that makes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def directory(tmp_path, request):
    """A training's directory whose model file is such a pickle, with a manifest that does not know it."""
    (tmp_path / "train").mkdir()
    model_file = tmp_path / "train" / "best.model"
    torch.save(Mine(tmp_path / "PWNED"), model_file)
    model = {"framework": request.config.framework, "model_file": "best.model", "model_sha256": "0" * 64, "energy_shift_eV_per_atom": 0.0}
    write_manifest(tmp_path / "train/manifest.json", "train", {}, {}, "cpu", Stopwatch(), status="ok", reason=None, **model)
    return tmp_path / "train"


def change(directory, **values):
    content = json.loads((directory / "manifest.json").read_text())
    (directory / "manifest.json").write_text(json.dumps(content | values))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "refusing to read another file's pickle"),
        ({"model_sha256": None}, "model_sha256"),
        ({"model_file": None}, "model_file"),
        ({"model_file": "../elsewhere.model"}, "outside its directory"),
        ({"model_file": "/elsewhere.model"}, "outside its directory"),
        ({"model_file": "link.model"}, "outside its directory"),
        ({"model_file": "."}, "not found"),
        ({"status": "failed", "reason": "none"}, "no model to load"),
        ({"framework": "os"}, "no framework"),
        ({"settings": []}, "'settings'"),
    ],
)
def test_a_model_file_that_the_manifest_does_not_vouch_for(directory, changes, words):
    (directory / "link.model").symlink_to("../elsewhere.model")
    os.link(directory / "best.model", directory.parent / "elsewhere.model")
    vouched = {} if not changes else {"model_sha256": sha256(directory / "best.model")}
    change(directory, **vouched, **{key: value for key, value in changes.items() if key != "model_sha256"})
    if "model_sha256" in changes:
        change(directory, model_sha256=changes["model_sha256"])
    with pytest.raises(InputError, match=words):
        load(directory)
    assert not (directory.parent / "PWNED").exists()


def test_a_checkpoint_runs_no_code(tmp_path):
    """Whatever mace has put into the environment."""
    state = Checkpoint(1, {"a": torch.ones(2), "b": 1}, {}, 0.0, 0, [], "mine")
    checkpoints = Checkpoints(tmp_path / "checkpoints", "mine")
    checkpoints.folder.mkdir()
    for state.state in ({"a": torch.ones(2)}, {"a": Mine(tmp_path / "PWNED")}):
        torch.save(vars(state), tmp_path / "made.pt")
        content = (tmp_path / "made.pt").read_bytes()
        (checkpoints.folder / f"00000001-{hashlib.sha256(content).hexdigest()}.pt").write_bytes(content)
    content = pickle.dumps(Mine(tmp_path / "PWNED"), protocol=2)
    (checkpoints.folder / f"00000002-{hashlib.sha256(content).hexdigest()}.pt").write_bytes(content)
    refused = 0
    for file in checkpoints.folder.iterdir():
        try:
            _read(file)
        except ValueError:
            refused += 1
    assert refused == 2
    assert not (tmp_path / "PWNED").exists()


@pytest.mark.parametrize("name", ["../outside", "/tmp/nnip-outside", "a/../../outside"])
def test_a_checkpoint_writes_nothing_outside_its_folder(tmp_path, name):
    (tmp_path / "inside").mkdir()
    checkpoint = Checkpoint(1, {}, {name: torch.zeros(3, dtype=torch.uint8)}, 0.0, 0, [], "mine")
    with pytest.raises(ValueError, match="leads outside"):
        checkpoint.restore_files(tmp_path / "inside")
    assert [path.name for path in tmp_path.rglob("*")] == ["inside"]
