"""The largest eigenvalues of the Hessian of the training loss at the trained weights, by Lanczos iterations (scipy.sparse.linalg.eigsh).

H = d2L/dtheta2 (nnip.landscape.training_loss). Ghorbani et al., arXiv:1901.10159 (2019), and Yao et al., PyHessian, arXiv:1912.07145 (2020), study
them in classifiers. They are raw: they change if one layer is multiplied by a number and the next divided by it. The standard error over frames is
that of v . G v, the Gauss-Newton part of the curvature along the eigenvector v, by central differences of the outputs.
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import COST, FRAMES_OF_LOSS, TRAINED, Measurement, Quantity, Table, block, integer, real, text, whole
from nnip.measure.candidates import HESSIAN_PRODUCT

if TYPE_CHECKING:
    import torch

    from nnip.landscape.training_loss import TrainingLoss
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Look for the largest curvatures of the loss of",
    options=block(
        {"n_eigenvalues": integer(5, "Eigenvalues, from the largest on.", minimum=1)} | FRAMES_OF_LOSS,
        "Largest eigenvalues of the training loss's Hessian (table hessian_eigenvalues); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "hessian_eigenvalues": Table(
            "An eigenvalue of the Hessian of a training's loss.",
            TRAINED
            | {
                "rank": whole("1: the largest"),
                "eigenvalue": real("eigenvalue, in the loss's unit", optional=True),
                "eigenvalue_error": real("standard error over the frames", optional=True),
            }
            | COST
            | {"reason": text("why a value is blank", optional=True)},
        )
    },
    quantities=(
        Quantity(
            name="hessian_eigenvalue", table="hessian_eigenvalues", column="eigenvalue", where={"rank": 1}, label="largest Hessian eigenvalue",
            role="predictor", better=-1, log=True,
        ),
    ),
)  # fmt: skip
TOLERANCE = 1e-2
RESTARTS = 5
STEP = 1e-4  # norms of the weights


def splits(options: dict[str, Any], _: list[str]) -> list[str]:
    """The one the loss is over."""
    return [options["split"]]


def _kept(n_eigenvalues: int) -> int:
    """Vectors of the Lanczos iteration."""
    return max(20, 4 * n_eigenvalues)


def cost(options: dict[str, Any], n_frames: int) -> int:
    """At most: the products of the first iteration and of every restart, and two evaluations for each eigenvalue."""
    products = 1 + _kept(options["n_eigenvalues"]) * (RESTARTS + 1)
    return (HESSIAN_PRODUCT * products + 2 * options["n_eigenvalues"]) * min(n_frames, options["n_frames"])


def frames_at_once(options: dict[str, Any]) -> int:
    """Frames of a batch, each of which a Hessian product holds about ten times."""
    return 10 * options["frames_per_batch"]


def measure(job: "Job") -> "Rows":
    """A row for each eigenvalue; checkpoints hold the Hessian products done, which the same iteration asks for in the same order."""
    import numpy as np
    import torch
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    from nnip.landscape.weights import weight_vector
    from nnip.measure.candidates import Cost, training_loss, with_reason

    loss = training_loss(job)
    n_weights, n_wanted = len(weight_vector(job.potential.module)), job.options["n_eigenvalues"]
    state = job.progress.state or {"products": [], "cost": {}}
    spent, asked = Cost(**state["cost"]), 0
    start = np.random.default_rng(job.seed("start", "hessian_eigenvalues", job.settings["model"], job.settings["seed"])).standard_normal(n_weights)

    def product(vector: np.ndarray) -> np.ndarray:
        nonlocal asked
        asked += 1
        if asked > len(state["products"]):
            with spent.of(HESSIAN_PRODUCT):
                state["products"].append(loss.hessian_product(torch.from_numpy(vector.copy())))
            job.progress.save_if_due(asked, {"products": state["products"], "cost": vars(spent)})
        if not state["products"][asked - 1].isfinite().all():
            raise FloatingPointError("products with the Hessian are not finite")
        return state["products"][asked - 1].numpy()

    rows: list[dict[str, float]] = [{}] * n_wanted
    reason = f"the model has {n_weights} weights" if n_wanted >= n_weights else None
    if reason is None:
        try:
            hessian = LinearOperator((n_weights, n_weights), matvec=product, dtype=np.float64)
            kept = min(_kept(n_wanted), n_weights)
            values, vectors = eigsh(hessian, k=n_wanted, which="LA", tol=TOLERANCE, ncv=kept, v0=start, maxiter=RESTARTS)
            with spent.of(2 * n_wanted):
                errors = [_error(loss, torch.from_numpy(vectors[:, place].copy())) for place in range(n_wanted)]
            order = np.argsort(-values)
            rows = [{"eigenvalue": float(values[place]), "eigenvalue_error": errors[place]} for place in order]
        except (ArpackError, FloatingPointError) as error:
            reason = " ".join(str(error).split())
    job.notes |= {"n_frames": loss.n_frames, "frames_per_batch": loss.batches.frames_per_batch, "n_products": len(state["products"])}
    of = [with_reason({"rank": rank} | row | vars(spent), "not finite") for rank, row in enumerate(rows, start=1)]
    return {"hessian_eigenvalues": [row | ({"reason": reason} if reason else {}) for row in of]}


def _error(loss: "TrainingLoss", vector: "torch.Tensor") -> float:
    """Standard error over frames of v . G v for a unit vector v; the weights are restored."""
    import numpy as np

    from nnip.landscape.weights import displaced, weight_vector

    step = STEP * float(weight_vector(loss.batches.potential.module).norm())
    with displaced(loss.batches.potential.module) as weights:
        weights.displace(step * vector)
        up = loss.outputs()
        weights.displace(-step * vector)
        change = (up - loss.outputs()) / (2 * step)
    squares = 2 * loss.of_frames(change).numpy()
    return float(squares.std(ddof=1) / np.sqrt(len(squares))) if len(squares) > 1 else float("nan")
