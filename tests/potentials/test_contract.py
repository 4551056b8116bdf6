"""What every framework's potential must do (nnip.potentials.base), run in each framework's environment."""

import ase.build
import ase.units
import numpy as np
import pytest
import torch
from ase import Atoms
from ase.md.velocitydistribution import thermalize_momenta
from ase.md.verlet import VelocityVerlet
from conftest import DEVICE, aluminium, ethanol, exact_on_cpu, load

from nnip.jobs.errors import InputError
from nnip.study.manifest import read_manifest

# the models under test have float64 weights
ENERGY_EV = 1e-9
FORCE_EV_PER_A = 1e-9


def results(potential, graph):
    energies, forces = potential.energies_forces(graph)
    return energies.cpu(), forces.cpu()


def evaluate(potential, frames):
    return results(potential, potential.graph(frames))


def close(one, other):
    return torch.allclose(one[0], other[0], atol=ENERGY_EV, rtol=0) and torch.allclose(one[1], other[1], atol=FORCE_EV_PER_A, rtol=0)


def same(one, other):
    """Bit for bit on a CPU."""
    return all(map(torch.equal, one, other)) if DEVICE == "cpu" else close(one, other)


def stacked(frames):
    return torch.tensor(np.array([atoms.positions for atoms in frames]), device=DEVICE)


def test_energies_and_forces_are_those_of_the_frameworks_own_calculator(potential, frames):
    energies, forces = evaluate(potential, frames)
    assert energies.dtype == forces.dtype == torch.float64
    assert not energies.requires_grad
    assert not forces.requires_grad
    calculator = potential.calculator()
    for k, frame in enumerate(frames):
        atoms = frame.copy()
        atoms.calc = calculator
        assert atoms.get_potential_energy() == pytest.approx(float(energies[k]), abs=ENERGY_EV)
        assert np.allclose(atoms.get_forces(), forces[k * len(atoms) : (k + 1) * len(atoms)], atol=FORCE_EV_PER_A)


def test_the_energy_shift_is_added_per_atom(trained, kind, frames):
    manifest = read_manifest(trained(kind) / "manifest.json")
    assert manifest["energy_shift_eV_per_atom"] != 0
    potential = load(trained(kind))
    shifted = evaluate(potential, frames)
    assert potential.energy_shift_eV_per_atom == manifest["energy_shift_eV_per_atom"]
    potential.energy_shift_eV_per_atom = 0.0
    bare = evaluate(potential, frames)
    n_atoms = torch.tensor([len(atoms) for atoms in frames], dtype=torch.float64)
    assert torch.allclose(shifted[0] - bare[0], manifest["energy_shift_eV_per_atom"] * n_atoms, atol=ENERGY_EV)
    assert same((bare[0], shifted[1]), bare)


def test_ase_can_run_md_with_the_calculator(potential, frames):
    atoms = frames[0].copy()
    atoms.calc = potential.calculator()
    thermalize_momenta(atoms, temperature_K=100, rng=np.random.default_rng(1))
    start = atoms.get_total_energy()
    VelocityVerlet(atoms, timestep=0.2 * ase.units.fs).run(20)
    assert atoms.get_total_energy() == pytest.approx(start, abs=2e-3)


def test_forces_are_minus_the_energys_derivative(potential, frames):
    atoms = frames[0]
    _, forces = evaluate(potential, [atoms])
    h = 1e-4
    for atom, axis in [(0, 0), (1, 2), (len(atoms) - 1, 1)]:
        moved = [atoms.copy(), atoms.copy()]
        moved[0].positions[atom, axis] += h
        moved[1].positions[atom, axis] -= h
        up, down = evaluate(potential, moved)[0]
        assert -(up - down) / (2 * h) == pytest.approx(float(forces[atom, axis]), abs=1e-5)


def test_a_batch_equals_its_frames_one_by_one(potential, frames):
    frames = [*frames, frames[0][:-1]]  # not all of one size
    energies, forces = evaluate(potential, frames)
    alone = [evaluate(potential, [atoms]) for atoms in frames]
    assert close((energies, forces), (torch.cat([e for e, _ in alone]), torch.cat([f for _, f in alone])))


def test_labels_of_the_frames_come_with_the_graph(potential, frames):
    graph = potential.graph(frames)
    assert graph.energies_eV.tolist() == [atoms.get_potential_energy() for atoms in frames]
    assert np.array_equal(graph.forces_eV_per_A.cpu().numpy(), np.concatenate([atoms.get_forces() for atoms in frames]))
    assert graph.n_atoms.tolist() == [len(atoms) for atoms in frames]
    assert torch.equal(graph.frame_of.bincount(), graph.n_atoms)
    assert potential.graph([atoms.copy() for atoms in frames]).energies_eV is None


