"""Scores of forces against those of errors that are made: a softened potential, forces turned and lengthened, forces without direction."""

import numpy as np
import pytest
from analytic import MorsePotential, ethanol, labelled
from surfaces import job

from nnip.data import hottest
from nnip.measure.hot_frames import measure
from nnip.surface.force_scores import angles_deg, force_scores
from nnip.surface.scatter import jackknife_ratio

OPTIONS = {"frames_per_batch": 3, "kept_frames": None}


def softened(tmp_path, factor, **options):
    """The tables of a potential whose wells have `factor` times the depth of those of the labels."""
    frames = {f"test_{name}": labelled(MorsePotential(ethanol()), n, seed) for name, n, seed in (("300K", 4, 1), ("1200K", 5, 2))}
    potential = MorsePotential(ethanol())
    potential.module.depth.mul_(factor)
    potential.module.anharmonic.mul_(factor)
    return measure(job(tmp_path, potential, frames, OPTIONS | options)), frames


def test_a_surface_softened_to_four_fifths_has_slope_four_fifths(tmp_path):
    tables, frames = softened(tmp_path, 0.8)
    assert [(row["split"], row["hottest"], row["n_frames"], row["n_passes"]) for row in tables["hot_frames"]] == [
        ("300K", False, 4, 4),
        ("1200K", True, 5, 5),
    ]
    for row, (_, labels) in zip(tables["hot_frames"], frames.items(), strict=True):
        assert row["softening_slope"] == pytest.approx(0.8, rel=1e-12)
        assert row["softening_slope_error"] == pytest.approx(0, abs=1e-12)
        assert row["direction_score"] == pytest.approx(0, abs=1e-6)
        lengths = np.concatenate([np.linalg.norm(frame.get_forces(), axis=1) for frame in labels])
        assert row["magnitude_score"] == pytest.approx(np.minimum(0.2 * lengths, 1).mean(), rel=1e-9)


def test_the_kept_forces_are_those_of_the_hottest_split(tmp_path):
    tables, frames = softened(tmp_path, 0.8, kept_frames=2)
    assert len(tables["hot_forces"]) == 2 * len(ethanol())
    row, true = tables["hot_forces"][len(ethanol()) + 3], frames["test_1200K"][1].get_forces()[3]
    assert (row["split"], row["frame"], row["atom"]) == ("1200K", 1, 3)
    assert [row[f"{axis}_reference_eV_per_A"] for axis in "xyz"] == pytest.approx(true.tolist())
    assert [row[f"{axis}_eV_per_A"] for axis in "xyz"] == pytest.approx((0.8 * true).tolist())


def test_scores_by_hand():
    """Lengths 2, 0.05 and 4; turned by 30 degrees, by 90 (too small to count) and by none but lengthened by 3."""
    reference = np.array([[2.0, 0, 0], [0.05, 0, 0], [0, 4.0, 0]])
    turned = 2 * np.array([np.cos(np.pi / 6), np.sin(np.pi / 6), 0])
    scores = force_scores([np.array([turned, [0, 0.05, 0], [0, 7.0, 0]])], [reference])
    assert scores["direction_score"] == pytest.approx((0.5 + 0) / 2)
    assert scores["magnitude_score"] == pytest.approx((0 + 0 + 1) / 3)
    assert scores["softening_slope"] == pytest.approx((4 * np.cos(np.pi / 6) + 28) / (4 + 0.0025 + 16))
    assert scores["softening_slope_error"] is None


def test_a_force_of_zero_has_no_direction_and_no_reference_is_no_score():
    zeros = np.zeros((2, 3))
    assert angles_deg(zeros, np.ones((2, 3))).tolist() == [180.0, 180.0]
    assert force_scores([zeros], [np.ones((2, 3))])["direction_score"] == 1
    scores = force_scores([zeros, zeros], [zeros, zeros])
    assert scores["direction_score"] is scores["softening_slope"] is None
    assert scores["magnitude_score"] == 0


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.array([1.0, 4.0, 2.0, 9.0])
    mean, error = jackknife_ratio(values, np.ones(4))
    assert (mean, error) == (pytest.approx(4.0), pytest.approx(values.std(ddof=1) / 2))


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        (["train", "test_300K", "test_1200K", "test_600K"], "test_1200K"),
        (["test_1e9", "test_999K", "test_dihedral"], "test_999K"),
        (["test_a", "test_b", "val"], "test_b"),
        (["train"], None),
    ],
)
def test_the_hottest_split(splits, expected):
    assert hottest(splits) == expected
