"""Errors against sums done frame by frame."""

import math

import numpy as np
import pytest
import torch
from analytic import MorsePotential, ethanol, labelled

from nnip.potentials.evaluation import Batches, errors


@pytest.fixture
def potential():
    return MorsePotential(ethanol(), energy_shift_eV_per_atom=0.3)


def test_a_potential_has_no_errors_on_its_own_labels(potential):
    found = errors(Batches(potential, labelled(potential, 7, seed=1), 3))
    assert found.energy_rmse_eV_per_atom == pytest.approx(0, abs=1e-14)
    assert found.forces_rmse_eV_per_A == pytest.approx(0, abs=1e-14)
    assert (found.n_frames, found.n_components) == (7, 7 * 9 * 3)


@pytest.mark.parametrize("frames_per_batch", [1, 3, 7, 50])
def test_errors_are_those_of_all_frames_whatever_the_batches(potential, frames_per_batch):
    frames = labelled(potential, 7, seed=1)
    potential.module.depth.mul_(1.2)
    calculator = potential.calculator()
    energy_errors, force_errors = [], []
    for frame in frames:
        predicted = frame.copy()
        predicted.calc = calculator
        energy_errors.append((predicted.get_potential_energy() - frame.get_potential_energy()) / 9)
        force_errors.append(predicted.get_forces() - frame.get_forces())
    found = errors(Batches(potential, frames, frames_per_batch))
    assert found.energy_rmse_eV_per_atom == pytest.approx(np.sqrt(np.mean(np.square(energy_errors))), rel=1e-12)
    assert found.energy_mae_eV_per_atom == pytest.approx(np.mean(np.abs(energy_errors)), rel=1e-12)
    assert found.forces_rmse_eV_per_A == pytest.approx(np.sqrt(np.mean(np.square(force_errors))), rel=1e-12)
    assert found.forces_mae_eV_per_A == pytest.approx(np.mean(np.abs(force_errors)), rel=1e-12)
    assert found.forces_rmse_eV_per_A > 0.1


def test_predictions_that_are_not_finite_are_infinite_errors(potential):
    frames = labelled(potential, 3, seed=1)
    potential.module.depth[0] = torch.nan
    found = errors(Batches(potential, frames, 2))
    assert found.energy_rmse_eV_per_atom == found.energy_mae_eV_per_atom == math.inf
    assert found.forces_rmse_eV_per_A == found.forces_mae_eV_per_A == math.inf
