"""A trained NequIP model as a Potential."""

import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.data import chemical_symbols
from ase.geometry import complete_cell
from nequip.data import AtomicDataDict, from_ase
from nequip.data.transforms import ChemicalSpeciesToAtomTypeMapper, NeighborListTransform
from nequip.integrations.ase import NequIPCalculator
from nequip.model.saved_models.load_utils import load_saved_model
from nequip.nn.compile import CompileGraphModel
from nequip.utils.dtype import dtype_to_name, torch_default_dtype
from nequip.utils.global_state import set_global_state

from nnip.jobs.errors import InputError
from nnip.potentials.base import Graph
from nnip.potentials.calculators import ShiftedCalculator
from nnip.potentials.filters import filter_ids
from nnip.potentials.neighbours import find_neighbours

# nequip's modules without paths in a flat tensor (filter_ids): (inputs, channels) or (types, channels); one number per channel
CHANNELS_LAST = ("ScalarLinearLayer", "Embedding")
CHANNELS_APART = ("BesselEdgeLengthEncoding", "PerTypeScaleShift")


def _owned(inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Copies that are no views of other tensors: code compiled for views is compiled again for others."""
    return {name: value.clone(memory_format=torch.contiguous_format) for name, value in inputs.items()}


class _Compiled(CompileGraphModel):
    """nequip's compiled model, which lists its weights once and not in every call: 3 % of a step of 30 replicas.

    The weights of a Potential are changed in place (nnip.landscape.weights), so the list stays right.
    """

    _listed: tuple[list[torch.Tensor], list[torch.Tensor]] | None = None

    def _get_weights_buffers(self) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        self._listed = self._listed or super()._get_weights_buffers()
        return self._listed


def load(model_file: Path, device: torch.device, energy_shift_eV_per_atom: float) -> "NequIPPotential":
    """The model of a nequip-train checkpoint, with its EMA weights if it has any.

    Loading sets torch's default dtype to float64, which NequIP uses outside the model, and seeds torch's global generator.
    """
    set_global_state()
    with warnings.catch_warnings():
        # some experiments train without rescaling
        warnings.filterwarnings("ignore", message="Found `per_type_energy_", category=UserWarning)
        module = load_saved_model(str(model_file))
    return NequIPPotential(module, device, energy_shift_eV_per_atom)


class NequIPPotential:
    """nnip.potentials.base.Potential of a NequIP model."""

    def __init__(self, module: torch.nn.Module, device: torch.device, energy_shift_eV_per_atom: float) -> None:
        self.module = module.to(device).eval().requires_grad_(False)
        self.device = device
        self.energy_shift_eV_per_atom = energy_shift_eV_per_atom
        self.cutoff_A = float(module.metadata["r_max"])
        self.type_names: list[str] = list(module.type_names)
        self._compiled: torch.nn.Module | None = None
        self._transforms = [ChemicalSpeciesToAtomTypeMapper(model_type_names=self.type_names), NeighborListTransform(r_max=self.cutoff_A)]

    def graph(self, frames: Sequence[Atoms]) -> Graph:
        """See Potential.graph; InputError for an element the model has not been trained for."""
        periodic = any(atoms.pbc.any() for atoms in frames)
        parts = []
        for atoms in frames:
            self._check_elements(atoms)
            bare = Atoms(atoms.numbers, atoms.positions, pbc=atoms.pbc)
            if atoms.pbc.any():
                bare.cell = complete_cell(atoms.cell)
            elif periodic:
                bare.cell = np.eye(3)  # no effect, but all frames of a batch need one
            data = from_ase(bare)
            for transform in self._transforms:
                data = transform(data)
            parts.append(data)
        batch = AtomicDataDict.batched_from_list(parts)
        keys = [AtomicDataDict.POSITIONS_KEY, AtomicDataDict.EDGE_INDEX_KEY, AtomicDataDict.ATOM_TYPE_KEY]
        keys += [AtomicDataDict.BATCH_KEY, AtomicDataDict.NUM_NODES_KEY]
        if periodic:
            keys += [AtomicDataDict.CELL_KEY, AtomicDataDict.EDGE_CELL_SHIFT_KEY]
        inputs = {key: batch[key].to(self.device) for key in keys}
        graph = Graph(inputs, n_atoms=inputs[AtomicDataDict.NUM_NODES_KEY], frame_of=inputs[AtomicDataDict.BATCH_KEY])
        graph.add_labels(frames)
        return graph

    def replicas(self, frame: Atoms, n: int) -> Graph:
        """See Potential.replicas."""
        self._check_elements(frame)
        types = torch.tensor([self.type_names.index(symbol) for symbol in frame.symbols], device=self.device)
        n_atoms = torch.full((n,), len(frame), device=self.device)
        frame_of = torch.arange(n, device=self.device).repeat_interleave(len(frame))
        inputs = {AtomicDataDict.ATOM_TYPE_KEY: types.repeat(n), AtomicDataDict.BATCH_KEY: frame_of, AtomicDataDict.NUM_NODES_KEY: n_atoms}
        graph = Graph(inputs, n_atoms=n_atoms, frame_of=frame_of, pbc=(bool(frame.pbc[0]), bool(frame.pbc[1]), bool(frame.pbc[2])))
        if frame.pbc.any():
            graph.cell_A = torch.tensor(complete_cell(frame.cell))
            inputs[AtomicDataDict.CELL_KEY] = graph.cell_A.to(self.device).expand(n, 3, 3).contiguous()
        self.set_positions(graph, torch.tensor(frame.positions, device=self.device).expand(n, -1, -1))
        return graph

    def set_positions(self, graph: Graph, positions_A: torch.Tensor) -> None:
        """See Potential.set_positions."""
        positions_A = positions_A.to(self.device, torch.float64)
        neighbours = find_neighbours(positions_A, self.cutoff_A, graph.cell_A, graph.pbc)
        graph.inputs[AtomicDataDict.POSITIONS_KEY] = positions_A.reshape(-1, 3)
        graph.inputs[AtomicDataDict.EDGE_INDEX_KEY] = neighbours.edge_index
        if graph.cell_A is not None:
            graph.inputs[AtomicDataDict.EDGE_CELL_SHIFT_KEY] = neighbours.cell_shifts.double()

    @property
    def not_compiled(self) -> str | None:
        """See Potential.not_compiled."""
        from torch._inductor.cpp_builder import get_cpp_compiler
        from torch._inductor.exc import InvalidCxxCompiler

        if self.device.type == "cuda":
            return None if find_spec("triton") else "the package triton is not installed"
        try:
            get_cpp_compiler()
        except InvalidCxxCompiler:
            return "there is no C++ compiler (g++, or the one that CXX names)"
        return None

    def compile(self, graph: Graph) -> None:
        """See Potential.compile: nequip's own compiled model around the same modules, whose weights are inputs of the compiled code."""
        from torch._inductor import config as inductor

        config = {"model_dtype": dtype_to_name(self.module.model_dtype), "type_names": self.type_names, "r_max": self.cutoff_A}
        with torch_default_dtype(self.module.model_dtype):
            compiled = _Compiled(self.module.model, config).eval()
        inductor.compile_threads = 1  # as a job has one core
        compiled(_owned(graph.inputs))
        self._compiled = compiled

    def energies_forces(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor]:
        """See Potential.energies_forces."""
        out = self._compiled(_owned(graph.inputs)) if self._compiled else self.module(graph.inputs)
        energies = out[AtomicDataDict.TOTAL_ENERGY_KEY].detach()[:, 0].double()
        return energies + self.energy_shift_eV_per_atom * graph.n_atoms, out[AtomicDataDict.FORCE_KEY].detach().double()

    def energies_forces_stress(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """See Potential.energies_forces_stress; NequIP computes the stress of every frame with a cell."""
        out = self.module(graph.inputs)
        energies = out[AtomicDataDict.TOTAL_ENERGY_KEY].detach()[:, 0].double() + self.energy_shift_eV_per_atom * graph.n_atoms
        stresses = out[AtomicDataDict.STRESS_KEY].detach().double()
        if AtomicDataDict.CELL_KEY not in graph.inputs:
            stresses = torch.full((len(energies), 3, 3), torch.nan, dtype=torch.float64, device=self.device)
        return energies, out[AtomicDataDict.FORCE_KEY].detach().double(), graph.where_periodic(stresses)

    def differentiable_energies_forces(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor]:
        """See Potential.differentiable_energies_forces. NequIP keeps the graph of the forces only in training mode."""
        self.module.train()
        try:
            out = self.module(graph.inputs)
        finally:
            self.module.eval()
        energies = out[AtomicDataDict.TOTAL_ENERGY_KEY][:, 0].double()
        return energies + self.energy_shift_eV_per_atom * graph.n_atoms, out[AtomicDataDict.FORCE_KEY].double()

    def node_features(self, graph: Graph) -> torch.Tensor:
        """See Potential.node_features: the scalars among the node features after the last layer."""
        features = self.module(graph.inputs)[AtomicDataDict.NODE_FEATURES_KEY].detach().double()
        irreps = self.module.irreps_out[AtomicDataDict.NODE_FEATURES_KEY]
        return torch.cat([features[:, part] for part, (_, irrep) in zip(irreps.slices(), irreps, strict=True) if irrep.is_scalar()], dim=1)

    def filters(self) -> dict[str, torch.Tensor]:
        """See Potential.filters."""
        return filter_ids(self.module, CHANNELS_LAST, CHANNELS_APART)

    def calculator(self) -> Calculator:
        """NequIPCalculator of this module: a calculation uses its weights at that time."""
        return ShiftedCalculator(NequIPCalculator(self.module, self.device, transforms=self._transforms), self.energy_shift_eV_per_atom)

    def _check_elements(self, atoms: Atoms) -> None:
        if unknown := set(atoms.symbols) - set(self.type_names):
            names = ", ".join(sorted(unknown, key=chemical_symbols.index))
            raise InputError(f"{atoms.symbols}: the model knows {', '.join(self.type_names)}, not {names}")
