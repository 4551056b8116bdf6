"""Loading a trained potential of any framework from the directory of its training."""

import importlib
import os
from pathlib import Path
from types import ModuleType

import torch

from nnip.jobs.errors import InputError
from nnip.jobs.files import sha256
from nnip.potentials.base import Potential
from nnip.potentials.frameworks import frameworks
from nnip.study.manifest import read_manifest


def framework_module(framework: str, part: str) -> ModuleType:
    """Module nnip.potentials.<framework>.<part>; InputError lists the known frameworks, or names the package that is missing."""
    if framework not in frameworks():
        raise InputError(f"there is no framework '{framework}'; there are {', '.join(frameworks())}")
    try:
        return importlib.import_module(f"nnip.potentials.{framework}.{part}")
    except ModuleNotFoundError as error:
        raise InputError(
            f"framework '{framework}': this Python lacks the package '{error.name}'; run it with that framework's environment"
        ) from error


def pick_device(name: str) -> torch.device:
    """The device for a name: cpu, cuda, or auto (cuda if available); InputError for cuda if there is none."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("'device' is cuda, but torch sees no CUDA device here: use cpu or auto, or install a CUDA build of torch")
    return torch.device(name)


def load(train_directory: str | os.PathLike[str], device: str | torch.device = "cpu") -> Potential:
    """The trained potential in a training's directory, with the energy shift of the manifest.

    Model files are pickles, which run code when read. InputError unless the training's manifest has status ok, the file is in the directory and
    its checksum is the one in the manifest.
    """
    manifest_file = Path(train_directory) / "manifest.json"
    if not manifest_file.exists():
        raise InputError(f"{manifest_file}: not found; load takes the directory of a finished training")
    manifest = read_manifest(manifest_file)
    if manifest.get("status") != "ok":
        raise InputError(f"{manifest_file}: this training is '{manifest.get('status')}' ({manifest.get('reason')}): there is no model to load")
    if missing := next((key for key in ("model_file", "model_sha256", "framework", "energy_shift_eV_per_atom") if manifest.get(key) is None), None):
        raise InputError(f"{manifest_file}: has no '{missing}'; train again")
    model_file = manifest_file.parent / manifest["model_file"]
    if not model_file.resolve().is_relative_to(manifest_file.parent.resolve()):
        raise InputError(f"{manifest_file}: names '{manifest['model_file']}', a file outside its directory; refusing to read it")
    if not model_file.is_file():
        raise InputError(f"{model_file}: not found, though {manifest_file} names it; remove that, and the model is trained again")
    if (found := sha256(model_file)) != manifest["model_sha256"]:
        raise InputError(
            f"{model_file}: sha256 is {found}, but its manifest says {manifest['model_sha256']}; refusing to read another file's pickle "
            f"(remove {manifest_file}, and the model is trained again)"
        )
    device = pick_device(device) if isinstance(device, str) else device
    return framework_module(manifest["framework"], "potential").load(model_file, device, manifest["energy_shift_eV_per_atom"])
