"""The weights of a module as one vector that can be displaced and is restored exactly."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def weight_vector(module: torch.nn.Module) -> torch.Tensor:
    """All parameters in the order of named_parameters, float64 [n_weights] on the CPU."""
    return torch.cat([parameter.detach().double().cpu().reshape(-1) for parameter in module.parameters()])


@contextmanager
def trainable(module: torch.nn.Module) -> Iterator[list[torch.nn.Parameter]]:
    """The module's parameters, which all require gradients within the block; requires_grad is restored afterwards."""
    parameters = list(module.parameters())
    before = [parameter.requires_grad for parameter in parameters]
    try:
        yield [parameter.requires_grad_(True) for parameter in parameters]
    finally:
        for parameter, required in zip(parameters, before, strict=True):
            parameter.requires_grad_(required)


class Weights:
    """The weights of a module while they are displaced."""

    def __init__(self, module: torch.nn.Module) -> None:
        self.parameters = list(module.parameters())
        self.start = [parameter.detach().clone() for parameter in self.parameters]

    @torch.no_grad()
    def displace(self, displacement: torch.Tensor) -> None:
        """Set the weights to their start plus a displacement, float64 [n_weights]; the sum is rounded once, to the weights' own type."""
        parts = displacement.split([parameter.numel() for parameter in self.parameters])
        for parameter, start, part in zip(self.parameters, self.start, parts, strict=True):
            parameter.copy_(start.double() + part.to(start.device).view(start.shape))

    @torch.no_grad()
    def restore(self) -> None:
        """Restore the weights; RuntimeError if they are not equal to the start, bit for bit."""
        for parameter, start in zip(self.parameters, self.start, strict=True):
            parameter.copy_(start)
            if not torch.equal(parameter, start):
                raise RuntimeError("the weights could not be restored to what they were before the scan")


@contextmanager
def displaced(module: torch.nn.Module) -> Iterator[Weights]:
    """The module's weights, which the block may displace; restored when the block ends, also by an exception."""
    weights = Weights(module)
    try:
        yield weights
    finally:
        weights.restore()
