"""How the trained weights of a model are distributed, all together and by the part of the model they are in.

Weights are those the model is evaluated with (averages where training kept them), as stored: in e3nn's normalisation they begin with unit variance
and the forward pass divides by the square root of the number of inputs, so that layers of any width compare (MACE's contractions begin with the
inverse of their number of paths).
"""

from typing import TYPE_CHECKING, Any

from nnip.declare import TRAINED, Measurement, Table, block, integer, real, text, whole

if TYPE_CHECKING:
    from nnip.measure.base import Job, Rows

MEASUREMENT = Measurement(
    begun="Count the weights of",
    options=block(
        {"n_bins": integer(61, "Bins of a histogram; an odd number has one about 0.", minimum=3)},
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
                "near_zero": real("share of weights smaller than 0.01 in size"),
                "largest": real("largest size"),
            },
        ),
    },
)


def splits(_: dict[str, Any], __: list[str]) -> list[str]:
    """None: weights alone."""
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
