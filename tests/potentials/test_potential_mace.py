"""What MACE's potential must do beyond the contract of all potentials."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import ethanol, labelled

from nnip.landscape.training_loss import TrainingLoss
from nnip.landscape.weights import trainable
from nnip.potentials.command import LIBRARY
from nnip.potentials.evaluation import Batches
from nnip.potentials.loading import load
from nnip.potentials.mace import kernels


def test_replicas_of_a_wide_model_do_not_depend_on_each_other(trained):
    """With matrices as wide as these, kernels treat rows of a block in different ways."""
    potential = load(trained("molecule", features=32, l_max=3, l_hidden=1, radial_mlp=[64, 64, 64], dtype="float32", epochs=1))
    frames = ethanol(12, seed=3)
    positions = torch.tensor(np.array([atoms.positions for atoms in frames]))
    graph = potential.replicas(frames[0], len(frames))
    potential.set_positions(graph, positions)
    energies, forces = potential.energies_forces(graph)
    n = len(frames[0])
    for stretched in range(11):
        changed = positions.clone()
        changed[stretched] *= 1.5
        potential.set_positions(graph, changed)
        energies_now, forces_now = potential.energies_forces(graph)
        others = [k for k in range(11) if k != stretched]  # the last takes the matrices' last rows
        assert torch.equal(energies_now[others], energies[others])
        assert torch.equal(forces_now.view(-1, n, 3)[others], forces.view(-1, n, 3)[others])


def test_nothing_is_said_of_what_nobody_asked_for():
    """Importing mace speaks of an accelerator that is not installed and of how torch reads files; a job's log is for news."""
    modules = "nnip.potentials.mace.potential, nnip.potentials.mace.training"
    done = subprocess.run([sys.executable, "-c", f"import {modules}"], env=os.environ | {"PYTHONPATH": str(LIBRARY)}, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_why_a_model_has_no_kernels_is_said(trained, monkeypatch):
    of_two, of_three = (load(trained("molecule", body_order=body_order, epochs=1)).module for body_order in (2, 3))
    on_gpu = torch.device("cuda")
    assert kernels.without_kernels(of_three, torch.device("cpu")) == "for MACE models this study has compiled evaluation on a GPU only"
    monkeypatch.setattr(kernels, "find_spec", lambda name: name if name.startswith("cuequivariance") else None)
    assert "(missing: platformdirs, nvidia-ml-py)" in kernels.without_kernels(of_three, on_gpu)
    monkeypatch.setattr(kernels, "find_spec", lambda name: name)
    assert "of correlation 2 and 3 to cuEquivariance, not of 1" in kernels.without_kernels(of_two, on_gpu)
    assert kernels.without_kernels(of_three, on_gpu) is None


def test_the_loss_in_weight_space_is_maces(trained):
    """Of one batch, with frames of two sizes: value and gradient."""
    from mace.modules.loss import WeightedEnergyForcesLoss

    potential = load(trained("molecule"))
    frames = [*ethanol(3, seed=4), labelled(ethanol(1, seed=5)[0][:-2], np.random.default_rng(6), 0.0)]
    loss = TrainingLoss(Batches(potential, frames, 4), energy_weight=50, forces_weight=10)
    graph = potential.graph(frames)
    ones = torch.ones(4, dtype=torch.float64)

    class Reference(SimpleNamespace):
        __getitem__ = SimpleNamespace.__getattribute__

    weights = {"weight": ones, "energy_weight": ones, "forces_weight": ones}
    reference = Reference(energy=graph.energies_eV, forces=graph.forces_eV_per_A, ptr=graph.inputs["ptr"], **weights)
    with trainable(potential.module) as parameters:
        energies, forces = potential.differentiable_energies_forces(graph)
        own = WeightedEnergyForcesLoss(50.0, 10.0).double()(reference, {"energy": energies, "forces": forces})
        gradient = torch.cat([part.flatten() for part in torch.autograd.grad(own, parameters)])
    assert loss.value() == pytest.approx(float(own.detach()), rel=1e-12)
    assert torch.allclose(loss.gradient(), gradient, rtol=1e-9, atol=1e-12)
