"""Pairs' training command: python -m nnip.potentials.pairs.fit OPTIONS; writes model.pt and losses.yaml into the working directory.

The loss is a parabola in the weights, so that one step by its Hessian ends at its minimum.
"""

import sys
from pathlib import Path

import torch
import yaml

from nnip.data.frames import read_labelled
from nnip.landscape.training_loss import TrainingLoss
from nnip.landscape.weights import displaced, weight_vector
from nnip.potentials.evaluation import Batches
from nnip.potentials.pairs.network import PairNetwork
from nnip.potentials.pairs.potential import PairsPotential

RIDGE = 1e-6


def main() -> None:
    options = yaml.safe_load(Path(sys.argv[1]).read_text())
    train, val = (read_labelled(options[part]) for part in ("train", "val"))
    numbers = sorted({int(number) for frame in (*train, *val) for number in frame.numbers})
    module = PairNetwork(numbers, options["cutoff_A"], options["n_bessel"], getattr(torch, options["dtype"]))
    shift = sum(frame.get_potential_energy() / len(frame) for frame in train) / len(train)
    potential = PairsPotential(module, torch.device("cpu"), shift)
    losses = [TrainingLoss(Batches(potential, frames, 50), options["energy_weight"], options["forces_weight"]) for frames in (train, val)]
    units = torch.eye(len(weight_vector(module)), dtype=torch.float64)
    hessian = torch.stack([losses[0].hessian_product(unit) for unit in units])
    step = -torch.linalg.solve(hessian + RIDGE * hessian.trace() * units, losses[0].gradient())
    validation = [losses[1].value()]
    with displaced(module) as weights:
        weights.displace(step)
        validation.append(losses[1].value())
        torch.save({"numbers": numbers, "cutoff_A": options["cutoff_A"], "factors": module.factors.detach().clone()}, "model.pt")
    Path("losses.yaml").write_text(yaml.safe_dump(validation))


if __name__ == "__main__":
    main()
