"""Losses along lines and over planes of a potential whose loss can be computed by hand."""

import copy
import math

import numpy as np
import pytest
import torch
from analytic import MorsePotential, ethanol, labelled

from nnip.jobs.errors import InputError
from nnip.landscape.directions import draw_directions, paper_directions
from nnip.landscape.losses import line, plane_row, positions
from nnip.landscape.weights import displaced, weight_vector
from nnip.potentials.evaluation import Batches

COLUMNS = ("energy_rmse_eV_per_atom", "forces_rmse_eV_per_A")


@pytest.fixture
def potential():
    return MorsePotential(ethanol())


@pytest.fixture
def frames(potential):
    return labelled(potential, 6, seed=2)


def by_hand(potential, frames, displacement):
    """The loss at displaced weights, frame by frame, in a copy of the potential."""
    moved = copy.deepcopy(potential)
    start = 0
    for parameter in moved.module.parameters():
        parameter.add_(displacement[start : start + parameter.numel()].view(parameter.shape))
        start += parameter.numel()
    energy_errors, force_errors = [], []
    for frame in frames:
        energies, forces = moved.energies_forces(moved.graph([frame]))
        energy_errors.append((float(energies) - frame.get_potential_energy()) / len(frame))
        force_errors.append(forces.numpy() - frame.get_forces())
    return np.sqrt(np.mean(np.square(energy_errors))), np.sqrt(np.mean(np.square(force_errors)))


def test_points_of_a_line():
    isotropic = positions("isotropic", 81, 0.5)
    assert isotropic[40] == 0
    assert isotropic[0] == -0.25
    assert isotropic[-1] == 0.25
    assert np.allclose(np.diff(isotropic), 0.5 / 80)
    assert positions("isotropic", 4, 0.6) == pytest.approx([-0.3, -0.1, 0.1, 0.3])
    paper = positions("paper", 81, 0.5)
    assert paper[40] == 0
    assert paper[0] == pytest.approx(-0.2469, abs=5e-5)
    assert paper[-1] == pytest.approx(0.2469, abs=5e-5)


@pytest.mark.parametrize("mode", ["paper", "isotropic"])
@pytest.mark.parametrize("frames_per_batch", [1, 4, 50])
def test_a_line_is_the_loss_of_displaced_weights(potential, frames, mode, frames_per_batch):
    direction = draw_directions(potential, mode, seeds=[1, 2])[1]
    points = positions(mode, 5, 0.1)
    rows = line(Batches(potential, frames, frames_per_batch), direction, points)
    assert [row["t"] for row in rows] == points
    for row in rows:
        assert [row[name] for name in COLUMNS] == pytest.approx(by_hand(potential, frames, row["t"] * direction), rel=1e-10, abs=1e-14)
    assert rows[2]["forces_rmse_eV_per_A"] < 1e-13 < 1e-3 < rows[0]["forces_rmse_eV_per_A"]


def test_a_plane_is_the_loss_of_weights_displaced_twice(potential, frames):
    directions = draw_directions(potential, "isotropic", seeds=[1, 2])
    batches, points = Batches(potential, frames, 50), [-0.1, 0.0, 0.1]
    rows = [row for t1 in points for row in plane_row(batches, directions, t1, points)]
    assert [(row["t1"], row["t2"]) for row in rows[:4]] == [(-0.1, -0.1), (-0.1, 0.0), (-0.1, 0.1), (0.0, -0.1)]
    for row in rows:
        displacement = row["t1"] * directions[0] + row["t2"] * directions[1]
        assert [row[name] for name in COLUMNS] == pytest.approx(by_hand(potential, frames, displacement), rel=1e-10, abs=1e-14)


def test_a_plane_is_a_line_along_its_axes(potential, frames):
    """Bit by bit: the plane's middle row and column are the lines of its two directions."""
    directions = draw_directions(potential, "isotropic", seeds=[1, 2])
    batches, points = Batches(potential, frames, 50), positions("isotropic", 5, 0.2)
    rows = [row for t1 in points for row in plane_row(batches, directions, t1, points)]
    for axis, other, direction in (("t1", "t2", directions[0]), ("t2", "t1", directions[1])):
        along = [{"t": row[axis]} | {name: row[name] for name in COLUMNS} for row in rows if row[other] == 0]
        assert along == line(batches, direction, points)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_weights_come_back_bit_by_bit(potential, dtype):
    module = potential.module.to(dtype)
    before = [parameter.clone() for parameter in module.parameters()]
    direction = paper_directions(module, seeds=[1])[0]
    with displaced(module) as weights:
        weights.displace(0.1 * direction)
        assert torch.allclose(weight_vector(module), torch.cat([part.flatten() for part in before]).double() + 0.1 * direction, rtol=1e-6)
        weights.displace(0 * direction)
        assert all(torch.equal(parameter, part) for parameter, part in zip(module.parameters(), before, strict=True))
        weights.displace(0.1 * direction)
    assert all(torch.equal(parameter, part) for parameter, part in zip(module.parameters(), before, strict=True))


def test_weights_come_back_after_an_error(potential):
    before = weight_vector(potential.module)
    with pytest.raises(ZeroDivisionError), displaced(potential.module) as weights:
        weights.displace(torch.ones_like(before))
        1 / 0  # noqa: B018
    assert torch.equal(weight_vector(potential.module), before)


def test_a_loss_that_is_not_finite_is_infinite_and_the_others_are_found(potential, frames):
    direction = torch.zeros_like(weight_vector(potential.module))
    direction[0] = torch.finfo(torch.float64).max
    rows = line(Batches(potential, frames, 50), direction, [-1, 0, 1])
    assert [row["energy_rmse_eV_per_atom"] for row in rows] == [math.inf, pytest.approx(0, abs=1e-14), math.inf]


def test_an_unknown_mode_is_named(potential):
    with pytest.raises(InputError, match="'gaussian'"):
        draw_directions(potential, "gaussian", seeds=[1])
