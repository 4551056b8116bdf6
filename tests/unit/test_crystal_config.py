"""Options of the measurements of crystals that cannot be right are refused, each in one line."""

import pytest

from nnip.measure import hops, rare_events

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
