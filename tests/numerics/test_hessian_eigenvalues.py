"""The largest Hessian eigenvalues of a linear model, whose Hessian is X^T X, and what rescaling does to them."""

import numpy as np
import pytest
import torch
from known_losses import Layered, Linear, design, frames_of, measured, rescaled, standard_error

from nnip.measure import hessian_eigenvalues


def test_of_a_linear_model_they_are_those_of_its_normal_matrix(tmp_path):
    rows = measured(hessian_eigenvalues, Linear(), {"n_eigenvalues": 3}, tmp_path)["hessian_eigenvalues"]
    X, _ = design(frames_of(8))
    values, vectors = torch.linalg.eigh(X.T @ X)
    assert [row["rank"] for row in rows] == [1, 2, 3]
    assert [row["eigenvalue"] for row in rows] == pytest.approx(values.flip(0)[:3].tolist(), rel=1e-6)
    assert values[-1] > 1.5 * values[-2]
    owner = [*range(8), *np.repeat(np.arange(8), 27)]
    for rank, row in enumerate(rows, start=1):
        shares = np.bincount(owner, 8 * (X @ vectors[:, -rank]).pow(2).numpy())
        assert shares.mean() == pytest.approx(row["eigenvalue"], rel=1e-6)
        assert row["eigenvalue_error"] == pytest.approx(standard_error(shares), rel=1e-5)
        assert row["reason"] is None
    assert rows[0]["n_passes"] == rows[1]["n_passes"] == 5 * 7 + 2 * 3, "six weights need six products, and the start one"


def test_of_many_weights_they_are_those_of_the_whole_hessian(tmp_path):
    from analytic import MorsePotential, ethanol

    from nnip.landscape.training_loss import TrainingLoss
    from nnip.potentials.evaluation import Batches

    module = MorsePotential(ethanol()).module
    module.depth.mul_(1.1)
    rows = measured(hessian_eigenvalues, module, {"n_eigenvalues": 5}, tmp_path)["hessian_eigenvalues"]
    potential = MorsePotential(ethanol())
    potential.module = module
    loss = TrainingLoss(Batches(potential, frames_of(8), 8), 1.0, 100.0)
    hessian = torch.stack([loss.hessian_product(unit) for unit in torch.eye(120, dtype=torch.float64)])
    expected = torch.linalg.eigvalsh(hessian).flip(0)[:5]
    assert [row["eigenvalue"] for row in rows] == pytest.approx(expected.tolist(), rel=0.01)


def test_they_are_no_property_of_the_function(tmp_path):
    one, other = (
        measured(hessian_eigenvalues, module, {"n_eigenvalues": 1}, tmp_path)["hessian_eigenvalues"][0] for module in (Layered(), rescaled(Layered()))
    )
    assert abs(other["eigenvalue"] / one["eigenvalue"] - 1) > 0.05


def test_where_there_are_none_the_rows_are_blank(tmp_path):
    rows = measured(hessian_eigenvalues, Linear(), {"n_eigenvalues": 6}, tmp_path / "few")["hessian_eigenvalues"]
    assert [row.get("eigenvalue") for row in rows] == [None] * 6
    assert {row["reason"] for row in rows} == {"the model has 6 weights"}
    module = Linear()
    module.readout[0] = 1e308
    rows = measured(hessian_eigenvalues, module, {"n_eigenvalues": 2}, tmp_path / "large")["hessian_eigenvalues"]
    assert rows[0]["reason"] == "products with the Hessian are not finite" or rows[0]["eigenvalue"] is not None
