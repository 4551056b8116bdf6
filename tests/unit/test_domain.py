"""The distance up to which a model is right, of frames whose errors are known functions of their distance."""

import numpy as np
import pytest

from nnip.analyse.domain import analyse, calibration, limit
from nnip.study.tables import frame

SETTINGS = {"domain": {"force_error_eV_per_A": 0.5, "n_bins": 4}, "statistics.confidence": 0.9, "statistics.n_bootstrap": 200, "seed": 1}


def rows(distances, errors, molecules=None, n_atoms=3):
    whose = molecules or [f"m{i % 8}" for i in range(len(distances))]
    base = {"framework": "mace", "model": "m", "training_set": "n100", "seed": 1, "split": "300K", "cell": "seen", "n_atoms": n_atoms}
    return [
        base | {"frame": str(i), "molecule": whose[i], "forces_rmse_eV_per_A": float(e), "largest": float(2 * d), "mean": float(d)}
        for i, (d, e) in enumerate(zip(distances, errors, strict=True))
    ]


def domain(found, **changed):
    tables = analyse({"frame_errors": frame("frame_errors", found)}, SETTINGS | changed)
    return tables["domain"].set_index("distance"), tables["calibration"]


def test_the_calibration_pools_what_falls():
    """Squares 1, 9, 4 with weights 1, 1, 3: the last two become (9 + 12) / 4."""
    distances, level = calibration(np.array([3.0, 1.0, 2.0]), np.array([4.0, 1.0, 9.0]), np.array([3.0, 1.0, 1.0]))
    assert distances.tolist() == [1, 2, 3] and level.tolist() == pytest.approx([1, 5.25, 5.25])
    assert limit(np.array([3.0, 1.0, 2.0]), np.array([4.0, 1.0, 9.0]), np.array([3.0, 1.0, 1.0]), 2.0) == 2.0
    assert limit(np.array([3.0, 1.0, 2.0]), np.array([4.0, 1.0, 9.0]), np.array([3.0, 1.0, 1.0]), 2.4) == np.inf


def test_an_error_that_grows_with_the_distance_has_its_limit_at_the_bound():
    distances = np.arange(1, 161) / 80
    table, bins = domain(rows(distances, distances / 2))
    row = table.loc["mean"]
    assert row["limit"] == pytest.approx(1 + 1 / 80) and table.loc["largest", "limit"] == pytest.approx(2 * (1 + 1 / 80))
    assert (row["n_frames"], row["n_molecules"], row["spearman"]) == (160, 8, pytest.approx(1))
    assert (row["share_inside"], row["above_inside"], row["above_outside"], row["missed"]) == (0.5, 0, 1, pytest.approx(0, abs=0.02))
    assert row["limit_low"] <= row["limit"] <= row["limit_high"] < 1.2
    of_mean = bins[bins["distance"] == "mean"]
    assert of_mean["n_frames"].tolist() == [40] * 4
    assert of_mean["forces_rmse_eV_per_A"].tolist() == pytest.approx([np.sqrt(np.mean((part / 2) ** 2)) for part in np.split(distances, 4)])
    assert of_mean["calibrated_eV_per_A"].tolist() == pytest.approx(of_mean["distance_median"] / 2, rel=0.02)


def test_a_molecule_that_is_wrong_although_it_is_near_is_missed():
    """One of eight molecules has large errors at every distance: its own limit would be none, that of the others lets it pass."""
    distances = np.tile(np.arange(1, 21) / 10, 8)
    molecules = [f"m{i // 20}" for i in range(160)]
    errors = np.where(np.array(molecules) == "m0", 0.9, distances / 3)
    row = domain(rows(distances, errors, molecules))[0].loc["mean"]
    assert row["missed"] > row["above_inside"] > 0
    assert row["missed"] >= 1 / 8 * 0.9


def test_without_a_limit_there_is_a_reason():
    distances = np.linspace(1, 2, 20)
    assert domain(rows(distances, distances / 100))[0]["reason"].tolist() == ["no distance of the test frames has so large an error"] * 2
    assert domain(rows(distances, 10 * distances))[0]["reason"].tolist() == ["the error exceeds the bound at every distance"] * 2


def test_few_molecules_have_no_interval_and_blank_distances_are_left_out():
    found = rows(np.arange(1, 11) / 5, np.arange(1, 11) / 10, ["a", "b"] * 5)
    found.append(found[0] | {"mean": None, "largest": None})
    row = domain(found)[0].loc["mean"]
    assert row["n_frames"] == 10 and row["limit"] == pytest.approx(1.2)
    assert row[["limit_low", "limit_high", "missed"]].isna().all()
