"""Training frames by the size of their forces."""

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from nnip.data import selection
from nnip.jobs.errors import InputError


def frame(number, *forces_eV_per_A):
    atoms = Atoms("H" * len(forces_eV_per_A), positions=np.eye(3)[: len(forces_eV_per_A)], info={"number": number})
    atoms.calc = SinglePointCalculator(atoms, forces=np.array(forces_eV_per_A, dtype=float))
    return atoms


def test_frames_near_equilibrium_are_kept_in_their_order():
    """Norms, not components, decide: (3, 4, 0) is 5 eV/Å. The limit itself is out."""
    frames = [frame(0, (3, 4, 0), (0, 0, 0)), frame(1, (4.9, 0, 0)), frame(2, (0, 0, 5)), frame(3, (0, -3, 0), (0, 0, 3))]
    kept = selection.selected(frames, {"largest_force_below_eV_per_A": 5})
    assert [atoms.info["number"] for atoms in kept] == [1, 3]


@pytest.mark.parametrize("value", [0, -1, "5", True, None])
def test_a_limit_that_is_no_force_is_refused(value):
    with pytest.raises(InputError, match="must be a number of eV/Å above 0"):
        selection.selected([], {"largest_force_below_eV_per_A": value})
