"""An energy per element, by least squares from frames: what of their energies follows from their compositions alone."""

from collections.abc import Mapping, Sequence

import numpy as np
from ase import Atoms


def fitted(frames: Sequence[Atoms], energies_eV: Sequence[float] | np.ndarray) -> dict[str, float]:
    """Element -> eV such that the sums over the frames' atoms are closest to the energies; the smallest such numbers where several are.

    Frames of one composition determine only one number; the fit is then right for that composition and no other.
    """
    symbols = sorted({symbol for frame in frames for symbol in frame.symbols})
    numbers = _numbers(frames, symbols)
    solution, *_ = np.linalg.lstsq(numbers, np.asarray(energies_eV, dtype=float), rcond=None)
    return dict(zip(symbols, solution.tolist(), strict=True))


def sums(frames: Sequence[Atoms], of_element_eV: Mapping[str, float]) -> np.ndarray:
    """The sums [n_frames] in eV over the frames' atoms."""
    symbols = sorted(of_element_eV)
    return _numbers(frames, symbols) @ np.array([of_element_eV[symbol] for symbol in symbols])


def _numbers(frames: Sequence[Atoms], symbols: Sequence[str]) -> np.ndarray:
    """Atoms of each element in each frame [n_frames, n_elements]."""
    return np.array([[np.count_nonzero(frame.symbols == symbol) for symbol in symbols] for frame in frames], dtype=float)
