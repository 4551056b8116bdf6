"""MACE's training state, saved between epochs and restored.

mace's own checkpoints hold only the best weights, averaged. mace resumes from their epoch and forgets its patience. The checkpoints here hold
the whole state at the beginning of an epoch. mace's loop (mace.tools.train.train) keeps the patience, the stage and the lowest loss in local
variables. A resumed training therefore runs the loop from the start and replays the known results of the finished epochs.
"""

import functools
import sys
from pathlib import Path
from typing import Any

import numpy as np

from nnip.jobs.checkpoints import Progress, set_random_states

# number of calls after which TorchScript has compiled a model's functions; before that they round differently
WARMING_STEPS = 3
OUTPUTS = {"force": "forces", "virials": "virials", "stress": "stress"}


class Training:
    """mace's training loop with checkpoints: it replaces functions that the loop calls (arguments: those of the loop)."""

    def __init__(self, progress: Progress, arguments: dict[str, Any]) -> None:
        self.progress = progress
        self.loop: Any = sys.modules["mace.tools.train"]
        self.arguments = arguments
        self.train_one_epoch = self.loop.train_one_epoch
        self.evaluate = self.loop.evaluate
        self.save_best = arguments["checkpoint_handler"].save
        self.log = arguments["logger"].log
        self.validations: list[tuple[float, dict[str, Any]]] = []
        self.known: list[tuple[float, dict[str, Any]]] = progress.resumed_from.state["validations"] if progress.resumed_from else []

    @property
    def is_replayed(self) -> bool:
        """Whether the loop is still in epochs that were finished before the checkpoint."""
        return bool(self.known)

    def run(self, train: Any) -> None:
        """Run the loop to its end."""
        self.arguments["checkpoint_handler"].save = self._save_best
        self.arguments["logger"].log = self._log
        self.loop.train_one_epoch, self.loop.evaluate = self._train_one_epoch, self._evaluate
        try:
            train(**self.arguments)
        finally:
            self.loop.train_one_epoch, self.loop.evaluate = self.train_one_epoch, self.evaluate
            del self.arguments["checkpoint_handler"].save, self.arguments["logger"].log

    def _evaluate(self, **arguments: Any) -> tuple[float, dict[str, Any]]:
        # the first evaluation is repeated although its result is known: how TorchScript compiles a model depends on its first call
        if not self.is_replayed or not self.validations:
            loss, metrics = self.evaluate(**arguments)
        if self.is_replayed:
            loss, metrics = self.known[len(self.validations)]
        # a copy, since the loop adds entries; numpy numbers are not plain values
        self.validations.append((loss, {name: value.item() if isinstance(value, np.generic) else value for name, value in metrics.items()}))
        return loss, dict(metrics)

    def _train_one_epoch(self, **arguments: Any) -> None:
        epochs = len(self.validations) - 1
        if self.is_replayed and epochs < len(self.known) - 1:
            return
        if self.is_replayed:
            self._warm(arguments)
            self._restore()
        elif epochs > 0 and self.progress.is_due():
            self._save(epochs)
        self.train_one_epoch(**arguments)

    def _save_best(self, **arguments: Any) -> None:
        if not self.is_replayed:
            self.save_best(**arguments)

    def _log(self, metrics: dict[str, Any]) -> None:
        if not self.is_replayed:
            self.log(metrics)

    def _parts(self) -> dict[str, Any]:
        """Everything with a state, by name."""
        parts = {name: self.arguments[name] for name in ("model", "optimizer", "lr_scheduler", "ema") if self.arguments[name] is not None}
        if self.arguments["swa"] is not None:
            parts |= {"swa_model": self.arguments["swa"].model, "swa_scheduler": self.arguments["swa"].scheduler}
        return parts

    def _save(self, epochs: int) -> None:
        folder = Path.cwd()
        state = {
            "parts": {name: part.state_dict() for name, part in self._parts().items()},
            "validations": self.validations,
            "frames": self.arguments["train_loader"].generator.get_state(),
            "best": self.arguments["checkpoint_handler"].io.old_path,
        }
        files = [*folder.glob("checkpoints/*.pt"), *folder.glob("results/*_train.txt")]
        self.progress.save_training(epochs, state, folder, files)

    def _warm(self, arguments: dict[str, Any]) -> None:
        outputs = {f"compute_{name}": arguments["output_args"][part] for name, part in OUTPUTS.items()}
        for _, batch in zip(range(WARMING_STEPS), arguments["data_loader"], strict=False):
            on_device = batch.to(arguments["device"])
            output = arguments["model"](on_device.to_dict(), training=True, **outputs)
            arguments["loss_fn"](pred=output, ref=on_device).backward()

    def _restore(self) -> None:
        assert self.progress.resumed_from is not None
        state = self.progress.resumed_from.state
        for name, part in self._parts().items():
            part.load_state_dict(state["parts"][name])
        self.arguments["train_loader"].generator.set_state(state["frames"])
        self.arguments["checkpoint_handler"].io.old_path = state["best"]
        self.known = []
        set_random_states(state["random"])


def with_checkpoints(train: Any, progress: Progress | None) -> Any:
    """mace's training loop, which resumes from a checkpoint if there is one, and writes new ones."""
    if progress is None:
        return train

    @functools.wraps(train)
    def resuming(**arguments: Any) -> None:
        if progress.resumed_from:
            progress.resumed_from.restore_files(Path.cwd())
        Training(progress, arguments).run(train)

    return resuming
