"""Latent distances by hand, and those of a model's own MD."""

import numpy as np
import pytest
import torch
from analytic import MorsePotential, ethanol, labelled
from ase import Atoms
from surfaces import job

from nnip.measure.latent_distance import measure
from nnip.surface.latent import Cloud, clouds, frame_ratios

OPTIONS = {"n_frames": 50, "n_replicas": 2, "every_fs": 5.0, "duration_fs": 20.0, "frames_per_batch": 3, "max_bond_A": 2.5, "min_distance_A": None}
OPTIONS |= {"temperature_K": 300.0, "timestep_fs": 1.0, "tau_fs": 100.0, "initial_velocities": "maxwell-boltzmann"}


def test_the_distance_by_hand():
    """Covariance diag(8/3, 2/3), trace 10/3: the ridge adds 1e-3 * 5/3."""
    features = np.array([[7.0, 7], [3, 7], [5, 8], [5, 6]])
    cloud = Cloud.of(features)
    first, second = 8 / 3 + 1e-3 * 5 / 3, 2 / 3 + 1e-3 * 5 / 3
    own = np.sqrt([4 / first, 4 / first, 1 / second, 1 / second])
    assert cloud.typical == pytest.approx(np.quantile(own, 0.95))
    assert cloud.ratios(np.array([[5 + 6.0, 7], [5, 7 + 3.0], [5, 7]])) == pytest.approx(
        [6 / np.sqrt(first), 3 / np.sqrt(second), 0] / np.quantile(own, 0.95)
    )


def test_of_many_gaussian_features_the_distance_is_that_of_chi():
    """D^2 of d Gaussian dimensions follows chi^2_d, whatever their widths and correlations: its 95 % quantile for d = 4 is 9.488."""
    random = np.random.default_rng(3)
    mixing = random.normal(size=(4, 4))
    cloud = Cloud.of(random.normal(size=(40_000, 4)) @ mixing)
    assert cloud.typical == pytest.approx(np.sqrt(9.488), rel=0.02)
    assert (cloud.ratios(random.normal(size=(40_000, 4)) @ mixing) > 1).mean() == pytest.approx(0.05, abs=0.006)


def test_every_element_has_its_own_cloud_and_frames_their_own_atoms():
    features = np.array([[0.0], [2], [4], [10], [14], [18], [1], [10]])
    elements = np.array([1, 1, 1, 6, 6, 6, 1, 6])
    known = clouds(features[:6], elements[:6])
    largest, mean = frame_ratios(known, features[[1, 3, 4, 4]], elements[[1, 3, 4, 4]], np.array([0, 0, 1, 1]))
    hydrogen, carbon = 0.0, known[6].ratios(np.array([[10.0]]))[0]
    assert largest.tolist() == pytest.approx([carbon, 0])
    assert mean.tolist() == pytest.approx([(hydrogen + carbon) / 2, 0])


def test_features_that_do_not_vary_are_no_cloud():
    with pytest.raises(ValueError, match="do not vary"):
        Cloud.of(np.ones((5, 3)))


def wide(n, seed, width):
    random, frames = np.random.default_rng(seed), labelled(MorsePotential(ethanol()), n, seed)
    for frame in frames:
        frame.calc = None
        frame.positions += random.normal(0, width, frame.positions.shape)
    return frames


def test_wider_frames_are_farther_and_own_frames_are_counted(tmp_path):
    frames = {"train": labelled(MorsePotential(ethanol()), 20, 1), "val": labelled(MorsePotential(ethanol()), 2, 2), "test_900K": wide(5, 3, 0.3)}
    rows = {row["frames"]: row for row in measure(job(tmp_path, MorsePotential(ethanol()), frames, OPTIONS))["latent_distance"]}
    assert {kind: row["n_frames"] for kind, row in rows.items()} == {"train": 20, "hottest": 5, "own": 2 * 4}
    assert 0.5 < rows["train"]["largest"] < 2 < rows["hottest"]["largest"]
    assert rows["hottest"]["largest_low"] <= rows["hottest"]["largest"] <= rows["hottest"]["largest_high"]
    assert [row["n_passes"] for row in rows.values()] == [20, 5, 3 * 21 + 8]


def test_a_model_without_living_replicas_has_a_reason(tmp_path):
    frames = {"train": labelled(MorsePotential(ethanol()), 5, 1), "val": labelled(MorsePotential(ethanol()), 2, 2)}
    potential = MorsePotential(ethanol())
    potential.energies_forces = lambda graph: (torch.full((len(graph.n_atoms),), torch.nan), torch.zeros(len(graph.frame_of), 3))
    own = measure(job(tmp_path, potential, frames, OPTIONS))["latent_distance"][-1]
    assert (own["frames"], own["n_frames"], own["reason"]) == ("own", 0, "no replica lived for 5 fs")
    assert "largest" not in own


def test_an_element_of_no_training_frame_is_a_reason(tmp_path):
    frames = {"train": labelled(MorsePotential(ethanol()), 5, 1), "test_900K": [Atoms("N9", ethanol().positions)]}
    rows = measure(job(tmp_path, MorsePotential(ethanol()), frames, OPTIONS | {"n_replicas": 0}))["latent_distance"]
    assert rows[1]["reason"] == "N is in no training frame"
