"""Worst-case adaptive sharpness: the largest rise of the training loss by a displacement of limited size relative to the weights.

S = max L(theta + |theta| u) - L(theta) over |u| <= rho, the product by elements. This is ASAM's constraint with eta = 0 (Kwon et al.,
arXiv:2102.11600, 2021) and the worst case of Andriushchenko et al., arXiv:2302.07011 (2023). Here it is searched by normalised gradient ascent in u
from 0: n_steps steps of length 2 rho / n_steps, each with a projection on the ball. m-sharpness (Foret et al., arXiv:2010.01412, 2020) is the mean of
S over batches of m frames, each with its own displacement. Neither changes if one layer is multiplied by a number and the next divided by it. A
weight that is zero stays zero.
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import COST, FRAMES_OF_LOSS, TRAINED, Measurement, Quantity, Table, block, integer, number, real, text, whole
from nnip.measure.candidates import GRADIENT

if TYPE_CHECKING:
    import torch

    from nnip.landscape.training_loss import TrainingLoss
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Look for the steepest rise of the loss around the weights of",
    options=block(
        {
            "rho": number(0.05, "Largest norm of the relative displacement of the weights.", exclusiveMinimum=0),
            "n_steps": integer(20, "Steps of the ascent, one gradient each.", minimum=1),
            "m": integer(5, "Frames of a batch of m-sharpness; an incomplete last batch is left out.", "frames", minimum=1),
        }
        | FRAMES_OF_LOSS,
        "Worst-case adaptive sharpness (table adaptive_sharpness); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "adaptive_sharpness": Table(
            "The worst-case adaptive sharpness of a training's loss.",
            TRAINED
            | {
                "over": text("all: one displacement for all frames; batches: one for each batch of m frames"),
                "n_batches": whole("displacements searched"),
                "sharpness": real("S, or its mean over batches, in the loss's unit", optional=True),
                "sharpness_error": real("its standard error: over the frames at the displacement found, or over the batches", optional=True),
            }
            | COST
            | {"reason": text("why a value is blank", optional=True)},
        )
    },
    quantities=(
        Quantity(
            name="adaptive_sharpness", table="adaptive_sharpness", column="sharpness", where={"over": "all"}, label="adaptive sharpness",
            role="predictor", better=-1, log=True,
        ),
        Quantity(
            name="adaptive_m_sharpness", table="adaptive_sharpness", column="sharpness", where={"over": "batches"}, label="adaptive m-sharpness",
            role="predictor", better=-1, log=True,
        ),
    ),
)  # fmt: skip


def splits(options: dict[str, Any], _: list[str]) -> list[str]:
    """The one the loss is over."""
    return [options["split"]]


def cost(options: dict[str, Any], n_frames: int) -> int:
    """A gradient for each step and two losses, for all frames together and in batches."""
    return 2 * (GRADIENT * options["n_steps"] + 2) * min(n_frames, options["n_frames"])


def frames_at_once(options: dict[str, Any]) -> int:
    """Frames of a batch, each of which a gradient holds about four times."""
    return 4 * options["frames_per_batch"]


def measure(job: "Job") -> "Rows":
    """A row over all frames and one over batches; checkpoints hold finished searches and the ascent of the current one."""
    import numpy as np

    from nnip.measure.candidates import Cost, training_loss, with_reason

    loss, m = training_loss(job), job.options["m"]
    n_batches = loss.n_frames // m
    parts = [loss, *(loss.part(m * batch, m * (batch + 1)) for batch in range(n_batches))]
    state = job.progress.state or {"rises": [], "costs": [{}, {}]}
    costs = [Cost(**each) for each in state["costs"]]
    for index in range(len(state["rises"]), len(parts)):
        state["rises"].append(_rises(parts[index], job, state, costs, index))
        state.pop("u", None)
    job.notes |= {"n_frames": loss.n_frames, "frames_per_batch": loss.batches.frames_per_batch}
    everywhere = state["rises"][0].numpy()
    in_batches = np.array([float(rises.mean()) for rises in state["rises"][1:]])
    # a batch is m of n_batches m frames: as many passes over all frames together as one search
    costs[1].n_passes = round(costs[1].n_passes / n_batches) if n_batches else 0
    rows = [
        {"over": over, "n_batches": n} | _mean(values) | vars(spent)
        for over, n, values, spent in zip(("all", "batches"), (1, n_batches), (everywhere, in_batches), costs, strict=True)
    ]
    whys = ("no gradient to ascend, or a loss that is not finite", f"{n_batches} batches of {m} frames, or a loss that is not finite")
    return {"adaptive_sharpness": [with_reason(row, why) for row, why in zip(rows, whys, strict=True)]}


def _mean(values: Any) -> dict[str, float]:
    import numpy as np

    n = len(values)
    error = values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return {"sharpness": float(values.mean()) if n else np.nan, "sharpness_error": float(error)}


def _rises(loss: "TrainingLoss", job: "Job", state: dict[str, Any], costs: list[Any], index: int) -> "torch.Tensor":
    """Rises of the loss's shares of its frames at the displacement found, float64 [n_frames]; nan if there is no direction of ascent."""
    import torch

    from nnip.landscape.weights import displaced, weight_vector

    rho, n_steps, spent = job.options["rho"], job.options["n_steps"], costs[min(index, 1)]
    size = weight_vector(job.potential.module).abs()
    if "u" not in state:
        with spent.of(1):
            state |= {"u": torch.zeros_like(size), "step": 0, "before": loss.of_frames(loss.outputs())}
    with displaced(job.potential.module) as weights:
        for step in range(state["step"], n_steps):
            with spent.of(GRADIENT):
                weights.displace(size * state["u"])
                ascent = size * loss.gradient()
                u = state["u"] + 2 * rho / n_steps * ascent / ascent.norm()
                state |= {"u": u * (rho / u.norm()).clamp(max=1), "step": step + 1}
            job.progress.save_if_due(index * n_steps + step + 1, state | {"costs": [vars(each) for each in costs]})
        with spent.of(1):
            weights.displace(size * state["u"])
            return loss.of_frames(loss.outputs()) - state["before"]
