"""A study's config: checked before any work, with defaults filled in."""

import functools
import importlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

from nnip.data import split_names
from nnip.declare.registry import measurements, quantities
from nnip.jobs.errors import InputError
from nnip.potentials.frameworks import frameworks
from nnip.study import training_set_checks
from nnip.study.schema import check, load_schema, nearest
from nnip.study.training_sets import pools

# further trainings and landscapes, not possible with published tables
FURTHER = ("training_sets", "noise", "diversity", "select", "landscape.test_splits", "landscape.frozen")
FEWEST_SITES, FEWEST_SITES_TO_HOP = 8, 27  # of a cell with a defect, and of one in which it moves
SOURCES = ("xtb", "emt", "3bpa", "ani-al", "silicon-re", "extxyz", "published")


def check_config(config: dict[str, Any], source: str = "config") -> dict[str, Any]:
    """The whole config of a study, checked and complete; `{dataset}` in `study` is replaced, and `datasets` keeps only the used ones."""
    schema = load_schema("config")
    if isinstance(config, dict) and isinstance(config.get("study"), str) and isinstance(config.get("dataset"), str):
        config = config | {"study": config["study"].replace("{dataset}", config["dataset"])}
    config = check(config, schema, source)
    if (chosen := config["dataset"]) not in config["datasets"]:
        raise InputError(f"{source}: 'dataset' is '{chosen}', which is not under 'datasets': {nearest(chosen, config['datasets'])}")
    datasets, sets = config["datasets"], config["training_sets"]
    for name, content in sets.items():
        sets[name] = check(content, schema["$defs"]["training_set"], f"{source}, training_sets.{name}")
    published = isinstance(datasets[chosen], dict) and datasets[chosen].get("source") == "published"
    if not published:
        _stop_at(training_set_checks.name_problems(config), source)
    config["datasets"] = {name: _dataset(name, datasets[name], name == chosen, source) for name in pools(config)}
    _stop_at(_league_problems(config["league"]["chosen"]), source)
    if not published:
        _stop_at(_problems(config), source)
    elif asked := next((name for name in (*FURTHER, *_optional()) if value(config, name)), None):
        raise InputError(f"{source}: '{asked}' asks for models or frames, but dataset '{chosen}' consists of published tables, which have neither")
    return config


def blame_command_line(check: Callable[[dict[str, Any], str], Any], config: dict[str, Any], files: dict[str, Any], source: str) -> Any:
    """check(config, source); an error that the config files alone (`files`) would not have is the command line's, and names --config for them."""
    try:
        return check(config, source)
    except InputError as error:
        if not str(error).startswith(source) or files == config:
            raise
        try:
            check(files, source)
        except InputError as alone:
            if str(alone) == str(error):
                raise error from None
        raise InputError(f"--config{str(error).removeprefix(source)}") from None


def _optional() -> list[str]:
    """The measurements that are off by default."""
    return [name for name, measurement in measurements().items() if measurement.options["default"] is None]


def _stop_at(problems: Iterator[str], source: str) -> None:
    """InputError for the first problem."""
    for problem in problems:
        raise InputError(f"{source}: {problem}")


def _dataset(name: str, block: Any, chosen: bool, source: str) -> dict[str, Any]:
    """A block of `datasets`, checked and complete; a data set other than the study's needs no tests."""
    where, schema = f"datasets.{name}", load_schema("config")
    if not isinstance(block, dict) or block.get("source") not in SOURCES:
        given = block.get("source") if isinstance(block, dict) else block
        raise InputError(f"{source}: '{where}.source' is {given!r}: {nearest(str(given), list(SOURCES))}")
    if block["source"] == "published" and not chosen:
        raise InputError(f"{source}: '{where}' consists of published tables, which have no frames for a training set")
    part = schema["$defs"][block["source"]]
    required = [key for key in part["required"] if chosen or key != "test"]
    block = check(block, part | {"required": required, "$defs": schema["$defs"]}, f"{source}, {where}")
    if block["source"] == "emt":
        _stop_at(_cell_problems(where, block), source)
    return block


def _cell_problems(where: str, block: dict[str, Any]) -> Iterator[str]:
    """Cells too small for their defects."""
    n_sites = (1 if block["primitive"] else 4) * block["repeats"] ** 3
    hops = "hop" in block["defects"] or block["n_event"]
    if hops and n_sites < FEWEST_SITES_TO_HOP:
        key = f"{where}.defects' has hop" if "hop" in block["defects"] else f"{where}.n_event' is {block['n_event']}"
        yield f"'{key}, but in a cell of {n_sites} sites a vacancy meets its own image on its way: at least {FEWEST_SITES_TO_HOP} sites are needed"
    elif set(block["defects"]) - {"none"} and n_sites < FEWEST_SITES:
        yield f"'{where}.defects' are in a cell of {n_sites} sites, where a defect is its own neighbour: at least {FEWEST_SITES} sites are needed"
    elif n_sites == 1:
        yield f"'{where}.repeats' is 1 of primitive cells, a single atom that no force acts on: 2 or more"


