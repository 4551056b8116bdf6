"""The distance from initial weights by hand: a model that was moved by 3 and 4 along two weights is 5 away."""

import json

import pytest
from known_losses import Linear, measured

from nnip.jobs.files import sha256
from nnip.measure import initial_distance
from nnip.potentials.initial import keep_initial


@pytest.fixture
def moved(tmp_path, monkeypatch):
    """moved(start, end): the row of a model whose training began with the weights of one and ended with those of the other."""

    def measure(start, end):
        keep_initial(start, tmp_path)
        known = {"initial_file": "../initial.pt", "initial_sha256": sha256(tmp_path / "initial.pt")}
        monkeypatch.setattr("nnip.potentials.initial.read_manifest", lambda path: json.loads(path.read_text()) | known)
        return measured(initial_distance, end, {}, tmp_path)["initial_distance"][0]

    return measure


def test_it_is_the_norm_of_the_difference(moved):
    start, end = Linear(), Linear()
    end.readout[1] += 3
    end.readout[4] -= 4
    row = moved(start, end)
    assert row["distance"] == pytest.approx(5, rel=1e-12)
    assert row["relative_distance"] == pytest.approx(5 / (1 + 4 + 0.25 + 0.09 + 0.49 + 0.81) ** 0.5, rel=1e-12)
    assert (row["n_passes"], row["reason"]) == (0, None)


def test_from_weights_that_are_all_zero_there_is_no_relative_distance(moved):
    start, end = Linear(), Linear()
    start.readout.fill_(0)
    row = moved(start, end)
    assert row["distance"] > 2
    assert row["relative_distance"] is None
    assert row["reason"] == "all initial weights are zero: relative_distance"


def test_weights_of_another_shape_are_no_start(moved):
    start = Linear()
    start.readout.data = start.readout.data[:4]
    row = moved(start, Linear())
    assert "distance" not in row
    assert row["reason"] == "the training kept no initial weights of this model"
