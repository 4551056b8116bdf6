"""A trained MACE model as a Potential."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import nnip.potentials.mace.quiet  # noqa: F401

# isort: split
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.data import chemical_symbols
from ase.geometry import complete_cell
from mace.calculators import MACECalculator
from mace.data import AtomicData, config_from_atoms
from mace.tools import AtomicNumberTable
from mace.tools.torch_geometric.batch import Batch
from mace.tools.torch_tools import default_dtype

from nnip.jobs.errors import InputError
from nnip.potentials.base import Graph
from nnip.potentials.calculators import ShiftedCalculator
from nnip.potentials.filters import filter_ids
from nnip.potentials.mace.kernels import Kernels, without_kernels
from nnip.potentials.mace.slabs import turned
from nnip.potentials.neighbours import Neighbours, find_neighbours
from nnip.study.labels import CHARGE_AND_SPIN

# all inputs of the model for energies and forces
INPUTS = ("positions", "node_attrs", "edge_index", "shifts", "cell", "batch", "ptr", "head")
BLOCK = 16
# mace's modules without paths in a flat tensor (filter_ids): (inputs, channels) or (elements, paths, channels); one number per channel
CHANNELS_LAST = ("_Layer", "Contraction")
CHANNELS_APART = ("BesselBasis",)


def load(model_file: Path, device: torch.device, energy_shift_eV_per_atom: float) -> "MACEPotential":
    """The module that mace_run_train saved."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*TorchScript.*|.*TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD.*")
        module = torch.load(model_file, map_location=device, weights_only=False)
    return MACEPotential(module, device, energy_shift_eV_per_atom)


def fill_blocks(neighbours: Neighbours, n: int, n_atoms: int, far_A: float) -> tuple[torch.Tensor, torch.Tensor]:
    """edge_index [2, m] and shifts_A float64 [m, 3], the pairs of each of n copies padded to whole BLOCKs with distant pairs that add zero.

    Matrix kernels work on a few rows at once, and the rounding of a row's sums may depend on its place among them (seen with 32 channels and
    degrees up to 3). With the padding the pairs of each copy begin a new block, however many pairs the copies before it have.
    """
    edge_index = neighbours.edge_index
    copy = edge_index[0] // n_atoms
    count = copy.bincount(minlength=n)
    room = (count + BLOCK - 1) // BLOCK * BLOCK
    place = torch.arange(len(copy), device=copy.device) + ((room - count).cumsum(0) - (room - count))[copy]
    filled = (torch.arange(n, device=copy.device) * n_atoms).repeat_interleave(room).repeat(2, 1)
    shifts_A = torch.zeros(filled.shape[1], 3, dtype=torch.float64, device=copy.device)
    shifts_A[:, 0] = far_A
    filled[:, place], shifts_A[place] = edge_index, neighbours.shifts_A
    return filled, shifts_A


class TurningCalculator(MACECalculator):
    """MACECalculator that takes every slab and wire (nnip.potentials.mace.slabs)."""

    def calculate(self, atoms: Atoms | None = None, *arguments: Any, **options: Any) -> None:
        """See MACECalculator.calculate."""
        super().calculate(None if atoms is None else turned(atoms), *arguments, **options)


