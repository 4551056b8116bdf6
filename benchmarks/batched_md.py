"""The speed of one batched MD step of n replicas relative to n steps of the framework's own ASE calculator, measured in one process.

usage, with the framework's interpreter:
  PYTHONPATH=workflow OMP_NUM_THREADS=1 .venvs/mace-*/bin/python benchmarks/batched_md.py RUN/train results/<study>/data/train.xyz
Prints one line per round (ms per replica and step for both, and their ratio), then the median ratio with its range. Times depend on the machine.
"""

import argparse
import statistics
import time

import numpy as np
import torch

from nnip.data.frames import read_labelled
from nnip.data.start import commonest, lowest_energy
from nnip.potentials.loading import load


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train_directory")
    parser.add_argument("frames")
    parser.add_argument("--replicas", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    potential = load(arguments.train_directory, arguments.device)
    frame = lowest_energy(commonest(read_labelled(arguments.frames)))
    n = arguments.replicas
    random = np.random.default_rng(0)
    graph = potential.replicas(frame, n)
    atoms = frame.copy()
    atoms.calc = potential.calculator()

    def moved() -> np.ndarray:
        return frame.positions + random.normal(scale=0.01, size=(n, len(frame), 3))

    def batched() -> None:
        potential.set_positions(graph, torch.tensor(moved(), device=potential.device))
        potential.energies_forces(graph)[1].cpu()

    def one_by_one() -> None:
        for positions in moved():
            atoms.positions = positions
            atoms.get_forces()

    def ms_per_replica_step(step) -> float:  # noqa: ANN001
        started = time.perf_counter()
        for _ in range(arguments.steps):
            step()
        return (time.perf_counter() - started) / arguments.steps / n * 1000

    for _ in range(3):
        batched()
        one_by_one()
    ratios = []
    for number in range(arguments.rounds):
        apart, together = ms_per_replica_step(one_by_one), ms_per_replica_step(batched)
        ratios.append(apart / together)
        print(f"round {number}: one by one {apart:.3f} ms, batched {together:.3f} ms per replica and step, ratio {ratios[-1]:.2f}")
    print(f"{n} replicas: batched is {statistics.median(ratios):.2f} times as fast (median; {min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
