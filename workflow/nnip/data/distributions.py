"""Distributions of energies, forces and bond lengths in each split: how far the test frames are from the training frames."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.neighborlist import natural_cutoffs, neighbor_list

from nnip.data.frames import have, substance

UNITS = {"energy_per_atom": "eV/atom", "force_component": "eV/A", "force_norm": "eV/A", "bond_length": "A"}
BOND_MULTIPLIER = 1.3  # of the covalent radii, as in nnip.md.bonds


def bond_lengths_A(frame: Atoms) -> np.ndarray:
    """Lengths of all pairs closer than 1.3 times the sum of their covalent radii, periodic images included; every pair appears twice."""
    if not frame.pbc.any():
        frame = Atoms(frame.numbers, frame.positions)  # ASE searches the whole cell: hundreds of times the work in the 50 Å cells of 3BPA
    return neighbor_list("d", frame, natural_cutoffs(frame, mult=BOND_MULTIPLIER))


def quantities(frames: Sequence[Atoms], lowest_eV_per_atom: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Flat arrays of labelled frames in UNITS: energies per atom above lowest of their substance, forces, force norms, bond lengths (once).

    Frames without energies or forces have no values of these.
    """
    found: dict[str, np.ndarray] = {}
    if have(frames, "energy"):
        energies = [frame.get_potential_energy() / len(frame) - lowest_eV_per_atom[substance(frame)] for frame in frames]
        found["energy_per_atom"] = np.array(energies)
    if have(frames, "forces"):
        forces = np.concatenate([frame.get_forces() for frame in frames])
        found |= {"force_component": forces.ravel(), "force_norm": np.linalg.norm(forces, axis=1)}
    # after sorting, every second value is the second entry of a pair
    return found | {"bond_length": np.sort(np.concatenate([bond_lengths_A(frame) for frame in frames]))[::2]}


def distributions(splits: Mapping[str, Sequence[Atoms]], n_bins: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of tables distributions and distribution_moments; splits: name -> labelled frames, one of them `train`.

    All splits share the bins of a quantity, n_bins from the smallest value to the largest. outside: share of the values below the smallest
    or above the largest value of the training split.
    """
    lowest: dict[str, float] = {}
    for frames in (splits["train"], *splits.values()):
        known = set(lowest)  # the training frames decide, where they have the substance
        for frame in frames if have(frames, "energy") else ():
            if (name := substance(frame)) not in known:
                lowest[name] = min(lowest.get(name, np.inf), frame.get_potential_energy() / len(frame))
    values = {split: quantities(frames, lowest) for split, frames in splits.items()}
    counts: list[dict[str, Any]] = []
    moments: list[dict[str, Any]] = []
    for quantity, unit in UNITS.items():
        of_split = {split: sample[quantity] for split, sample in values.items() if len(sample.get(quantity, ()))}
        if not of_split:
            continue  # no bonds (atoms too far apart), or no labels
        edges = np.histogram_bin_edges(np.concatenate(list(of_split.values())), bins=n_bins)
        trained = of_split.get("train", np.array([np.nan]))
        for split, sample in of_split.items():
            keys = {"split": split, "quantity": quantity, "unit": unit}
            binned = np.histogram(sample, bins=edges)[0]
            counts += [keys | {"bin_low": low, "bin_high": high, "count": n} for low, high, n in zip(edges[:-1], edges[1:], binned, strict=True)]
            outside = float(((sample < trained.min()) | (sample > trained.max())).mean()) if "train" in of_split else np.nan
            extent = {"mean": sample.mean(), "std": sample.std(), "lowest": sample.min(), "highest": sample.max()}
            moments.append(keys | {"n_values": len(sample)} | {name: float(value) for name, value in extent.items()} | {"outside": outside})
    return counts, moments
