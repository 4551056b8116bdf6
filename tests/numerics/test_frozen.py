"""Directions that leave some parameters as they are."""

import pytest
import torch
from analytic import MorsePotential, ethanol

from nnip.jobs.errors import InputError
from nnip.landscape.directions import cosines, draw_directions
from nnip.landscape.frozen import frozen_parameters, frozen_weights
from nnip.landscape.weights import weight_vector

NAMES = ["depth", "shape", "anharmonic"]


@pytest.fixture
def potential():
    return MorsePotential(ethanol())


def split(potential, vector):
    return dict(zip(NAMES, vector.split([parameter.numel() for parameter in potential.module.parameters()]), strict=True))


@pytest.mark.parametrize(
    ("pattern", "found"), [("shape", ["shape"]), ("^(depth|anharmonic)$", ["depth", "anharmonic"]), ("^a|pth", ["depth", "anharmonic"])]
)
def test_a_pattern_is_found_in_names(potential, pattern, found):
    assert frozen_parameters(potential.module, pattern) == found
    mask = split(potential, frozen_weights(potential.module, found))
    assert {name for name in NAMES if mask[name].all()} == set(found)
    assert not any(mask[name].any() for name in set(NAMES) - set(found))


@pytest.mark.parametrize(
    ("pattern", "what"), [("radial", "no parameter"), ("^depths", "no parameter"), (".", "all parameters"), ("p|anh", "all parameters")]
)
def test_a_pattern_of_none_or_all_is_refused_and_the_parameters_are_named(potential, pattern, what):
    with pytest.raises(InputError, match=what) as error:
        frozen_parameters(potential.module, pattern)
    assert "depth, shape, anharmonic" in str(error.value)


@pytest.mark.parametrize("mode", ["isotropic", "paper"])
def test_frozen_parameters_do_not_move_and_the_others_keep_their_own_norms(potential, mode):
    frozen = frozen_weights(potential.module, ["shape"])
    seeds = list(range(4))
    whole, directions = draw_directions(potential, mode, seeds), draw_directions(potential, mode, seeds, frozen)
    assert not directions[:, frozen].any()
    theta = split(potential, weight_vector(potential.module))
    filters = potential.filters()
    for direction in directions:
        part = split(potential, direction)
        for name in ("depth", "anharmonic"):
            ids = filters[name].flatten() if mode == "isotropic" else torch.arange(len(part[name])) // (6 if name == "anharmonic" else 1)
            for number in range(int(ids.max()) + 1):
                members = ids == number
                assert float(part[name][members].norm()) == pytest.approx(float(theta[name][members].norm()), rel=1e-10)
    if mode == "isotropic":
        assert (cosines(directions) - torch.eye(4, dtype=torch.float64)).abs().max() < 1e-8
    else:
        assert torch.allclose(directions[:, ~frozen], whole[:, ~frozen], rtol=1e-12), "the same draws, with nothing else changed"


@pytest.mark.parametrize("mode", ["isotropic", "paper"])
def test_nothing_frozen_is_the_main_line_bit_by_bit(potential, mode):
    nothing = torch.zeros(len(weight_vector(potential.module)), dtype=torch.bool)
    assert torch.equal(draw_directions(potential, mode, [1, 2]), draw_directions(potential, mode, [1, 2], nothing))
