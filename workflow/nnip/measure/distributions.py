"""Distributions of energies, forces and bond lengths in each split: how far the test frames are from the training frames."""

from typing import TYPE_CHECKING, Any

from nnip.declare import Measurement, Table, block, integer, real, text, whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ase import Atoms

    from nnip.measure.base import Rows

MEASUREMENT = Measurement(
    begun="Count energies, forces and bond lengths of",
    of="frames",
    options=block(
        {"n_bins": integer(60, "Bins of a histogram.", minimum=3)},
        "Distributions of energies, forces and bond lengths in every split (tables distributions and distribution_moments, figure distributions); "
        "null = none, {} = with these defaults.",
        default=None,
    ),
    tables={
        "distributions": Table(
            "A bin of the histogram of one quantity of a split.",
            {
                "split": text("name of the split"),
                "quantity": text("energy_per_atom (above the lowest training frame of its composition), force_component, force_norm or bond_length"),
                "unit": text("unit of the bins"),
                "bin_low": real("lower edge"),
                "bin_high": real("upper edge"),
                "count": whole("values in the bin"),
            },
        ),
        "distribution_moments": Table(
            "One quantity of a split.",
            {
                "split": text("name of the split"),
                "quantity": text("as in table distributions"),
                "unit": text("of the values"),
                "n_values": whole("values"),
                "mean": real("mean"),
                "std": real("standard deviation"),
                "lowest": real("smallest value"),
                "highest": real("largest value"),
                "outside": real("share of values outside the range of the training frames", optional=True),
            },
        ),
    },
)


def splits(_: dict[str, Any], every: list[str]) -> list[str]:
    """All splits."""
    return every


def measure(frames: "Mapping[str, Sequence[Atoms]]", options: dict[str, Any]) -> "Rows":
    """Histograms and moments of every split."""
    from nnip.data.distributions import distributions

    counts, moments = distributions({split.removeprefix("test_"): labelled for split, labelled in frames.items()}, options["n_bins"])
    return {"distributions": counts, "distribution_moments": moments}