def test_replicas_at_given_positions_equal_their_graph(potential, frames):
    graph = potential.replicas(frames[0], len(frames))
    assert close(results(potential, graph), evaluate(potential, [frames[0]] * len(frames)))
    potential.set_positions(graph, stacked(frames))
    assert close(results(potential, graph), evaluate(potential, frames))


def moved(positions, others):
    positions[others] += 0.3 * torch.randn(positions[others].shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return positions


def not_finite(value):
    def change(positions, others):
        positions[others, 1, 0] = value
        return positions

    return change


def removed(positions, others):
    return positions[~others]


@exact_on_cpu
@pytest.mark.parametrize("change", [moved, not_finite(np.nan), not_finite(np.inf), removed], ids=["moved", "nan", "inf", "removed"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_replica_is_bit_identical_whatever_becomes_of_the_others(trained, kind, dtype, change):
    """True for all but the batch's last replica: matrix kernels sum a matrix's last rows in another order, and which rows depends on its size."""
    potential = load(trained(kind, dtype=dtype))
    frames = [*(ethanol if kind == "molecule" else aluminium)(11, seed=8)]
    positions = stacked(frames)

    def evaluated(positions):
        graph = potential.replicas(frames[0], len(positions))
        potential.set_positions(graph, positions)
        energies, forces = results(potential, graph)
        return energies, forces.view(positions.shape)

    energies, forces = evaluated(positions)
    for trial in range(4):
        others = torch.rand(len(frames), generator=torch.Generator().manual_seed(trial)) < 0.5
        others[-1] = False
        energies_now, forces_now = evaluated(change(positions.clone(), others))
        kept = ~others if len(energies_now) == len(frames) else torch.ones(len(energies_now), dtype=torch.bool)
        assert torch.equal(energies_now[kept][:-1], energies[~others][:-1])
        assert torch.equal(forces_now[kept][:-1], forces[~others][:-1])
        scale = 1e-9 if dtype == "float64" else 1e-3
        assert torch.allclose(forces_now[kept], forces[~others], atol=scale, rtol=0)


def test_replicas_without_any_neighbours_can_be_evaluated(trained):
    """All of them may have exploded in one step."""
    potential = load(trained("molecule"))
    molecule = ethanol(1, seed=3)[0]
    graph = potential.replicas(molecule, 3)
    potential.set_positions(graph, torch.full((3, len(molecule), 3), torch.nan, dtype=torch.float64, device=DEVICE))
    assert results(potential, graph)[1].shape == (3 * len(molecule), 3)
    potential.set_positions(graph, 1000 * stacked([molecule] * 3))
    energies, forces = results(potential, graph)
    assert energies.isfinite().all()
    assert (forces == 0).all()


def test_weights_perturbed_and_restored_give_bit_identical_results(potential, frames):
    graph = potential.graph(frames)
    before = results(potential, graph)
    kept = [parameter.detach().clone() for parameter in potential.module.parameters()]
    with torch.no_grad():
        for parameter in potential.module.parameters():
            parameter.mul_(1.1)
    perturbed = results(potential, graph)
    assert not close(before, perturbed)
    with torch.no_grad():
        for parameter, values in zip(potential.module.parameters(), kept, strict=True):
            parameter.copy_(values)
    after = results(potential, graph)
    assert same(before, after)


def test_every_parameter_reaches_the_predictions(potential, frames):
    """What is listed as a parameter is what training changes, and nothing of it is a copy that the model does not read."""
    graph = potential.graph(frames)
    before = results(potential, graph)
    assert not any(parameter.requires_grad for parameter in potential.module.parameters())
    for name, parameter in potential.module.named_parameters():
        kept = parameter.detach().clone()
        with torch.no_grad():
            parameter.mul_(1.5)
        energies, forces = results(potential, graph)
        assert not same((energies, forces), before), name
        with torch.no_grad():
            parameter.copy_(kept)


def test_filters_cover_every_parameter_exactly_once(potential):
    filters = potential.filters()
    parameters = dict(potential.module.named_parameters())
    assert list(filters) == list(parameters)
    for name, ids in filters.items():
        assert ids.dtype == torch.int64
        assert ids.shape == parameters[name].shape
        assert sorted(set(ids.flatten().tolist())) == list(range(int(ids.max()) + 1))
    numbers = sum(parameter.numel() for parameter in parameters.values())
    assert sum(int(ids.max()) + 1 for ids in filters.values()) < numbers / 2, "most filters hold several weights"


def test_a_molecule_with_a_cell_but_no_pbc_is_a_molecule(trained):
    potential = load(trained("molecule"))
    molecule = ethanol(1, seed=3)[0]
    boxed = molecule.copy()
    boxed.cell = [3.0, 3.0, 3.0]
    assert close(evaluate(potential, [boxed]), evaluate(potential, [molecule]))
    assert close(results(potential, potential.replicas(boxed, 1)), evaluate(potential, [molecule]))


def periodic_cases():
    """Frames in cells smaller than the cutoff in no, one and all directions, none of them a right angle's."""
    cases = {
        "one atom in 2.9 Å": ase.build.bulk("Al", "fcc", a=4.05),
        "4 atoms in 4 Å": ase.build.bulk("Al", "fcc", a=4.05, cubic=True),
        "4 x 4 x 16 Å": ase.build.bulk("Al", "fcc", a=4.05, cubic=True) * (1, 1, 4),
        "32 atoms in 8 Å": ase.build.bulk("Al", "fcc", a=4.05, cubic=True) * (2, 2, 2),
    }
    rng = np.random.default_rng(2)
    for atoms in cases.values():
        atoms.set_cell(atoms.cell.array @ (np.eye(3) + rng.uniform(-0.05, 0.05, (3, 3))), scale_atoms=True)
        atoms.positions += rng.normal(0, 0.1, atoms.positions.shape)
    return cases


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 2e-4)])
@pytest.mark.parametrize("case", periodic_cases())
def test_a_periodic_frame_moved_across_the_border_is_the_same(trained, case, dtype, tolerance):
    """Shifted as a whole, wrapped, and with every atom in another cell of its own; tolerance in eV per atom and eV/Å, of the weights' type."""
    potential = load(trained("periodic", dtype=dtype))
    atoms = periodic_cases()[case]
    rng = np.random.default_rng(1)
    shifted, scattered = atoms.copy(), atoms.copy()
    shifted.positions += [2.1, -1.3, 5.0]
    wrapped = shifted.copy()
    wrapped.wrap()
    scattered.positions += rng.integers(-2, 3, (len(atoms), 3)) @ atoms.cell.array
    energies, forces = evaluate(potential, [atoms])
    replicas = potential.replicas(atoms, 4)
    together = results(potential, replicas)
    potential.set_positions(replicas, stacked([atoms, shifted, wrapped, scattered]))
    moved_together = results(potential, replicas)
    found = [evaluate(potential, [other]) for other in (shifted, wrapped, scattered)]
    found += [evaluate(potential, [atoms, shifted, wrapped, scattered]), together, moved_together]
    assert len(atoms) == 1 or forces.abs().max() > 100 * tolerance
    for energies_now, forces_now in found:
        assert (energies_now - energies).abs().max() < tolerance * len(atoms)
        assert (forces_now.view(-1, len(atoms), 3) - forces).abs().max() < tolerance


