"""Configs are checked before any work, and each mistake gets one message that names the key and what would be right."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from nnip.jobs.errors import InputError
from nnip.study.config import check_config
from nnip.study.model_table import load_models
from nnip.study.runs import list_runs, run_settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def demo() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "config/demo.yaml").read_text())


@pytest.fixture
def table() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "config/models/demo.yaml").read_text())


def write(path: Path, table: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(table))
    return path


def test_study_is_named_after_its_data_set(demo):
    assert check_config(demo)["study"] == "demo-xtb"
    assert check_config(demo | {"dataset": "3bpa"})["study"] == "demo-3bpa"


def test_defaults_are_filled_in(demo):
    del demo["landscape"]
    config = check_config(demo)
    assert config["landscape"]["n_points"] == 81
    assert config["datasets"]["xtb"]["stride_fs"] == 30


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sead": 2}, ["unknown key 'sead'", "did you mean 'seed'?"]),
        ({"md": {"n_replica": 5}}, ["unknown key 'md.n_replica'", "'n_replicas'"]),
        ({"md": {"initial_velocities": "maxwell"}}, ["'md.initial_velocities' is 'maxwell'", "'maxwell-boltzmann'"]),
        ({"md": {"duration_fs": -1}}, ["'md.duration_fs' is -1"]),
        ({"n_train": "many"}, ["'n_train' is 'many'", "integer"]),
        ({"dataset": "3bap"}, ["'3bap'", "did you mean '3bpa'?"]),
        ({"learning_curve": [25, 100]}, ["'learning_curve' has 100", "n_train (100)"]),
        ({"python": {"mase": "python3"}}, ["'python.mase'", "'mace'"]),
        ({"study": "a/b"}, ["'study' is 'a/b'"]),
        ({"datasets": {"xtb": {"source": "xbt", "smiles": "O"}}}, ["datasets.xtb.source", "did you mean 'xtb'?"]),
        ({"datasets": {"xtb": {"source": "xtb", "smile": "O"}}}, ["datasets.xtb", "smile"]),
        ({"validation_fraction": 0.4}, ["'validation_fraction' is 0.4", "0.3333 or 0.5"]),
        ({"learning_curve": [5]}, ["'learning_curve' is 5", "at least 10"]),
        ({"md": {"tau_fs": 0.5}}, ["'md.tau_fs' is 0.5", "md.timestep_fs (1.0)"]),
        ({"md": {"max_bond_A": None}}, ["'md.max_bond_A' and 'md.min_distance_A' are both null", "set at least one"]),
        ({"bond_scans": {}, "md": {"max_bond_A": None, "min_distance_A": 1}}, ["'bond_scans' stretches bonds", "'md.max_bond_A', which is null"]),
        ({"repulsion": {"closest_A": 1.2}}, ["'repulsion.closest_A' is 1.2", "smaller than repulsion.farthest_A (1.2)"]),
        ({"latent_distance": {"every_fs": 0.1}}, ["'latent_distance.every_fs' is 0.1", "md.timestep_fs (1.0)"]),
        ({"latent_distance": {"duration_fs": 5}}, ["'latent_distance.duration_fs' is 5", "latent_distance.every_fs (25)"]),
        ({"gates": {"duration_fs": 0.5}}, ["'gates.duration_fs' is 0.5", "two steps of gates.timestep_fs (0.5)"]),
        ({"reference_scans": {"from_A": 2.5}}, ["'reference_scans.from_A' is 2.5", "smaller than reference_scans.to_A (2.0)"]),
        ({"md": {"min_distance_A": 0}}, ["'md.min_distance_A' is 0"]),
        ({"datasets": {"xtb": {"source": "emt", "repeat": 2}}}, ["datasets.xtb", "'repeat'", "did you mean 'repeats'?"]),
        ({"datasets": {"xtb": {"source": "ani-al", "test": {"all": "*"}}}}, ["name 'all'"]),
        ({"md": {"record_every_fs": 0.5}}, ["'md.record_every_fs' is 0.5", "md.timestep_fs (1.0)"]),
        ({"toy": {"n_points": [5, 10]}}, ["'toy.n_points' has 5", "at least toy.n_features + 2 (7)"]),
        ({"toy": {"sigmas": [0]}}, ["'toy.sigmas' has no noise"]),
        ({"toy": {"sigma": [0]}}, ["unknown key 'toy.sigma'", "'sigmas'"]),
        ({"landscape": {"split": "trian"}}, ["'landscape.split' is 'trian'", "did you mean 'train'?"]),
        ({"landscape": {"n_directions": 1}}, ["'landscape.n_directions' is 1"]),
        ({"landscape": {"modes": []}}, ["'landscape.modes' is []"]),
        ({"python": {"mace": "/nowhere/python"}}, ["'python.mace' is '/nowhere/python'"]),
        ({"dataset": "mine", "datasets": {"mine": {"source": "extxyz", "train": {"fil": "a.xyz"}, "test": {"a": "b.xyz"}}}}, ["mine", "fil"]),
        ({"dataset": "mine", "datasets": {"mine": {"source": "extxyz", "train": "a.xyz", "test": {"train": "b.xyz"}}}}, ["name 'train'"]),
        ({"dataset": "mine", "datasets": {"mine": {"source": "extxyz", "train": "a.xyz", "test": {"x y": "b.xyz"}}}}, ["name 'x y'"]),
        ({"dataset": "mine", "datasets": {"mine": {"source": "extxyz", "train": ["a.xyz"], "test": {"a": "b.xyz"}}}}, ["mine", "'train'"]),
    ],
)
def test_a_mistake_is_named(demo, change, words):
    with pytest.raises(InputError) as error:
        check_config(demo | change, source="my.yaml")
    for word in ["my.yaml", *words]:
        assert word in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"framework": "maze"}, ["'framework' is 'maze'", "did you mean 'mace'?"]),
        ({"layers": 0}, ["'layers' is 0"]),
        ({"feature": 8}, ["unknown key 'feature'", "'features'"]),
        ({"framework": "nequip", "body_order": 3}, ["'body_order' is 3", "NequIP"]),
        ({"framework": "nequip", "radial_mlp": [8, 16]}, ["'radial_mlp'", "one width"]),
        ({"framework": "mace", "l_max": 1, "l_hidden": 2}, ["'l_hidden' is 2", "l_max (1)"]),
        ({"energy_weight": 0, "forces_weight": 0}, ["nothing would be learnt"]),
        ({"swa": {"start_epoch": 40, "lr": 0.001, "energy_weight": 1000, "forces_weight": 1}}, ["'swa.start_epoch' is 40", "epochs (40)"]),
        ({"swa": {"lr": 0.001}}, ["'swa' lacks the key 'start_epoch'"]),
    ],
)
def test_an_impossible_model_is_named(table, tmp_path, change, words):
    table["models"]["mine"] = {"framework": "mace", "epochs": 40} | change
    with pytest.raises(InputError) as error:
        load_models(write(tmp_path / "models.yaml", table))
    for word in ["models.yaml", "model 'mine'", *words]:
        assert word in str(error.value)


@pytest.mark.parametrize("name", ["a b", "a/b", "a'b", "ä", "../x", "", "-x"])
def test_a_model_name_that_is_no_file_name_is_refused(table, tmp_path, name):
    table["models"][name] = {"framework": "mace"}
    with pytest.raises(InputError, match="use letters"):
        load_models(write(tmp_path / "models.yaml", table))


def test_two_models_of_one_folder_are_refused(table, tmp_path):
    table["models"] |= {"3-layer, no-EMA": {"framework": "mace"}, "3-layer-no-EMA": {"framework": "mace"}}
    with pytest.raises(InputError, match="'3-layer, no-EMA' and '3-layer-no-EMA' would share one folder"):
        load_models(write(tmp_path / "models.yaml", table))


def test_an_experiment_of_unknown_models_is_refused(table, tmp_path):
    table["experiments"]["mace"]["models"].append("mace-bas")
    with pytest.raises(InputError, match="did you mean 'mace-base'"):
        load_models(write(tmp_path / "models.yaml", table))


def test_nested_texts_of_the_command_line_are_read_as_what_they_mean(demo):
    config = check_config(demo | {"md": {"n_replicas": "5", "temperature_K": "900"}, "landscape": {"modes": ["paper"], "n_points": "11"}})
    assert config["md"]["n_replicas"] == 5
    assert config["landscape"]["n_points"] == 11


def test_an_experiment_of_two_frameworks_is_refused(table, tmp_path):
    table["experiments"]["mace"]["models"].append("nequip-base")
    with pytest.raises(InputError, match="mixes mace and nequip"):
        load_models(write(tmp_path / "models.yaml", table))


def test_a_model_of_no_experiment_is_refused(table, tmp_path):
    table["models"]["mace-more"] = {"framework": "mace"}
    with pytest.raises(InputError, match="'mace-more' is in no experiment"):
        load_models(write(tmp_path / "models.yaml", table))


def test_runs_are_every_model_size_and_seed(demo):
    config = check_config(demo | {"seeds": [1, 2], "noise": None})
    models = load_models(ROOT / config["models"])["models"]
    runs = list_runs(config, models)
    assert len(runs) == len(models) * 2 * 3
    assert runs["mace-base.n50.seed2"].n_train == 50


def test_one_models_row_reaches_only_its_own_runs(demo, table, tmp_path):
    config = check_config(demo)
    before = load_models(ROOT / config["models"])["models"]
    table["models"]["mace-base"]["lr"] = 0.01
    after = load_models(write(tmp_path / "models.yaml", table))["models"]
    changed = {run.model for run in list_runs(config, before).values() if run_settings(run, config, before) != run_settings(run, config, after)}
    assert changed == {"mace-base"}


@pytest.mark.parametrize("path", sorted(ROOT.glob("config/*.yaml")), ids=lambda path: path.name)
def test_every_config_in_the_repository_is_valid(path):
    config = check_config(yaml.safe_load(path.read_text()), source=path.name)
    published = config["datasets"][config["dataset"]]["source"] == "published"
    assert load_models(ROOT / config["models"], trained=not published)["models"]
