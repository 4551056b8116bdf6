"""Initial momenta of replicas."""

from collections.abc import Sequence

import numpy as np
import torch
from ase import Atoms
from ase.md.velocitydistribution import Stationary, thermalize_momenta

from nnip.jobs.errors import InputError


def initial_momenta(frame: Atoms, kind: str, temperature_K: float, seeds: Sequence[int]) -> torch.Tensor:
    """Momenta float64 [n, n_atoms, 3] in ASE units, one replica per seed; the frame is not changed.

    maxwell-boltzmann: ASE's thermalize_momenta (each momentum is drawn, so the temperature fluctuates), then ASE's Stationary, which removes the
    total momentum at constant temperature. Rotation stays. zero: at rest, as in the paper, whose replicas differ only by rounding.
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