def value(config: dict[str, Any], key: str) -> Any:
    """The value of a key with dots."""
    return functools.reduce(lambda block, name: block[name], key.split("."), config)


def _problems(config: dict[str, Any]) -> Iterator[str]:
    """Errors that the schema of a single key cannot detect."""
    every = 1 / config["validation_fraction"]
    if abs(every - round(every)) > 0.01:
        below, above = (round(1 / (int(every) + more), 4) for more in (1, 0))
        yield f"'validation_fraction' is {config['validation_fraction']}, but one frame in 2, 3, 4 ... validates: use {below} or {above}"
    for size in config["learning_curve"]:
        if size >= config["n_train"]:
            yield f"'learning_curve' has {size}, but its sizes must be smaller than n_train ({config['n_train']})"
    for name, size in (("n_train", config["n_train"]), *(("learning_curve", size) for size in config["learning_curve"])):
        if size < round(every):
            yield f"'{name}' is {size}, which leaves no frame to validate: at least {round(every)} are needed at this validation_fraction"
    yield from _noise_problems(config)
    yield from _molecule_problems(config["datasets"])
    yield from training_set_checks.problems(config)
    splits = ["train", "val", *(f"test_{name}" for name in split_names(config["datasets"][config["dataset"]]))]
    for name in measurements():
        split = (config[name] or {}).get("split", "train")
        if split not in splits:
            yield f"'{name}.split' is '{split}': {nearest(split, splits)}"
        problems = getattr(importlib.import_module(f"nnip.measure.{name}"), "problems", None)
        if problems and config[name] is not None:
            yield from problems(config, splits)
    yield from _toy_problems(config["toy"])
    for framework, path in config["python"].items():
        if framework not in frameworks():
            yield f"unknown key 'python.{framework}': {nearest(framework, frameworks())}"
        elif not shutil.which(path):
            yield f"'python.{framework}' is '{path}', which is not a program here: give the path of that framework's Python"


def _league_problems(chosen: dict[str, str | None] | None) -> Iterator[str]:
    if chosen is None:
        return
    predictors = {name: quantity for name, quantity in quantities().items() if quantity.predicts}
    name = str(chosen["quantity"])
    if name not in predictors:
        yield f"'league.chosen.quantity' is '{name}', which is no predictor: {nearest(name, list(predictors))}"
    elif differ := {key for key, given in chosen.items() if given is not None} - {"quantity"} ^ {*predictors[name].variants}:
        keys = ", ".join(predictors[name].variants) or "neither mode nor minimum"
        yield f"'league.chosen' has {name} with '{min(differ)}' missing or too much: it takes {keys} as in table predictors"


def _toy_problems(toy: dict[str, Any] | None) -> Iterator[str]:
    if not toy:
        return
    if min(toy["n_points"]) < toy["n_features"] + 2:
        yield f"'toy.n_points' has {min(toy['n_points'])}, but must be at least toy.n_features + 2 ({toy['n_features'] + 2})"
    if not any(toy["sigmas"]):
        yield "'toy.sigmas' has no noise: give at least one value above 0"


def _molecule_problems(datasets: dict[str, Any]) -> Iterator[str]:
    for name, block in datasets.items():
        if block["source"] != "xtb":
            continue
        if isinstance(block["smiles"], str):
            if other := next((key for key in ("test_smiles", "n_basin") if block[key]), None):
                yield f"'datasets.{name}.{other}' is for several molecules: give 'datasets.{name}.smiles' as {{name: SMILES}}"
        elif both := set(block["smiles"]) & set(block["test_smiles"]):
            yield f"'datasets.{name}.test_smiles' has '{min(both)}', which 'smiles' has too: give another name to another molecule"


def _noise_problems(config: dict[str, Any]) -> Iterator[str]:
    noise = config["noise"]
    if "train_clean" in split_names(config["datasets"][config["dataset"]]):
        yield "a test split is named 'train_clean', the name of the training frames without noise"
    if not noise:
        return
    sizes = [config["n_train"], *config["learning_curve"]]
    if noise["n_train"] is not None and noise["n_train"] not in sizes:
        yield f"'noise.n_train' is {noise['n_train']}, but must be n_train or one of learning_curve: {', '.join(map(str, sizes))}"
    names = [f"{sigma:g}" for sigma in noise["sigmas"]]  # as in file names
    if alike := [name for name in names if names.count(name) > 1]:
        yield f"'noise.sigmas' has {alike[0]} more than once, to six digits"
