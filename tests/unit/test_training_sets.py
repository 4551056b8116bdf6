"""Training sets: what a config declares and what its short forms expand to, mistakes in them, and their frames."""

import json
from pathlib import Path

import pytest
import yaml
from ase import Atoms
from data_stage import draw_set

from nnip.data import pool_folder, selection
from nnip.data.checks import fingerprint
from nnip.data.extxyz import write_frames
from nnip.data.frames import read_labelled
from nnip.data.prepare import prepare, prepare_pool
from nnip.jobs.errors import InputError
from nnip.study.config import check_config
from nnip.study.manifest import read_manifest
from nnip.study.model_table import check_listed_models, load_models
from nnip.study.runs import list_runs, run_settings
from nnip.study.tables import frame
from nnip.study.training_sets import TrainingSet, pool_frames, row, training_sets

ROOT = Path(__file__).resolve().parents[2]
EMT = {"source": "emt", "repeats": 1, "test_temperatures_K": [600], "n_test": 4, "frames_per_chunk": 3, "equilibration_fs": 8, "stride_fs": 4}
NOISE = {"models": ["mace-base"], "labels": ["forces", "energy"], "sigmas": [0, 0.05], "n_train": 25}


@pytest.fixture
def demo():
    return yaml.safe_load((ROOT / "config/demo.yaml").read_text()) | {"noise": None, "seeds": [1, 2]}


def declared(config, **sets):
    return check_config(config | {"training_sets": sets}, "my.yaml")


def models(config):
    return load_models(ROOT / config["models"])["models"]


def test_short_forms_expand_to_training_sets(demo):
    sets = training_sets(check_config(demo | {"noise": NOISE, "learning_curve": [25, 50]}))
    assert [(name, each.role, each.size) for name, each in sets.items()] == [
        ("n100", "main", 100),
        ("n50", "curve", 50),
        ("n25", "curve", 25),
        ("n25.forces-noise0", "beside", 25),
        ("n25.forces-noise0.05", "beside", 25),
        ("n25.energy-noise0", "beside", 25),
        ("n25.energy-noise0.05", "beside", 25),
    ]
    assert sets["n50"] == TrainingSet("n50", "curve", "xtb", 50)
    noisy = sets["n25.energy-noise0.05"]
    assert (noisy.learn, noisy.noise, noisy.models, noisy.pool) == (("energy",), {"energy": 0.05}, ("mace-base",), "xtb")


def test_declared_sets_stand_beside_the_others(demo):
    config = declared(demo, sparse={"learn": ["energy"]}, mid={"size": 40, "role": "curve"}, thin={"select": {"every": 2}, "size": 50, "seeds": [2]})
    sets = training_sets(config)
    assert list(sets) == ["n100", "n50", "mid", "n25", "sparse", "thin"]
    assert (sets["sparse"].role, sets["sparse"].size, sets["mid"].role) == ("beside", 100, "curve")
    table = models(config)
    runs = list_runs(config, table)
    assert {run.seed for run in runs.values() if run.training_set.name == "thin"} == {2}
    assert runs["mace-base.sparse.seed1"].n_train == 100
    assert len(runs) == len(table) * (2 * 5 + 1)
    settings = run_settings(runs["mace-base.sparse.seed1"], config, table)
    assert (settings["training_set"], settings["noise"], settings["hyperparameters"]["forces_weight"]) == ("sparse", 0.0, 0)
    assert "noise_label" not in settings


def test_a_declared_main_set_takes_the_place_of_the_first_frames(demo):
    config = declared(demo | {"noise": NOISE}, thin={"role": "main", "select": {"every": 1}, "learn": ["forces"]})
    sets = training_sets(config)
    assert list(sets)[:3] == ["thin", "n50", "n25"]
    assert all(each.select == {"every": 1} for each in sets.values())
    assert sets["n25"].learn == ("forces",) and sets["n25.energy-noise0"].learn == ("energy",)
    runs = list_runs(config, models(config))
    assert {run.training_set.name for run in runs.values() if run.role == "main"} == {"thin"}
    assert run_settings(runs["mace-base.thin.seed1"], config, models(config))["refit_energy_shift"]


