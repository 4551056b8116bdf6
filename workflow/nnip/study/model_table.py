"""The model table: the complete row of every model and the experiments that compare them, checked before any job starts."""

import contextlib
import re
from pathlib import Path
from typing import Any

from ase.data import chemical_symbols

from nnip.jobs.errors import InputError
from nnip.potentials.frameworks import choices, frameworks
from nnip.study.labels import weighted_labels
from nnip.study.schema import check, load_schema, nearest, read_yaml
from nnip.study.training_sets import training_sets

HYPERPARAMETERS_NOT = ("framework", "label")
OF_TRAINED = (
    "trained",
    "energy_weight",
    "forces_weight",
)  # the hyperparameters of a model trained elsewhere; the weights are those of the loss measured


def load_models(path: str | Path, trained: bool = True) -> dict[str, Any]:
    """The model table: {"models": {name: complete row}, "experiments": {...}}; InputError names file, model and key.

    Without trainings (published tables) any name is allowed, and rows need only framework and label.
    """
    try:
        table = read_yaml(path)
    except InputError as error:
        raise InputError(f"{error} ('models' in the config names the model table)") from None
    schema = load_schema("models")
    table = check(table, schema, str(path))
    row_schema = schema["$defs"]["model"]
    models: dict[str, dict[str, Any]] = {}
    for name, given in table["models"].items():
        if str(name) in models:
            raise InputError(f"{path}: model '{name}' appears twice, as a number and as a text")
        if not isinstance(given, dict):
            raise InputError(f"{path}: model '{name}' must be a mapping of keys, but is {given!r}")
        if (table["defaults"] | given).get("trained") and (
            other := next((key for key in given if key not in (*HYPERPARAMETERS_NOT, *OF_TRAINED)), None)
        ):
            raise InputError(f"{path}, model '{name}': '{other}' has no effect on a model that is 'trained' already; leave one of the two out")
        row = check(table["defaults"] | given, row_schema, f"{path}, model '{name}'")
        row.setdefault("label", str(name))
        if row["framework"] not in frameworks():
            raise InputError(f"{path}, model '{name}': 'framework' is '{row['framework']}': {nearest(row['framework'], frameworks())}")
        if trained:
            _check_trainable(str(name), row, str(path))
            # file names have a hyphen instead of a comma
            if twin := next((other for other in models if other.replace(", ", "-") == str(name).replace(", ", "-")), None):
                raise InputError(f"{path}: models '{twin}' and '{name}' would share one folder: rename one")
        models[str(name)] = row
    _check_experiments(table["experiments"], models, str(path))
    for text in (*(row["label"] for row in models.values()), *(content["title"] for content in table["experiments"].values())):
        _check_drawable(text, str(path))
    return {"models": models, "experiments": table["experiments"]}


def _check_experiments(experiments: dict[str, Any], models: dict[str, dict[str, Any]], path: str) -> None:
    for experiment, content in experiments.items():
        for name in content["models"]:
            if name not in models:
                raise InputError(f"{path}: experiment '{experiment}' lists '{name}', which is not a model: {nearest(name, list(models))}")
        if len(used := {models[name]["framework"] for name in content["models"]}) > 1:
            raise InputError(f"{path}: experiment '{experiment}' mixes {' and '.join(sorted(used))}: an experiment compares models of one framework")
    compared = {name for content in experiments.values() for name in content["models"]}
    for name in models:
        if name not in compared:
            raise InputError(f"{path}: model '{name}' is in no experiment: list it in one, or leave it out")


def _check_drawable(text: str, path: str) -> None:
    """InputError for a text between dollar signs that is no valid formula: figures would fail on it hours later."""
    if text.replace(r"\$", "").count("$") < 2:
        return
    with contextlib.suppress(ImportError):  # matplotlib may be only in the jobs' environment
        from matplotlib.mathtext import MathTextParser

        try:
            MathTextParser("path").parse(text)
        except ValueError as error:
            reason = str(error).strip().splitlines()[-1]
            raise InputError(f"{path}: '{text}' is not a formula that figures can draw ({reason}); write \\$ for a dollar sign") from None


