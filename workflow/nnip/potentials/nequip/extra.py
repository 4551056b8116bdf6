"""Options of NequIP from the model table's `extra`, added to the config of a training; unknown options are refused."""

import inspect
from typing import Any

import hydra.utils

from nnip.jobs.errors import InputError


def override(config: dict[str, Any], dotted_key: str, value: Any) -> None:
    """Set one value of the config; list items are addressed by index, and one may be appended.

    InputError for a key that NequIP does not know; those that the study sets are refused before (choices.problem).
    """
    *parents, last = dotted_key.split(".")
    node: Any = config
    for part in parents:
        known = list(map(str, range(len(node)))) if isinstance(node, list) else list(node)
        if part not in known:
            raise InputError(f"'extra': NequIP's config has no '{dotted_key}': '{part}' is not one of {', '.join(known)}")
        node = node[int(part)] if isinstance(node, list) else node[part]
        if not isinstance(node, (dict, list)):
            raise InputError(f"'extra': NequIP's config has no '{dotted_key}': '{part}' is a value, not a block")
    if isinstance(node, list):
        if last not in map(str, range(len(node) + 1)):
            raise InputError(f"'extra': '{dotted_key}' names no item of a list of {len(node)}, nor the next one")
        node[int(last) : int(last) + 1] = [value]
        return
    arguments = _arguments(node)
    if last not in node and arguments is not None and last not in arguments:
        raise InputError(f"'extra': NequIP has no '{dotted_key}'; there are {', '.join(sorted(arguments))}")
    node[last] = value


def _arguments(node: dict[str, Any]) -> set[str] | None:
    """The allowed keys of a block of the config: the arguments of its class; None if they cannot be known."""
    if "_target_" not in node:
        return set(node)
    target = hydra.utils.get_object(node["_target_"])
    signatures = [inspect.signature(target)]
    if str(node["_target_"]).startswith("nequip.model."):
        signatures.append(inspect.signature(hydra.utils.get_object("nequip.model.FullNequIPGNNModel")))
    elif any(parameter.kind is parameter.VAR_KEYWORD for parameter in signatures[0].parameters.values()):
        return None
    return {"_target_", *(name for signature in signatures for name in signature.parameters)}
