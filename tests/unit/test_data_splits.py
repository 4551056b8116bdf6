"""Training sets of several sizes: nested, complete, seeded."""

import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

from nnip.data import split_names, splits
from nnip.jobs.errors import InputError


def study(**changes):
    return {"seed": 1, "n_train": 100, "validation_fraction": 0.1, "learning_curve": [25, 50], "mirror": None} | changes


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
    wanted = sorted(wanted)
    made = splits.subsets(pool(130), study(seed=seed, n_train=wanted[-1], validation_fraction=fraction, learning_curve=wanted))
    assert sorted(made) == wanted
    largest = [ids(part) for part in made[wanted[-1]]]
    for size, parts in made.items():
        for part, whole in zip(parts, largest, strict=True):
            assert ids(part) == whole[: len(part)]
        together = ids(parts[0]) + ids(parts[1])
        assert len(together) == len(set(together)) == size
        assert len(parts[1]) == size // round(1 / fraction) > 0


def test_sizes_of_the_demo():
    made = splits.subsets(pool(100), study())
    assert {size: (len(train), len(validation)) for size, (train, validation) in made.items()} == {100: (90, 10), 25: (23, 2), 50: (45, 5)}


def test_the_order_comes_from_the_seed():
    first, again, other = (ids(splits.subsets(pool(100), study(seed=seed))[100][0]) for seed in (1, 1, 2))
    assert first == again != other
    assert first != sorted(first)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_train": 131}, "n_train: 131 frames asked for, but the training data has 130"),
        ({"learning_curve": [9]}, "learning_curve: size 9 leaves no validation frame.*use 10 or more"),
        ({"n_train": 5, "learning_curve": []}, "n_train: size 5 leaves no validation frame"),
        ({"learning_curve": [101]}, r"learning_curve: size 101 is larger than n_train \(100\)"),
        ({"validation_fraction": 0.7}, "validation_fraction: 0.7"),
        ({"validation_fraction": 0}, "validation_fraction: 0 should"),
    ],
)
def test_sizes_that_cannot_be_are_refused_by_key(changes, message):
    with pytest.raises(InputError, match=message):
        splits.subsets(pool(130), study(**changes))


def test_split_names_need_only_the_options():
    assert split_names({"source": "xtb", "test_temperatures_K": [300, 1200.0, 77.5]}) == ["300K", "1200K", "77.5K"]
    assert split_names({"source": "xtb"}) == ["300K", "600K", "1200K"]
    assert split_names({"source": "extxyz", "test": {"hot": "a.xyz", "cold": "b.xyz"}}) == ["hot", "cold"]
