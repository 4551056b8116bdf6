"""Options of the config as JSON schema: type, default, unit (x-unit) and meaning, one call per option. An option without a default is required."""

from typing import Any

REQUIRED = object()  # as a default: the option must be given


def _option(kind: str | None, default: Any, help: str, unit: str, limits: dict[str, Any]) -> dict[str, Any]:
    nullable = limits.pop("nullable", default is None)
    schema: dict[str, Any] = {"type": [kind, "null"] if nullable else kind} if kind else {}
    schema |= limits
    if default is not REQUIRED:
        schema["default"] = default
    return schema | ({"x-unit": unit} if unit else {}) | {"description": help}


def integer(default: Any, help: str, unit: str = "", **limits: Any) -> dict[str, Any]:
    """A whole number; limits: minimum, maximum etc. of JSON schema. The default None, or nullable=True, allows null."""
    return _option("integer", default, help, unit, limits)


def number(default: Any, help: str, unit: str = "", **limits: Any) -> dict[str, Any]:
    """A real number; limits and None as for integer."""
    return _option("number", default, help, unit, limits)


def switch(default: Any, help: str) -> dict[str, Any]:
    """true or false."""
    return _option("boolean", default, help, "", {})


def word(default: Any, help: str, **limits: Any) -> dict[str, Any]:
    """A text; limits: pattern, maxLength."""
    return _option("string", default, help, "", limits)


def choice(default: Any, help: str, values: list[Any]) -> dict[str, Any]:
    """One of some values."""
    return _option(None, default, help, "", {"enum": values})


def many(default: Any, help: str, items: dict[str, Any], unit: str = "", minimum: int = 1) -> dict[str, Any]:
    """A list of different values; items: the schema of each; minimum: smallest number of values."""
    limits: dict[str, Any] = {"items": items, "uniqueItems": True}
    return _option("array", default, help, unit, limits | ({"minItems": minimum} if minimum else {}))


def mapping(default: Any, help: str, values: dict[str, Any], **limits: Any) -> dict[str, Any]:
    """A mapping of names to values; values: the schema of a value; limits: propertyNames, minProperties."""
    return _option("object", default, help, "", {"additionalProperties": values} | limits)


def block(options: dict[str, dict[str, Any]], help: str, default: Any = "on") -> dict[str, Any]:
    """A block of options. default: "on" = the block with its defaults; None = off unless it is given."""
    required = [name for name, option in options.items() if "default" not in option]
    schema = _option("object", {} if default == "on" else default, help, "", {"additionalProperties": False})
    return schema | ({"required": required} if required else {}) | {"properties": options}


# of the measurements of the training loss
FRAMES_OF_LOSS = {
    "split": word("train", "Frames the loss is taken over: train, val or test_<name>."),
    "n_frames": integer(20, "Frames of the split, at most.", "frames", minimum=1),
    "frames_per_batch": integer(10, "Frames evaluated at once; bounds the memory.", "frames", minimum=1),
}
