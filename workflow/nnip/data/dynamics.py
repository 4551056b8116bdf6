"""Langevin dynamics of the canonical ensemble, with a cheap force in every step and an expensive one every few steps."""

from collections.abc import Callable, Iterator

import numpy as np
from ase import units

Forces = Callable[[np.ndarray], np.ndarray]


def langevin(
    positions_A: np.ndarray,
    masses: np.ndarray,
    temperature_K: float,
    tau_fs: float,
    inner: Forces,
    outer: Forces | None,
    inner_steps: int,
    rng: np.random.Generator,
    timestep_fs: float = 1.0,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions (A) and velocities (A per ase time unit), both [n_atoms, 3], after every `inner_steps` time steps; never ends.

    BAOAB (Leimkuhler & Matthews, J. Chem. Phys. 138, 174102, 2013) with the force `inner`; each group of steps begins and ends with half a kick
    by the force `outer` (r-RESPA: Tuckerman, Berne & Martyna, J. Chem. Phys. 97, 1990, 1992). It samples the canonical ensemble of the sum of
    both forces. The friction is 1 / tau. The centre of mass is thermalised too: fixing it in Langevin dynamics heats the rest.
    Raises RuntimeError when positions are no longer finite.
    """
    dt = timestep_fs * units.fs
    mass = masses[:, None]
    keep = np.exp(-timestep_fs / tau_fs)
    thermal = np.sqrt(units.kB * temperature_K / mass)
    x = np.array(positions_A, dtype=float)
    v = thermal * rng.standard_normal(x.shape)
    fast = inner(x)
    slow = np.zeros_like(x) if outer is None else outer(x)
    while True:
        v += 0.5 * inner_steps * dt * slow / mass
        for _ in range(inner_steps):
            v += 0.5 * dt * fast / mass
            x += 0.5 * dt * v
            v = keep * v + np.sqrt(1 - keep**2) * thermal * rng.standard_normal(x.shape)
            x += 0.5 * dt * v
            if not np.isfinite(x).all():
                raise RuntimeError("the dynamics is unstable: positions are not finite")
            fast = inner(x)
            v += 0.5 * dt * fast / mass
        if outer is not None:
            slow = outer(x)
        v += 0.5 * inner_steps * dt * slow / mass
        yield x.copy(), v.copy()
