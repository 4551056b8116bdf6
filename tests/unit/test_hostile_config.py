"""Bad configs of every kind are refused with one line; good ones pass, and come out of a second check as they are."""

import functools
from pathlib import Path

import pytest
import yaml
from hostile import NASTY, campaign, no_hang, refused
from hypothesis import given, settings
from hypothesis import strategies as st
from spoilings import leaves, put, spoilings

from nnip.study.config import check_config
from nnip.study.model_table import check_listed_models, load_models
from nnip.study.schema import load_schema

ROOT = Path(__file__).resolve().parents[2]
FILES = {"source": "extxyz", "train": {"file": "a.xyz", "frames": "0:10"}, "test": {"300K": "b.xyz"}}
BASES = [yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) for name in ("demo", "mini", "aluminium")]
BASES.append(BASES[0] | {"dataset": "mine", "datasets": {"mine": FILES}, "landscape": {"split": "train"}})

# drawn by number, for some of them have no end when written out
CONFIG_SPOILINGS = spoilings(load_schema("config"))
SET_SPOILINGS = spoilings(load_schema("config")["$defs"]["training_set"])
BLOCKS = [(), *((name,) for name, part in load_schema("config")["properties"].items() if "properties" in part)]
words = st.text("abcdefghijklmnopqrstuvwxyzäöü_-. 'あ", min_size=1, max_size=30)


@settings(campaign, max_examples=400)
@given(base=st.sampled_from(BASES), number=st.integers(0, len(CONFIG_SPOILINGS) - 1))
def test_values_that_a_key_cannot_have(base, number):
    path, value = CONFIG_SPOILINGS[number]
    with refused("config", "my.yaml"):
        check_config(put(base, path, value), "my.yaml")


@settings(campaign, max_examples=200)
@given(base=st.sampled_from(BASES), number=st.integers(0, len(SET_SPOILINGS) - 1))
def test_values_that_a_training_set_cannot_have(base, number):
    path, value = SET_SPOILINGS[number]
    with refused("config", "my.yaml"):
        check_config(put(base, ("training_sets", "a", *path), value), "my.yaml")


@settings(campaign, max_examples=150)
@given(base=st.sampled_from(BASES), block=st.sampled_from(BLOCKS), key=st.one_of(words, st.integers(), st.booleans(), st.none(), st.floats(0, 1)))
def test_unknown_keys(base, block, key):
    with refused("config", "my.yaml"):
        check_config(put(base, (*block, f"x {key}" if isinstance(key, str) else key), 1), "my.yaml")


def dataset(name, **change):
    return lambda base: put(base | {"dataset": name, "datasets": {name: FILES | change}}, ("landscape", "split"), "train")


OTHER = [
    *(lambda base, key=key: {name: value for name, value in base.items() if name != key} for key in ("study", "dataset", "datasets", "models")),
    *(functools.partial(put, path=("study",), value=name) for name in NASTY),
    *(dataset("mine", test={name: "b.xyz"}) for name in [*NASTY, "train", "val", "all", 300, None]),
    *(dataset("mine", train={"file": "a.xyz", "frames": frames}) for frames in ("all", "-1:", "1:2:3", "0:" + "9" * 5000, 5, "a:b", "٣:٤", "0: 5")),
    *(dataset("mine", train=file) for file in ("", {}, {"file": ""}, {"file": 1}, {"file": "a", "frame": ":"}, None, ["a"])),
    *(dataset("mine", train=file) for file in ("a{run}.xyz", "a\nb", "a\0b")),
    *(dataset("mine", test=test) for test in ({}, None, "b.xyz", ["b.xyz"])),
    *(dataset("mine", source=source) for source in ("", "xyz", None, 1, ["xtb"], {}, "EXTXYZ")),
    *(lambda base, size=size: base | {"learning_curve": [size]} for size in (0, 1, -1, 10**9, 2.5)),
    *(functools.partial(put, path=("landscape", "frozen"), value={name: {"nequip": "x"}}) for name in NASTY),
    *(functools.partial(put, path=("training_sets",), value={name: {}}) for name in [*NASTY, 1, None, True, "n100"]),
    *(functools.partial(put, path=("training_sets", "a", "select"), value={kind: 1}) for kind in [*NASTY, 1, None, "selected", "kinds"]),
    *(functools.partial(put, path=("training_sets", "a", "select", "every"), value=value) for value in ("x", 0, -1, 1.5, [], {}, None, True)),
    *(functools.partial(put, path=("training_sets", "a", "pool"), value=name) for name in [*NASTY, 1, [], {}]),
    *(functools.partial(put, path=("landscape", "frozen"), value={"a": value}) for value in ({"nequip": "("}, {"mase": "x"}, {}, {"mace": ""}, "x")),
    *(functools.partial(put, path=("landscape", "split"), value=name) for name in ("trian", "test_", "test_0K", "../data/train", "")),
    *(functools.partial(put, path=("python",), value={"nequip": path}) for path in ("", "/nowhere", "/", "a b", "$(true)", 1)),
    *(functools.partial(put, path=("python",), value={name: "python3"}) for name in ("", "x", "maze", "nequip ")),
    *(functools.partial(put, path=("torch_backend",), value=text) for text in ("$(touch a)", "cpu; true", "", "a b", '"')),
    *(functools.partial(put, path=("trust",), value=value) for value in ({"a": ""}, {"a": "short"}, {"a": None}, ["a"], "all", {"a": "x\ny" * 9})),
    *(functools.partial(put, path=("md",), value={"timestep_fs": tiny, "duration_fs": 6000}) for tiny in (1e-9, 1e-30, 1e-99)),
    *(functools.partial(put, path=("validation_fraction",), value=value) for value in (0.4, 0.7, 1e-9, 1e-300, 0.0, -0.1)),
    *(lambda base, value=value: value for value in ({}, [], None, "text", 1)),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(OTHER)))
