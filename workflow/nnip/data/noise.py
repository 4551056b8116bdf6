"""Noisy labels: Gaussian noise on the forces or energies of labelled frames, in units of the labels' standard deviation."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from nnip.data.extxyz import relabelled
from nnip.data.frames import substance
from nnip.jobs.errors import InputError
from nnip.study.seeds import derive

UNITS = {"forces": "eV_per_A", "energy": "eV_per_atom"}


def spread(frames: Sequence[Atoms], label: str) -> float:
    """Standard deviation of a label: of all force components (eV/A), or of the frames' energies per atom (eV/atom).

    Energies of several molecules or compositions count by their deviation from the mean of their own.
    """
    if label == "forces":
        return float(np.std(np.concatenate([frame.get_forces().ravel() for frame in frames])))
    energies: dict[str, list[float]] = {}
    for frame in frames:
        energies.setdefault(substance(frame), []).append(frame.get_potential_energy() / len(frame))
    if len(energies) == 1:
        return float(np.std(next(iter(energies.values()))))
    return float(np.sqrt(np.mean(np.concatenate([(np.array(own) - np.mean(own)) ** 2 for own in energies.values()]))))


def with_noise(frames: Sequence[Atoms], label: str, sigma: float, seed: int) -> list[Atoms]:
    """Copies of the data stage's frames with Gaussian noise of standard deviation sigma on one label; the others are unchanged.

    forces: sigma in eV/A, on each component; energy: sigma in eV/atom, one draw per frame, times its number of atoms. Equal seeds give equal
    noise except for the factor sigma. Vita and Schwalbe-Koda (2023), figure 1a, for forces.
    """
    random = np.random.default_rng(seed)
    made = []
    for frame in frames:
        if label == "forces":
            forces = frame.get_forces()
            made.append(relabelled(frame, forces_eV_per_A=forces + sigma * random.standard_normal(forces.shape)))
        else:
            energy = frame.get_potential_energy() + sigma * len(frame) * random.standard_normal()
            made.append(relabelled(frame, energy_eV=energy))
    return made


def noisy(frames: Sequence[Atoms], label: str, sigma: float, root_seed: int) -> tuple[list[Atoms], dict[str, float], int]:
    """Copies of a training set's frames with noise of sigma standard deviations of the label; standard deviation and noise in its unit; the seed.

    The unit noise is the same for every sigma, so sets differ only in sigma. InputError if all frames have the same label.
    """
    deviation = spread(frames, label)
    if deviation == 0:
        raise InputError(f"all frames have the same {label}, so noise in units of its standard deviation is zero")
    seed = derive(root_seed, "noise", label)
    sizes = {f"standard_deviation_{UNITS[label]}": deviation, f"noise_sigma_{UNITS[label]}": sigma * deviation}
    return with_noise(frames, label, sigma * deviation, seed), sizes, seed
