"""A study's config and model table: checked before any work, with defaults filled in."""

import copy
import difflib
import functools
import importlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from nnip.data import split_names
from nnip.errors import InputError

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"
HYPERPARAMETERS_NOT = ("framework", "label")
# what a study can ask for beside the main line that needs trained models or frames
BESIDE = ("noise", "planes", "landscape.test_splits", "landscape.frozen", "weights", "distributions")


def load_schema(name: str) -> dict[str, Any]:
    """One of the schemas in workflow/schemas, by its file name without ending."""
    return yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text(encoding="utf-8"))


def frameworks() -> list[str]:
    """The frameworks this study knows: the sub-packages of nnip.potentials."""
    return sorted(path.parent.name for path in (Path(__file__).parent / "potentials").glob("*/choices.py"))


def nearest(word: str, known: Iterator[str] | list[str]) -> str:
    """What the word may have been meant to be, as a clause for an error message."""
    names = sorted(map(str, known))
    match = difflib.get_close_matches(str(word), names, n=1, cutoff=0.5)
    return f"did you mean '{match[0]}'?" if match else f"one of: {', '.join(names)}"


def _message(error: Any) -> str:
    where = ".".join(map(str, error.absolute_path))
    key = f"'{where}'" if where else "the top level"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema["properties"]
        unknown = next(name for name in error.instance if name not in known)
        full = f"{where}.{unknown}" if where else str(unknown)
        return f"unknown key '{full}': {nearest(unknown, list(known))}"
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = next(name for name in error.validator_value if name not in error.instance)
        return f"{key} lacks the key '{missing}'"
    if "propertyNames" in error.absolute_schema_path:
        return f"{key} has the name {error.instance!r}: use letters, digits, '_', '.', '+' and '-'; train, val and all are taken"
    if error.validator in ("enum", "const"):
        allowed = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        return f"{key} is {error.instance!r}: {nearest(str(error.instance), [str(value) for value in allowed])}"
    if error.validator == "type":
        kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        return f"{key} is {error.instance!r}, but must be of type {' or '.join(kinds)}"
    return f"{key} is {error.instance!r}: {error.message}"


def check(value: Any, schema: dict[str, Any], source: str) -> Any:
    """A copy of value with the schema's defaults filled in; InputError names the source and the first offending key."""
    value = copy.deepcopy(value)
    _fill(value, schema, schema)
    errors = jsonschema.Draft202012Validator(schema).iter_errors(value)
    if error := jsonschema.exceptions.best_match(errors):
        raise InputError(f"{source}: {_message(error)}")
    return value


