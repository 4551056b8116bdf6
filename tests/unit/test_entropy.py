"""Loss entropy against values known in closed form."""

import math

import numpy as np
import pytest

from nnip.analyse.entropy import entropy_table, loss_entropy
from nnip.study.tables import frame, read_table, write_table

IDENTITY = {"framework": "nequip", "model": "base", "seed": 1, "mode": "isotropic", "split": "train"}


def landscape(curves):
    """A table landscape from curves[direction] = (t, energy losses, forces losses)."""
    rows = [
        IDENTITY | {"direction": direction, "t": t, "energy_rmse_eV_per_atom": energy, "forces_rmse_eV_per_A": forces}
        for direction, curve in enumerate(curves)
        for t, energy, forces in zip(*curve, strict=True)
    ]
    return frame("landscape", rows)


def test_a_flat_landscape():
    assert loss_entropy(np.zeros(81), 0.004) == pytest.approx(math.log(81), abs=1e-13)
    assert loss_entropy(np.full(81, 0.02), 0.004) == pytest.approx(math.log(81) - 5, abs=1e-13)


def test_a_parabola_is_a_gaussian_integral_where_points_are_dense():
    curvature, T, spacing = 0.7, 0.004, 1e-3
    t = np.arange(-2000, 2001) * spacing
    assert loss_entropy(0.01 + curvature * t**2, T) == pytest.approx(math.log(math.sqrt(math.pi * T / curvature) / spacing) - 0.01 / T, abs=1e-9)


def test_losses_far_above_the_temperature_neither_overflow_nor_underflow():
    assert loss_entropy(np.array([100.0, 100.0]), 0.004) == pytest.approx(math.log(2) - 25000, rel=1e-14)


def test_infinite_losses_add_nothing():
    assert loss_entropy(np.array([0.0, np.inf, 0.0]), 1.0) == pytest.approx(math.log(2))
    assert loss_entropy(np.full(3, np.inf), 1.0) == -math.inf


def test_losses_are_averaged_over_directions_before_the_entropy():
    t = [-0.1, 0.0, 0.1]
    table = entropy_table(landscape([(t, [1, 0, 3], [2, 0.2, 4]), (t[::-1], [5, 0, 3], [0, 0.4, 2])]), 2.0, 4.0, 0.25)
    kept, subtracted = table.to_dict("records")
    energy = math.log(math.exp(-2 / 2) + 1 + math.exp(-4 / 2))  # means (1 + 3) / 2, 0, (3 + 5) / 2
    forces = math.log(sum(math.exp(-loss / 4) for loss in (2, 0.3, 2)))
    assert kept | {"S_energy": None, "S_forces": None, "S": None} == IDENTITY | {
        "minimum": "kept",
        "n_points": 3,
        "T_energy_eV_per_atom": 2.0,
        "T_forces_eV_per_A": 4.0,
        "alpha": 0.25,
        "S_energy": None,
        "S_forces": None,
        "S": None,
    }
    assert kept["S_energy"] == pytest.approx(energy)
    assert kept["S_forces"] == pytest.approx(forces)
    assert kept["S"] == pytest.approx(0.25 * energy + 0.75 * forces)
    assert subtracted["minimum"] == "subtracted"
    assert subtracted["S_energy"] == pytest.approx(energy)
    assert subtracted["S_forces"] == pytest.approx(forces + 0.3 / 4)


def test_a_curve_that_is_infinite_everywhere_is_a_row_that_a_file_can_hold(tmp_path):
    t = [-0.1, 0.0, 0.1]
    table = entropy_table(landscape([(t, [math.inf] * 3, [0.1] * 3)]), 0.004, 0.04, 0.2)
    write_table("entropy", table, tmp_path / "entropy.csv")
    for row in read_table("entropy", tmp_path / "entropy.csv").to_dict("records"):
        assert row["S_energy"] == row["S"] == -math.inf
        assert row["S_forces"] == pytest.approx(math.log(3) - (2.5 if row["minimum"] == "kept" else 0))
    forces_only = entropy_table(landscape([(t, [math.inf] * 3, [0.1] * 3)]), 0.004, 0.04, 0)
    assert forces_only["S"].tolist() == forces_only["S_forces"].tolist()


def test_only_means_over_directions_may_be_known():
    rows = landscape([([-0.1, 0.1], [0.0, 0.0], [0.0, 0.0])]).drop(columns="direction")
    assert entropy_table(frame("landscape", rows), 0.004, 0.04, 0.2)["S"].tolist() == pytest.approx([math.log(2)] * 2)


def test_models_keep_their_order_and_no_landscape_gives_no_row():
    one = landscape([([0.0], [0.0], [0.0])])
    other = one.assign(model="another")
    import pandas as pd

    assert entropy_table(pd.concat((one, other)), 0.004, 0.04, 0.2)["model"].tolist() == ["base", "base", "another", "another"]
    assert entropy_table(frame("landscape", []), 0.004, 0.04, 0.2).empty
