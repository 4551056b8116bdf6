"""Values from YAML against a schema: checked with one clear message, and with defaults filled in."""

import copy
import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from nnip.errors import InputError

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"


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
