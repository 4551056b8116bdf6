"""Checking values from YAML against a schema, with one clear message, and filling in defaults."""

import copy
import difflib
import functools
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from nnip.declare.registry import analyses, measurements
from nnip.jobs.errors import InputError
from nnip.jobs.files import reading

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
LARGEST = 2**31 - 1  # whole number in tables and random generators
SMALLEST, HUGE = 1e-100, 1e30
MOST_VALUES = 100_000
DEEPEST = 20


class _Loader(yaml.SafeLoader):
    """YAML of plain values; a key must not appear twice in a block."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"the key '{key.value}' appears twice in one block", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: str | os.PathLike[str]) -> Any:
    """The plain values of a YAML (or JSON) file; InputError if it cannot be read, is too large or has a key twice in one block."""
    try:
        with reading(path) as file:
            value = yaml.load(file.read(), _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not YAML of plain values: {' '.join(str(error).split())[:300]}") from None
    check_plain(value, str(path))
    return value


@functools.cache
def load_schema(name: str) -> dict[str, Any]:
    """One of the schemas in workflow/schemas, by its file name without ending; config with the blocks that modules declare."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, if PyYAML was built with it
    schema: dict[str, Any] = yaml.load((SCHEMAS / f"{name}.schema.yaml").read_text(encoding="utf-8"), loader)
    return _with_blocks(schema) if name == "config" else schema


def _with_blocks(schema: dict[str, Any]) -> dict[str, Any]:
    """The config's schema with the blocks that measurements (each one of its own name) and analyses declare."""
    blocks = {name: measurement.options for name, measurement in measurements().items()}
    for analysis in analyses().values():
        blocks |= analysis.options
    return schema | {"properties": schema["properties"] | blocks}


def nearest(word: str, known: Iterator[str] | list[str]) -> str:
    """The known word closest to this one, as a clause for an error message."""
    names = sorted(map(str, known))
    match = difflib.get_close_matches(str(word), names, n=1, cutoff=0.5)
    return f"did you mean '{match[0]}'?" if match else f"one of: {', '.join(names)}"


def _shown(value: Any) -> str:
    """A value as text for a message, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


def _reason(error: Any) -> str:
    """jsonschema's message on a value, without the value."""
    return str(error.message).removeprefix(repr(error.instance)).strip()[:200]


def _message(error: Any) -> str:
    where = ".".join(map(str, error.absolute_path))
    key = f"'{where}'" if where else "the top level"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema["properties"]
        unknown = next(name for name in error.instance if name not in known)
        full = f"{where}.{unknown}" if where else str(unknown)
        return f"unknown key '{full[:200]}': {nearest(unknown, list(known))}"
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = next(name for name in error.validator_value if name not in error.instance)
        return f"{key} lacks the key '{missing}'"
    if "propertyNames" in error.absolute_schema_path:
        taken = "; train, val and all are taken" if "train" in str(error.schema.get("pattern")) else ""
        return f"{key} has the name {_shown(error.instance)}: use letters, digits, '_', '.', '+' and '-'{taken}"
    if error.validator in ("enum", "const"):
        allowed = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        return f"{key} is {_shown(error.instance)}: {nearest(str(error.instance), [str(value) for value in allowed])}"
    if error.validator == "type":
        kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        return f"{key} is {_shown(error.instance)}, but must be of type {' or '.join(kinds)}"
    return f"{key} is {_shown(error.instance)}: it {_reason(error)}"


def check_plain(value: Any, source: str) -> None:
    """InputError for values that no config needs and that would fail later: numbers not finite or huge, control characters, too deep nesting.

    Values repeated by YAML's anchors are counted every time, so a small file cannot contain billions of them.
    """
    stack = [("", value, 0)]
    seen = 0
    while stack:
        where, part, depth = stack.pop()
        seen += 1
        key = f"'{where}'" if where else "the top level"
        if seen > MOST_VALUES or depth > DEEPEST:
            raise InputError(f"{source}: has more than {MOST_VALUES} values or {DEEPEST} levels, or refers to itself by YAML's anchors")
        if isinstance(part, dict):
            stack += [(f"{where}.{name}".lstrip(".")[:200], item, depth + 1) for name, item in part.items()]
            stack += [(where, name, depth + 1) for name in part]
        elif isinstance(part, list):
            stack += [(f"{where}.{index}", item, depth + 1) for index, item in enumerate(part)]
        elif isinstance(part, str):
            if any(unicodedata.category(character) in ("Cc", "Cs") for character in part):
                raise InputError(f"{source}: {key} has control characters in {part[:100]!r}")
        elif isinstance(part, float):
            if part and not SMALLEST < abs(part) < HUGE:  # true of NaN too
                raise InputError(f"{source}: {key} is {part}, but must be a finite number of a size between {SMALLEST} and {HUGE}, or 0")
        elif part is not None and not isinstance(part, bool) and not (isinstance(part, int) and abs(part) <= LARGEST):
            shown = f"a number of {part.bit_length()} bits" if isinstance(part, int) else f"of type {type(part).__name__}"
            raise InputError(f"{source}: {key} is {shown}, but must be text, true, false, null or a number of at most {LARGEST} if it is whole")


def check(value: Any, schema: dict[str, Any], source: str) -> Any:
    """A copy of value with the schema's defaults filled in; InputError names the source and the first bad key."""
    check_plain(value, source)
    value = copy.deepcopy(value)
    _fill(value, schema, schema)
    check_plain(value, source)
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
    """A value converted to its type in the schema: texts are parsed (nested values of snakemake's --config are texts), and 5.0 becomes 5."""
    if isinstance(value, list):
        return [_typed(item, schema.get("items", {})) for item in value]
    kinds = schema.get("type", "string")
    if isinstance(value, str) and "string" not in kinds:
        try:
            value = yaml.safe_load(value)
        except (yaml.YAMLError, ValueError, RecursionError):
            return value
    if isinstance(value, float):
        return int(value) if "integer" in kinds and value.is_integer() else value + 0.0  # -0.0 is 0.0
    return value
