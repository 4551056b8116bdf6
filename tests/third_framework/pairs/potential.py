"""A trained Pairs model behind the framework interface."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from nnip.jobs.errors import InputError
from nnip.potentials.base import Graph
from nnip.potentials.filters import filter_ids
from nnip.potentials.neighbours import find_neighbours
from nnip.potentials.pairs.network import PairNetwork


def load(model_file: Path, device: torch.device, energy_shift_eV_per_atom: float) -> "PairsPotential":
    """The model that nnip.potentials.pairs.fit saved."""
    saved = torch.load(model_file, map_location=device, weights_only=True)
    module = PairNetwork(saved["numbers"], saved["cutoff_A"], *saved["factors"].shape[:1], saved["factors"].dtype)
    module.factors.data.copy_(saved["factors"])
    return PairsPotential(module, device, energy_shift_eV_per_atom)


class PairsPotential:
    """nnip.potentials.base.Potential of a PairNetwork."""

    not_compiled = "there is little to compile"

    def __init__(self, module: PairNetwork, device: torch.device, energy_shift_eV_per_atom: float) -> None:
        self.module = module.to(device).requires_grad_(False)
        self.device = device
        self.cutoff_A = module.cutoff_A
        self.energy_shift_eV_per_atom = energy_shift_eV_per_atom

    def graph(self, frames: Sequence[Atoms]) -> Graph:
        parts = [self.replicas(frame, 1) for frame in frames]
        n_atoms = torch.cat([part.n_atoms for part in parts])
        starts = n_atoms.cumsum(0) - n_atoms
        inputs = {name: torch.cat([part.inputs[name] for part in parts]) for name in ("positions", "types", "shifts", "volumes")}
        inputs["edge_index"] = torch.cat([part.inputs["edge_index"] + start for part, start in zip(parts, starts, strict=True)], dim=1)
        graph = Graph(inputs, n_atoms, torch.arange(len(frames), device=self.device).repeat_interleave(n_atoms))
        graph.add_labels(frames)
        return graph

    def replicas(self, frame: Atoms, n: int) -> Graph:
        if unknown := set(frame.numbers) - set(self.module.numbers):
            raise InputError(f"{frame.symbols}: the model does not know {unknown}")
        types = torch.tensor([self.module.numbers.index(number) for number in frame.numbers], device=self.device)
        frame_of = torch.arange(n, device=self.device).repeat_interleave(len(frame))
        volumes = torch.full((n,), frame.cell.volume, dtype=torch.float64, device=self.device)
        graph = Graph({"types": types.repeat(n), "volumes": volumes}, torch.full((n,), len(frame), device=self.device), frame_of)
        graph.pbc = (bool(frame.pbc[0]), bool(frame.pbc[1]), bool(frame.pbc[2]))
        if frame.pbc.any():
            graph.cell_A = torch.tensor(frame.cell.array)
        self.set_positions(graph, torch.tensor(frame.positions, device=self.device).expand(n, -1, -1))
        return graph

    def set_positions(self, graph: Graph, positions_A: torch.Tensor) -> None:
        neighbours = find_neighbours(positions_A, self.cutoff_A, graph.cell_A, graph.pbc)
        dtype = self.module.factors.dtype
        graph.inputs |= {
            "positions": positions_A.reshape(-1, 3).to(dtype),
            "edge_index": neighbours.edge_index,
            "shifts": neighbours.shifts_A.to(dtype),
        }

    def energies_forces(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor]:
        energies, forces = self.differentiable_energies_forces(graph)
        return energies.detach(), forces.detach()

    def energies_forces_stress(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        positions, shifts, edge_index = (graph.inputs[name] for name in ("positions", "shifts", "edge_index"))
        strain = torch.zeros(len(graph.n_atoms), 3, 3, dtype=positions.dtype, device=self.device, requires_grad=True)
        moved = (
            vectors + torch.einsum("ni,nij->nj", vectors, strain[frame])
            for vectors, frame in ((positions, graph.frame_of), (shifts, graph.frame_of[edge_index[0]]))
        )
        of_atoms = self.module(next(moved), graph.inputs["types"], edge_index, next(moved))
        (virials,) = torch.autograd.grad(of_atoms.sum(), strain)
        return *self.energies_forces(graph), graph.where_periodic(virials.double() / graph.inputs["volumes"][:, None, None])

    def differentiable_energies_forces(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor]:
        positions = graph.inputs["positions"].detach().requires_grad_(True)
        of_atoms = self.module(positions, *(graph.inputs[name] for name in ("types", "edge_index", "shifts"))).double()
        (gradient,) = torch.autograd.grad(of_atoms.sum(), positions, create_graph=True)
        energies = self.energy_shift_eV_per_atom * graph.n_atoms.double()
        return energies.index_add(0, graph.frame_of, of_atoms), -gradient.double()

    def node_features(self, graph: Graph) -> torch.Tensor:
        """The atoms' energies."""
        return self.module(*(graph.inputs[name] for name in ("positions", "types", "edge_index", "shifts"))).detach().double()[:, None]

    def filters(self) -> dict[str, torch.Tensor]:
        return filter_ids(self.module, channels_last=("PairNetwork",), channels_apart=())

    def calculator(self) -> Calculator:
        return PairsCalculator(self)


class PairsCalculator(Calculator):
    implemented_properties = ("energy", "forces", "stress")

    def __init__(self, potential: PairsPotential) -> None:
        super().__init__()
        self.potential = potential

    def calculate(self, atoms: Atoms | None = None, properties: Sequence[str] = ("energy",), system_changes: Any = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        energies, forces, stresses = self.potential.energies_forces_stress(self.potential.graph([self.atoms.copy()]))
        self.results = {"energy": float(energies), "forces": forces.cpu().numpy()}
        if self.atoms.pbc.all():
            self.results["stress"] = full_3x3_to_voigt_6_stress(stresses[0].cpu().numpy())
