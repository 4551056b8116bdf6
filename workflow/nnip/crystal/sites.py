"""Which atom is on which site of the perfect crystal; what a structure that is no single vacancy or dumbbell has become."""

from collections.abc import Callable

import numpy as np
from ase import Atoms

NEAR = 0.35  # of the distance of neighbours: an atom nearer than this to a site is on it
MELTED = 0.1  # share of the atoms on no site, beyond which a structure counts as no crystal any more
TOGETHER = 0.5  # of the distance of neighbours: two atoms closer than this are on one another
AXIS_DEG = 15.0  # of a dumbbell against [100]


class Sites:
    """The sites of a perfect crystal, for structures in its cell that may drift as a whole.

    neighbour_A: distance of neighbouring sites
    """

    def __init__(self, crystal: Atoms) -> None:
        self.positions = crystal.positions.copy()
        self.cell = crystal.cell.array
        self.inverse = np.linalg.inv(self.cell)
        apart = self.apart(crystal.positions[None, 0])[0]
        self.neighbour_A = float(np.sort(np.linalg.norm(apart, axis=1))[1])

    def apart(self, positions_A: np.ndarray) -> np.ndarray:
        """Vectors [n, n_sites, 3] from sites to positions [n, 3], to the nearest image by rounding (exact up to half the cell's thickness)."""
        vectors = positions_A[:, None] - self.positions
        return vectors - np.round(vectors @ self.inverse) @ self.cell

    def nearest(self, positions_A: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The nearest site of each atom [n] and the vector from there [n, 3], after the drift of all atoms is taken out.

        The drift is the median of the vectors from the nearest sites, found twice: with a large drift the first assignment is partly wrong.
        """
        drift = np.zeros(3)
        for _ in range(2):
            apart = self.apart(positions_A - drift)
            site = np.linalg.norm(apart, axis=2).argmin(axis=1)
            drift = drift + np.median(apart[np.arange(len(site)), site], axis=0)
        apart = self.apart(positions_A - drift)
        site = np.linalg.norm(apart, axis=2).argmin(axis=1)
        return site, apart[np.arange(len(site)), site]

    def occupation(self, site: np.ndarray) -> np.ndarray:
        """The number of atoms of each site."""
        return np.bincount(site, minlength=len(self.positions))

    def empty(self, positions_A: np.ndarray) -> int | None:
        """The empty site of a crystal with one vacancy and every other site taken once; None if it is not such a crystal."""
        site, _ = self.nearest(positions_A)
        (free,) = np.nonzero(self.occupation(site) == 0)
        return int(free[0]) if len(free) == 1 and len(site) == len(self.positions) - 1 else None

    def melted(self, positions_A: np.ndarray) -> str | None:
        """Words for a structure with many atoms on no site, or with two on one another; None for a crystal."""
        site, apart = self.nearest(positions_A)
        off = np.linalg.norm(apart, axis=1) > NEAR * self.neighbour_A
        # a dumbbell's two atoms are on no site
        if off.sum() > max(MELTED * len(site), 3):
            return f"melted: {int(off.sum())} of {len(site)} atoms are on no lattice site"
        vectors = positions_A[:, None] - positions_A
        vectors = vectors - np.round(vectors @ self.inverse) @ self.cell
        lengths = np.linalg.norm(vectors, axis=2) + np.diag(np.full(len(site), np.inf))
        if lengths.min() < TOGETHER * self.neighbour_A:
            i, j = sorted(np.unravel_index(lengths.argmin(), lengths.shape))
            return f"two atoms fell on one another: {i} and {j} are {lengths.min():.2f} A apart"
        return None


def not_vacancy(sites: Sites, positions_A: np.ndarray, at: int = 0) -> str | None:
    """Why a structure has no vacancy at one site of a perfect crystal, in words; None if it has."""
    if melted := sites.melted(positions_A):
        return melted
    distance = np.linalg.norm(sites.nearest(positions_A)[1], axis=1)
    if distance.max() > NEAR * sites.neighbour_A:
        atom = int(distance.argmax())
        return f"the vacancy closed: atom {atom} is {distance[atom]:.2f} A from every lattice site, between two of them"
    empty = sites.empty(positions_A)
    if empty is None:
        return "another minimum: not one site is empty and every other one taken once"
    return None if empty == at else f"another minimum: the vacancy went from site {at} to site {empty}"


def not_dumbbell(sites: Sites, positions_A: np.ndarray, at: int = 0) -> str | None:
    """Why a structure has no [100] dumbbell on one site of a perfect crystal, in words; None if it has."""
    if melted := sites.melted(positions_A):
        return melted
    site, apart = sites.nearest(positions_A)
    counts = sites.occupation(site)
    if counts[at] != 2 or (np.delete(counts, at) != 1).any():
        shared = np.flatnonzero(counts > 1)
        return f"another minimum: the interstitial went to site{'s' if len(shared) != 1 else ''} {', '.join(map(str, shared[:4])) or 'none'}"
    first, second = np.flatnonzero(site == at)
    axis = apart[first] - apart[second]
    angle = float(np.degrees(np.arccos(np.clip(abs(axis[0]) / np.linalg.norm(axis), 0, 1))))
    return None if angle < AXIS_DEG else f"another minimum: the dumbbell is {angle:.0f} degrees from [100]"


CHECKS: dict[str, Callable[[Sites, np.ndarray], str | None]] = {"vacancy": not_vacancy, "dumbbell": not_dumbbell}
