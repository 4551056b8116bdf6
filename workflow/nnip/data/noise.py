"""Noisy labels: Gaussian noise on the forces or the energies of labelled frames, in units of the labels' own spread."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from nnip.data.extxyz import labelled, write_frames
from nnip.data.frames import read_labelled
from nnip.jobs.errors import InputError
from nnip.jobs.files import sha256
from nnip.study.manifest import Stopwatch, write_manifest
from nnip.study.seeds import derive

UNITS = {"forces": "eV_per_A", "energy": "eV_per_atom"}


def spread(frames: Sequence[Atoms], label: str) -> float:
    """Standard deviation of a label: of all force components (eV/A), or of the frames' energies per atom (eV/atom)."""
    if label == "forces":
        return float(np.std(np.concatenate([frame.get_forces().ravel() for frame in frames])))
    return float(np.std([frame.get_potential_energy() / len(frame) for frame in frames]))


def with_noise(frames: Sequence[Atoms], label: str, sigma: float, seed: int) -> list[Atoms]:
    """Copies of the data stage's frames with Gaussian noise of standard deviation sigma on one label, the other one as it is.

    forces: sigma in eV/A, on each component; energy: sigma in eV/atom, one draw a frame, times its number of atoms. Equal seeds give equal
    noise but for the factor sigma. Vita and Schwalbe-Koda (2023), figure 1a, for forces.
    """
    random = np.random.default_rng(seed)
    noisy = []
    for frame in frames:
        energy, forces = frame.get_potential_energy(), frame.get_forces()
        if label == "forces":
            forces = forces + sigma * random.standard_normal(forces.shape)
        else:
            energy += sigma * len(frame) * random.standard_normal()
        noisy.append(labelled(frame, energy, forces, origin=frame.info["origin"]))
    return noisy


def add_noise(
    train_xyz: str | os.PathLike[str], val_xyz: str | os.PathLike[str], label: str, sigma: float, root_seed: int, directory: str | os.PathLike[str]
) -> None:
    """Write train.xyz, val.xyz and manifest.json with noise of sigma standard deviations of the label over training and validation frames.

    The unit noise is the same for every sigma, so what differs between them is sigma alone. InputError if the label is the same everywhere.
    """
    watch, directory = Stopwatch(), Path(directory)
    train, validation = read_labelled(train_xyz), read_labelled(val_xyz)
    frames = [*train, *validation]
    deviation = spread(frames, label)
    if deviation == 0:
        raise InputError(f"{train_xyz}: all frames have the same {label}, so noise in units of its standard deviation is none")
    seed = derive(root_seed, "noise", label)
    noisy = with_noise(frames, label, sigma * deviation, seed)
    outputs = {"train.xyz": noisy[: len(train)], "val.xyz": noisy[len(train) :]}
    for name, part in outputs.items():
        write_frames(directory / name, part)
    write_manifest(
        directory / "manifest.json",
        stage="noise",
        settings={"label": label, "sigma": sigma, "root_seed": root_seed},
        seeds={"noise": seed},
        device="cpu",
        watch=watch,
        **{f"standard_deviation_{UNITS[label]}": deviation, f"noise_sigma_{UNITS[label]}": sigma * deviation},
        files={name: {"n_frames": len(part), "sha256": sha256(directory / name)} for name, part in outputs.items()},
    )
