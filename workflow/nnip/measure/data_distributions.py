"""How energies, forces and bond lengths are distributed in each split of the data: how far a test is from what was trained on."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.neighborlist import natural_cutoffs, neighbor_list

UNITS = {"energy_per_atom": "eV/atom", "force_component": "eV/A", "force_norm": "eV/A", "bond_length": "A"}
BOND_MULTIPLIER = 1.3  # of the covalent radii, as in nnip.md.bonds


def bond_lengths_A(frame: Atoms) -> np.ndarray:
    """Lengths of all pairs closer than 1.3 times the sum of their covalent radii, periodic images included; every pair twice, from both sides."""
    if not frame.pbc.any():
        frame = Atoms(frame.numbers, frame.positions)  # ASE searches all of a cell, however empty: hundreds of times the work in 3BPA's of 50 Å
    return neighbor_list("d", frame, natural_cutoffs(frame, mult=BOND_MULTIPLIER))


def quantities(frames: Sequence[Atoms], lowest_eV_per_atom: float) -> dict[str, np.ndarray]:
    """Flat arrays of labelled frames in UNITS: energies per atom above the lowest, force components, norms of forces, lengths of bonds, each once."""
    forces = np.concatenate([frame.get_forces() for frame in frames])
    return {
        "energy_per_atom": np.array([frame.get_potential_energy() / len(frame) for frame in frames]) - lowest_eV_per_atom,
        "force_component": forces.ravel(),
        "force_norm": np.linalg.norm(forces, axis=1),
        # sorted, so that every other one is each pair's second half
        "bond_length": np.sort(np.concatenate([bond_lengths_A(frame) for frame in frames]))[::2],
    }


def distributions(splits: Mapping[str, Sequence[Atoms]], n_bins: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of tables distributions and distribution_moments; splits: name -> labelled frames, one of them `train`.

    All splits share the bins of a quantity, n_bins from the smallest value to the largest. outside: share of the values that are smaller than
    every one of the training split's or larger than every one.
    """
    lowest = min(frame.get_potential_energy() / len(frame) for frame in splits["train"])
    values = {split: quantities(frames, lowest) for split, frames in splits.items()}
    counts: list[dict[str, Any]] = []
    moments: list[dict[str, Any]] = []
    for quantity, unit in UNITS.items():
        own = {split: found[quantity] for split, found in values.items() if len(found[quantity])}
        if not own:
            continue  # atoms too far apart for any bond
        edges = np.histogram_bin_edges(np.concatenate(list(own.values())), bins=n_bins)
        trained = own.get("train", np.array([np.nan]))
        for split, found in own.items():
            who = {"split": split, "quantity": quantity, "unit": unit}
            binned = np.histogram(found, bins=edges)[0]
            counts += [who | {"bin_low": low, "bin_high": high, "count": n} for low, high, n in zip(edges[:-1], edges[1:], binned, strict=True)]
            outside = float(((found < trained.min()) | (found > trained.max())).mean()) if "train" in own else np.nan
            extent = {"mean": found.mean(), "std": found.std(), "lowest": found.min(), "highest": found.max()}
            moments.append(who | {"n_values": len(found)} | {name: float(value) for name, value in extent.items()} | {"outside": outside})
    return counts, moments
