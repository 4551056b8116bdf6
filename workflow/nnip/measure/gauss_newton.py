"""Trace of the Gauss-Newton matrix of the training loss, raw and adaptive: how sharp the minimum is, by gradients of random sums of the outputs.

With r the scaled deviations of energies and forces from their labels (nnip.landscape.training_loss) and J = dr/dtheta, G = J^T J is the Hessian
without the part that grows with the misfit. For z of random signs the mean of |J^T z|^2 is tr G (Hutchinson, Commun. Stat. Simul. 18, 1059, 1989).
The mean of |theta * J^T z|^2 is sum_i theta_i^2 G_ii, which does not change if one layer is multiplied by a number and the next divided by it.
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Quantity, Table, block, integer, real, whole, word

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Measure the Gauss-Newton trace of",
    options=block(
        {
            "n_probes": integer(20, "Random sums of the outputs, one gradient each.", minimum=2),
            "split": word("train", "Frames the loss is taken over: train, val or test_<name>."),
            "n_frames": integer(20, "Frames of the split, at most.", "frames", minimum=1),
            "frames_per_batch": integer(10, "Frames evaluated at once; bounds the memory.", "frames", minimum=1),
        },
        "Curvature of the training loss at the trained weights (table gauss_newton); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "gauss_newton": Table(
            "The curvature of a training's loss.",
            TRAINED
            | {
                "n_probes": whole("random sums of the outputs"),
                "trace": real("tr G, in the loss's unit"),
                "trace_error": real("its standard error over the probes"),
                "adaptive_trace": real("sum of theta_i^2 G_ii, in the loss's unit"),
                "adaptive_trace_error": real("its standard error over the probes"),
            },
        )
    },
    quantities=(
        Quantity(name="gauss_newton_trace", table="gauss_newton", column="trace", label="Gauss-Newton trace", role="predictor", better=-1, log=True),
        Quantity(
            name="gauss_newton_adaptive_trace",
            table="gauss_newton",
            column="adaptive_trace",
            label="adaptive Gauss-Newton trace",
            role="predictor",
            better=-1,
            log=True,
        ),
    ),
)


def problems(config: dict[str, Any], splits: list[str]) -> list[str]:
    """A split that there is not."""
    from nnip.study.schema import nearest

    split = config["gauss_newton"]["split"]
    return [] if split in splits else [f"'gauss_newton.split' is '{split}': {nearest(split, splits)}"]


def splits(options: dict[str, Any], _: list[str]) -> list[str]:
    """The one the loss is over."""
    return [options["split"]]


def cost(options: dict[str, Any], n_frames: int) -> int:
    """A gradient takes about two evaluations."""
    return 2 * options["n_probes"] * min(n_frames, options["n_frames"])


def frames_at_once(options: dict[str, Any]) -> int:
    """Frames of a batch, each of which a gradient holds about four times."""
    return 4 * options["frames_per_batch"]


def measure(job: "Job") -> "Rows":
    """One row: both traces with their standard errors; checkpoints hold the probes done."""
    import numpy as np
    import torch

    from nnip.landscape.training_loss import TrainingLoss
    from nnip.landscape.weights import weight_vector

    n_probes, switches = job.options["n_probes"], job.settings["hyperparameters"]
    batches = job.batches(job.options["split"], job.options["n_frames"])
    loss, theta = TrainingLoss(batches, switches["energy_weight"], switches["forces_weight"]), weight_vector(job.potential.module)
    squares: list[list[float]] = job.progress.state.get("squares", [])
    model = (job.settings["model"], job.settings["seed"])
    seeds = [job.seed(f"probe {probe}", "gauss_newton", *model, probe) for probe in range(n_probes)]
    for probe in range(job.progress.done, n_probes):
        signs = torch.from_numpy(np.random.default_rng(seeds[probe]).choice([-1.0, 1.0], size=loss.n_outputs))
        gradient = loss.output_gradient(signs)
        squares.append([float(gradient.pow(2).sum()), float((theta * gradient).pow(2).sum())])
        job.progress.save_if_due(probe + 1, {"squares": squares})
    job.notes |= {"n_frames": len(batches.frames), "frames_per_batch": batches.frames_per_batch}
    means, errors = np.mean(squares, axis=0), np.std(squares, axis=0, ddof=1) / np.sqrt(n_probes)
    names = ("trace", "adaptive_trace")
    row = {"n_probes": n_probes} | dict(zip(names, means.tolist(), strict=True))
    return {"gauss_newton": [row | {f"{name}_error": float(error) for name, error in zip(names, errors, strict=True)}]}