def _fill(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> None:
    if not isinstance(value, dict):
        return
    for name, given in schema.get("properties", {}).items():
        part = root["$defs"][given["$ref"].rsplit("/", 1)[1]] if "$ref" in given else given
        if "default" in part:
            value.setdefault(name, copy.deepcopy(part["default"]))
        if name in value:
            value[name] = _typed(value[name], part)
        _fill(value.get(name), part, root)


def _typed(value: Any, schema: dict[str, Any]) -> Any:
    """What a text means where the schema asks for something else: snakemake's --config gives all nested values as texts."""
    if isinstance(value, list):
        return [_typed(item, schema.get("items", {})) for item in value]
    kinds = schema.get("type", "string")
    if not isinstance(value, str) or "string" in kinds:
        return value
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        return value


def check_config(config: dict[str, Any], source: str = "config") -> dict[str, Any]:
    """The whole config of a study, checked and complete; `study` gets its data set's name, `datasets` keeps only the chosen one."""
    schema = load_schema("config")
    config = dict(config)
    if isinstance(config.get("study"), str):
        config["study"] = config["study"].replace("{dataset}", str(config.get("dataset")))
    config = check(config, schema, source)
    if (chosen := config["dataset"]) not in config["datasets"]:
        raise InputError(f"{source}: 'dataset' is '{chosen}', which is not under 'datasets': {nearest(chosen, config['datasets'])}")
    block = config["datasets"][chosen]
    kinds = ("xtb", "emt", "3bpa", "ani-al", "extxyz", "published")
    where = f"datasets.{chosen}"
    if not isinstance(block, dict) or block.get("source") not in kinds:
        given = block.get("source") if isinstance(block, dict) else block
        raise InputError(f"{source}: '{where}.source' is {given!r}: {nearest(str(given), list(kinds))}")
    part = schema["$defs"][block["source"]] | {"$defs": schema["$defs"]}
    config["datasets"] = {chosen: check(block, part, f"{source}, {where}")}
    if block["source"] != "published":
        for problem in _problems(config):
            raise InputError(f"{source}: {problem}")
    elif asked := next((name for name in BESIDE if _value(config, name)), None):
        raise InputError(f"{source}: '{asked}' asks for models or frames, but dataset '{chosen}' is published tables, which have neither")
    return config


def _value(config: dict[str, Any], key: str) -> Any:
    """The value of a key that is named with dots."""
    return functools.reduce(lambda block, name: block[name], key.split("."), config)


def _problems(config: dict[str, Any]) -> Iterator[str]:
    """What no single key's schema can see."""
    every = 1 / config["validation_fraction"]
    if abs(every - round(every)) > 0.01:
        below, above = (round(1 / (int(every) + more), 4) for more in (1, 0))
        yield f"'validation_fraction' is {config['validation_fraction']}, but one frame in 2, 3, 4 ... validates: {below} or {above}, say"
    for size in config["learning_curve"]:
        if size >= config["n_train"]:
            yield f"'learning_curve' has {size}, but its sizes must be smaller than n_train ({config['n_train']})"
    for name, size in (("n_train", config["n_train"]), *(("learning_curve", size) for size in config["learning_curve"])):
        if size < round(every):
            yield f"'{name}' is {size}, which leaves no frame to validate: at least {round(every)} are needed at this validation_fraction"
    yield from _md_problems(config["md"])
    split = config["landscape"]["split"]
    splits = ["train", "val", *(f"test_{name}" for name in split_names(config["datasets"][config["dataset"]]))]
    if split not in splits:
        yield f"'landscape.split' is '{split}': {nearest(split, splits)}"
    yield from _noise_problems(config)
    yield from _variant_problems(config, splits)
    if toy := config["toy"]:
        if min(toy["n_points"]) < toy["n_features"] + 2:
            yield f"'toy.n_points' has {min(toy['n_points'])}, but must be at least toy.n_features + 2 ({toy['n_features'] + 2}): fewer fix no weights"
        if not any(toy["sigmas"]):
            yield "'toy.sigmas' has no noise: give at least one value above 0"
    for framework, path in config["python"].items():
        if framework not in frameworks():
            yield f"unknown key 'python.{framework}': {nearest(framework, frameworks())}"
        elif not shutil.which(path):
            yield f"'python.{framework}' is '{path}', which is no program here: give the path of that framework's Python"


def _md_problems(md: dict[str, Any]) -> Iterator[str]:
    if md["tau_fs"] < md["timestep_fs"]:
        yield f"'md.tau_fs' is {md['tau_fs']}, but must not be smaller than md.timestep_fs ({md['timestep_fs']})"
    if md["max_bond_A"] is None and md["min_distance_A"] is None:
        yield "'md.max_bond_A' and 'md.min_distance_A' are both null, so no replica could fail: set at least one"
    if md["record_every_fs"] and md["record_every_fs"] < md["timestep_fs"]:
        yield f"'md.record_every_fs' is {md['record_every_fs']}, but must not be smaller than md.timestep_fs ({md['timestep_fs']})"


def _noise_problems(config: dict[str, Any]) -> Iterator[str]:
    noise = config["noise"]
    if not noise:
        return
    sizes = [config["n_train"], *config["learning_curve"]]
    if noise["n_train"] is not None and noise["n_train"] not in sizes:
        yield f"'noise.n_train' is {noise['n_train']}, but must be n_train or one of learning_curve: {', '.join(map(str, sizes))}"
    if "train_clean" in split_names(config["datasets"][config["dataset"]]):
        yield "a test split is named 'train_clean', which in a noise study are the training frames without noise"
    names = [f"{sigma:g}" for sigma in noise["sigmas"]]  # as they stand in names of files
    if alike := [name for name in names if names.count(name) > 1]:
        yield f"'noise.sigmas' has {alike[0]} more than once, to six digits"


def _variant_problems(config: dict[str, Any], splits: list[str]) -> Iterator[str]:
    """What is wrong with the landscapes beside the main line."""
    landscape, planes = config["landscape"], config["planes"]
    for name in landscape["test_splits"]:
        if name not in splits or name == landscape["split"]:
            others = [split for split in splits if split != landscape["split"]]
            yield f"'landscape.test_splits' has '{name}', but must be other than landscape.split: {nearest(name, others)}"
    for name, patterns in landscape["frozen"].items():
        for framework, pattern in patterns.items():
            if framework not in frameworks():
                yield f"unknown key 'landscape.frozen.{name}.{framework}': {nearest(framework, frameworks())}"
            try:
                re.compile(pattern)
            except re.error as error:
                yield f"'landscape.frozen.{name}.{framework}' is '{pattern}', which is no regular expression: {error}"
    for mode in landscape["variants"]["modes"] or []:
        if mode not in landscape["modes"]:
            yield f"'landscape.variants.modes' has '{mode}', but landscape.modes has only {', '.join(landscape['modes'])}"
    if planes and planes["split"] not in splits:
        yield f"'planes.split' is '{planes['split']}': {nearest(planes['split'], splits)}"


def load_models(path: str | Path, trained: bool = True) -> dict[str, Any]:
    """The model table: {"models": {name: complete row}, "experiments": {...}}; InputError names file, model and key.

    Where nothing is trained (published tables) names are free, and rows need only framework and label.
    """
    try:
        table = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError:
        raise InputError(f"{path}: the model table cannot be read ('models' in the config names it)") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    schema = load_schema("models")
    table = check(table, schema, str(path))
    row_schema = schema["$defs"]["model"]
    models: dict[str, dict[str, Any]] = {}
    for name, own in table["models"].items():
        if not isinstance(own, dict):
            raise InputError(f"{path}: model '{name}' must be a mapping of keys, but is {own!r}")
        row = check(table["defaults"] | own, row_schema, f"{path}, model '{name}'")
        row.setdefault("label", str(name))
        if row["framework"] not in frameworks():
            raise InputError(f"{path}, model '{name}': 'framework' is '{row['framework']}': {nearest(row['framework'], frameworks())}")
        if trained:
            _check_trainable(str(name), row, str(path))
            # in file names a comma is written as a hyphen
            if twin := next((other for other in models if other.replace(", ", "-") == str(name).replace(", ", "-")), None):
                raise InputError(f"{path}: models '{twin}' and '{name}' would share one folder: rename one")
        models[str(name)] = row
    for experiment, content in table["experiments"].items():
        for name in content["models"]:
            if name not in models:
                raise InputError(f"{path}: experiment '{experiment}' lists '{name}', which is not a model: {nearest(name, list(models))}")
        if len(used := {models[name]["framework"] for name in content["models"]}) > 1:
            raise InputError(f"{path}: experiment '{experiment}' mixes {' and '.join(sorted(used))}: an experiment compares models of one framework")
    compared = {name for content in table["experiments"].values() for name in content["models"]}
    for name in models:
        if name not in compared:
            raise InputError(f"{path}: model '{name}' is in no experiment: list it in one, or leave it out")
    return {"models": models, "experiments": table["experiments"]}


def check_listed_models(config: dict[str, Any], models: dict[str, Any], source: str = "config") -> None:
    """InputError if an experiment beside the main line is asked of a model that is not in the model table."""
    blocks = {"noise": config["noise"], "planes": config["planes"], "landscape.variants": config["landscape"]["variants"]}
    for key, block in blocks.items():
        for name in (block or {}).get("models") or []:
            if name not in models:
                near = nearest(name, list(models))
                raise InputError(f"{source}: '{key}.models' lists '{name}', which is not a model of {config['models']}: {near}")


def _check_trainable(name: str, row: dict[str, Any], path: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_+-]*(, [A-Za-z0-9_+-]+)*", name):
        raise InputError(f"{path}: model name '{name}' becomes a file name: use letters, digits, '_', '+' and '-', and ', ' between such words")
    where = f"{path}, model '{name}'"
    choices = importlib.import_module(f"nnip.potentials.{row['framework']}.choices")
    if problem := choices.problem(row):
        raise InputError(f"{where}: {problem}")
    if row["energy_weight"] == 0 and row["forces_weight"] == 0:
        raise InputError(f"{where}: 'energy_weight' and 'forces_weight' are both 0: nothing would be learnt")
    if row["swa"] and row["swa"]["start_epoch"] >= row["epochs"]:
        raise InputError(f"{where}: 'swa.start_epoch' is {row['swa']['start_epoch']}, but must be smaller than epochs ({row['epochs']})")


def hyperparameters(row: dict[str, Any]) -> dict[str, Any]:
    """The switches of one model, without its names."""
    return {key: value for key, value in row.items() if key not in HYPERPARAMETERS_NOT}
