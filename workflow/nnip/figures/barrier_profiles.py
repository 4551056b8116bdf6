"""The energy along a vacancy's hop, by every model and by the reference."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from nnip.declare import Figure
from nnip.figures import style

FIGURE = Figure(
    needs=("models", "barrier_profiles", "barriers"),
    uses=("trainings",),
    per_framework=True,
    category="Rare events and defects",
    caption=(
        "**The barrier of a vacancy's hop by {framework}.** Energy along each model's own minimum-energy path, and of the models at the images of "
        "the reference's path (frozen); a line a seed. Black: the reference. Tables ``barrier_profiles`` and ``barriers``."
    ),
)
PANELS = {"own": "own path", "frozen": "at the reference's images"}


@style.styled
def draw(
    framework: str, models: pd.DataFrame, barrier_profiles: pd.DataFrame, barriers: pd.DataFrame, trainings: pd.DataFrame | None = None
) -> Drawing:
    """Two panels: own paths and frozen images; the reference in both. Below them, why a model has no path of its own."""
    style.need(framework, models=models, barrier_profiles=barrier_profiles)
    members = style.of_framework(models, framework)
    look = style.looks(members)
    own, ends = (table[table["framework"] == framework] for table in (barrier_profiles, barriers))
    figure, axes = style.panels(1, 2, style.DOUBLE_MM, 80, sharey=True)
    for axis, (path, title) in zip(axes[0], PANELS.items(), strict=True):
        draw_paths(axis, own[own["path"] == path], look)
        reference = own[own["path"] == "reference"]
        first = reference[(reference["model"] == reference["model"].iloc[0]) & (reference["seed"] == reference["seed"].iloc[0])]
        axis.plot(first["progress"].astype(float), first["energy_eV"].astype(float), color="black", linewidth=1.6, label="reference", zorder=3)
        axis.set(title=title, xlabel="progress along the path", xlim=(0, 1))
        if own[own["path"] == path].empty:
            style.say(axis, "no model has one")
    axes[0, 0].set_ylabel("energy (eV)")
    axes[0, 1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=1.4)
    failed = ends.dropna(subset=["reason"])
    count = failed.groupby("model", sort=False).size()
    why = [f"{look[str(name)].label} ({n}): {failed[failed['model'] == name]['reason'].iloc[0]}." for name, n in count.items() if name in look]
    missing = [f"{look[name].label}: {style.why_missing(name, trainings)}." for name in look if name not in set(ends["model"])]
    style.note(figure, style.counted(ends), "Without a path of their own: " + " ".join(why) if why else "", " ".join(missing))
    return figure


def draw_paths(axis: Axes, rows: pd.DataFrame, look: dict[str, style.Look]) -> None:
    """A line for each training."""
    named: set[str] = set()
    for (name, _), line in rows.groupby(["model", "seed"], sort=False):
        if name in look:
            mine = look[name]
            label = mine.label if name not in named else None
            axis.plot(
                line["progress"].astype(float), line["energy_eV"].astype(float), color=mine.colour, linestyle=mine.line, linewidth=0.8, label=label
            )
            named.add(name)
