"""Models trained elsewhere in the model table: refusals, and which runs and jobs they have."""

import copy
from pathlib import Path

import pytest
import yaml

from nnip.jobs.errors import InputError
from nnip.study.config import check_config
from nnip.study.model_table import check_listed_models, load_models
from nnip.study.runs import list_runs, run_settings

ROOT = Path(__file__).resolve().parents[2]
REASON = "trained by ourselves in May"


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Config and path of a model table with a model trained here and one trained elsewhere, for two seeds."""
    monkeypatch.chdir(tmp_path)
    for seed in (1, 2):
        (tmp_path / f"theirs{seed}.model").write_bytes(b"a model")
    table = {
        "defaults": {"layers": 2},
        "models": {"ours": {"framework": "mace"}, "theirs": {"framework": "mace", "trained": "theirs{seed}.model", "energy_weight": 10}},
        "experiments": {"both": {"title": "Both", "models": ["ours", "theirs"]}},
    }
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(table))
    config = yaml.safe_load((ROOT / "config/demo.yaml").read_text()) | {"models": "models.yaml", "seeds": [1, 2], "planes": None, "noise": None}
    config["landscape"] = {}
    config["trust"] = {"theirs": REASON}
    return config, table


def checked(config, table):
    Path("models.yaml").write_text(yaml.safe_dump(table))
    complete = check_config(copy.deepcopy(config))
    models = load_models("models.yaml")["models"]
    check_listed_models(complete, models, "config")
    return complete, models


def test_a_model_trained_elsewhere_is_measured_once_per_seed_on_the_main_training_set(study):
    complete, models = checked(*study)
    runs = list_runs(complete, models)
    assert [name for name in runs if name.startswith("theirs")] == ["theirs.n100.seed1", "theirs.n100.seed2"]
    assert sum(name.startswith("ours") for name in runs) == 2 * (1 + len(complete["learning_curve"]))
    settings = run_settings(runs["theirs.n100.seed2"], complete, models)
    # nothing is said of layers and the like, which are not known
    assert settings["hyperparameters"] == {"trained": "theirs2.model", "energy_weight": 10, "forces_weight": 1000}
    assert "trained" not in run_settings(runs["ours.n100.seed1"], complete, models)["hyperparameters"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda config, table: config["trust"].clear(), "model 'theirs': 'trained' is a model file of others, .* 'trust.theirs'"),
        (lambda config, table: config["seeds"].append(3), "'trained': there is no file theirs3.model"),
        (lambda config, table: table["models"]["theirs"].update(layers=3), "'layers' has no effect on a model that is 'trained' already"),
        (lambda config, table: table["models"]["theirs"].update(trained=""), "'trained'"),
        (lambda config, table: config.update(noise={"models": ["theirs"]}), "'noise.models' lists 'theirs', which models.yaml says is 'trained'"),
        (lambda config, table: config.update(training_sets={"x": {"models": ["theirs"], "size": 50}}), "'training_sets.x.models' lists 'theirs'"),
    ],
)
def test_refusals(study, change, words):
    config, table = study
    change(config, table)
    with pytest.raises(InputError, match=words):
        checked(config, table)
