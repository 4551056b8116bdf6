"""Weights that do not move while the others are displaced."""

import re

import torch

from nnip.jobs.errors import InputError


def frozen_parameters(module: torch.nn.Module, pattern: str) -> list[str]:
    """The parameters whose names (named_parameters) match a regular expression; InputError if none or all of them match."""
    names = [name for name, _ in module.named_parameters()]
    matches = [name for name in names if re.search(pattern, name)]
    if len(matches) in (0, len(names)):
        what = "all parameters, so nothing would move" if matches else "no parameter"
        raise InputError(f"'landscape.frozen': '{pattern}' matches {what}; this model's parameters are {', '.join(names)}")
    return matches


def frozen_weights(module: torch.nn.Module, parameters: list[str]) -> torch.Tensor:
    """Whether each weight of the vector belongs to one of these parameters, bool [n_weights] on the CPU."""
    return torch.cat([torch.full((parameter.numel(),), name in parameters) for name, parameter in module.named_parameters()])
