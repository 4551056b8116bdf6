"""A study's config: checked before any work, with defaults filled in."""

import functools
import re
import shutil
from collections.abc import Iterator
from typing import Any

from nnip.data import split_names
from nnip.jobs.errors import InputError
from nnip.study.schema import check, frameworks, load_schema, nearest

# what a study can ask for beside the main line that needs trained models or frames
BESIDE = ("noise", "planes", "landscape.test_splits", "landscape.frozen", "weights", "distributions")
MOST_STEPS = 1_000_000_000


def check_config(config: dict[str, Any], source: str = "config") -> dict[str, Any]:
    """The whole config of a study, checked and complete; `study` gets its data set's name, `datasets` keeps only the chosen one."""
    schema = load_schema("config")
    if isinstance(config, dict) and isinstance(config.get("study"), str) and isinstance(config.get("dataset"), str):
        config = config | {"study": config["study"].replace("{dataset}", config["dataset"])}
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
            yield f"'toy.n_points' has {min(toy['n_points'])}, but must be at least toy.n_features + 2 ({toy['n_features'] + 2}): fewer fix none"
        if not any(toy["sigmas"]):
            yield "'toy.sigmas' has no noise: give at least one value above 0"
    for framework, path in config["python"].items():
        if framework not in frameworks():
            yield f"unknown key 'python.{framework}': {nearest(framework, frameworks())}"
        elif not shutil.which(path):
            yield f"'python.{framework}' is '{path}', which is no program here: give the path of that framework's Python"


def _md_problems(md: dict[str, Any]) -> Iterator[str]:
    if (steps := md["duration_fs"] / md["timestep_fs"]) > MOST_STEPS:
        yield f"'md.duration_fs' ({md['duration_fs']}) and 'md.timestep_fs' ({md['timestep_fs']}) make {steps:.3g} steps, more than {MOST_STEPS}"
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
