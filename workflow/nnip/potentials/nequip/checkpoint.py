"""NequIP's training state, saved between epochs and restored.

Lightning writes its own checkpoints at the end of an epoch, before the learning rate is adapted to the validation loss, and without the state
of the shuffled frames. A training resumed from one is a different training. The checkpoints here hold the whole state at the beginning of an
epoch.
"""

import csv
import signal
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from nequip.train.lightning import _SOLE_MODEL_KEY

from nnip.jobs.checkpoints import Progress, set_random_states
from nnip.potentials.initial import keep_initial

FILES = ("best.ckpt", "csv/metrics.csv")


class Checkpoints(Callback):
    """Writes checkpoints (nnip.jobs.checkpoints) at the beginning of epochs, and resumes from one at the first; it is the last callback."""

    def __init__(self) -> None:
        self.progress = Progress.from_environment()
        self.resumed = False

    def on_train_start(self, trainer: Trainer, pl_module: Any) -> None:  # noqa: ARG002
        """Keep the initial weights; make SIGTERM end the training at once, where Lightning would finish a batch: the checkpoint is on the disk."""
        keep_initial(pl_module.model[_SOLE_MODEL_KEY], Path.cwd())
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Resume from a checkpoint that is not restored yet; save one if it is due."""
        if self.progress is None:
            return
        if self.progress.resumed_from and not self.resumed:
            self.resumed = True
            self.progress.resumed_from.restore_files(Path.cwd())
            restore(trainer, pl_module, self.progress.resumed_from.state)
        elif trainer.current_epoch > 0 and self.progress.is_due():
            files = [Path.cwd() / name for name in FILES]
            self.progress.save_training(trainer.current_epoch, state_of(trainer, pl_module), Path.cwd(), filter(Path.exists, files))


def state_of(trainer: Trainer, module: LightningModule) -> dict[str, Any]:
    """Everything that changes in a training, as tensors and plain values."""
    live: Any = trainer
    return {
        "module": module.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in trainer.optimizers],
        "schedulers": [config.scheduler.state_dict() for config in trainer.lr_scheduler_configs],
        "callbacks": {callback.state_key: callback.state_dict() for callback in live.callbacks},
        # among them the learning rate of an epoch, which may end the training
        "metrics": dict(trainer.callback_metrics),
        "gradient_clip_val": trainer.gradient_clip_val,
        "loops": trainer.fit_loop.state_dict(),
        "frames": live.datamodule.train_generator.get_state(),
        "validation_frames": live.datamodule.generator.get_state(),
    }


def restore(trainer: Trainer, module: LightningModule, state: dict[str, Any]) -> None:
    """Move a trainer from the beginning of its first epoch to the beginning of the saved epoch (state: of state_of)."""
    live: Any = trainer
    module.load_state_dict(state["module"])
    for optimizer, saved in zip(trainer.optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    for config, saved in zip(trainer.lr_scheduler_configs, state["schedulers"], strict=True):
        config.scheduler.load_state_dict(saved)
    for callback in live.callbacks:
        callback.load_state_dict(state["callbacks"][callback.state_key])
    trainer.callback_metrics.update(state["metrics"])
    trainer.gradient_clip_val = state["gradient_clip_val"]
    fit_loop = trainer.fit_loop
    fit_loop.load_state_dict(state["loops"])
    # only the counters; Lightning would treat it as a restart inside an epoch
    fit_loop.restarting = False
    for loop in (fit_loop, fit_loop.epoch_loop, fit_loop.epoch_loop.val_loop):
        loop.on_iteration_done()
    live.datamodule.train_generator.set_state(state["frames"])
    live.datamodule.generator.set_state(state["validation_frames"])
    set_random_states(state["random"])
    # the writer appends to the restored file
    writer = live.logger.experiment
    writer.metrics = []
    with open(writer.metrics_file_path, newline="", encoding="utf-8") as file:
        writer.metrics_keys = next(csv.reader(file))
