"""Gates: a potential that keeps what it must, one that knows directions, and one whose forces are not those of its energy."""

import numpy as np
import pytest
import torch
from analytic import SETTINGS, MorsePotential, ethanol
from ase import Atoms, units
from scipy.spatial.transform import Rotation
from surfaces import job, labelled, potential

from nnip.measure.gates import measure
from nnip.study.seeds import derive
from nnip.surface.conservation import drifts

OPTIONS = {"n_rotations": 4, "n_replicas": 3, "temperature_K": 300.0, "timestep_fs": 0.5, "duration_fs": 20.0, "frames_per_batch": 2}
OPTIONS |= {"most_rotation_eV": 1e-3, "most_rotation_eV_per_A": 1e-3, "most_drift_eV_per_atom_per_ps": 1e-2}
OPTIONS |= {"max_bond_A": 2.0, "min_distance_A": None}


def measured(tmp_path, of, frame, **options):
    (row,) = measure(job(tmp_path, of, {"train": [labelled(frame, of)], "val": []}, OPTIONS | options))["gates"]
    return row


def test_morse_bonds_pass_both(tmp_path):
    row = measured(tmp_path, MorsePotential(ethanol()), ethanol())
    assert row["rotation_passed"] and row["drift_passed"]
    assert row["rotation_eV"] < 1e-10 and row["rotation_eV_per_A"] < 1e-10
    assert row["drift_low"] <= row["drift"] <= row["drift_high"] < 1e-2
    assert row["n_passes"] == 1 + 4 + 4 * 41


def test_an_energy_that_knows_directions_fails_by_what_it_knows(tmp_path):
    frame, k = Atoms("CO", [[0, 0, 0], [0.9, 0.5, 0.3]]), np.array([1.0, 2.0, 4.0])
    row = measured(tmp_path, potential(frame, lambda positions: (torch.tensor(k) * (positions[:, 1] - positions[:, 0]).pow(2)).sum(dim=1)), frame)
    seed = derive(SETTINGS["root_seed"], "gates", "rotations")
    apart, energies, forces = frame.positions[1], [], []
    for turn in Rotation.random(4, rng=np.random.default_rng(seed)):
        turned = turn.as_matrix() @ apart
        energies.append(abs(k @ turned**2 - k @ apart**2))
        forces.append(np.abs(2 * k * turned - turn.as_matrix() @ (2 * k * apart)).max())
    assert row["rotation_eV"] == pytest.approx(max(energies))
    assert row["rotation_eV_per_A"] == pytest.approx(max(forces))
    assert not row["rotation_passed"]


def test_forces_that_are_not_of_the_energy_drift(tmp_path):
    """Constant forces +-f without an energy: from rest E = (f t)^2 (1/m + 1/M) / 2 of two atoms; its slope by least squares is its chord's."""
    frame, f = Atoms("CO", [[0, 0, 0], [0, 0, 1.2]]), 0.3
    of = potential(frame, lambda positions: positions.sum(dim=(1, 2)) * 0)
    forces = torch.tensor([[0, 0, -f], [0, 0, f]], dtype=torch.float64)
    of.energies_forces = lambda graph: (torch.zeros(len(graph.n_atoms), dtype=torch.float64), forces.repeat(len(graph.n_atoms), 1))
    frame.calc = None
    given = job(tmp_path, of, {"train": [labelled_zero(frame)], "val": []}, OPTIONS | {"temperature_K": 1e-12})
    (row,) = measure(given)["gates"]
    expected = (f * 20 * units.fs) ** 2 * (1 / frame.get_masses()).sum() / 2 / 2 / 0.020
    assert row["drift"] == pytest.approx(expected, rel=1e-6)
    assert row["drift_passed"] == (expected <= OPTIONS["most_drift_eV_per_atom_per_ps"])
    assert not row["drift_passed"]


def labelled_zero(frame):
    from ase.calculators.singlepoint import SinglePointCalculator

    frame = frame.copy()
    frame.calc = SinglePointCalculator(frame, energy=0.0, forces=np.zeros((len(frame), 3)))
    return frame


def test_replicas_that_fail_are_a_reason(tmp_path):
    row = measured(tmp_path, MorsePotential(ethanol()), ethanol(), temperature_K=50_000.0)
    assert row["reason"].endswith("replicas failed at 50000 K")
    assert "drift" not in row and not row["drift_passed"] and row["rotation_passed"]


def test_a_slope_is_that_of_a_straight_line():
    totals = np.array([[1.0, 2.0], [1.1, 1.8], [1.2, 1.6]])
    assert drifts(totals, 2.0) == pytest.approx([0.1 / 0.002, 0.2 / 0.002])
