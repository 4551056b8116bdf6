"""Distributions of the trained weights of a model, for all weights and for each part of the model.

The weights are those used in evaluation (averages if the training made them), as stored. In e3nn's normalisation they start with unit variance and
the forward pass divides by the square root of the number of inputs, so layers of different width can be compared (MACE's contractions start with
the inverse of their number of paths).
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Table, block, integer, real, text, whole

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Count the weights of",
    options=block(
        {"n_bins": integer(61, "Bins of a histogram; for an odd number one bin is centred at 0.", minimum=3)},
        "Distributions of the trained weights (tables weights and weight_moments, figure weights); null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "weights": Table(
            "A bin of the histogram of the weights of one part of a model.",
            TRAINED
            | {
                "group": text("part of the model; all: every weight"),
                "bin_low": real("lower edge"),
                "bin_high": real("upper edge"),
                "count": whole("weights in the bin"),
            },
        ),
        "weight_moments": Table(
            "The weights of one part of a model.",
            TRAINED
            | {
                "group": text("part of the model; all: every weight"),
                "n_weights": whole("weights"),
                "mean": real("mean"),
                "std": real("standard deviation"),
                "excess_kurtosis": real("0 for a normal distribution", optional=True),
                "near_zero": real("share of weights with an absolute value below 0.01"),
                "largest": real("largest absolute value"),
            },
        ),
    },
)


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
    """Histograms and moments of all weights, and of those of each part that the framework names."""
    from nnip.potentials.frameworks import choices
    from nnip.potentials.weight_statistics import grouped, histogram, moments

    parameters = {name: parameter.detach().double().cpu().numpy() for name, parameter in job.potential.module.named_parameters()}
    rows: dict[str, list[dict[str, Any]]] = {"weights": [], "weight_moments": []}
    for group, values in grouped(parameters, choices(job.settings["framework"]).PARAMETER_GROUPS).items():
        rows["weights"] += [{"group": group} | row for row in histogram(values, job.options["n_bins"])]
        rows["weight_moments"].append({"group": group} | moments(values))
    return rows
