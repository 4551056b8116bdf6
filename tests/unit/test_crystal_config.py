"""Options of the measurements of crystals that cannot be right are refused, each in one line."""

import pytest

from nnip.measure import rare_events

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
