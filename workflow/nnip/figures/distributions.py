"""Distributions of energies, forces and bond lengths in each split of the data."""

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.analyse.error_summaries import temperatures_K
from nnip.declare import Figure
from nnip.figures import style
from nnip.figures.style import COLOURS, GREY, LIGHT, NO_DATA

FIGURE = Figure(
    needs=("distributions", "distribution_moments"),
    per_framework=False,
    category="Accuracy and learning",
    caption=(
        "**Distributions of the data** (figure S2 of the paper): energies, forces and bond lengths of the training, validation and test frames, "
        "with the share of each test that lies outside the range of the training frames."
    ),
)

TITLES = {
    "energy_per_atom": ("energy above the lowest training frame (meV/atom)", 1000.0),
    "force_component": ("force component (eV/Å)", 1.0),
    "force_norm": ("norm of the force on an atom (eV/Å)", 1.0),
    "bond_length": ("bond length (Å)", 1.0),
}


def colours(splits: list[str]) -> dict[str, str | tuple[float, ...]]:
    """Colours of the splits: train black, val grey; tests from blue to orange by temperature if all names have one, else in order."""
    colour_of: dict[str, str | tuple[float, ...]] = {"train": "black", "val": NO_DATA}
    tests = [split for split in splits if split not in colour_of]
    temperatures = temperatures_K(pd.Series(tests, dtype="string"))
    if temperatures.notna().all():
        order = sorted(tests, key=dict(zip(tests, temperatures, strict=True)).__getitem__)
        return colour_of | {split: colormaps["plasma"](x) for split, x in zip(order, np.linspace(0.05, 0.75, len(order)), strict=True)}
    return colour_of | {split: COLOURS[place % len(COLOURS)] for place, split in enumerate(tests)}


@style.styled
def draw(distributions: pd.DataFrame, distribution_moments: pd.DataFrame) -> Drawing:
    """One panel per quantity: the density of every split (logarithmic axis for forces) and the share of values outside the training range."""
    style.need(distributions=distributions, distribution_moments=distribution_moments)
    quantities = [name for name in TITLES if name in set(distributions["quantity"])]
    splits = list(dict.fromkeys(distributions["split"]))
    colour = colours(splits)
    columns = min(len(quantities), 2)
    rows = -(-len(quantities) // columns)
    figure, axes = style.panels(rows, columns, style.DOUBLE_MM, 12 + 52 * rows)
    for axis in axes.flat[len(quantities) :]:
        axis.set_axis_off()
    for place, (axis, quantity) in enumerate(zip(axes.flat, quantities, strict=False)):
        title, factor = TITLES[quantity]
        part = distributions[distributions["quantity"] == quantity]
        for split in splits:
            draw_split(axis, part[part["split"] == split], factor, split, colour[split])
        if quantity.startswith("force"):
            axis.set_yscale("log")
        else:
            axis.set_ylim(bottom=0)
        unit = title[title.rindex("(") + 1 : -1]
        axis.set(xlabel=title, ylabel=f"density (per {unit})")
        name_outside(axis, distribution_moments[distribution_moments["quantity"] == quantity], colour)
        style.letter(axis, "abcdefgh"[place])
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", handlelength=1.2)
    energies = distribution_moments[distribution_moments["quantity"] == "energy_per_atom"]
    frames = ", ".join(f"{row.split} {row.n_values}" for row in energies.itertuples())
    style.note(
        figure,
        f"Frames: {frames}. Numbers in the panels: share of a test's values outside the range of the training frames' values.",
        "Bonds: pairs closer than 1.3 times the sum of their covalent radii.",
    )
    return figure


def draw_split(axis: Axes, part: pd.DataFrame, factor: float, split: str, colour: str | tuple[float, ...]) -> None:
    """Draw one split's density as steps."""
    if part.empty or not part["count"].sum():
        return
    low, high, count = (part[column].to_numpy(float) for column in ("bin_low", "bin_high", "count"))
    values = count / (count.sum() * (high - low) * factor)
    edges = np.append(low, high[-1]) * factor
    if split == "train":
        axis.stairs(values, edges, fill=True, color=LIGHT, alpha=0.5)
    axis.stairs(values, edges, label=split, baseline=None, color=colour, linewidth=0.8, linestyle="--" if split == "val" else "-")


def name_outside(axis: Axes, moments: pd.DataFrame, colour: dict[str, str | tuple[float, ...]]) -> None:
    """Write the shares outside the training range in the upper right corner, in the splits' colours."""
    tests = [row for row in moments.itertuples() if row.split not in ("train", "val") and pd.notna(row.outside)]
    for line, row in enumerate(tests):
        axis.annotate(
            f"{row.split}: {percent(row.outside)} outside", (1, 1), xytext=(-2, -2 - 7 * line), xycoords="axes fraction",
            textcoords="offset points", ha="right", va="top", fontsize=5.5, color=colour.get(row.split, GREY),
        )  # fmt: skip


def percent(share: float) -> str:
    """A share in per cent, with two digits if it is small."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"
