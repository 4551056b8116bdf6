"""Momenta that replicas start with."""

from collections.abc import Sequence

import numpy as np
import torch
from ase import Atoms
from ase.md.velocitydistribution import Stationary, thermalize_momenta

from nnip.jobs.errors import InputError


def initial_momenta(frame: Atoms, kind: str, temperature_K: float, seeds: Sequence[int]) -> torch.Tensor:
    """Momenta float64 [n, n_atoms, 3] in ASE units, one replica per seed; the frame is left as it is.

    maxwell-boltzmann: ASE's thermalize_momenta (each momentum drawn, the temperature fluctuates with the draw), then Stationary: no total momentum at
    an unchanged temperature. Rotation stays, as ASE leaves it. zero: at rest, as the paper's replicas were, which differ by rounding alone.
    """
    momenta = []
    for seed in seeds:
        replica = frame.copy()
        replica.set_momenta(np.zeros((len(frame), 3)))
        if kind == "maxwell-boltzmann":
            thermalize_momenta(replica, temperature_K, rng=np.random.default_rng(seed))
            Stationary(replica)
        elif kind != "zero":
            raise InputError(f"'md.initial_velocities' is '{kind}': one of maxwell-boltzmann, zero")
        momenta.append(torch.from_numpy(replica.get_momenta()))
    return torch.stack(momenta)
