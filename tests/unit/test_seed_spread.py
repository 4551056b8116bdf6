"""Spread of forces over seeds, by hand."""

import numpy as np
import pytest

from nnip.analyse.seed_spread import seed_spread
from nnip.study.tables import frame


def forces(of_seeds, reference=None, model="a"):
    """Table hot_forces of forces [n_frames, n_atoms, 3] of each seed."""
    rows = []
    for seed, predicted in enumerate(of_seeds, 1):
        true = np.zeros_like(predicted) if reference is None else reference
        for number, atoms in enumerate(predicted):
            for atom, force in enumerate(atoms):
                names = dict(zip([f"{axis}_eV_per_A" for axis in "xyz"], force, strict=True))
                names |= dict(zip([f"{axis}_reference_eV_per_A" for axis in "xyz"], true[number][atom], strict=True))
                key = {"framework": "mace", "model": model, "seed": seed, "split": "1200K", "frame": number, "atom": atom}
                rows.append(key | names)
    return frame("hot_forces", rows)


def test_of_three_seeds_by_hand():
    """One component of one atom: 0, 3, 6. Variance 9 among 3 components; leave-one-out 4.5, 0 and 4.5."""
    table = seed_spread(forces([np.array([[[x, 1.0, 2.0]]]) for x in (0.0, 3.0, 6.0)]))
    assert table["seed"].tolist()[:3] == [1, 2, 3] and table["seed"].isna().tolist() == [False] * 3 + [True]
    assert table["spread_eV_per_A"].tolist() == pytest.approx([4.5 / np.sqrt(3), 0, 4.5 / np.sqrt(3), np.sqrt(9 / 3)])
    assert table["spread_error_eV_per_A"].isna().all(), "one frame"
    assert set(table["n_passes"]) == {3}


def test_the_standard_error_is_the_jackknifes_over_frames():
    random = np.random.default_rng(1)
    one, two = (random.normal(size=(4, 5, 3)) for _ in range(2))
    row = seed_spread(forces([one, two])).iloc[0]
    squares = ((one - two) ** 2).mean(axis=(1, 2))
    without = np.array([np.sqrt(np.delete(squares, k).mean()) for k in range(4)])
    assert row["spread_eV_per_A"] == pytest.approx(np.sqrt(squares.mean()))
    assert row["spread_error_eV_per_A"] == pytest.approx(np.sqrt(3 / 4 * ((without - without.mean()) ** 2).sum()))


def test_a_spread_that_tells_the_error_is_calibrated():
    sizes = np.array([1.0, 2, 3, 4, 5])[None, :, None] * np.ones(3)
    reference = np.zeros((1, 5, 3))
    pooled = seed_spread(forces([2 * sizes, 4 * sizes], reference)).iloc[-1]
    assert pooled["calibration"] == pytest.approx(1)
    opposite = seed_spread(forces([10 - sizes, 10 - 0.5 * sizes], reference)).iloc[-1]
    assert opposite["calibration"] == pytest.approx(-1)


def test_one_seed_has_no_spread():
    assert seed_spread(forces([np.ones((2, 3, 3))])).empty
