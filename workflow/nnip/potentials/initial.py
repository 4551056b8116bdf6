"""The weights that a training starts from, in a file beside its model."""

import os
from pathlib import Path

import torch

from nnip.jobs.errors import InputError
from nnip.jobs.files import sha256, whole
from nnip.study.manifest import read_manifest

FILE = "initial.pt"


def keep_initial(module: torch.nn.Module, folder: Path) -> None:
    """Write all parameters by name into FILE in the folder; a resumed training, which builds its model again, writes the same."""
    with whole(folder / FILE) as temporary:
        torch.save({name: parameter.detach().cpu() for name, parameter in module.named_parameters()}, temporary)


def initial_weights(train_directory: str | os.PathLike[str], module: torch.nn.Module) -> torch.Tensor | None:
    """The initial weights in the order of the module's, float64 [n_weights]; None if the training kept none or they are not of this module.

    InputError if the file is not the one in the training's manifest. It is read as tensors only, so it cannot run code.
    """
    manifest = read_manifest(Path(train_directory) / "manifest.json")
    if not manifest.get("initial_file"):
        return None
    file = Path(train_directory) / manifest["initial_file"]
    if not file.is_file() or sha256(file) != manifest["initial_sha256"]:
        raise InputError(f"{file}: is not the file that {Path(train_directory) / 'manifest.json'} names; remove that, and the model is trained again")
    saved = torch.load(file, map_location="cpu", weights_only=True)
    parameters = dict(module.named_parameters())
    if {name: value.shape for name, value in saved.items()} != {name: value.shape for name, value in parameters.items()}:
        return None
    return torch.cat([saved[name].double().reshape(-1) for name in parameters])
