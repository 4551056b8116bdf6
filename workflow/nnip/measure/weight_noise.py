"""Weight noise that a model stands: the relative noise at which its loss or its force errors have risen by a fixed amount.

Weights are displaced by sigma |theta_i| z_i with z of independent normal numbers. Table weight_noise has the sigma at which the mean of the training
loss L is loss_factor L(theta), and the sigma at which the mean force RMSE is higher by forces_rise_eV_per_A. Larger is flatter. Jiang et al.,
arXiv:1912.02178 (2020), measure 53 and Dziugaite et al., arXiv:2010.11924 (2020), have it for classifiers. It does not change if one layer is
multiplied by a number and the next divided by it. The first is relative to L and so rises with the misfit; the second is not.

Displacements are in pairs z and -z, which cancels odd powers of sigma in the means, and are the same for all sigma. The root is found by Brent's
method. The standard error is that of the mean rise over the pairs, for a rise that grows as sigma^2.
"""

import math
import time
from typing import TYPE_CHECKING, Any

from nnip.declare import COST, FRAMES_OF_LOSS, TRAINED, Measurement, Quantity, Table, block, integer, number, real, text

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Add noise to the weights of",
    compiles=True,
    options=block(
        {
            "n_pairs": integer(50, "Pairs of opposite random displacements.", minimum=2),
            "loss_factor": number(2, "Rise of the mean loss, as a factor.", exclusiveMinimum=1),
            "forces_rise_eV_per_A": number(0.04, "Rise of the mean force RMSE.", "eV/Å", exclusiveMinimum=0),
        }
        | FRAMES_OF_LOSS,
        "Relative weight noise at a fixed rise of the loss (table weight_noise); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "weight_noise": Table(
            "The weight noise at which a training's loss or force errors have risen.",
            TRAINED
            | {
                "of": text("what has risen: loss or forces"),
                "before": real("loss (in its unit) or force RMSE (eV/A) at the trained weights", optional=True),
                "rise": real("the rise, in the same unit", optional=True),
                "sigma": real("relative weight noise", "weights", optional=True),
                "sigma_error": real("its standard error over the pairs", "weights", optional=True),
            }
            | COST
            | {"reason": text("why sigma is blank", optional=True)},
        )
    },
    quantities=(
        Quantity(
            name="weight_noise_loss", table="weight_noise", column="sigma", where={"of": "loss"}, label="weight noise that raises the loss",
            role="predictor", better=1, log=True,
        ),
        Quantity(
            name="weight_noise_forces", table="weight_noise", column="sigma", where={"of": "forces"},
            label="weight noise that raises the force error", role="predictor", better=1, log=True,
        ),
    ),
)  # fmt: skip
FIRST, LARGEST = 0.05, 0.8
ITERATIONS = 10
TOLERANCE = 1e-3
# of sigma for both rises: doublings, iterations and the root
MOST_SIGMAS = 5 + 2 * (ITERATIONS + 3)
HIGHEST = 9.0  # rise in units of the target; beyond it only its sign counts


def splits(options: dict[str, Any], _: list[str]) -> list[str]:
    """The one the loss is over."""
    return [options["split"]]


def cost(options: dict[str, Any], n_frames: int) -> int:
    """At most: two evaluations for each pair and sigma, and one at the trained weights."""
    return (1 + 2 * options["n_pairs"] * MOST_SIGMAS) * min(n_frames, options["n_frames"])


def frames_at_once(options: dict[str, Any]) -> int:
    """The frames of a batch."""
    return options["frames_per_batch"]


def measure(job: "Job") -> "Rows":
    """Rows for the loss and for the forces; checkpoints hold the losses of the pairs done."""
    noise = Noise(job)
    before = noise.at(0.0)[0]
    targets = {"loss": (0, (job.options["loss_factor"] - 1) * before[0]), "forces": (1, job.options["forces_rise_eV_per_A"])}
    rows = []
    for of, (column, rise) in targets.items():
        noise.used = set()
        values, reason = risen(noise, column, rise)
        known = {name: value for name, value in (("before", before[column]), ("rise", rise)) if math.isfinite(value)}
        rows.append({"of": of} | known | values | noise.spent() | {"reason": reason})
    job.notes |= {"n_frames": len(noise.batches.frames), "frames_per_batch": noise.batches.frames_per_batch}
    return {"weight_noise": rows}


