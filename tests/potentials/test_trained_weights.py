"""Distributions of the weights of really trained models: every weight once, in a part of the model that has a name."""

import json

import pytest

from nnip.landscape.weights import weight_vector
from nnip.measure.base import run_measurement
from nnip.potentials.loading import load
from nnip.study.manifest import read_manifest
from nnip.study.tables import read_table


def test_weights_of_a_trained_and_of_a_failed_training(trained, framework, settings_of, tmp_path):
    good, bad = trained("molecule"), tmp_path / "bad"
    bad.mkdir()
    manifest = read_manifest(good / "manifest.json")
    (bad / "manifest.json").write_text(json.dumps(manifest | {"status": "diverged", "reason": "loss is nan"}))
    run_measurement("weights", settings_of(), {"n_bins": 9}, good, {}, tmp_path)
    weights, moments = read_table("weights", tmp_path / "weights.csv"), read_table("weight_moments", tmp_path / "weight_moments.csv")
    assert set(weights["framework"]) == {framework}
    assert set(weights["model"]) == {"tiny"}
    whole = moments[moments["group"] == "all"].iloc[0]
    vector = weight_vector(load(good).module)
    assert whole["n_weights"] == len(vector) == manifest["n_parameters"]
    assert whole["std"] == pytest.approx(float(vector.std(correction=0)), rel=1e-12)
    assert weights.groupby("group")["count"].sum().to_dict() == moments.set_index("group")["n_weights"].to_dict()
    assert moments.loc[moments["group"] != "all", "n_weights"].sum() == len(vector)
    assert "other" not in set(moments["group"])
    measured = read_manifest(tmp_path / "manifest.json")
    assert (measured["status"], measured["settings"]["run"]) == ("ok", "tiny.n16.seed1")
    run_measurement("weights", settings_of() | {"run": "hot", "model": "hot"}, {"n_bins": 9}, bad, {}, tmp_path / "hot")
    for table in ("weights", "weight_moments"):
        assert read_table(table, tmp_path / "hot" / f"{table}.csv").empty
    skipped = read_manifest(tmp_path / "hot" / "manifest.json")
    assert (skipped["status"], skipped["reason"]) == ("skipped", "nothing to measure: the training is 'diverged' (loss is nan)")
