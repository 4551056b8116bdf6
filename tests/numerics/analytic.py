"""A potential with known physics behind the study's framework interface: a molecule held together by Morse bonds, forces by autograd."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.build import molecule
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.singlepoint import SinglePointCalculator
from ase.neighborlist import natural_cutoffs, neighbor_list

from nnip.data.start import choose_start
from nnip.potentials.base import Graph
from nnip.study.manifest import Stopwatch, write_manifest

# of a run; it borrows the name of a framework, whose parts of a model the weights are sorted into
SETTINGS = {"framework": "nequip", "model": "ethanol", "training_set": "all", "n_train": 7, "noise": 0.0, "seed": 1, "root_seed": 1, "device": "cpu"}
SETTINGS["hyperparameters"] = {"energy_weight": 1.0, "forces_weight": 100.0}


class MorseNetwork(torch.nn.Module):
    """Morse terms between all pairs of atoms, 4 eV deep for bonds and 0.2 eV for the rest, around the distances of a reference frame.

    depth [pairs], shape [2, pairs] (inverse widths and distances) and anharmonic [2, 2, 3] (kind of pair, power 3 or 4, factor) can be displaced.
    """

    def __init__(self, frame: Atoms) -> None:
        super().__init__()
        first, second = np.triu_indices(len(frame), 1)
        i, j = neighbor_list("ij", frame, natural_cutoffs(frame, mult=1.3))
        bonded = torch.tensor([(a, b) in set(zip(i, j, strict=True)) for a, b in zip(first, second, strict=True)])
        self.register_buffer("pairs", torch.tensor(np.stack((first, second))))
        self.register_buffer("kind", (~bonded).long())
        distances = torch.tensor(frame.get_all_distances()[first, second])
        self.depth = torch.nn.Parameter(torch.where(bonded, 4.0, 0.2).double())
        self.shape = torch.nn.Parameter(torch.stack((torch.where(bonded, 2.0, 1.0).double(), distances)))
        random = np.random.default_rng(5).uniform(0.01, 0.03, (2, 2, 3))
        self.anharmonic = torch.nn.Parameter(torch.tensor(random))

    def forward(self, positions: torch.Tensor) -> torch.Tensor:
        """Energies [n] in eV of positions [n, n_atoms, 3] in Å."""
        distances = (positions[:, self.pairs[0]] - positions[:, self.pairs[1]]).norm(dim=-1)
        stretch = distances - self.shape[1]
        morse = self.depth * (1 - torch.exp(-self.shape[0] * stretch)).pow(2)
        factors = self.anharmonic.sum(dim=2)[self.kind]
        bounded = torch.tanh(stretch)
        return (morse + factors[:, 0] * bounded.pow(3) + factors[:, 1] * bounded.pow(4)).sum(dim=1)


class MorsePotential:
    """nnip.potentials.base.Potential of a MorseNetwork; all frames are of its one molecule."""

    cutoff_A = np.inf
    device = torch.device("cpu")

    def __init__(self, frame: Atoms, energy_shift_eV_per_atom: float = 0.0) -> None:
        self.module = MorseNetwork(frame).requires_grad_(False)
        self.energy_shift_eV_per_atom = energy_shift_eV_per_atom

    def graph(self, frames: Sequence[Atoms]) -> Graph:
        graph = self.replicas(frames[0], len(frames))
        self.set_positions(graph, torch.tensor(np.array([frame.positions for frame in frames])))
        graph.add_labels(frames)
        return graph

    def replicas(self, frame: Atoms, n: int) -> Graph:
        positions = torch.tensor(frame.positions).repeat(n, 1, 1)
        return Graph({"positions": positions}, torch.full((n,), len(frame)), torch.arange(n).repeat_interleave(len(frame)))

    def set_positions(self, graph: Graph, positions_A: torch.Tensor) -> None:
        graph.inputs["positions"] = positions_A

    def energies_forces(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor]:
        energies, forces = self.differentiable_energies_forces(graph)
        return energies.detach(), forces.detach()

    def differentiable_energies_forces(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor]:
        positions = graph.inputs["positions"].detach().clone().requires_grad_(True)
        energies = self.module(positions)
        (gradient,) = torch.autograd.grad(energies.sum(), positions, create_graph=True)
        return energies + self.energy_shift_eV_per_atom * graph.n_atoms, -gradient.reshape(-1, 3)

    def node_features(self, graph: Graph) -> torch.Tensor:
        """Made up: of each atom, the sums of its inverse distances and of their squares."""
        positions = graph.inputs["positions"]
        distances = (positions[:, :, None] - positions[:, None]).norm(dim=-1)
        inverse = torch.where(distances > 0, 1 / distances, 0.0)
        return torch.stack((inverse.sum(dim=-1), inverse.pow(2).sum(dim=-1)), dim=-1).reshape(-1, 2)

    def filters(self) -> dict[str, torch.Tensor]:
        """Made up: pairs of neighbouring numbers in depth, columns of shape, the last axis of anharmonic."""
        sizes = {name: parameter.numel() for name, parameter in self.module.named_parameters()}
        n_pairs = sizes["depth"]
        return {
            "depth": torch.arange(n_pairs) // 2,
            "shape": torch.arange(n_pairs).expand(2, -1).contiguous(),
            "anharmonic": torch.arange(4).view(2, 2, 1).expand(2, 2, 3).contiguous(),
        }

    def calculator(self) -> Calculator:
        return MorseCalculator(self)


class MorseCalculator(Calculator):
    implemented_properties = ("energy", "forces")

    def __init__(self, potential: MorsePotential) -> None:
        super().__init__()
        self.potential = potential

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        energies, forces = self.potential.energies_forces(self.potential.graph([atoms.copy()]))
        self.results = {"energy": float(energies), "forces": forces.numpy()}


def ethanol() -> Atoms:
    return molecule("CH3CH2OH")


def labelled(potential: MorsePotential, n: int, seed: int) -> list[Atoms]:
    """n displaced frames with this potential's own energies and forces as labels."""
    random = np.random.default_rng(seed)
    frames = []
    for _ in range(n):
        frame = ethanol()
        frame.positions += random.normal(0, 0.05, frame.positions.shape)
        frame.calc = potential.calculator()
        frame.calc = SinglePointCalculator(frame, energy=frame.get_potential_energy(), forces=frame.get_forces())
        frame.info["origin"] = f"made of seed {seed} frame {len(frames)}"
        frames.append(frame)
    return frames


def write_start(frames: str | os.PathLike[str], directory: str | os.PathLike[str]) -> Path:
    """The file of the start frame that the workflow would choose of a file of frames; any bond of theirs may be that long."""
    choose_start(None, {"max_bond_A": 10.0, "min_distance_A": None}, [frames], {}, directory)
    return Path(directory) / "start.xyz"


def write_training(directory: str | os.PathLike[str], status: str = "ok", reason: str | None = None, **more: Any) -> None:
    """The manifest of a training of SETTINGS that ended so."""
    write_manifest(f"{directory}/manifest.json", "train", SETTINGS, {}, "cpu", Stopwatch(), status=status, reason=reason, **more)
