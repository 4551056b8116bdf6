"""The training loss as a function of the weights, with its derivatives; the same loss for all frameworks.

L(theta) = w_E mean_i ((E_i - E_i^ref) / n_i)^2 + w_F mean |F - F^ref|^2, the second mean over all force components; i counts frames, n_i atoms.
Energies are in eV and forces in eV/Å; w_E and w_F are the energy_weight and forces_weight of a model. MACE's weighted loss is L, NequIP's is
L / (w_E + w_F); derivatives of the frameworks' own losses would differ by that factor.

L is half the squared norm of the outputs r. These are scaled deviations from the labels: sqrt(2 w_E / n_frames) (E_i - E_i^ref) / n_i for all
frames, and sqrt(2 w_F / n_components) (F - F^ref) for all force components. With J = dr/dtheta the gradient is J^T r, and G = J^T J is the
Gauss-Newton part of the Hessian. For probes z of independent random signs, the mean of |J^T z|^2 is tr G (Hutchinson's estimator).
"""

import math
from collections.abc import Callable

import torch

from nnip.jobs.errors import InputError
from nnip.landscape.weights import trainable
from nnip.potentials.base import Graph
from nnip.potentials.evaluation import Batches


class TrainingLoss:
    """L over the labelled frames of batches, weighted by energy_weight (w_E) and forces_weight (w_F).

    Vectors in weight space are float64 [n_weights] in the order of weight_vector, on the CPU. Sums over batches are in float64; the derivatives
    of a batch are computed in the weights' own type. Predictions that are not finite give results that are not finite. The weights are not changed.
    InputError if the frames lack a label that has a weight.
    """

    def __init__(self, batches: Batches, energy_weight: float, forces_weight: float) -> None:
        self.batches = batches
        self.energy_weight = energy_weight
        self.forces_weight = forces_weight
        self.n_frames = len(batches.frames)
        self.n_outputs = self.n_frames + 3 * sum(map(len, batches.frames))
        self._energy_scale = math.sqrt(2 * energy_weight / self.n_frames)
        self._force_scale = math.sqrt(2 * forces_weight / (self.n_outputs - self.n_frames))

    def value(self) -> float:
        """L, with w_E times eV^2 per atom^2 and w_F times eV^2/Å^2; costs one pass of energies and forces."""
        return float(self.outputs().pow(2).sum()) / 2

    def outputs(self) -> torch.Tensor:
        """r, float64 [n_outputs] on the CPU: energies of all frames, then all force components; costs one pass of energies and forces."""
        potential = self.batches.potential

        def work(graphs: list[Graph]) -> torch.Tensor:
            outputs = torch.empty(self.n_outputs, dtype=torch.float64)
            for graph, rows in zip(graphs, self._rows(graphs), strict=True):
                outputs[rows] = self._outputs(graph, *potential.energies_forces(graph)).cpu()
            return outputs

        return self.batches.use(work)

    def of_frames(self, outputs: torch.Tensor) -> torch.Tensor:
        """Shares of the frames in |v|^2 / 2, times n_frames, float64 [n_frames], of a vector v in the order of outputs().

        Their mean is L if v is outputs(). All frames have equal weight in the energy part, all force components in the force part.
        """
        n_components = torch.tensor([3 * len(frame) for frame in self.batches.frames])
        frame_of = torch.cat([torch.arange(self.n_frames), torch.arange(self.n_frames).repeat_interleave(n_components)])
        return torch.zeros(self.n_frames, dtype=torch.float64).index_add_(0, frame_of, outputs.pow(2)) * self.n_frames / 2

    def part(self, first: int, last: int) -> "TrainingLoss":
        """The mean of the shares of frames first to last - 1 (of_frames), as a loss of its own; L is the mean over parts of one size."""
        frames = self.batches.frames[first:last]
        n_components = self.n_outputs - self.n_frames
        weight = self.forces_weight * 3 * sum(map(len, frames)) / n_components * self.n_frames / len(frames)
        return TrainingLoss(Batches(self.batches.potential, frames, self.batches.frames_per_batch), self.energy_weight, weight)

    def gradient(self) -> torch.Tensor:
        """dL/dtheta; costs one gradient through energies and forces."""
        return self._sum(lambda outputs, parameters, _: _gradient(outputs.pow(2).sum() / 2, parameters))

    def hessian_product(self, vector: torch.Tensor) -> torch.Tensor:
        """H v for a vector v in weight space, H = d2L/dtheta2; costs the gradient of gradient . v."""

        def product(outputs: torch.Tensor, parameters: list[torch.nn.Parameter], rows: torch.Tensor) -> torch.Tensor:  # noqa: ARG001
            gradient = _gradient(outputs.pow(2).sum() / 2, parameters, differentiable=True)
            return _gradient(gradient @ vector.to(gradient), parameters)

        return self._sum(product)

    def output_gradient(self, probe: torch.Tensor) -> torch.Tensor:
        """J^T z for a probe z, float64 [n_outputs] in the order of outputs(); costs one gradient through energies and forces."""
        return self._sum(lambda outputs, parameters, rows: _gradient(outputs @ probe[rows].to(outputs), parameters))

    def _sum(self, of_graph: Callable[[torch.Tensor, list[torch.nn.Parameter], torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """The sum over graphs of a vector in weight space, computed from a graph's outputs, the parameters and the outputs' places in r."""
        potential = self.batches.potential

        def work(graphs: list[Graph]) -> torch.Tensor:
            with trainable(potential.module) as parameters:
                total = torch.zeros(sum(parameter.numel() for parameter in parameters), dtype=torch.float64)
                for graph, rows in zip(graphs, self._rows(graphs), strict=True):
                    outputs = self._outputs(graph, *potential.differentiable_energies_forces(graph))
                    total += of_graph(outputs, parameters, rows).detach().cpu()
            return total

        return self.batches.use(work)

    def _outputs(self, graph: Graph, energies: torch.Tensor, forces: torch.Tensor) -> torch.Tensor:
        """r of one graph, in the order of _rows."""
        of_energies = self._energy_scale * (energies - self._labels(graph.energies_eV, self._energy_scale, "energy")) / graph.n_atoms
        of_forces = self._force_scale * (forces - self._labels(graph.forces_eV_per_A, self._force_scale, "forces"))
        return torch.cat([of_energies, of_forces.reshape(-1)])

    def _labels(self, labels: torch.Tensor | None, scale: float, label: str) -> torch.Tensor:
        """The labels, which must be there if they have a weight."""
        if labels is None and scale:
            raise InputError(f"the loss has a weight on the label '{label}', which the frames lack: choose a split with it")
        return torch.zeros((), device=self.batches.potential.device) if labels is None else labels

    def _rows(self, graphs: list[Graph]) -> list[torch.Tensor]:
        """The places of each graph's outputs in r, int64 on the CPU."""
        rows, frame, component = [], 0, self.n_frames
        for graph in graphs:
            n_frames, n_components = len(graph.n_atoms), 3 * len(graph.frame_of)
            rows.append(torch.cat([torch.arange(frame, frame + n_frames), torch.arange(component, component + n_components)]))
            frame, component = frame + n_frames, component + n_components
        return rows


def _gradient(scalar: torch.Tensor, parameters: list[torch.nn.Parameter], differentiable: bool = False) -> torch.Tensor:
    """The gradient of a scalar by the parameters as one vector, float64 [n_weights] on their device; zero where it does not depend on them."""
    parts = torch.autograd.grad(scalar, parameters, create_graph=differentiable, allow_unused=True, materialize_grads=True)
    return torch.cat([part.double().reshape(-1) for part in parts])