def test_other_mistakes(number):
    with refused("config", "my.yaml"):
        check_config(OTHER[number](BASES[number % len(BASES)]), "my.yaml")


def test_the_config_of_models_trained_elsewhere_asks_for_trust():
    config = check_config(yaml.safe_load((ROOT / "config/check.yaml").read_text()), "check.yaml")
    with refused("config", "'trust.first' in check.yaml"):
        check_listed_models(config, load_models(ROOT / config["models"])["models"], "check.yaml")


@pytest.mark.parametrize("name", [path.name for path in sorted((ROOT / "config").glob("*.yaml")) if path.name != "check.yaml"])
def test_the_configs_here_need_no_trust(name):
    config = check_config(yaml.safe_load((ROOT / "config" / name).read_text()), name)
    check_listed_models(config, load_models(ROOT / config["models"], trained="published" not in config["datasets"])["models"])
    assert config["trust"] == {}


def good_values(part):
    """Values that a key of this schema may have, by its bounds alone."""
    if "enum" in part:
        return st.sampled_from(part["enum"])
    kinds = part.get("type", "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "integer":
        return st.integers(max(part.get("minimum", 0), 0), 10**6)
    if kind == "number":
        above = part.get("minimum", part.get("exclusiveMinimum", 0))
        return st.floats(above + 0.25 * (0.5 - above if "maximum" in part else 1), part.get("maximum", part.get("exclusiveMaximum", 1e6) - 0.01))
    return st.booleans()


GOOD = [
    (path, good_values(part))
    for path, part in leaves(load_schema("config"))
    if part.get("type") != "object"
    and (path[0] in ("seed", "entropy", "statistics", "errors", "training", "device") or path in {("landscape", "n_points"), ("md", "n_replicas")})
]


@settings(campaign, max_examples=100)
@given(base=st.sampled_from(BASES), data=st.data())
def test_good_configs_pass_and_a_second_check_changes_nothing(base, data):
    for path, values in data.draw(st.lists(st.sampled_from(GOOD), max_size=6)):
        value = data.draw(values)
        base = put(base, path, value)
    config = check_config(base)
    assert check_config(config) == config
    assert check_config(yaml.safe_load(yaml.safe_dump(config))) == config


@pytest.mark.parametrize(("given", "expected"), [(20.0, 20), ("20", 20), (20, 20)])
def test_whole_numbers_come_out_whole(given, expected):
    config = check_config(BASES[0] | {"n_train": given, "learning_curve": [], "noise": None, "seeds": [1.0]})
    assert config["n_train"] == expected
    assert type(config["n_train"]) is type(config["seeds"][0]) is int


def test_a_negative_zero_is_zero():
    config = check_config(put(BASES[0], ("noise", "sigmas"), [-0.0, 0.1]))
    assert [f"{sigma:g}" for sigma in config["noise"]["sigmas"]] == ["0", "0.1"]
