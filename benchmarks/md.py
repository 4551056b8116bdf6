"""MD of 30 replicas: the study's batch against ASE one replica after another, against torch-sim, and against the network alone."""

import importlib.util
from collections.abc import Callable
from typing import Any

import torch
from ase import Atoms, units
from ase.md.nvtberendsen import NVTBerendsen
from rounds import Side
from subject import Subject, floor

from nnip.md.simulation import simulate
from nnip.md.velocities import initial_momenta
from nnip.measure.md import STEERING

TO_REACH = {("cpu", "plain"): 6.0, ("cpu", "compiled"): 15.0, ("cuda", "plain"): 20.0, ("cuda", "compiled"): 20.0}
INSIDE = 0.9
TOLERANCE_A = 1e-3
MOST_STEPS = 100  # of one MD: later a replica of so small a model may fail


def sides(subject: Subject) -> tuple[dict[str, Side], dict[str, str]]:
    """The ways to run the MD, ours first, and those that cannot run here. A unit is one step of all replicas; the start frame counts as a step."""
    potential, options, start = subject.potential, subject.options["md"], subject.start()
    momenta = initial_momenta(start, options["initial_velocities"], options["temperature_K"], range(options["n_replicas"]))

    def ours(n: int) -> None:
        run_ours(subject, start, momenta, n)

    check_same(subject, start, momenta)
    evaluate, size = floor(subject, on_the_way(subject, start, momenta))
    made = {
        "ours": Side(ours, least=3, most=MOST_STEPS),
        "ASE NVTBerendsen with the framework's calculator, replica after replica": Side(
            one_by_one(subject, start, momenta), TO_REACH[potential.device.type, subject.path]
        ),
        "the floor: the network alone": Side(evaluate, INSIDE, f"batches of {size} frames", least=3),
    }
    if subject.framework != "mace":
        return made, {"torch-sim": "torch-sim 0.3.0, the newest for Python 3.11, has no NequIP model"}
    if not importlib.util.find_spec("torch_sim"):
        return made, {"torch-sim": "not in this environment"}
    made["torch-sim"] = Side(
        torch_sim(subject, start), 1.0, "0.3.0, nvt_langevin (it has no Berendsen thermostat), vesin, no stress, no rule of failure", least=3
    )
    return made, {}


def run_ours(subject: Subject, start: Atoms, momenta: torch.Tensor, n: int) -> torch.Tensor:
    """n steps of the study's MD, the start frame included; the last positions. RuntimeError if a replica fails: the batch would then shrink."""
    options = subject.options["md"]
    options = options | {"duration_fs": (n - 1) * options["timestep_fs"]}
    steering = {name: options[name] for name in STEERING}
    last: list[torch.Tensor] = []

    def observe(*state: Any) -> None:
        last[:] = [state[2]]

    result = simulate(subject.potential, start, momenta, **steering, min_distance_A=options["min_distance_A"], observe=observe)
    subject.done()
    if any(ending.failed for ending in result.endings):
        raise RuntimeError(f"a replica of {subject.framework} failed within {n} steps at {options['temperature_K']:g} K: its MD cannot be timed")
    return last[0].cpu()


def on_the_way(subject: Subject, start: Atoms, momenta: torch.Tensor) -> list[Atoms]:
    """The replicas after 20 steps."""
    frames = []
    for positions in run_ours(subject, start, momenta, 20).numpy():
        frame = start.copy()
        frame.positions = positions
        frames.append(frame)
    return frames


def in_ase(subject: Subject, start: Atoms, momentum: torch.Tensor, n: int, calculator: object) -> Atoms:
    """One replica after n - 1 steps of ASE's NVTBerendsen."""
    options = subject.options["md"]
    atoms = start.copy()
    atoms.calc = calculator
    atoms.set_momenta(momentum.numpy())
    dynamics = NVTBerendsen(atoms, options["timestep_fs"] * units.fs, temperature_K=options["temperature_K"], taut=options["tau_fs"] * units.fs)
    dynamics.run(n - 1)
    return atoms


def one_by_one(subject: Subject, start: Atoms, momenta: torch.Tensor) -> Callable[[int], None]:
    """ASE's MD of all replicas with one calculator."""
    calculator = subject.plain.calculator()

    def run(n: int) -> None:
        for momentum in momenta:
            in_ase(subject, start, momentum, n, calculator)

    return run


def check_same(subject: Subject, start: Atoms, momenta: torch.Tensor) -> None:
    """RuntimeError unless our MD and ASE's end at the same positions after ten steps, of two replicas."""
    ours = run_ours(subject, start, momenta, 11)
    for replica in range(min(2, len(momenta))):
        theirs = in_ase(subject, start, momenta[replica], 11, subject.plain.calculator())
        if (apart_A := float((ours[replica] - torch.tensor(theirs.positions)).abs().max())) > TOLERANCE_A:
            raise RuntimeError(f"{subject.framework}: our MD and ASE's are {apart_A:.2g} Å apart after ten steps")


def torch_sim(subject: Subject, start: Atoms) -> Callable[[int], None]:
    """torch-sim's own runner with its MACE model, all replicas in one batch."""
    import copy

    import torch_sim
    from torch_sim.models.mace import MaceModel

    options, potential = subject.options["md"], subject.potential
    dtype = next(potential.module.parameters()).dtype
    model = MaceModel(copy.deepcopy(potential.module), device=potential.device, dtype=dtype, compute_stress=False)
    # its states of molecules need a cell
    atoms = start.copy()
    if not atoms.pbc.any():
        atoms.cell = [100.0] * 3
    state = torch_sim.io.atoms_to_state([atoms] * options["n_replicas"], potential.device, dtype)

    def run(n: int) -> None:
        torch_sim.integrate(
            state.clone(),
            model,
            integrator=torch_sim.nvt_langevin,
            n_steps=n - 1,
            temperature=options["temperature_K"],
            timestep=options["timestep_fs"] / 1000,
        )
        subject.done()

    return run
