"""What a potential leaves of the labels of frames of many molecules, and errors of any group of these frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from nnip.data import element_energies
from nnip.data.frames import have, molecule_of
from nnip.potentials.evaluation import Batches


@dataclass(frozen=True)
class Residuals:
    """Labels less predictions of frames: energies [n_frames] in eV and forces, [n_atoms, 3] in eV/Å each; None without the label."""

    frames: Sequence[Atoms]
    energies: np.ndarray | None
    forces: list[np.ndarray] | None

    @property
    def molecules(self) -> list[str]:
        """The molecule of each frame, or its formula where it names none."""
        return [molecule_of(frame) or frame.get_chemical_formula() for frame in self.frames]

    def of(self, places: Sequence[int]) -> "Residuals":
        """Those of some frames."""
        energies = None if self.energies is None else self.energies[list(places)]
        return Residuals([self.frames[i] for i in places], energies, None if self.forces is None else [self.forces[i] for i in places])

    def without(self, of_element_eV: Mapping[str, float]) -> "Residuals":
        """With an energy per element added to the predictions."""
        if self.energies is None:
            return self
        return Residuals(self.frames, self.energies - element_energies.sums(self.frames, of_element_eV), self.forces)

    def element_energies(self) -> dict[str, float] | None:
        """Element -> energy in eV that the predictions lack, by least squares; None without energies, or if one is not finite."""
        if self.energies is None or not np.isfinite(self.energies).all():
            return None
        return element_energies.fitted(self.frames, self.energies)

    def scores(self) -> dict[str, float | int | None]:
        """Errors of all frames together, by the names of table cell_errors; infinite where a prediction is not finite."""
        found: dict[str, float | int | None] = {"n_frames": len(self.frames), "n_components": None}
        if self.forces is not None:
            errors, true = np.concatenate(self.forces), np.concatenate([frame.get_forces() for frame in self.frames])
            rms = _root_mean(true**2)
            found |= {"n_components": errors.size, "forces_rmse_eV_per_A": _root_mean(errors**2), "forces_rms_eV_per_A": rms}
            found |= {"normalised_force_error": _root_mean(errors**2) / rms} if rms > 0 else {}
        if self.energies is not None:
            n_atoms = np.array([len(frame) for frame in self.frames])
            found["energy_rmse_eV_per_atom"] = _root_mean((self.energies / n_atoms) ** 2)
            if len(about := self._about_means()):
                found["relative_energy_rmse_eV_per_atom"] = _root_mean(about**2)
        return found

    def _about_means(self) -> np.ndarray:
        """Energies per atom about the mean of their molecule, of the molecules with several frames."""
        assert self.energies is not None
        names, per_atom = np.array(self.molecules), np.array([len(frame) for frame in self.frames])
        apart = [
            (self.energies[own] - self.energies[own].mean()) / per_atom[own] for own in (names == name for name in np.unique(names)) if own.sum() > 1
        ]
        return np.concatenate(apart) if apart else np.empty(0)

    def force_rmse_of_frames(self) -> list[float] | None:
        """The force RMSE of each frame in eV/Å."""
        return None if self.forces is None else [_root_mean(each**2) for each in self.forces]


def residuals(batches: Batches) -> Residuals:
    """The residuals of labelled frames, in one pass."""
    import torch

    pairs = batches.use(lambda graphs: [batches.potential.energies_forces(graph) for graph in graphs])
    energies, forces = (torch.cat(part).cpu().numpy() for part in zip(*pairs, strict=True))
    frames, at = batches.frames, np.cumsum([len(frame) for frame in batches.frames])[:-1]
    left = np.array([frame.get_potential_energy() for frame in frames]) - energies if have(frames, "energy") else None
    apart = [frame.get_forces() - own for frame, own in zip(frames, np.split(forces, at), strict=True)] if have(frames, "forces") else None
    return Residuals(frames, left, apart)


def _root_mean(squares: np.ndarray) -> float:
    mean = squares.mean()
    return float(np.sqrt(mean)) if np.isfinite(mean) else np.inf
