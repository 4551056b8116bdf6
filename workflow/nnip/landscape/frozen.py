"""Which weights stay as they are while the others are displaced."""

import re

import torch

from nnip.jobs.errors import InputError


def frozen_parameters(module: torch.nn.Module, pattern: str) -> list[str]:
    """The parameters in whose names (named_parameters) a regular expression is found; InputError if it is none of them, or all."""
    names = [name for name, _ in module.named_parameters()]
    found = [name for name in names if re.search(pattern, name)]
    if len(found) in (0, len(names)):
        what = "all parameters, so nothing would move" if found else "no parameter"
        raise InputError(f"'landscape.frozen': '{pattern}' matches {what}; this model's parameters are {', '.join(names)}")
    return found


def frozen_weights(module: torch.nn.Module, parameters: list[str]) -> torch.Tensor:
    """Whether each weight of the vector is one of these parameters', bool [n_weights] on the CPU."""
    return torch.cat([torch.full((parameter.numel(),), name in parameters) for name, parameter in module.named_parameters()])
