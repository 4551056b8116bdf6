"""What the two kinds of random directions must be, exactly."""

import pytest
import torch
from analytic import MorsePotential, ethanol

from nnip.jobs.errors import InputError
from nnip.landscape.directions import cosines, isotropic_directions, paper_directions
from nnip.landscape.weights import weight_vector


class Weights(torch.nn.Module):
    """The shapes of a small e3nn model: flat weights, radial layers, weights of three axes, two lone numbers and a row of zeros."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.flat = torch.nn.Parameter(torch.randn(1024) * torch.linspace(0.1, 2, 1024))
        self.radial = torch.nn.Parameter(torch.randn(16, 48))
        self.product = torch.nn.Parameter(torch.randn(4, 3, 32))
        self.frequencies = torch.nn.Parameter(torch.tensor([3.1, -6.3]))
        self.dead = torch.nn.Parameter(torch.zeros(3, 8))

    def filters(self) -> dict[str, torch.Tensor]:
        return {
            "flat": torch.arange(1024) % 64,
            "radial": torch.arange(48).expand(16, -1),
            "product": torch.arange(128).view(4, 1, 32).expand(4, 3, 32),
            "frequencies": torch.arange(2),
            "dead": torch.arange(8).expand(3, -1),
        }


@pytest.fixture
def weights():
    return Weights()


def parts(module, vector):
    sizes = [parameter.numel() for parameter in module.parameters()]
    return {name: part.view(parameter.shape) for (name, parameter), part in zip(module.named_parameters(), vector.split(sizes), strict=True)}


def test_paper_directions_are_theta_itself_on_tensors_of_one_axis(weights):
    for direction in paper_directions(weights, seeds=[1, 2, 3]):
        part = parts(weights, direction)
        for name in ("flat", "frequencies"):
            assert torch.allclose(part[name], getattr(weights, name).detach().double().abs(), rtol=1e-12, atol=0)


def test_paper_directions_scale_slices_along_the_first_axis_of_uniform_draws(weights):
    one, other = paper_directions(weights, seeds=[1, 2])
    assert (one >= 0).all()
    for name in ("radial", "product", "dead"):
        slices = parts(weights, one)[name].flatten(1).norm(dim=1)
        assert torch.allclose(slices, getattr(weights, name).detach().double().flatten(1).norm(dim=1), rtol=1e-12)
    radial = parts(weights, one)["radial"]
    # a uniform draw in [0, 1) has mean 1/2 and root mean square 1/sqrt(3)
    assert float((radial.mean(dim=1) / radial.pow(2).mean(dim=1).sqrt()).mean()) == pytest.approx(3**0.5 / 2, abs=0.02)
    assert float(one.norm()) == pytest.approx(float(weight_vector(weights).norm()), rel=1e-12)
    assert float(cosines(torch.stack((one, other)))[0, 1]) > 0.8


def test_isotropic_directions_have_every_filters_norm_and_are_orthogonal_at_once(weights):
    directions = isotropic_directions(weights, weights.filters(), seeds=range(20))
    assert directions.dtype == torch.float64
    for direction in directions:
        part = parts(weights, direction)
        assert not part["frequencies"].any(), "a filter of one number has no direction but its sign"
        assert not part["dead"].any()
        for name in ("flat", "radial", "product"):
            ids, theta = weights.filters()[name], getattr(weights, name).detach().double()
            for number in range(int(ids.max()) + 1):
                assert float(part[name][ids == number].norm()) == pytest.approx(float(theta[ids == number].norm()), rel=1e-12)
    cosine = cosines(directions)
    assert (cosine - torch.eye(20, dtype=torch.float64)).abs().max() < 1e-8


def test_isotropic_directions_are_gaussian(weights):
    radial = torch.stack([parts(weights, direction)["radial"] for direction in isotropic_directions(weights, weights.filters(), seeds=range(20))])
    scaled = (radial / radial.norm(dim=1, keepdim=True)).flatten() * 4
    assert float(scaled.mean()) == pytest.approx(0, abs=0.03)
    # 16 numbers on a sphere: kurtosis 3 * 16 / 18
    assert float(scaled.pow(4).mean() / scaled.pow(2).mean() ** 2) == pytest.approx(48 / 18, abs=0.1)


@pytest.mark.parametrize("draw", [paper_directions, lambda w, s: isotropic_directions(w, w.filters(), s)])
def test_equal_seeds_give_equal_directions_and_leave_torchs_generator_alone(weights, draw):
    state = torch.get_rng_state()
    assert torch.equal(draw(weights, [4, 5]), draw(weights, [4, 5]))
    assert not torch.equal(draw(weights, [4, 5])[1], draw(weights, [4, 6])[1])
    assert torch.equal(torch.get_rng_state(), state)


def test_more_directions_than_the_filters_allow_are_refused():
    potential = MorsePotential(ethanol())
    with pytest.raises(InputError, match=r"'landscape.n_directions' is 200, but this model's filters allow at most \d+ orthogonal"):
        isotropic_directions(potential.module, potential.filters(), seeds=range(200))


def test_the_bound_is_the_filters_share_of_the_norm():
    module = torch.nn.Module()
    module.a = torch.nn.Parameter(torch.tensor([[3.0, 0.0], [0.0, 1.0]]))
    filters = {"a": torch.tensor([[0, 0], [1, 1]])}  # norms 3 and 1: the first of two numbers has 0.9 of the squared norm
    assert len(isotropic_directions(module, filters, seeds=range(2))) == 2
    with pytest.raises(InputError, match="at most 2"):
        isotropic_directions(module, filters, seeds=range(3))


def test_filters_that_miss_a_parameter_are_refused(weights):
    filters = weights.filters()
    del filters["radial"]
    with pytest.raises(InputError, match="'radial'"):
        isotropic_directions(weights, filters, seeds=[1])
