"""What NequIP's potential must do beyond the contract of all potentials."""

import numpy as np
import pytest
import torch
from conftest import ethanol, labelled
from nequip.data import AtomicDataDict
from nequip.train import EnergyForceLoss

from nnip.landscape.training_loss import TrainingLoss
from nnip.landscape.weights import trainable
from nnip.potentials.evaluation import Batches
from nnip.potentials.loading import load


def test_the_loss_in_weight_space_is_nequips_times_the_sum_of_the_weights(trained):
    """Of one batch, with frames of two sizes: value and gradient."""
    potential = load(trained("molecule"))
    frames = [*ethanol(3, seed=4), labelled(ethanol(1, seed=5)[0][:-2], np.random.default_rng(6), 0.0)]
    loss = TrainingLoss(Batches(potential, frames, 4), energy_weight=50, forces_weight=10)
    graph = potential.graph(frames)
    sizes = {AtomicDataDict.NUM_NODES_KEY: graph.n_atoms, AtomicDataDict.BATCH_KEY: graph.frame_of}

    def fields(energies, forces):
        return sizes | {AtomicDataDict.TOTAL_ENERGY_KEY: energies[:, None], AtomicDataDict.FORCE_KEY: forces}

    nequips = EnergyForceLoss(coeffs={AtomicDataDict.TOTAL_ENERGY_KEY: 50.0, AtomicDataDict.FORCE_KEY: 10.0}, per_atom_energy=True)
    with trainable(potential.module) as parameters:
        predicted = fields(*potential.differentiable_energies_forces(graph))
        own = 60 * nequips(predicted, fields(graph.energies_eV, graph.forces_eV_per_A))["weighted_sum"]
        gradient = torch.cat([part.flatten() for part in torch.autograd.grad(own, parameters)])
    assert loss.value() == pytest.approx(float(own.detach()), rel=1e-12)
    assert torch.allclose(loss.gradient(), gradient, rtol=1e-9, atol=1e-12)