class MACEPotential:
    """nnip.potentials.base.Potential of a MACE model."""

    def __init__(self, module: torch.nn.Module, device: torch.device, energy_shift_eV_per_atom: float) -> None:
        self.module = module.to(device).eval().requires_grad_(False)
        self.device = device
        self.energy_shift_eV_per_atom = energy_shift_eV_per_atom
        self.cutoff_A = float(module.r_max)
        self.dtype: torch.dtype = next(module.parameters()).dtype
        self.elements = AtomicNumberTable([int(number) for number in module.atomic_numbers])
        self._kernels: Kernels | None = None
        self.embedded = list(getattr(module, "embedding_specs", None) or {})  # of total_charge and total_spin, those that the energy depends on

    def graph(self, frames: Sequence[Atoms]) -> Graph:
        """See Potential.graph; InputError for an element the model has not been trained for, and for a frame without a charge or spin it needs."""
        states = [self._state(atoms) for atoms in frames]
        for atoms in frames:
            self._check_elements(atoms)
        bare = [turned(Atoms(atoms.numbers, atoms.positions, cell=atoms.cell if atoms.pbc.any() else None, pbc=atoms.pbc)) for atoms in frames]
        with default_dtype(self.dtype):
            parts = [AtomicData.from_config(config_from_atoms(atoms), z_table=self.elements, cutoff=self.cutoff_A) for atoms in bare]
            batch = Batch.from_data_list(parts)
        inputs = {key: batch[key].to(self.device) for key in INPUTS} | self._inputs_of(states)
        graph = Graph(inputs, n_atoms=inputs["ptr"].diff(), frame_of=inputs["batch"])
        graph.add_labels(frames)
        return graph

    def replicas(self, frame: Atoms, n: int) -> Graph:
        """See Potential.replicas."""
        self._check_elements(frame)
        kinds = torch.tensor([self.elements.z_to_index(number) for number in frame.numbers], device=self.device)
        inputs = {
            "node_attrs": torch.nn.functional.one_hot(kinds, len(self.elements)).to(self.dtype).repeat(n, 1),
            "cell": torch.zeros(3 * n, 3, dtype=self.dtype, device=self.device),  # read for stresses only
            "batch": torch.arange(n, device=self.device).repeat_interleave(len(frame)),
            "ptr": torch.arange(n + 1, device=self.device) * len(frame),
            "head": torch.zeros(n, dtype=torch.int64, device=self.device),
        } | self._inputs_of([self._state(frame)] * n)
        pbc = (bool(frame.pbc[0]), bool(frame.pbc[1]), bool(frame.pbc[2]))
        graph = Graph(inputs, n_atoms=inputs["ptr"].diff(), frame_of=inputs["batch"], pbc=pbc)
        if any(pbc):
            graph.cell_A = torch.tensor(complete_cell(frame.cell))
        self.set_positions(graph, torch.tensor(frame.positions, device=self.device).expand(n, -1, -1))
        return graph

    def set_positions(self, graph: Graph, positions_A: torch.Tensor) -> None:
        """See Potential.set_positions."""
        positions_A = positions_A.to(self.device, torch.float64)
        neighbours = find_neighbours(positions_A, self.cutoff_A, graph.cell_A, graph.pbc)
        edge_index, shifts_A = fill_blocks(neighbours, len(positions_A), positions_A.shape[1], 2 * self.cutoff_A)
        graph.inputs["positions"] = positions_A.reshape(-1, 3).to(self.dtype)
        graph.inputs["edge_index"] = edge_index
        graph.inputs["shifts"] = shifts_A.to(self.dtype)

    def energies_forces(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor]:
        """See Potential.energies_forces."""
        if self._kernels:
            out = self._kernels(graph.inputs, training=False, compute_force=True)
            return self._total(graph, out).detach(), out["forces"].detach().double()
        energies, forces = self._energies_forces(graph, differentiable=False)
        return energies.detach(), forces.detach()

    @property
    def not_compiled(self) -> str | None:
        """See Potential.not_compiled."""
        return without_kernels(self.module, self.device)

    def compile(self, graph: Graph) -> None:
        """See Potential.compile: the kernels of cuEquivariance."""
        if self.not_compiled:
            raise NotImplementedError(self.not_compiled)
        self._kernels = Kernels(self.module, self.device, graph.inputs)

    def energies_forces_stress(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """See Potential.energies_forces_stress; mace strains positions and cells, and shifts in numbers of cell vectors."""
        n = len(graph.n_atoms)
        cells = graph.inputs["cell"].view(n, 3, 3) if graph.cell_A is None else graph.cell_A.to(self.device, self.dtype).expand(n, 3, 3)
        cells = torch.where(cells.flatten(1).any(dim=1)[:, None, None], cells, torch.eye(3, dtype=self.dtype, device=self.device))
        of_edge = graph.frame_of[graph.inputs["edge_index"][0]]
        unit_shifts = torch.einsum("ei,eij->ej", graph.inputs["shifts"].double(), torch.linalg.inv(cells.double())[of_edge])
        strained = {"cell": cells.reshape(-1, 3), "unit_shifts": unit_shifts.to(self.dtype)}
        out = self._call(replace(graph, inputs=graph.inputs | strained), training=False, compute_force=True, compute_stress=True)
        stresses = out["stress"].detach().double()
        return self._total(graph, out).detach(), out["forces"].detach().double(), graph.where_periodic(stresses)

    def differentiable_energies_forces(self, graph: Graph) -> tuple[torch.Tensor, torch.Tensor]:
        """See Potential.differentiable_energies_forces."""
        return self._energies_forces(graph, differentiable=True)

    def _energies_forces(self, graph: Graph, differentiable: bool) -> tuple[torch.Tensor, torch.Tensor]:
        out = self._call(graph, training=differentiable, compute_force=True)
        return self._total(graph, out), out["forces"].double()

    def _total(self, graph: Graph, out: dict[str, torch.Tensor]) -> torch.Tensor:
        """Sum the atoms' energies in float64: the model's float32 sum of some 10,000 eV is accurate to 1 meV."""
        if hasattr(self.module, "embedding_readout"):  # its part of the energy is of no atom
            energies = out["energy"].double()
        else:
            energies = torch.zeros(len(graph.n_atoms), dtype=torch.float64, device=self.device)
            energies = energies.index_add(0, graph.frame_of, out["node_energy"].double())
        return energies + self.energy_shift_eV_per_atom * graph.n_atoms.double()

    def node_features(self, graph: Graph) -> torch.Tensor:
        """See Potential.node_features: the scalar features of every layer, since each layer has a read-out."""
        features = self._call(graph, training=False, compute_force=False)["node_feats"].detach().double()
        scalars, start = [], 0
        for product in self.module.products:
            irreps = product.linear.irreps_out
            scalars += [
                features[:, start + part.start : start + part.stop]
                for part, (_, irrep) in zip(irreps.slices(), irreps, strict=True)
                if irrep.is_scalar()
            ]
            start += irreps.dim
        return torch.cat(scalars, dim=1)

    def _call(self, graph: Graph, **options: bool) -> dict[str, torch.Tensor]:
        # TorchScript optimizes a function after its first call; the optimized function rounds differently
        with torch.jit.optimized_execution(False):
            return self.module(graph.inputs, **options)

    def filters(self) -> dict[str, torch.Tensor]:
        """See Potential.filters."""
        return filter_ids(self.module, CHANNELS_LAST, CHANNELS_APART)

    def calculator(self) -> Calculator:
        """MACECalculator of this module: a calculation uses its weights at that time."""
        dtype = str(self.dtype).removeprefix("torch.")
        names = {name: name for name in CHARGE_AND_SPIN}  # mace's own calculator reads `charge` and `spin`
        calculator = TurningCalculator(models=[self.module], device=str(self.device), default_dtype=dtype, info_keys=names)
        return ShiftedCalculator(calculator, self.energy_shift_eV_per_atom)

    def _state(self, atoms: Atoms) -> list[float]:
        """The charge and spin of a frame that the model embeds."""
        if missing := next((name for name in self.embedded if name not in atoms.info), None):
            raise InputError(f"{atoms.info.get('origin', atoms.symbols)} has no {missing}, which the energy of this model depends on")
        return [float(atoms.info[name]) for name in self.embedded]

    def _inputs_of(self, states: Sequence[Sequence[float]]) -> dict[str, torch.Tensor]:
        """Inputs of the model for the states of a batch."""
        return {name: torch.tensor([state[k] for state in states], dtype=self.dtype, device=self.device) for k, name in enumerate(self.embedded)}

    def _check_elements(self, atoms: Atoms) -> None:
        if unknown := set(atoms.numbers) - set(self.elements.zs):
            known, names = (", ".join(chemical_symbols[number] for number in sorted(numbers)) for numbers in (self.elements.zs, unknown))
            raise InputError(f"{atoms.symbols}: the model knows {known}, not {names}")
