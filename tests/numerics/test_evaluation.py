"""Errors against sums done frame by frame."""

import math

import numpy as np
import pytest
import torch
from analytic import MorsePotential, ethanol, labelled
from ase.calculators.singlepoint import SinglePointCalculator

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


def only(frames, *labels):
    """The frames with some of their labels."""
    left = [frame.copy() for frame in frames]
    for frame, whole in zip(left, frames, strict=True):
        frame.calc = SinglePointCalculator(frame, **{label: whole.calc.results[label] for label in labels})
    return left


def test_a_split_has_errors_of_the_labels_that_all_its_frames_have(potential):
    """As with both labels, and nothing of the label that is missing, be it from one frame of another batch."""
    frames = labelled(potential, 5, seed=1)
    potential.module.depth.mul_(1.2)
    both = errors(Batches(potential, frames, 2))
    energies = errors(Batches(potential, [*frames[:4], *only(frames[4:], "energy")], 2))
    assert energies.energy_rmse_eV_per_atom == both.energy_rmse_eV_per_atom and energies.energy_mae_eV_per_atom == both.energy_mae_eV_per_atom
    assert energies.forces_rmse_eV_per_A is energies.forces_mae_eV_per_A is energies.n_components is None
    forces = errors(Batches(potential, only(frames, "forces"), 2))
    assert forces.forces_rmse_eV_per_A == both.forces_rmse_eV_per_A and forces.n_components == both.n_components
    assert forces.energy_rmse_eV_per_atom is forces.energy_mae_eV_per_atom is None
    assert forces.n_frames == 5


class WithStress:
    """Energies and forces of another potential, and 0.1 eV/A^3 in every stress component."""

    def __init__(self, potential):
        self.potential, self.device = potential, potential.device

    def graph(self, frames):
        return self.potential.graph(frames)

    def energies_forces(self, graph):
        return self.potential.energies_forces(graph)

    def energies_forces_stress(self, graph):
        return *self.energies_forces(graph), torch.full((len(graph.n_atoms), 3, 3), 0.1, dtype=torch.float64)


def test_errors_of_the_stress_are_over_nine_components_and_only_when_asked(potential):
    """Labels: 0.1 but for xx = 0.4 (one component) and xy = 0.2 (two of nine): squares 0.09, 0.01, 0.01; deviations 0.3, 0.1, 0.1."""
    frames = labelled(potential, 2, seed=1)
    for frame in frames:
        frame.calc.results["stress"] = np.array([0.4, 0.1, 0.1, 0.1, 0.1, 0.2])
    batches = Batches(WithStress(potential), frames, 1)
    found = errors(batches, of_stress=True)
    assert found.stress_rmse_eV_per_A3 == pytest.approx(np.sqrt(0.11 / 9), rel=1e-12)
    assert found.stress_mae_eV_per_A3 == pytest.approx(0.5 / 9, rel=1e-12)
    assert errors(batches).stress_rmse_eV_per_A3 is None
    del frames[1].calc.results["stress"]
    assert errors(Batches(WithStress(potential), frames, 2), of_stress=True).stress_rmse_eV_per_A3 is None


def test_predictions_that_are_not_finite_are_infinite_errors(potential):
    frames = labelled(potential, 3, seed=1)
    potential.module.depth[0] = torch.nan
    found = errors(Batches(potential, frames, 2))
    assert found.energy_rmse_eV_per_atom == found.energy_mae_eV_per_atom == math.inf
    assert found.forces_rmse_eV_per_A == found.forces_mae_eV_per_A == math.inf