def check_listed_models(config: dict[str, Any], models: dict[str, Any], source: str = "config") -> None:
    """InputError if the config names a model that is not in the table, has no stresses for one that learns them, or gives no reason to trust one
    that uses files of others.
    """
    blocks = {"noise": config["noise"], "planes": config["planes"], "landscape.variants": config["landscape"]["variants"]}
    blocks |= {"diversity": config["diversity"], "select": config["select"] and {"models": [config["select"]["model"]]}}
    blocks |= {f"training_sets.{name}": block for name, block in config["training_sets"].items()}
    listed = [(f"{key}.models", name) for key, block in blocks.items() for name in (block or {}).get("models") or []]
    for key, name in [*listed, *(("trust", name) for name in config["trust"])]:
        if name not in models:
            raise InputError(f"{source}: '{key}' lists '{name}', which is not a model of {config['models']}: {nearest(name, list(models))}")
    for key, name in listed:
        if key.startswith(("noise", "training_sets", "diversity", "select")) and models[name].get("trained"):
            raise InputError(f"{source}: '{key}' lists '{name}', which {config['models']} says is 'trained' already")
    if config["datasets"][config["dataset"]]["source"] != "published":
        _check_stresses(config, models)
    for name, row in models.items():
        where, why = f"{config['models']}, model '{name}'", f"say under 'trust.{name}' in {source} why, or leave it out"
        foreign = choices(row["framework"]).foreign(row["extra"])
        if foreign and name not in config["trust"]:
            raise InputError(f"{where}: 'extra' has {foreign}; {why}")
        if row.get("trained"):
            if name not in config["trust"]:
                raise InputError(f"{where}: 'trained' is a model file of others, which can run code when it is read; {why}")
            for seed in config["seeds"]:
                if not Path(file := trained_file(row, seed)).is_file():
                    raise InputError(f"{where}: 'trained': there is no file {file}")


def _check_stresses(config: dict[str, Any], models: dict[str, Any]) -> None:
    """InputError for a model that learns stresses on a training set from a data set that names none."""
    of_stress = [name for name, row in models.items() if "stress" in weighted_labels(hyperparameters(row))]
    for each in training_sets(config).values():
        block = config["datasets"][each.pool]
        if "stress" in each.learn and block["source"] != "emt" and not (block.get("stress_key") or block.get("virial_key")):
            for name in (model for model in each.models or models if model in of_stress):
                which = f"set 'datasets.{each.pool}.stress_key'" if block["source"] == "extxyz" else f"source {block['source']} gives none"
                raise InputError(f"{config['models']}, model '{name}': 'stress_weight' needs stresses in training set '{each.name}': {which}")


def trained_file(row: dict[str, Any], seed: int) -> str:
    """The file of a model trained elsewhere, for a seed."""
    return row["trained"].replace("{seed}", str(seed))


def _check_trainable(name: str, row: dict[str, Any], path: str) -> None:
    if len(name) > 100 or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_+-]*(, [A-Za-z0-9_+-]+)*", name):
        raise InputError(
            f"{path}: model name '{name}' becomes a file name: use letters, digits, '_', '+' and '-', and ', ' between such words, 100 at most"
        )
    where = f"{path}, model '{name}'"
    if row["trained"]:
        return
    if problem := choices(row["framework"]).problem(row):
        raise InputError(f"{where}: {problem}")
    _check_reference_energies(row["reference_energies"], where)
    if row["energy_weight"] == 0 and row["forces_weight"] == 0:
        raise InputError(f"{where}: 'energy_weight' and 'forces_weight' are both 0: nothing would be learnt")
    if row["swa"] and row["swa"]["start_epoch"] >= row["epochs"]:
        raise InputError(f"{where}: 'swa.start_epoch' is {row['swa']['start_epoch']}, but must be smaller than epochs ({row['epochs']})")


def _check_reference_energies(given: Any, where: str) -> None:
    if given is None or given == "isolated":
        return
    if not isinstance(given, dict) or not given:
        raise InputError(f"{where}: 'reference_energies' is '{given}': write isolated, or the energy of each element in eV, such as {{H: -13.6}}")
    for symbol, energy in given.items():
        if symbol not in chemical_symbols[1:]:
            raise InputError(f"{where}: 'reference_energies' has '{symbol}', which is not the symbol of an element")
        if isinstance(energy, bool) or not isinstance(energy, (int, float)):
            raise InputError(f"{where}: 'reference_energies.{symbol}' is {energy!r}, but must be a number, an energy in eV")


def hyperparameters(row: dict[str, Any]) -> dict[str, Any]:
    """The hyperparameters of one model, without framework and label; few are known of a model trained elsewhere."""
    if row.get("trained"):
        return {key: row[key] for key in OF_TRAINED}
    return {key: value for key, value in row.items() if key not in (*HYPERPARAMETERS_NOT, "trained")}
