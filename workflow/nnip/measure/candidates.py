"""What the cheap candidates in weight space share: their loss, their cost in passes and seconds, and blanks with a reason.

A pass is one evaluation of energies and forces of the frames. A gradient of the loss takes about 2 passes and a Hessian product about 5 (measured
with NequIP and MACE on a CPU: 1.8 and 4.6 or less).
"""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnip.landscape.training_loss import TrainingLoss
    from nnip.measure.base import Job

GRADIENT = 2
HESSIAN_PRODUCT = 5


@dataclass
class Cost:
    """The columns nnip.declare.COST of a candidate, added up part by part; vars() of it goes into checkpoints and rows."""

    n_passes: int = 0
    wall_s: float = 0.0

    @contextmanager
    def of(self, n_passes: int) -> Iterator[None]:
        """Add a block of this many passes and its wall time."""
        started = time.monotonic()
        yield
        self.n_passes += n_passes
        self.wall_s = round(self.wall_s + time.monotonic() - started, 6)


def training_loss(job: "Job") -> "TrainingLoss":
    """The loss with the model's own weights of energies and forces, over the frames that the options FRAMES_OF_LOSS name."""
    from nnip.landscape.training_loss import TrainingLoss

    switches = job.settings["hyperparameters"]
    batches = job.batches(job.options["split"], job.options["n_frames"])
    return TrainingLoss(batches, switches["energy_weight"], switches["forces_weight"])


def with_reason(row: Mapping[str, Any], why: str) -> dict[str, Any]:
    """A row whose values that are not finite are blank; column reason is `why` and their names if there are any."""
    wrong = [name for name, value in row.items() if isinstance(value, float) and not math.isfinite(value)]
    return {**row, **dict.fromkeys(wrong), "reason": f"{why}: {', '.join(wrong)}" if wrong else None}
