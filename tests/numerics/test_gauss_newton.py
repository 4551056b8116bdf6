"""The Gauss-Newton matrix of known losses against all columns of the Jacobian, and what rescaling layers does to its measures."""

import pytest
import torch
from known_losses import WEIGHTS, Known, Layered, Linear, design, frames_of, measured, rescaled, standard_error

from nnip.landscape.training_loss import TrainingLoss
from nnip.landscape.weights import weight_vector
from nnip.measure import gauss_newton
from nnip.potentials.evaluation import Batches

MANY = {"n_probes": 400}
NAMES = ("trace", "adaptive_trace", "relative_flatness")


def columns(module: torch.nn.Module) -> torch.Tensor:
    """The Jacobian of the outputs, float64 [n_outputs, n_weights]."""
    loss = TrainingLoss(Batches(Known(module), frames_of(2), 2), WEIGHTS["energy_weight"], WEIGHTS["forces_weight"])
    return torch.stack([loss.output_gradient(unit) for unit in torch.eye(loss.n_outputs, dtype=torch.float64)])


def test_the_means_over_probes_are_the_traces(tmp_path):
    (row,) = measured(gauss_newton, Layered(), MANY, tmp_path, frames_of(2))["gauss_newton"]
    J, module = columns(Layered()), Layered()
    assert [name for name, _ in module.named_parameters()] == ["scale", "readout", "outer"]
    G, W = (J.T @ J)[6:24, 6:24].view(6, 3, 6, 3), module.readout
    # by the definition: rows are the weights into one channel; blocks of G are of two channels
    blocks = torch.tensor([[float((W[:, s] @ W[:, t]) * G[:, s, :, t].trace()) for t in range(3)] for s in range(3)])
    exact = (J.pow(2).sum(), (weight_vector(module) * J).pow(2).sum(), blocks.sum())
    for name, value in zip(NAMES, exact, strict=True):
        assert 0 < row[f"{name}_error"] < 0.3 * value
        assert row[name] == pytest.approx(float(value), abs=4 * row[f"{name}_error"])
    assert (row["n_probes"], row["n_passes"], row["reason"]) == (400, 800, None)
    assert not torch.isclose(blocks.trace(), blocks.sum(), rtol=0.02), "blocks of different channels count too"


def test_with_one_channel_it_is_the_norm_times_the_trace(tmp_path):
    (row,) = measured(gauss_newton, Linear(), MANY, tmp_path)["gauss_newton"]
    X, _ = design(frames_of(8))
    assert row["trace"] == pytest.approx(float(X.pow(2).sum()), abs=4 * row["trace_error"])
    assert row["relative_flatness"] == pytest.approx(row["trace"] * float(Linear().readout.pow(2).sum()), rel=1e-10)


def test_the_standard_error_shrinks_as_the_root_of_the_probes(tmp_path):
    (many,), (few,) = (measured(gauss_newton, Layered(), {"n_probes": n}, tmp_path, frames_of(2))["gauss_newton"] for n in (400, 100))
    assert few["trace_error"] / many["trace_error"] == pytest.approx(2.0, rel=0.4)


def test_the_fisher_rao_norm_of_a_linear_model_is_that_of_its_outputs(tmp_path):
    (row,) = measured(gauss_newton, Linear(), {"n_probes": 2}, tmp_path)["fisher_rao"]
    X, _ = design(frames_of(8))
    change = X @ Linear().readout[:, 0]
    assert row["fisher_rao_norm"] == pytest.approx(float(change.norm()), rel=1e-9)
    shares = [8 * float(change[frame].pow(2) + change[8 + 27 * frame : 8 + 27 * (frame + 1)].pow(2).sum()) for frame in range(8)]
    assert row["fisher_rao_norm_error"] == pytest.approx(standard_error(shares) / (2 * float(change.norm())), rel=1e-7)
    assert (row["n_passes"], row["reason"]) == (2, None)


def test_the_fisher_rao_norm_is_along_all_weights(tmp_path):
    (row,) = measured(gauss_newton, Layered(), {"n_probes": 2}, tmp_path, frames_of(2))["fisher_rao"]
    assert row["fisher_rao_norm"] == pytest.approx(float((columns(Layered()) @ weight_vector(Layered())).norm()), rel=1e-5)


def test_all_but_the_trace_are_properties_of_the_function(tmp_path):
    one, other = (measured(gauss_newton, module, {"n_probes": 20}, tmp_path, frames_of(2)) for module in (Layered(), rescaled(Layered())))
    for table, name in (("gauss_newton", "adaptive_trace"), ("gauss_newton", "relative_flatness"), ("fisher_rao", "fisher_rao_norm")):
        assert other[table][0][name] == pytest.approx(one[table][0][name], rel=1e-7)
    assert abs(other["gauss_newton"][0]["trace"] / one["gauss_newton"][0]["trace"] - 1) > 0.05


@pytest.mark.parametrize("name", ["outside", "readout"])
def test_without_linear_layers_in_the_readout_its_flatness_is_blank(tmp_path, monkeypatch, name):
    module = Linear()
    if name == "outside":
        module.weights = module.readout
        del module.readout
        monkeypatch.setattr(Linear, "forward", lambda self, positions: Layered.forward(Layered(), positions) + 0 * self.weights.sum())
    else:
        uneven = torch.tensor([[0], [0], [1], [0], [1], [0]])
        monkeypatch.setattr(Known, "filters", lambda self: {"readout": uneven})
    (row,) = measured(gauss_newton, module, {"n_probes": 2}, tmp_path, frames_of(2))["gauss_newton"]
    assert row["relative_flatness"] is row["relative_flatness_error"] is None
    assert row["reason"] == "the model's part 'readout' does not consist of linear layers: relative_flatness, relative_flatness_error"
    assert row["trace"] is not None