def test_a_cell_and_its_repetition_have_the_same_energy_per_atom_and_forces(trained):
    potential = load(trained("periodic"))
    atoms = periodic_cases()["4 atoms in 4 Å"]
    energies, forces = evaluate(potential, [atoms])
    for potential_of in (lambda frame: potential.graph([frame]), lambda frame: potential.replicas(frame, 1)):
        many, of_many = results(potential, potential_of(atoms * (2, 1, 3)))
        assert float(many) == pytest.approx(6 * float(energies), abs=1e-8)
        assert (of_many.view(6, len(atoms), 3) - forces).abs().max() < FORCE_EV_PER_A


def test_frames_with_and_without_pbc_share_a_batch(trained):
    potential = load(trained("periodic"))
    bulk = ase.build.bulk("Al", "fcc", a=4.05, cubic=True)
    slab = bulk.copy()
    slab.pbc = [True, True, False]
    cluster = Atoms("Al3", positions=[[0, 0, 0], [2.6, 0, 0], [0, 2.7, 0.3]])
    frames = [bulk, slab, cluster]
    energies, forces = evaluate(potential, frames)
    alone = [evaluate(potential, [atoms]) for atoms in frames]
    assert close((energies, forces), (torch.cat([e for e, _ in alone]), torch.cat([f for _, f in alone])))
    for atoms, reference in zip(frames, alone, strict=True):
        assert close(results(potential, potential.replicas(atoms, 1)), reference)


def test_an_element_the_model_does_not_know_is_named(potential):
    with pytest.raises(InputError, match="Xe"):
        potential.graph([Atoms("Xe2", positions=[[0, 0, 0], [0, 0, 2]])])
    with pytest.raises(InputError, match="Xe"):
        potential.replicas(Atoms("Xe2", positions=[[0, 0, 0], [0, 0, 2]]), 2)


def test_float32_weights_agree_with_finite_differences_to_their_precision(trained, frame_files):
    """Weights of float32 carry 7 digits: with energies of some eV, a difference over 0.02 Å cannot be better than about 1e-3 eV/Å here."""
    potential = load(trained("molecule", dtype="float32"))
    assert {parameter.dtype for parameter in potential.module.parameters()} == {torch.float32}
    atoms = ethanol(1, seed=5)[0]
    _, forces = evaluate(potential, [atoms])
    moved = [atoms.copy(), atoms.copy()]
    moved[0].positions[1, 0] += 0.01
    moved[1].positions[1, 0] -= 0.01
    up, down = evaluate(potential, moved)[0]
    assert -(up - down) / 0.02 == pytest.approx(float(forces[1, 0]), abs=2e-2)
