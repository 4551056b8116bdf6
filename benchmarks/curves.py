"""Cost against replicas, atoms, frames and directions of one trained model; each point is the fastest of a few calls."""

import functools
import itertools
import math
import resource
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from ase import Atoms
from rounds import digits, seconds_of
from subject import Subject

from nnip.jobs.memory import AtOnce
from nnip.landscape.directions import draw_directions
from nnip.landscape.weights import displaced
from nnip.md.simulation import Batch
from nnip.potentials.evaluation import Batches, errors

REPLICAS = (1, 2, 5, 10, 30, 100, 300, 1000)
MOLECULES = (1, 2, 4, 8, 16, 37)
FRAMES = (1, 2, 5, 10, 30, 90, 300, 900)
DIRECTIONS = (2, 5, 10, 20, 50)
SPACING_A = 9.0  # between molecules on a grid
MOST_GIB = 10


def curves(subject: Subject, short: bool) -> Iterator[dict[str, Any]]:
    """Rows of every curve; cost_s is CPU seconds on a CPU and wall seconds on a GPU.

    replicas:   a step of MD, part_s its search for neighbours; at_once: replicas that memory let be evaluated together
    molecule atoms, cell atoms: a step of one replica (and the spare one) of 1 to 37 molecules on a grid, not periodic and periodic
    frames:     a point of a landscape
    directions: drawing them, all together
    """
    if subject.potential.device.type == "cpu":
        # a shared machine must not run out of memory; torch then says so, and the batch is halved
        resource.setrlimit(resource.RLIMIT_AS, (MOST_GIB * 2**30, resource.RLIM_INFINITY))
    start = subject.start()
    for n in REPLICAS[: 3 if short else None]:
        yield step(subject, "replicas", n, start, n)
    for n, periodic in itertools.product(MOLECULES[: 2 if short else None], (False, True)):
        grid = on_a_grid(start, n, periodic)
        yield step(subject, "cell atoms" if periodic else "molecule atoms", len(grid), grid, 1)
    frames = subject.frames()
    for n in FRAMES[: 2 if short else None]:
        batches = Batches(subject.potential, list(itertools.islice(itertools.cycle(frames), n)), n)
        direction = draw_directions(subject.potential, "isotropic", range(2))[0]
        with displaced(subject.potential.module) as weights:
            yield row(subject, "frames", n, functools.partial(point, subject, weights, direction, batches), at_once=n)
    for n in DIRECTIONS[: 2 if short else None]:
        yield row(subject, "directions", n, functools.partial(draw_directions, subject.potential, "isotropic", range(n)))


def point(subject: Subject, weights: Any, direction: torch.Tensor, batches: Batches) -> None:
    """One point of a landscape."""
    weights.displace(0.01 * direction)
    errors(batches)
    subject.done()


def step(subject: Subject, curve: str, x: int, frame: Atoms, n: int) -> dict[str, Any]:
    """The evaluation of a step of n replicas as MD does it, and its search for neighbours alone."""
    batch = Batch(subject.potential, frame, AtOnce(n, f"{n} replicas"))
    moved = np.random.default_rng(1).normal(frame.positions, 0.01, (n, len(frame), 3))
    positions = torch.tensor(moved, device=subject.potential.device)

    def search() -> None:
        for graph, size in zip(batch.graphs, batch.sizes, strict=True):
            subject.potential.set_positions(graph, positions[:1].expand(size + 1, -1, -1))
        subject.done()

    def whole() -> None:
        batch.energies_forces(positions)
        subject.done()

    return row(subject, curve, x, whole, search, at_once=lambda: batch.at_once.n)


def row(subject: Subject, curve: str, x: int, whole: Any, part: Any = None, at_once: Any = None) -> dict[str, Any]:
    """One point of a curve."""
    cost, of_part = fastest(subject, whole), fastest(subject, part) if part else None
    made = {"framework": subject.framework, "path": subject.path, "curve": curve, "x": x, "cost_s": cost, "part_s": of_part}
    return made | {"at_once": at_once() if callable(at_once) else at_once, "device": subject.potential.device.type}


def fastest(subject: Subject, work: Any) -> float:
    """Seconds of the fastest of one to five calls, after a first one."""
    work()
    times: list[float] = []
    while len(times) < 5 and sum(times) < 2:
        times.append(seconds_of(lambda _: work(), 1)[1 if subject.potential.device.type == "cpu" else 0])
    return digits(min(times))


def on_a_grid(molecule: Atoms, n: int, periodic: bool) -> Atoms:
    """n copies of a molecule on a grid, as a cluster or in a periodic cell filled by it."""
    extent = np.ptp(molecule.positions, axis=0) + SPACING_A / 2
    counts = [1, 1, 1]
    while math.prod(counts) < n:
        counts[int(np.argmin(np.array(counts) * extent))] += 1
    places = list(itertools.product(*map(range, counts)))[:n]
    grid = Atoms()
    for place in places:
        copy = Atoms(molecule.numbers, molecule.positions + np.array(place) * extent)
        grid += copy
    if periodic:
        grid.cell, grid.pbc = np.array(counts) * extent, True
    return grid
