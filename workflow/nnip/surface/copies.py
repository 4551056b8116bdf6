"""A model's surface for displaced copies of one frame, without the spare copy of nnip.surface.surface: half the cost for one copy at a time.

The last bits of a copy's results depend on the number of copies evaluated at once, which a given search always repeats.
"""

import numpy as np
import torch
from ase import Atoms

from nnip.jobs.memory import AtOnce
from nnip.potentials.base import Graph, Potential


class Copies:
    """An engine (nnip.crystal.engines) of a model; at most at_once copies are evaluated at once, fewer if memory runs out.

    n_passes counts the frames evaluated.
    """

    def __init__(self, potential: Potential, frame: Atoms, at_once: int, n_passes: int = 0) -> None:
        self.potential = potential
        self.frame = frame
        self.n_passes = n_passes
        self._at_once = AtOnce(at_once, f"copies of a frame of {len(frame)} atoms")
        self._graphs: dict[int, Graph] = {}

    def energies_forces(self, positions_A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies [n] in eV and forces [n, n_atoms, 3] in eV/Å at positions [n, n_atoms, 3], float64; nan for positions that are not finite."""
        positions = torch.tensor(positions_A, dtype=torch.float64, device=self.potential.device)
        energies, forces = self._at_once.run(lambda n: self._in_parts(positions, n), len(positions))
        return energies.cpu().numpy(), forces.cpu().numpy()

    def _in_parts(self, positions_A: torch.Tensor, at_once: int) -> tuple[torch.Tensor, torch.Tensor]:
        energies, forces = zip(*(self._evaluated(part) for part in positions_A.split(at_once)), strict=True)
        return torch.cat(energies), torch.cat(forces)

    def _evaluated(self, positions_A: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        n = len(positions_A)
        if n not in self._graphs:
            self._graphs[n] = self.potential.replicas(self.frame, n)
        self.potential.set_positions(self._graphs[n], positions_A)
        self.n_passes += n
        energies, forces = self.potential.energies_forces(self._graphs[n])
        lost = ~positions_A.flatten(1).isfinite().all(dim=1)
        return energies.masked_fill(lost, torch.nan), forces.view_as(positions_A).masked_fill(lost[:, None, None], torch.nan)
