"""Forces along scans against those of a reference with a known error."""

import numpy as np
import pytest
import torch
from ase import Atoms
from surfaces import job, labelled, potential

from nnip.measure.reference_scans import measure
from nnip.surface.smoothness import force_smoothness_deviation

OPTIONS = {"n_points": 8, "from_A": 1.6, "to_A": 2.0, "frames_per_batch": 3}
LENGTHS = np.linspace(0.7, 2.5, 37)


def morse(depth):
    return lambda positions: depth * (1 - torch.exp(-2 * ((positions[:, 1] - positions[:, 0]).norm(dim=-1) - 1.2))).pow(2)


def scans(energy):
    """A scan of CO along a diagonal, labelled by an energy."""
    frames, direction = [], np.array([1.0, 2, 2]) / 3
    for length in LENGTHS:
        frame = labelled(Atoms("CO", [[0, 0, 0], length * direction]), potential(Atoms("CO", [[0, 0, 0], direction]), energy))
        frame.info |= {"bond_i": 0, "bond_j": 1, "length_A": length}
        frame.set_array("moved", np.array([0, 1]))
        frames.append(frame)
    return frames


def measured(tmp_path, energy, frames):
    tables = measure(job(tmp_path, potential(frames[0], energy), {"reference_scans": frames}, OPTIONS))
    (row,), (bond,) = tables["reference_scans"], tables["reference_scan_bonds"]
    assert (row["n_bonds"], row["n_passes"], bond["n_points"]) == (1, 37, 37)
    return row, bond


def test_the_reference_itself_has_no_deviation(tmp_path):
    row, _ = measured(tmp_path, morse(5.0), scans(morse(5.0)))
    assert row["fsd_per_A"] == row["fsd_q95_per_A"] == row["force_error_eV_per_A"] == pytest.approx(0, abs=1e-12)
    assert "fsd_per_A_error" not in row, "one bond"


def test_a_softened_bond_has_its_share_of_the_force_as_error(tmp_path):
    row, bond = measured(tmp_path, morse(4.0), scans(morse(5.0)))
    far = LENGTHS[(LENGTHS >= 1.6) & (LENGTHS <= 2.0)]
    decay = np.exp(-2 * (far - 1.2))
    assert row["force_error_eV_per_A"] == bond["force_error_eV_per_A"] == pytest.approx((4 * decay * (1 - decay)).mean())
    # at rest (1.2 A) no force: r = 2 log 0.8 where both m are above the floor, 0 where both are below, and in between where one is
    assert 0 < row["fsd_per_A"] <= 2 * np.log(1 / 0.8) / 0.05 * (1 + 1e-9)


def test_a_kink_by_hand():
    """Two atoms, equal and opposite forces: reference +-2 at both ends and 0 at rest; the model has 6 at the last point.

    m_ref = 2 * 4 = 8, m_model = 2 * 36 = 72: r goes from 0 to log 9 over 0.5 A.
    """
    force = np.array([[-1.0, 0, 0], [1, 0, 0]])
    reference, model = (np.array(sizes)[:, None, None] * force for sizes in ([2.0, 0, -2], [2.0, 0, -6]))
    fsd, quantile = force_smoothness_deviation(np.array([1.0, 1.3, 1.8]), np.array([1.0, 0, 1]), reference, model)
    assert fsd == pytest.approx(np.log(9) / 0.5)
    assert quantile == pytest.approx(0.95 * fsd)


def test_below_the_floor_nothing_counts():
    force = np.array([[-1.0, 0, 0], [1, 0, 0]])
    reference, model = (np.array(sizes)[:, None, None] * force for sizes in ([0.3, 0, -0.3], [0.1, 0.2, -0.6]))
    assert force_smoothness_deviation(np.array([1.0, 1.3, 1.8]), np.array([1.0, 0, 1]), reference, model)[0] == 0


def test_forces_that_are_not_finite_are_a_reason(tmp_path):
    row, bond = measured(tmp_path, lambda positions: morse(5.0)(positions) * torch.nan, scans(morse(5.0)))
    assert row["reason"] == "a predicted force is not finite"
    assert "fsd_per_A" not in row and "fsd_per_A" not in bond