class Noise:
    """Loss and force RMSE of every pair at a relative weight noise, each computed once and kept in checkpoints.

    used: the sigmas asked for
    """

    def __init__(self, job: "Job") -> None:
        from nnip.landscape.weights import weight_vector

        switches, model = job.settings["hyperparameters"], (job.settings["model"], job.settings["seed"])
        self.job = job
        self.weights = (switches["energy_weight"], switches["forces_weight"])
        self.batches = job.batches(job.options["split"], job.options["n_frames"])
        self.size = weight_vector(job.potential.module).abs()
        self.seeds = [job.seed(f"pair {pair}", "weight_noise", *model, pair) for pair in range(job.options["n_pairs"])]
        self.done: list[list[float]] = job.progress.state.get("done", [])  # sigma, loss, force RMSE, seconds
        self.used: set[float] = set()

    def at(self, sigma: float) -> list[list[float]]:
        """Loss and force RMSE of each pair (means of its two); at 0 there is one, of the trained weights."""
        self.used.add(sigma)
        known = [row[1:3] for row in self.done if row[0] == sigma]
        for pair in range(len(known), len(self.seeds) if sigma else 1):
            started = time.monotonic()
            known.append(self._pair(sigma, pair))
            self.done.append([sigma, *known[-1], time.monotonic() - started])
            self.job.progress.save_if_due(len(self.done), {"done": self.done})
        return known

    def _pair(self, sigma: float, pair: int) -> list[float]:
        import numpy as np
        import torch

        from nnip.landscape.losses import losses

        drawn = torch.from_numpy(np.random.default_rng(self.seeds[pair]).standard_normal(len(self.size)))
        displacement = sigma * self.size * drawn
        rows = losses(self.batches, [displacement, -displacement] if sigma else [displacement])
        # nan where the frames lack the label
        energy, forces = (np.array([row[name] for row in rows], dtype=float) for name in ("energy_rmse_eV_per_atom", "forces_rmse_eV_per_A"))
        loss = sum(weight * rmse**2 for weight, rmse in zip(self.weights, (energy, forces), strict=True) if weight)
        return [float(np.mean(loss)), float(forces.mean())]

    def spent(self) -> dict[str, Any]:
        """The columns COST of the sigmas used, and of the trained weights."""
        rows = [row for row in self.done if row[0] in self.used | {0.0}]
        return {"n_passes": sum(2 if row[0] else 1 for row in rows), "wall_s": round(sum(row[3] for row in rows), 6)}


def risen(noise: Noise, column: int, rise: float) -> tuple[dict[str, float], str | None]:
    """sigma and sigma_error at which the mean of a column (0: loss, 1: force RMSE) has risen so far; or none, and the reason."""
    import numpy as np
    from scipy.optimize import brentq

    before = noise.at(0.0)[0][column]
    if not (math.isfinite(before) and rise > 0):
        return {}, f"{'loss' if column == 0 else 'force RMSE'} at the trained weights is {before:g}"

    def rises(sigma: float) -> np.ndarray:
        return (np.array(noise.at(sigma))[:, column] - before) / rise

    def excess(sigma: float) -> float:
        # about linear in sigma, as a rise is about quadratic
        return -1.0 if sigma == 0 else math.sqrt(min(max(rises(sigma).mean(), 0.0), HIGHEST)) - 1

    low, high = 0.0, FIRST
    while excess(high) < 0:
        low, high = high, 2 * high
        if high > LARGEST:
            return {}, f"it has not risen so far at a weight noise of {low:g}"
    sigma = brentq(excess, low, high, rtol=TOLERANCE, maxiter=ITERATIONS, disp=False)
    scatter = rises(sigma).std(ddof=1) / math.sqrt(len(noise.seeds))
    if not math.isfinite(scatter):
        return {}, f"it rises beyond all numbers at a weight noise of {sigma:g}"
    return {"sigma": sigma, "sigma_error": float(sigma * scatter / 2)}, None
