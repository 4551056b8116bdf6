"""Bad configs and model tables of every kind are refused with one line; good ones pass, and come out of a second check as they are."""

import copy
import functools
from pathlib import Path

import pytest
import yaml
from hostile import NASTY, NO_NUMBERS, NO_VALUES, campaign, endless, laughs, no_hang, refused, spoilt_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from nnip.study.config import check_config
from nnip.study.model_table import check_listed_models, load_models
from nnip.study.schema import load_schema

ROOT = Path(__file__).resolve().parents[2]
FILES = {"source": "extxyz", "train": {"file": "a.xyz", "frames": "0:10"}, "test": {"300K": "b.xyz"}}
BASES = [yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) for name in ("demo", "mini", "aluminium")]
BASES.append(BASES[0] | {"dataset": "mine", "datasets": {"mine": FILES}, "landscape": {"split": "train"}})
TABLE = yaml.safe_load((ROOT / "config/models/demo.yaml").read_text())


def put(document, path, value):
    """A copy of a document with one value set, blocks on the way made where they are missing."""
    document = copy.deepcopy(document)
    node = document
    for key in path[:-1]:
        node[key] = dict(node[key]) if isinstance(node.get(key), dict) else {}
        node = node[key]
    node[path[-1]] = value
    return document


def leaves(schema, path=()):
    """(path, its schema) of every key of a schema that is no block."""
    for name, part in schema["properties"].items():
        if "properties" in part:
            yield from leaves(part, (*path, name))
        else:
            yield (*path, name), part


def bad_values(part):
    """Values that a key of this schema must not have."""
    kinds = part.get("type", "string")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    bad = [endless(), laughs(), *NO_VALUES]
    if "enum" in part:
        return [*bad, "nothing of the kind", 1, None, [], {}, True]
    for kind, values in {
        "integer": ["many", 1.5, [1], {"a": 1}, True, *NO_NUMBERS],
        "number": ["hot", "1 2", [1], {"a": 1}, True, *NO_NUMBERS],
        "boolean": ["perhaps", 1, [True], {}, 0.5],
        "string": [1, 1.5, True, [], {}, "a\nb", "a\0b", "\ud800"],
        "array": ["none", 1, {"a": 1}, True, [[1]], [None], [{}]],
        "object": ["none", 1, [1], True],
    }.items():
        if kind in kinds:
            bad += values
    if "null" not in kinds:
        bad.append(None)
    for bound, beyond in (("minimum", -1), ("exclusiveMinimum", 0), ("maximum", 1), ("exclusiveMaximum", 0)):
        if bound in part:
            bad.append(part[bound] + beyond)
    if part.get("minItems"):
        bad.append([])
    if part.get("uniqueItems"):
        bad.append(["paper", "paper"])
    return [value for value in bad if not (value == "none" and "string" in kinds)]


def spoilings(schema, skipped=()):
    return [(path, value) for path, part in leaves(schema) if path not in skipped for value in bad_values(part)]


# drawn by number, for some of them have no end when written out
CONFIG_SPOILINGS = spoilings(load_schema("config"))
ROW_SPOILINGS = spoilings(load_schema("models")["$defs"]["model"])
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


@settings(campaign, max_examples=300)
@given(number=st.integers(0, len(ROW_SPOILINGS) - 1), model=st.sampled_from(list(TABLE["models"])), is_default=st.booleans())
def test_rows_of_the_model_table(tmp_path_factory, number, model, is_default):
    path, value = ROW_SPOILINGS[number]
    table = put(TABLE, ("defaults", *path) if is_default else ("models", model, *path), value)
    if is_default:
        for row in table["models"].values():
            row.pop(path[0], None)
    file = tmp_path_factory.mktemp("table") / "models.yaml"
    try:
        text = yaml.dump(table)  # with anchors for what stands twice, and tags for what is no plain value
    except (ValueError, UnicodeEncodeError):
        text = "models: 9" + "9" * 5000
    file.write_text(text, encoding="utf-8", errors="surrogatepass")
    with refused("model table", "models.yaml"):
        load_models(file)


def with_row(change):
    return put(TABLE, ("models", "mine"), {"framework": "mace"} | change) | {
        "experiments": TABLE["experiments"] | {"more": {"title": "More", "models": ["mine"]}}
    }


TABLES = [
    *(put(TABLE, ("models", name), {"framework": "mace"}) for name in [*NASTY, 1, None, True, 1.5, "a, ", "a,b", ", a"]),
    *({key: value for key, value in TABLE.items() if key != lacking} for lacking in ("models", "experiments")),
    *(put(TABLE, ("experiments", "nequip"), value) for value in (None, [], {}, {"title": "a"}, {"models": ["mace-base"]}, {"title": 1})),
    *(put(TABLE, ("experiments", "nequip", "models"), value) for value in (None, "mace-base", ["mace-bas"], ["mace-base"], [["mace-base"]], [1])),
    *(put(TABLE, ("models", "mace-base"), value) for value in (None, [], "mace", 1, {})),
    *(put(TABLE, ("models", "mace-base"), {"framework": value}) for value in (None, "maze", "../mace", "")),
    *(with_row({"label": text}) for text in (r"$\frac$", "$x^$", r"$\input{a}$ $", "a\nb")),
    *(put(TABLE, ("extra",), 1), put(TABLE, ("defaults",), []), put(TABLE, ("models",), {}), put(TABLE, ("experiments",), {}), [], None, "text", 7),
    *(with_row({"swa": swa}) for swa in ({}, {"start_epoch": 1}, {"start_epoch": 99, "lr": 1.0, "energy_weight": 1, "forces_weight": 1}, [], 1)),
    *(with_row({"energy_weight": 0, "forces_weight": -0.0}), with_row({"l_max": 1, "l_hidden": 2}), with_row({"radial_mlp": []})),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(TABLES)))
