"""mace_run_train with settings that its command line lacks (mace 0.3.16).

The options are those of mace_run_train and two more, --trainable_bessel and --max_hours. These behave differently:
--amsgrad     can be off; in mace_run_train it is a flag that is on by default
--patience    stops the training; in mace_run_train it is only logged, unless training is distributed
--max_ell=0   builds a model; in mace_run_train it raises an IndexError
--batch_size  uses every frame, as NequIP does; mace_run_train drops the last batch of an epoch if it is incomplete, and with fewer frames than
              one batch it drops them all
A validation loss that is not finite ends the training; in mace_run_train it would count as an improvement in every epoch. An interrupted
training resumes from the checkpoint that the environment names (nnip.jobs.checkpoints). The initial weights are kept (nnip.potentials.initial).
"""

import argparse
import functools
import logging
import math
import time
from pathlib import Path
from typing import Any

import nnip.potentials.mace.quiet  # noqa: F401

# isort: split
import mace.cli.run_train as command
import torch
from e3nn import o3
from mace.modules import blocks, symmetric_contraction
from mace.tools import build_default_arg_parser

from nnip.jobs.checkpoints import Progress
from nnip.potentials.initial import keep_initial
from nnip.potentials.mace.checkpoint import with_checkpoints


def build_parser() -> argparse.ArgumentParser:
    """The parser of mace_run_train's options and the launcher's own; --config names a flat YAML file of options."""
    parser = build_default_arg_parser()
    parser.set_defaults(amsgrad=False)
    parser.add_argument("--trainable_bessel", action="store_true", help="train the frequencies of the Bessel functions")
    parser.add_argument("--max_hours", type=float, default=math.inf, help="wall time after which training ends")
    return parser


class StopTrainingError(Exception):
    """Ends mace's training loop; the message says why."""


class StoppingLogger:
    """Passes mace's metrics on to its logger, and ends the training when its time is over, or when the validation loss is not finite or has not
    improved for `patience` epochs.

    In the first of two stages mace itself uses the patience: it then begins the second stage. This logger stops before mace reads the epoch's
    loss, so mace keeps its last checkpoint.
    """

    def __init__(self, logger: Any, patience: int, second_stage_epoch: int | None, max_hours: float) -> None:
        self.logger = logger
        self.patience = patience
        self.deadline = time.monotonic() + 3600 * max_hours
        self.last_stage_epoch = second_stage_epoch or 0
        self.lowest_loss = math.inf
        self.epochs_since = 0

    def log(self, metrics: dict[str, Any]) -> None:
        """Log one line of metrics; StopTrainingError if it was the last."""
        self.logger.log(metrics)
        if metrics["mode"] == "opt" and metrics["epoch"] > 0 and time.monotonic() > self.deadline:
            if metrics["epoch"] <= self.last_stage_epoch:
                raise SystemExit("the training ended before its second stage")
            raise StopTrainingError(f"its time is over, in epoch {metrics['epoch']}")
        if metrics["mode"] != "eval" or metrics["epoch"] is None:
            return
        epoch, loss = metrics["epoch"], metrics["loss"]
        if not math.isfinite(loss):
            raise StopTrainingError(f"the validation loss of epoch {epoch} is {loss}")
        if epoch < self.last_stage_epoch:
            return
        self.epochs_since = 0 if loss < self.lowest_loss else self.epochs_since + 1
        self.lowest_loss = min(self.lowest_loss, loss)
        if self.epochs_since >= self.patience:
            raise StopTrainingError(f"no better validation loss in {self.patience} epochs, the last of them {epoch}")


def stop_when_told(train: Any, max_hours: float) -> Any:
    """mace's training loop, which stops as StoppingLogger says."""

    @functools.wraps(train)
    def stopping(**arguments: Any) -> None:
        second_stage = arguments["swa"]
        logger = StoppingLogger(arguments["logger"], arguments["patience"], second_stage.start if second_stage else None, max_hours)
        try:
            train(**arguments | {"logger": logger})
        except StopTrainingError as reason:
            logging.info(f"Training stopped: {reason}")

    return stopping


def with_initial_weights(train: Any) -> Any:
    """mace's training loop, which keeps the weights it is given before it begins."""

    @functools.wraps(train)
    def keeping(**arguments: Any) -> None:
        keep_initial(arguments["model"], Path.cwd())
        train(**arguments)

    return keeping


def train_bessel_frequencies() -> None:
    """Make the frequencies parameters and add an optimizer group for them: mace lists the modules to optimize, without the radial basis."""
    blocks.BesselBasis = functools.partial(blocks.BesselBasis, trainable=True)
    get_params_options = command.get_params_options

    def with_radial_embedding(arguments: argparse.Namespace, model: torch.nn.Module) -> dict[str, Any]:
        options = get_params_options(arguments, model)
        parameters = list(model.radial_embedding.parameters())
        options["params"].append({"name": "radial_embedding", "params": parameters, "weight_decay": 0.0, "lr": arguments.lr})
        return options

    command.get_params_options = with_radial_embedding


def keep_axes_of_scalars() -> None:
    """Keep the axes of length 1 of the coupling coefficients: without angular functions (max_ell=0) mace squeezes them and later indexes them."""
    coefficients_of = symmetric_contraction.U_matrix_real

    def with_all_axes(irreps_in: Any, irreps_out: Any, correlation: int, **options: Any) -> list[Any]:
        coefficients = coefficients_of(irreps_in=irreps_in, irreps_out=irreps_out, correlation=correlation, **options)
        if o3.Irreps(irreps_in).dim == 1:
            coefficients[-1] = coefficients[-1].reshape([1] * correlation + [-1])
        return coefficients

    symmetric_contraction.U_matrix_real = with_all_axes


def keep_incomplete_batches() -> None:
    """Make mace's loaders use all training frames, in every epoch and in the statistics that scale the model."""
    dataloader = command.torch_geometric.dataloader

    class WholeDataLoader(dataloader.DataLoader):  # type: ignore[name-defined]
        def __init__(self, *positional: Any, **options: Any) -> None:
            super().__init__(*positional, **options | {"drop_last": False})

    dataloader.DataLoader = WholeDataLoader


def main() -> None:
    arguments = build_parser().parse_args()
    if arguments.trainable_bessel:
        train_bessel_frequencies()
    keep_axes_of_scalars()
    keep_incomplete_batches()
    progress = Progress.from_environment()
    hours_left = arguments.max_hours - (progress.earlier_s / 3600 if progress else 0)
    command.tools.train = with_initial_weights(with_checkpoints(stop_when_told(command.tools.train, hours_left), progress))
    command.run(arguments)


if __name__ == "__main__":
    main()
