"""Options of the measurements of crystals that cannot be right are refused, each in one line."""

import pytest

from nnip.measure import hops, rare_events
from nnip.study.config import check_config
from nnip.study.runs import list_runs, run_settings
from nnip.study.schema import check, load_schema

SPLITS = ["train", "val", "test_300K", "test_event"]


@pytest.mark.parametrize(
    ("options", "source", "words"),
    [
        ({"splits": ["event"], "plain": "val"}, "emt", None),
        ({"splits": ["evnt"], "plain": "val"}, "emt", "'rare_events.splits' has 'evnt', which is no test split: did you mean 'event'?"),
        ({"splits": ["event"], "plain": "test_event"}, "emt", "'rare_events.plain' is 'test_event', one of the splits with events"),
        ({"splits": ["event"], "plain": "valid"}, "emt", "'rare_events.plain' is 'valid': did you mean 'val'?"),
        ({"splits": ["plain"], "plain": "val"}, "silicon-re", "in whose frames no atom of an event is marked"),
    ],
)
def test_splits_of_rare_events(options, source, words):
    splits = [*SPLITS, *(["test_plain"] if source == "silicon-re" else [])]
    said = rare_events.problems({"rare_events": options, "dataset": "al", "datasets": {"al": {"source": source}}}, splits)
    assert (said == []) if words is None else (len(said) == 1 and words in said[0])


@pytest.mark.parametrize("name", ["defects", "far_field", "hops"])
def test_crystals_need_an_engine(name):
    from importlib import import_module

    module = import_module(f"nnip.measure.{name}")
    given = {name: {"tau_fs": 100, "every_fs": 20, "timestep_fs": 4}, "dataset": "mine", "datasets": {"mine": {"source": "extxyz"}}}
    (said,) = module.problems(given, SPLITS)
    assert said == f"'{name}' needs the engine of the labels for crystals, which is at hand for source emt only, not for extxyz: set it to null"
    given["datasets"]["mine"]["source"] = "emt"
    assert module.problems(given, SPLITS) == []


def test_times_of_hops():
    given = {"hops": {"tau_fs": 100, "every_fs": 2, "timestep_fs": 4}, "dataset": "al", "datasets": {"al": {"source": "emt"}}}
    assert hops.problems(given, SPLITS) == ["'hops.every_fs' is 2, but must not be smaller than hops.timestep_fs (4)"]


def test_a_set_has_its_own_frames_per_step():
    row = check({"framework": "mace", "stress_weight": 10.0}, load_schema("models")["$defs"]["model"], "test")
    datasets = {"al": {"source": "emt"}, "small": {"source": "emt", "repeats": 1}}
    sets = {"small": {"pool": "small", "size": 40, "batch_size": 30, "learn": ["energy", "forces"]}}
    given = {"study": "s", "dataset": "al", "models": "m.yaml", "datasets": datasets, "training_sets": sets, "n_train": 20}
    config = check_config(given, "test")
    settings = {name: run_settings(run, config, {"m": row})["hyperparameters"] for name, run in list_runs(config, {"m": row}).items()}
    assert {name: each["batch_size"] for name, each in settings.items()} == {"m.n20.seed1": 5, "m.small.seed1": 30}
    assert [each["stress_weight"] for each in settings.values()] == [10.0, 0]