def test_other_model_tables(tmp_path, number):
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(TABLES[number]), encoding="utf-8")
    with refused("model table", "models.yaml"):
        load_models(tmp_path / "models.yaml")


FLOW = yaml.safe_dump(TABLE, default_flow_style=True, width=10**6, sort_keys=False).strip()
TEXTS = [
    "a: &a [x,x]\nb: &b [*a,*a]\nb: 1",
    FLOW[:-1] + ", models: {}}",
    FLOW.replace("mace-base: {", "mace-base: {framework: mace, ", 1),
    FLOW.replace("lr: 0.03", "lr: 0.03, lr: 0.02", 1),
    "models: &a {a: *a}",
    "models: &a [*a]",
    "&a a: *a",
    "\n".join(["a0: &a0 [x, x]", *(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 9)}]" for i in range(12))]),
    "\n".join(["a0: &a0 {x: 1}", *(f"a{i + 1}: &a{i + 1} {{p: *a{i}, q: *a{i}, r: *a{i}}}" for i in range(12))]),
    "[" * 5000 + "]" * 5000,
    "{a: " * 3000 + "1" + "}" * 3000,
    "a: " + "9" * 5000,
    "!!python/object/apply:os.system ['touch PWNED']",
    "a: !!python/name:os.system",
    "a: !!binary aGk=",
    "a: !!set {b}",
    "? [a]\n: 1",
    "a: 2020-01-01",
    "--- 1\n--- 2",
    "a:\n\t- b",
    "%YAML 9.9\n---\na: 1",
    "a: *b",
    "<<: 1",
    "a: 'b",
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_texts_that_are_no_model_table(tmp_path, number):
    (tmp_path / "models.yaml").write_text(TEXTS[number])
    with refused("model table", "models.yaml"):
        load_models(tmp_path / "models.yaml")
    assert not (tmp_path / "PWNED").exists()


@settings(campaign, max_examples=100)
@given(content=st.one_of(spoilt_bytes(FLOW.encode()), st.integers(0, len(FLOW) - 1).map(lambda end: FLOW[:end].encode())))
def test_files_that_are_no_model_table(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("table") / "models.yaml"
    file.write_bytes(content)
    with refused("model table", "models.yaml"):
        load_models(file)


FOREIGN = {
    "mace": [{"foundation_model": "/tmp/a.model"}, {"restart_latest": True}, {"checkpoints_dir": "/tmp"}, {"config": "/tmp/a.yaml"}],
    "nequip": [
        {"training_module.model._target_": "nequip.model.ModelFromCheckpoint"},
        {"trainer.callbacks.3": {"_target_": "os.system", "command": "true"}},
        {"trainer.callbacks.3": {"_target_": "lightning.pytorch.callbacks.timer.logging.os.system"}},
        {"trainer.callbacks.3": {"_target_": "lightning.pytorch.callbacks.LambdaCallback", "on_fit_end": {"_target_": "torch.load", "f": "a"}}},
        {"trainer.callbacks.3": "${oc.decode:'{_target_: os.system}'}"},
        {"hydra": {"job_logging": {"handlers": {"a": {"()": "os.system"}}}}},
        {"data": [[{"_target_": "a"}]]},
    ],
}


@pytest.mark.parametrize(("framework", "extra"), [(framework, extra) for framework, extras in FOREIGN.items() for extra in extras])
def test_what_others_made_needs_a_reason_to_be_trusted(tmp_path, framework, extra):
    file = tmp_path / "models.yaml"
    table = put(TABLE, ("models", f"{framework}-base", "extra"), extra)
    file.write_text(yaml.safe_dump(table))
    models = load_models(file)["models"]
    config = check_config(BASES[0] | {"models": str(file)}, "my.yaml")
    with refused("model table", "models.yaml", f"{framework}-base", "trust", "my.yaml"):
        check_listed_models(config, models, "my.yaml")
    config["trust"] = {f"{framework}-base": "I made this model myself last week"}
    check_listed_models(config, models, "my.yaml")
    config["trust"] |= {"mace-bas": "I made this model myself last week"}
    with refused("model table", "mace-bas", "did you mean"):
        check_listed_models(config, models, "my.yaml")


@pytest.mark.parametrize("name", [path.name for path in sorted((ROOT / "config").glob("*.yaml"))])
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


def test_a_model_table_read_and_written_is_the_same(tmp_path):
    first = load_models(ROOT / "config/models/demo.yaml")
    (tmp_path / "again.yaml").write_text(yaml.safe_dump({"models": first["models"], "experiments": first["experiments"]}))
    assert load_models(tmp_path / "again.yaml") == first
