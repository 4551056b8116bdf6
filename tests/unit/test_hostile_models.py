"""Bad model tables of every kind are refused with one line; a good one comes out of a second reading as it is."""

from pathlib import Path

import pytest
import yaml
from hostile import NASTY, campaign, no_hang, refused, spoilt_bytes
from hypothesis import given, settings
from hypothesis import strategies as st
from spoilings import put, spoilings

from nnip.study.config import check_config
from nnip.study.model_table import check_listed_models, load_models
from nnip.study.schema import load_schema

ROOT = Path(__file__).resolve().parents[2]
DEMO = yaml.safe_load((ROOT / "config/demo.yaml").read_text())
TABLE = yaml.safe_load((ROOT / "config/models/demo.yaml").read_text())
ROW_SPOILINGS = spoilings(load_schema("models")["$defs"]["model"])


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
    ],
}


@pytest.mark.parametrize(("framework", "extra"), [(framework, extra) for framework, extras in FOREIGN.items() for extra in extras])
def test_what_others_made_needs_a_reason_to_be_trusted(tmp_path, framework, extra):
    file = tmp_path / "models.yaml"
    table = put(TABLE, ("models", f"{framework}-base", "extra"), extra)
    file.write_text(yaml.safe_dump(table))
    models = load_models(file)["models"]
    config = check_config(DEMO | {"models": str(file)}, "my.yaml")
    with refused("model table", "models.yaml", f"{framework}-base", "trust", "my.yaml"):
        check_listed_models(config, models, "my.yaml")
    config["trust"] = {f"{framework}-base": "I made this model myself last week"}
    check_listed_models(config, models, "my.yaml")
    config["trust"] |= {"mace-bas": "I made this model myself last week"}
    with refused("model table", "mace-bas", "did you mean"):
        check_listed_models(config, models, "my.yaml")


def test_a_model_table_read_and_written_is_the_same(tmp_path):
    first = load_models(ROOT / "config/models/demo.yaml")
    (tmp_path / "again.yaml").write_text(yaml.safe_dump({"models": first["models"], "experiments": first["experiments"]}))
    assert load_models(tmp_path / "again.yaml") == first
