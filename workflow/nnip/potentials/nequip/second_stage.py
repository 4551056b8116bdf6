"""Weight cycling in NequIP: a second training stage with other loss weights and learning rate, like stage two of MACE."""

import math
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint, Timer
from torch.optim import Optimizer


class SecondStage(Callback):
    """From epoch start_epoch (from 0) on: new weights in training and validation loss, a constant learning rate, a new search for the best model.

    It begins earlier if the first stage runs out of patience. The weights of the labels, weight_decay, clip_gradient and eps are those of the raw
    weighted loss. NequIP divides the loss by the sum of its weights (first_total_weight in the first stage), so they are divided by it too.
    """

    def __init__(
        self,
        start_epoch: int,
        lr: float,
        energy_weight: float,
        forces_weight: float,
        stress_weight: float,
        first_total_weight: float,
        weight_decay: float,
        clip_gradient: float | None,
        eps: float,
        monitor: str,
    ) -> None:
        self.start_epoch = start_epoch
        self.lr = lr
        # the loss has terms for the labels of the frames; it leaves out the others
        self.coefficients = {"per_atom_energy_mse": float(energy_weight), "forces_mse": float(forces_weight), "stress_mse": float(stress_weight)}
        self.first_total_weight = first_total_weight
        self.total_weight = float(energy_weight + forces_weight + stress_weight)
        self.weight_decay = weight_decay
        self.clip_gradient = clip_gradient
        self.eps = eps
        self.monitor = monitor
        self.begun = False

    def state_dict(self) -> dict[str, Any]:
        """The state for checkpoints."""
        return {"begun": self.begun, "start_epoch": self.start_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state of a checkpoint."""
        self.begun, self.start_epoch = state_dict["begun"], state_dict["start_epoch"]

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Begin the second stage where the first would stop early (EarlyStopping is called before this), unless the time is over."""
        timers = [callback for callback in trainer.callbacks if isinstance(callback, Timer)]
        if any((timer.time_remaining() or 0) <= 0 for timer in timers):
            return
        if trainer.should_stop and not self.begun and math.isfinite(float(trainer.callback_metrics[self.monitor])):
            trainer.should_stop = False
            self.start_epoch = trainer.current_epoch + 1

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """RuntimeError if the training ended before this stage: its model is not the requested one."""
        if not self.begun:
            raise RuntimeError("the training ended before its second stage")

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin the second stage at its epoch."""
        if self.begun or trainer.current_epoch < self.start_epoch:
            return
        self.begun = True
        metrics: Any = pl_module
        for losses in (metrics.loss, *metrics.val_metrics):
            losses.set_coeffs(self.coefficients)
        if self.clip_gradient is not None:
            trainer.gradient_clip_val = self.clip_gradient / self.total_weight
        for optimizer in trainer.optimizers:
            self._set_optimizer(optimizer)
        for config in trainer.lr_scheduler_configs:
            scheduler: Any = config.scheduler
            scheduler.min_lrs = [self.lr] * len(scheduler.min_lrs)
        for callback in trainer.callbacks:
            if isinstance(callback, ModelCheckpoint):
                callback.best_k_models.clear()
                callback.best_model_score = callback.current_score = None
            elif isinstance(callback, EarlyStopping):
                callback.wait_count = 0
                callback.best_score = torch.tensor(math.inf)

    def _set_optimizer(self, optimizer: Optimizer) -> None:
        for group in optimizer.param_groups:
            group.update(lr=self.lr, weight_decay=self.weight_decay / self.total_weight, eps=self.eps / self.total_weight)
        # Adam's moments of the first stage's gradients, converted to the units of the second
        unit = self.first_total_weight / self.total_weight
        for state in optimizer.state.values():
            state["exp_avg"] *= unit
            for name in ("exp_avg_sq", "max_exp_avg_sq"):
                if name in state:
                    state[name] *= unit**2