OTHER = {"datasets": {"xtb": {"source": "xtb", "smiles": "CCO"}, "large": EMT, "old": {"source": "published"}}}


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        ({"n20": {}}, ["'training_sets.n20'", "n_train and learning_curve"]),
        ({"a.b": {}}, ["'training_sets' has the name 'a.b'", "use letters"]),
        ({"../x": {}}, ["'../x'", "use letters"]),
        ({7: {}}, ["'7'", "use letters"]),
        ({"a": None}, ["training_sets.a", "object"]),
        ({"a": {"sise": 5}}, ["training_sets.a", "unknown key 'sise'", "did you mean 'size'?"]),
        ({"a": {"role": "minor"}}, ["'role' is 'minor'", "did you mean 'main'?"]),
        ({"a": {"pool": "larch"}}, ["'training_sets.a.pool' is 'larch'", "did you mean 'large'?"]),
        ({"a": {"pool": "old"}}, ["'datasets.old'", "no frames"]),
        ({"a": {"size": 200}}, ["'training_sets.a.size' is 200", "100 frames of 'xtb' are made", "'datasets.xtb.n_pool'"]),
        ({"a": {"size": 5}}, ["'training_sets.a.size' is 5", "at least 10"]),
        ({"a": {"select": {"evry": 2}}}, ["'training_sets.a.select' has the kind 'evry'", "did you mean 'every'?"]),
        ({"a": {"select": {"every": 0}}}, ["'training_sets.a.select.every' is 0", "1 or more"]),
        ({"a": {"select": {"every": "two"}}}, ["'training_sets.a.select.every' is 'two'"]),
        ({"a": {"learn": []}}, ["training_sets.a", "'learn' is []"]),
        ({"a": {"learn": ["force"]}}, ["'force'", "did you mean 'forces'?"]),
        ({"a": {"learn": ["stress"]}}, ["'training_sets.a.learn' is stress alone"]),
        ({"a": {"learn": ["energy"], "noise": {"forces": 0.1}}}, ["'training_sets.a.noise' is on forces", "learn"]),
        ({"a": {"noise": {"forces": 0.1, "energy": 0.1}}}, ["training_sets.a", "'noise'"]),
        ({"a": {"noise": {"force": 0.1}}}, ["'noise.force'", "did you mean 'forces'?"]),
        ({"a": {"noise": {"forces": -1}}}, ["'noise.forces' is -1"]),
        ({"a": {"noise": {"forces": 0.1}, "role": "curve", "size": 30}}, ["'training_sets.a' has noise", "learning curve"]),
        ({"a": {"noise": {"forces": 0.1}, "role": "main"}}, ["'training_sets.a' has noise", "main set"]),
        ({"a": {"role": "curve", "size": 30, "learn": ["energy"]}}, ["'training_sets.a.learn' is not that of the main set"]),
        ({"a": {"role": "curve", "size": 50}}, ["'n50' and 'a' both have 50 frames"]),
        ({"a": {"role": "main"}, "b": {"role": "main"}}, ["'training_sets.b.role' is main", "'a'"]),
        ({"a": {"role": "main", "size": 50}}, ["'training_sets.a.size'", "n_train"]),
        ({"a": {"seeds": [3]}}, ["'training_sets.a.seeds' has 3", "1, 2"]),
        ({"a": {"measure": ["landscap"]}}, ["'training_sets.a.measure' has 'landscap'"]),
        ("all", ["'training_sets' is 'all'"]),
    ],
)
def test_a_mistake_in_a_training_set_is_named(demo, sets, words):
    with pytest.raises(InputError) as error:
        check_config(demo | OTHER | {"training_sets": sets, "learning_curve": [50]}, "my.yaml")
    for word in ["my.yaml", *words]:
        assert word in str(error.value)
    assert "\n" not in str(error.value)


def test_models_of_a_training_set_are_those_of_the_table(demo):
    config = declared(demo, a={"models": ["mace-bas"]})
    with pytest.raises(InputError, match=r"my\.yaml: 'training_sets\.a\.models' lists 'mace-bas'.*did you mean 'mace-base'"):
        check_listed_models(config, models(config), "my.yaml")


def test_published_tables_have_no_training_sets():
    published = yaml.safe_load((ROOT / "config/published.yaml").read_text())
    with pytest.raises(InputError, match="'training_sets' asks for models or frames"):
        check_config(published | {"training_sets": {"a": {}}})


def test_data_sets_that_training_sets_are_drawn_from_are_kept_and_complete(demo):
    files = {"source": "extxyz", "train": "more.xyz"}
    config = check_config(
        demo | {"datasets": OTHER["datasets"] | {"mine": files}, "training_sets": {"a": {"pool": "large", "size": 300}, "b": {"pool": "mine"}}}
    )
    assert list(config["datasets"]) == ["xtb", "large", "mine"]
    assert config["datasets"]["large"]["strain"] == 0.03
    assert (pool_frames("xtb", config), pool_frames("large", config)) == (100, 300)
    assert check_config(config) == config


def test_a_main_set_of_another_pool_decides_how_many_frames_of_it_are_made(demo):
    sets = {"cells": {"role": "main", "pool": "large"}, "few": {"pool": "xtb", "size": 40}}
    config = check_config(demo | {"datasets": OTHER["datasets"], "training_sets": sets, "learning_curve": [25]})
    assert (pool_frames("large", config), pool_frames("xtb", config)) == (100, 40)
    assert training_sets(config)["n25"].pool == "large"


