"""Distance of the trained weights from those the training started from: |theta - theta_0| (Jiang et al., arXiv:1912.02178, 2020, FRO_DIST).

theta are the weights of evaluation (averages if the training made them). Both distances are raw: they change if one layer is multiplied by a number
and the next divided by it.
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import COST, TRAINED, Measurement, Quantity, Table, block, real, text

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Measure how far training has moved the weights of",
    options=block({}, "Distance of the trained weights from the initial ones (table initial_distance); null = none, {} = on.", default=None),
    tables={
        "initial_distance": Table(
            "The distance of a training's weights from their start.",
            TRAINED
            | {
                "distance": real("|theta - theta_0|", optional=True),
                "relative_distance": real("|theta - theta_0| / |theta_0|", optional=True),
            }
            | COST
            | {"reason": text("why a value is blank", optional=True)},
        )
    },
    quantities=(
        Quantity(
            name="initial_distance", table="initial_distance", column="distance", label="distance from the initial weights", role="predictor",
            better=-1, log=True,
        ),
    ),
)  # fmt: skip


def splits(_: dict[str, Any], __: list[str]) -> list[str]:
    """None: only weights are read."""
    return []


def cost(_: dict[str, Any], __: int) -> int:
    """No evaluation."""
    return 0


def frames_at_once(_: dict[str, Any]) -> int:
    """No frames."""
    return 0


def measure(job: "Job") -> "Rows":
    """One row; its distances are blank if the training kept no initial weights."""
    from nnip.landscape.weights import weight_vector
    from nnip.measure.candidates import Cost, with_reason
    from nnip.potentials.initial import initial_weights

    spent = Cost()
    with spent.of(0):
        initial = initial_weights(job.train_directory, job.potential.module)
        if initial is not None:
            distance = (weight_vector(job.potential.module) - initial).norm()
            row = {"distance": float(distance), "relative_distance": float(distance / initial.norm())}
    if initial is None:
        return {"initial_distance": [vars(spent) | {"reason": "the training kept no initial weights of this model"}]}
    return {"initial_distance": [with_reason(row | vars(spent), "all initial weights are zero")]}
