"""Which entries of a parameter form one filter: the weights of one output channel.

Li et al., Visualizing the loss landscape of neural nets (2018), scale a random direction filter by filter. e3nn keeps the weights of several
paths in one flat tensor; slices along its first axis would be single numbers, and its weight_views separate the paths and channels.
"""

from collections.abc import Sequence

import torch

from nnip.jobs.errors import InputError


def filter_ids(module: torch.nn.Module, channels_last: Sequence[str], channels_apart: Sequence[str]) -> dict[str, torch.Tensor]:
    """For each parameter (its name in named_parameters) an int64 tensor of its shape, on the CPU: entries with the same id form one filter.

    A parameter's ids are 0, 1, ... without gaps. In flat e3nn weights a filter is one path into one output channel. A framework lists the classes
    of its other modules. Parameters of channels_last are summed over their last but one axis: (inputs, channels), (elements, paths, channels).
    Each number in a parameter of channels_apart acts on its own channel: Bessel frequencies, energy scales and shifts.
    InputError for a parameter of a module in neither list: a guess would silently scale directions wrongly.
    """
    ids = {}
    for name, parameter in module.named_parameters():
        owner = module.get_submodule(name.rpartition(".")[0])
        if isinstance(owner, torch.nn.ParameterList):
            owner = module.get_submodule(name.rpartition(".")[0].rpartition(".")[0])
        shape, kind = parameter.shape, type(owner).__name__
        if hasattr(owner, "weight_views") and name.endswith(".weight"):
            ids[name] = _flat_ids(owner, parameter, name)
        elif kind in channels_apart:
            ids[name] = torch.arange(parameter.numel()).view(shape)
        elif kind in channels_last and len(shape) >= 2:
            channels = torch.arange(shape[:-2].numel() * shape[-1])
            ids[name] = channels.view(*shape[:-2], 1, shape[-1]).expand(shape).contiguous()
        else:
            raise InputError(f"parameter '{name}' {tuple(shape)} of a {kind}: no rule says what its filters are (its framework's potential.py)")
    return ids


def _flat_ids(owner: torch.nn.Module, parameter: torch.Tensor, name: str) -> torch.Tensor:
    ids = torch.full(parameter.shape, -1)
    n_filters = 0
    # views of a tensor of its own indices give the place of each path's weights; float64 is exact up to 2^53
    for view in owner.weight_views(torch.arange(parameter.numel(), dtype=torch.float64)):
        path = view.reshape(-1, view.shape[-1]).long()
        ids[path] = (torch.arange(view.shape[-1]) + n_filters).expand(path.shape)
        n_filters += view.shape[-1]
    if (ids < 0).any():
        raise InputError(f"parameter '{name}': its weight_views leave {int((ids < 0).sum())} of {ids.numel()} numbers out")
    return ids
