"""Training sets of several sizes: nested, complete, seeded."""

import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

from nnip.data import split_names, splits
from nnip.jobs.errors import InputError

ORDER = [5, 8, 18, 11, 19, 7, 13, 15, 14, 17]  # of the first frames of 20 at seed 7, as finished studies have them


def pool(n):
    return [Atoms("H", info={"number": i}) for i in range(n)]


def ids(frames):
    return [frame.info["number"] for frame in frames]


@given(
    fraction=st.floats(0.05, 0.5),
    wanted=st.sets(st.integers(20, 120), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
)
def test_smaller_sets_are_the_first_frames_of_larger_ones(fraction, wanted, seed):
    made = {size: splits.subset(pool(130), size, fraction, seed) for size in wanted}
    largest = [ids(part) for part in made[max(wanted)]]
    for size, parts in made.items():
        for part, whole in zip(parts, largest, strict=True):
            assert ids(part) == whole[: len(part)]
        together = ids(parts[0]) + ids(parts[1])
        assert len(together) == len(set(together)) == size
        assert len(parts[1]) == size // round(1 / fraction) > 0


def test_sizes_of_the_demo():
    made = [splits.subset(pool(100), size, 0.1, 1) for size in (100, 25, 50)]
    assert [(len(train), len(validation)) for train, validation in made] == [(90, 10), (23, 2), (45, 5)]


def test_the_order_comes_from_the_seed():
    first, again, other = (ids(splits.subset(pool(100), 100, 0.1, seed)[0]) for seed in (1, 1, 2))
    assert first == again != other
    assert first != sorted(first)


def test_the_order_is_what_it_always_was():
    train, validation = splits.subset(pool(20), 10, 0.2, 7)
    assert ids(train) == ORDER[:4] + ORDER[5:9]
    assert ids(validation) == [ORDER[4], ORDER[9]]


@pytest.mark.parametrize(
    ("size", "fraction", "message"),
    [
        (131, 0.1, "n_train: 131 frames asked for, but the training data has 130"),
        (5, 0.1, "n_train: size 5 leaves no validation frame.*use 10 or more"),
        (100, 0.7, "validation_fraction: 0.7"),
        (100, 0, "validation_fraction: 0 should"),
    ],
)
def test_sizes_that_cannot_be_are_refused_by_key(size, fraction, message):
    with pytest.raises(InputError, match=message):
        splits.subset(pool(130), size, fraction, 1)


def test_split_names_need_only_the_options():
    assert split_names({"source": "xtb", "test_temperatures_K": [300, 1200.0, 77.5]}) == ["300K", "1200K", "77.5K"]
    assert split_names({"source": "extxyz", "test": {"hot": "a.xyz", "cold": "b.xyz"}}) == ["hot", "cold"]