def test_more_frames_can_be_made_than_are_trained_on(demo):
    config = check_config(demo | {"datasets": {"xtb": OTHER["datasets"]["xtb"] | {"n_pool": 250}}, "training_sets": {"a": {"size": 200}}})
    assert pool_frames("xtb", config) == 250


def test_every_kind_of_selection_is_found_by_its_name_and_documented():
    assert "every" in selection.kinds()
    assert all(function.__doc__ for function in selection.kinds().values())
    page = (ROOT / "config/README.md").read_text()
    assert all(f"`{kind}`" in page for kind in selection.kinds())


def test_one_in_so_many():
    frames = [Atoms("H", info={"number": i}) for i in range(10)]
    assert [each.info["number"] for each in selection.selected(frames, {"every": 4})] == [0, 4, 8]
    assert [each.info["number"] for each in selection.selected(frames, {"every": 1})] == list(range(10))


STUDY = {"seed": 3, "validation_fraction": 0.25, "dataset": "small"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A study's own frames of 4 atoms, and a further pool of 32."""
    directory = tmp_path_factory.mktemp("data")
    options = EMT | {"strain": 0.03, "train_temperatures_K": [300], "tau_fs": 50, "n_pool": None}
    options |= {"primitive": False, "defects": ["none"], "n_event": 0, "displacement_A": 0.05}
    prepare("small", options, {"seed": 3, "n_pool": 12, "mirror": None}, directory)
    prepare_pool("large", options | {"repeats": 2}, {"seed": 3, "n_pool": 6, "mirror": None}, directory / "pools/large")
    return directory


def drawn(data, **changes):
    training_set = TrainingSet(**{"name": "a", "role": "beside", "pool": "small", "size": 8} | changes)
    draw_set(training_set, EMT, STUDY, data)
    return [read_labelled(data / f"sets/{training_set.name}/{part}.xyz") for part in ("train", "val")]


def origins(*parts):
    return [frame.info["origin"] for part in parts for frame in part]


def test_sets_of_one_pool_are_nested(data):
    large, small = drawn(data, size=12), drawn(data, name="n8", size=8)
    for whole, part in zip(large, small, strict=True):
        assert origins(part) == origins(whole)[: len(part)]


def test_a_selection_of_the_pool(data):
    train, validation = drawn(data, select={"every": 3}, size=4)
    assert sorted(origins(train, validation)) == [f"train chunk {i} frame 0" for i in range(4)]
    assert len(validation) == 1
    with pytest.raises(InputError, match=r"training_sets\.a\.size: 8 frames asked for, but 'select' leaves 4 of the 12 of 'small'"):
        drawn(data, select={"every": 3})


def test_frames_of_another_pool(data):
    train, validation = drawn(data, pool="large", size=6)
    assert {len(frame) for frame in (*train, *validation)} == {32}
    assert not list((data / "pools/large").glob("test*"))
    with pytest.raises(InputError, match=r"training_sets\.a\.size: 7 frames asked for, but the training data has 6"):
        drawn(data, pool="large", size=7)


def test_frames_that_a_test_split_has_are_left_out_of_another_pool(data):
    tests = read_labelled(data / "test_600K.xyz")
    write_frames(data / "pools/both/pool.xyz", [*read_labelled(data / "pools/small/pool.xyz"), *tests])
    train, validation = drawn(data, pool="both", size=12)
    assert not {fingerprint(frame) for frame in (*train, *validation)} & {fingerprint(frame) for frame in tests}
    assert read_manifest(data / "sets/a/manifest.json")["left_out_for_tests"] == len(tests) == 4


def test_the_table_says_what_a_set_is(data):
    training_set = TrainingSet("noisy", "beside", "small", 8, {"every": 1}, noise={"energy": 0.5})
    draw_set(training_set, EMT, STUDY, data)
    known = read_manifest(data / "sets/noisy/manifest.json")
    (only,) = frame("training_sets", [row(training_set, known)]).to_dict("records")
    assert only["noise_sigma_eV_per_atom"] == pytest.approx(0.5 * known["standard_deviation_eV_per_atom"])
    assert (only["learn"], only["selection"], only["noise_label"], only["noise"]) == ("energy+forces", "every: 1", "energy", 0.5)
    assert json.loads(json.dumps(training_set.recipe())) == training_set.recipe()


@pytest.mark.parametrize("name", ["a b", "../x", "é{run}", "$(x)", "x" * 200, "a.b"])
def test_folders_of_pools_are_file_names_whatever_a_data_set_is_called(name):
    folder = pool_folder(name)
    assert len(folder) <= 60 and not set(folder) & set(" /{}$()")
    assert folder != pool_folder(name + "?")
