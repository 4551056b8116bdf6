"""Controls: what a candidate has to beat. Size of the model and of its weights, its loss, and how far from convergence it is.

With L the training loss (nnip.landscape.training_loss), g its gradient at the trained weights theta, and G_i that of frame i (g is their mean):
gradient norm |g|; distance from convergence |g| |theta| / L, which does not depend on the unit of L; gradient noise scale tr Cov(G) / |g|^2
(McCandlish et al., arXiv:1812.06162, 2018), the number of frames at which noise and signal of a gradient are equal.
Standard errors are those of the jackknife over frames.
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import COST, FRAMES_OF_LOSS, TRAINED, Measurement, Quantity, Table, block, real, text, whole
from nnip.measure.candidates import GRADIENT

if TYPE_CHECKING:
    import numpy as np

    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Measure the loss and its gradient at the weights of",
    options=block(
        FRAMES_OF_LOSS,
        "Size of a model and of its weights, its loss and gradient (tables controls and gradients); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "controls": Table(
            "The size and the best epoch of a training.",
            TRAINED
            | {
                "n_weights": whole("weights of the model"),
                "weight_norm": real("|theta|, the norm of all weights"),
                "best_epoch": whole("epochs after which the model was best", optional=True),
            }
            | COST,
        ),
        "gradients": Table(
            "The loss of a training and its gradient at the trained weights.",
            TRAINED
            | {
                "n_frames": whole("frames of the loss", "frames"),
                "loss": real("L, with energy_weight in units of eV^2/atom^2 and forces_weight in units of eV^2/A^2", optional=True),
                "loss_error": real("its standard error over the frames", optional=True),
                "gradient_norm": real("|g|, in the loss's unit", optional=True),
                "gradient_norm_error": real("its standard error over the frames", optional=True),
                "convergence_distance": real("|g| |theta| / L", optional=True),
                "convergence_distance_error": real("its standard error over the frames", optional=True),
                "gradient_noise_scale": real("tr Cov(G) / |g|^2", "frames", optional=True),
                "gradient_noise_scale_error": real("its standard error over the frames", "frames", optional=True),
            }
            | COST
            | {"reason": text("why a value is blank", optional=True)},
        ),
    },
    quantities=(
        Quantity(name="n_weights", table="controls", column="n_weights", label="number of weights", role="predictor", log=True, baseline=True),
        Quantity(name="weight_norm", table="controls", column="weight_norm", label="norm of the weights", role="predictor", better=-1, log=True),
        Quantity(name="best_epoch", table="controls", column="best_epoch", label="best epoch", role="predictor"),
        Quantity(name="loss", table="gradients", column="loss", label="training loss", role="predictor", better=-1, log=True),
        Quantity(name="gradient_norm", table="gradients", column="gradient_norm", label="gradient norm", role="predictor", better=-1, log=True),
        Quantity(
            name="convergence_distance", table="gradients", column="convergence_distance", label="relative distance from convergence",
            role="predictor", better=-1, log=True,
        ),
        Quantity(
            name="gradient_noise_scale", table="gradients", column="gradient_noise_scale", label="gradient noise scale", unit="frames",
            role="predictor", log=True,
        ),
    ),
)  # fmt: skip
VALUES = ("loss", "gradient_norm", "convergence_distance", "gradient_noise_scale")


def splits(options: dict[str, Any], _: list[str]) -> list[str]:
    """The one the loss is over."""
    return [options["split"]]


def cost(options: dict[str, Any], n_frames: int) -> int:
    """The loss, its gradient, and the gradient of every frame."""
    return (1 + 2 * GRADIENT) * min(n_frames, options["n_frames"])


def frames_at_once(options: dict[str, Any]) -> int:
    """Frames of a batch, each of which a gradient holds about four times."""
    return 4 * options["frames_per_batch"]


def measure(job: "Job") -> "Rows":
    """One row of each table; checkpoints hold the loss, its gradient and, of the frames done, |G_i|^2 and G_i.g."""
    import numpy as np

    from nnip.landscape.weights import weight_vector
    from nnip.measure.candidates import Cost, training_loss, with_reason
    from nnip.study.manifest import read_manifest

    size = Cost()
    with size.of(0):
        theta = weight_vector(job.potential.module)
        norm = float(theta.norm())
    best_epoch = read_manifest(f"{job.train_directory}/manifest.json").get("best_epoch")
    controls = {"n_weights": len(theta), "weight_norm": norm, "best_epoch": best_epoch} | vars(size)

    loss = training_loss(job)
    state = job.progress.state or {"frames": [], "cost": {}}
    spent = Cost(**state["cost"])
    if "losses" not in state:
        with spent.of(1 + GRADIENT):
            state |= {"losses": loss.of_frames(loss.outputs()), "gradient": loss.gradient()}
    for index in range(job.progress.done, loss.n_frames):
        with spent.of(0):
            gradient = loss.part(index, index + 1).gradient()
            state["frames"].append([float(gradient.pow(2).sum()), float(gradient @ state["gradient"])])
        job.progress.save_if_due(index + 1, state | {"cost": vars(spent)})
    spent.n_passes += GRADIENT
    job.notes |= {"n_frames": loss.n_frames, "frames_per_batch": loss.batches.frames_per_batch}
    squares, products = np.array(state["frames"]).T
    found, errors = summarised(state["losses"].numpy(), float(state["gradient"].pow(2).sum()), squares, products, norm)
    row = {"n_frames": loss.n_frames} | dict(zip(VALUES, found.tolist(), strict=True))
    row |= {f"{name}_error": error for name, error in zip(VALUES, errors.tolist(), strict=True)} | vars(spent)
    return {"controls": [controls], "gradients": [with_reason(row, "not defined or not finite at these weights and frames")]}


def summarised(
    losses: "np.ndarray", gradient_square: float, squares: "np.ndarray", products: "np.ndarray", norm: float
) -> tuple["np.ndarray", "np.ndarray"]:
    """VALUES and their jackknife standard errors over the frames, each float64 [4]; not finite where they are not defined.

    losses, squares, products: L_i, |G_i|^2 and G_i.g of each frame; gradient_square: |g|^2; norm: |theta|.
    """
    import numpy as np

    n = len(losses)

    def values(n: int, loss: Any, gradient_square: Any, mean_square: Any) -> "np.ndarray":
        gradient = np.sqrt(gradient_square)
        return np.stack([loss, gradient, gradient * norm / loss, n / np.float64(n - 1) * (mean_square / gradient_square - 1)], axis=-1)

    with np.errstate(all="ignore"):
        whole = values(n, losses.mean(), gradient_square, squares.mean())
        # of all frames but one
        rest = np.float64(n - 1)
        rest_square = (n**2 * gradient_square - 2 * n * products + squares) / rest**2
        without = values(n - 1, (losses.sum() - losses) / rest, rest_square, (squares.sum() - squares) / rest)
        return whole, np.sqrt(rest / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
