"""The Gauss-Newton matrix of the training loss: its trace, raw and adaptive, relative flatness of the read-out, and the Fisher-Rao norm.

With r the scaled deviations of energies and forces from their labels (nnip.landscape.training_loss) and J = dr/dtheta, G = J^T J is the Hessian
without the part that grows with the misfit. For z of random signs the mean of |J^T z|^2 is tr G (Hutchinson, Commun. Stat. Simul. 18, 1059, 1989).
The mean of |theta * J^T z|^2 is sum_i theta_i^2 G_ii, which does not change if one layer is multiplied by a number and the next divided by it.

Relative flatness of a linear layer with rows w_s, one for each output channel: kappa = sum_{s,s'} (w_s . w_s') tr G_{s,s'}, with G_{s,s'} the
block of G of two rows (Petzka et al., NeurIPS 34, 2021, arXiv:2001.00939, there with the Hessian). It is the mean of |W^T q|^2 with q the part of
J^T z of that layer, by output channels, and does not change with such a rescaling. Here it is the sum over the linear layers of the energy read-out.

Fisher-Rao norm: sqrt(theta . G theta) = |J theta| (Liang et al., arXiv:1711.01530, 2019; G is the Fisher matrix of a normal likelihood), by the
central difference of r along theta.
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import COST, FRAMES_OF_LOSS, TRAINED, Measurement, Quantity, Table, block, integer, real, text, whole
from nnip.measure.candidates import GRADIENT

if TYPE_CHECKING:
    import torch

    from nnip.landscape.training_loss import TrainingLoss
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Measure the Gauss-Newton matrix of",
    options=block(
        {"n_probes": integer(20, "Random sums of the outputs, one gradient each.", minimum=2)} | FRAMES_OF_LOSS,
        "Curvature of the training loss at the trained weights (tables gauss_newton and fisher_rao); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "gauss_newton": Table(
            "The curvature of a training's loss.",
            TRAINED
            | {
                "n_probes": whole("random sums of the outputs"),
                "trace": real("tr G, in the loss's unit", optional=True),
                "trace_error": real("its standard error over the probes", optional=True),
                "adaptive_trace": real("sum of theta_i^2 G_ii, in the loss's unit", optional=True),
                "adaptive_trace_error": real("its standard error over the probes", optional=True),
                "relative_flatness": real("kappa of the energy read-out, in the loss's unit", optional=True),
                "relative_flatness_error": real("its standard error over the probes", optional=True),
            }
            | COST
            | {"reason": text("why a value is blank", optional=True)},
        ),
        "fisher_rao": Table(
            "The Fisher-Rao norm of a training.",
            TRAINED
            | {
                "fisher_rao_norm": real("sqrt(theta . G theta), in the root of the loss's unit", optional=True),
                "fisher_rao_norm_error": real("its standard error over the frames", optional=True),
            }
            | COST
            | {"reason": text("why a value is blank", optional=True)},
        ),
    },
    quantities=(
        Quantity(name="gauss_newton_trace", table="gauss_newton", column="trace", label="Gauss-Newton trace", role="predictor", better=-1, log=True),
        Quantity(
            name="gauss_newton_adaptive_trace", table="gauss_newton", column="adaptive_trace", label="adaptive Gauss-Newton trace",
            role="predictor", better=-1, log=True,
        ),
        Quantity(
            name="relative_flatness", table="gauss_newton", column="relative_flatness", label="relative flatness of the read-out",
            role="predictor", better=-1, log=True,
        ),
        Quantity(
            name="fisher_rao_norm", table="fisher_rao", column="fisher_rao_norm", label="Fisher-Rao norm", role="predictor", better=-1, log=True,
        ),
    ),
)  # fmt: skip
NAMES = ("trace", "adaptive_trace", "relative_flatness")
READOUT = "readout"
STEP = 1e-3


def splits(options: dict[str, Any], _: list[str]) -> list[str]:
    """The one the loss is over."""
    return [options["split"]]


def cost(options: dict[str, Any], n_frames: int) -> int:
    """A gradient for each probe, and the central difference."""
    return (GRADIENT * options["n_probes"] + 2) * min(n_frames, options["n_frames"])


def frames_at_once(options: dict[str, Any]) -> int:
    """Frames of a batch, each of which a gradient holds about four times."""
    return 4 * options["frames_per_batch"]


def measure(job: "Job") -> "Rows":
    """One row of each table; checkpoints hold the Fisher-Rao norm and the probes done."""
    import numpy as np
    import torch

    from nnip.landscape.weights import weight_vector
    from nnip.measure.candidates import Cost, training_loss, with_reason

    n_probes, loss, theta = job.options["n_probes"], training_loss(job), weight_vector(job.potential.module)
    layers = readout_layers(job)
    state = job.progress.state or {"squares": [], "cost": {}, "fisher_rao": fisher_rao(loss)}
    spent = Cost(**state["cost"])
    model = (job.settings["model"], job.settings["seed"])
    seeds = [job.seed(f"probe {probe}", "gauss_newton", *model, probe) for probe in range(n_probes)]
    for probe in range(job.progress.done, n_probes):
        with spent.of(GRADIENT):
            signs = torch.from_numpy(np.random.default_rng(seeds[probe]).choice([-1.0, 1.0], size=loss.n_outputs))
            gradient = loss.output_gradient(signs)
            flatness = sum(float((theta[layer].T @ gradient[layer]).pow(2).sum()) for layer in layers) if layers else np.nan
            state["squares"].append([float(gradient.pow(2).sum()), float((theta * gradient).pow(2).sum()), flatness])
        job.progress.save_if_due(probe + 1, state | {"cost": vars(spent)})
    job.notes |= {"n_frames": loss.n_frames, "frames_per_batch": loss.batches.frames_per_batch}
    means, errors = np.mean(state["squares"], axis=0), np.std(state["squares"], axis=0, ddof=1) / np.sqrt(n_probes)
    row = {"n_probes": n_probes} | dict(zip(NAMES, means.tolist(), strict=True)) | vars(spent)
    row |= {f"{name}_error": error for name, error in zip(NAMES, errors.tolist(), strict=True)}
    why = "not finite" if layers else f"the model's part '{READOUT}' does not consist of linear layers"
    return {"gauss_newton": [with_reason(row, why)], "fisher_rao": [with_reason(state["fisher_rao"], "not finite at weights displaced along theta")]}


def readout_layers(job: "Job") -> list["torch.Tensor"]:
    """Places of the linear layers of the energy read-out in the weight vector, int64 [n_channels, n_inputs] each.

    Empty if there is no read-out, or if the output channels of one of its parameters have different numbers of inputs.
    """
    import torch

    from nnip.potentials.frameworks import choices
    from nnip.potentials.weight_statistics import group_of

    groups = choices(job.settings["framework"]).PARAMETER_GROUPS
    layers, start = [], 0
    for name, parameter in job.potential.module.named_parameters():
        if group_of(name, groups) == READOUT:
            ids = job.potential.filters()[name].reshape(-1).cpu()
            if len(ids.bincount().unique()) > 1:
                return []
            # entries of a channel are in the order of its inputs
            layers.append(start + torch.argsort(ids, stable=True).view(int(ids.max()) + 1, -1))
        start += parameter.numel()
    return layers


def fisher_rao(loss: "TrainingLoss") -> dict[str, Any]:
    """The row of table fisher_rao, whose values may be not finite; the weights are restored."""
    import numpy as np

    from nnip.landscape.weights import displaced, weight_vector
    from nnip.measure.candidates import Cost

    spent, theta = Cost(), weight_vector(loss.batches.potential.module)
    with spent.of(2), displaced(loss.batches.potential.module) as weights:
        weights.displace(STEP * theta)
        up = loss.outputs()
        weights.displace(-STEP * theta)
        change = (up - loss.outputs()) / (2 * STEP)
    # |J theta|^2 is the mean of these over frames
    squares = 2 * loss.of_frames(change).numpy()
    with np.errstate(all="ignore"):
        norm = np.sqrt(squares.mean())
        error = np.std(squares, ddof=1) / np.sqrt(len(squares)) / (2 * norm) if len(squares) > 1 else np.nan
    return {"fisher_rao_norm": float(norm), "fisher_rao_norm_error": float(error)} | vars(spent)
