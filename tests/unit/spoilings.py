"""Values that a key of a schema must not have, and documents spoilt with them."""

import copy

from hostile import NO_NUMBERS, NO_VALUES, endless, laughs


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
