"""The common style of all figures: sizes, fonts, colours and notes, and saving whole files with reproducible bytes."""

import functools
import inspect
import os
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawing
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from nnip.jobs.errors import InputError
from nnip.jobs.files import whole
from nnip.potentials.frameworks import choices
from nnip.potentials.frameworks import frameworks as known_frameworks

SINGLE_MM, DOUBLE_MM = 85.0, 175.0  # one and two columns of a journal page
DPI = 200
GREY = "#666666"
LIGHT = "#BBBBBB"
NO_DATA = "#999999"
# Okabe and Ito's colours that are visible on white (jfly.uni-koeln.de/color), then three of Tol's muted scheme
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#332288", "#882255", "#999933")
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "p")
LINES = ("-", (0, (4, 1.5)), (0, (1, 1)))
RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.labelsize": 7,
    "xtick.labelsize": 6,
    "ytick.labelsize": 6,
    "legend.fontsize": 6,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "lines.linewidth": 1.0,
    "lines.markersize": 4,
    "mathtext.fontset": "dejavusans",
    "pdf.fonttype": 42,  # TrueType: whole, searchable fonts in the file
    "svg.hashsalt": "nnip",
    "savefig.dpi": DPI,
    "figure.dpi": DPI,
}


class NothingToDrawError(Exception):
    """A table lacks the rows that a figure is drawn from; the message says which."""


def styled(function: Callable[..., Drawing]) -> Callable[..., Drawing]:
    """Draw in this style, whatever the user's own matplotlib settings; if there is nothing to draw, a small figure gives the reason."""

    @functools.wraps(function)
    def draw(*args: Any, **kwargs: Any) -> Drawing:
        with mpl.rc_context(RC):
            try:
                return function(*args, **kwargs)
            except NothingToDrawError as why:
                given = inspect.signature(function).bind(*args, **kwargs).arguments
                return _blank(str(why), given.get("trainings"), given.get("framework"))

    return draw


def _blank(why: str, trainings: pd.DataFrame | None, framework: str | None) -> Drawing:
    """One sentence instead of panels, and how the trainings ended."""
    figure, axes = panels(1, 1, SINGLE_MM, 30)
    axes[0, 0].set_axis_off()
    if trainings is not None:
        lost = trainings[(trainings["status"] != "ok") & (framework is None or trainings["framework"] == framework)]
        ended = [f"{model} {' and '.join(dict.fromkeys(rows['status']))}" for model, rows in lost.groupby("model", sort=False)]
        why += f" Trainings that gave no model: {', '.join(ended)}." if ended else ""
    axes[0, 0].text(0.5, 0.5, textwrap.fill(why, 60), ha="center", va="center", fontsize=6, color=GREY, transform=axes[0, 0].transAxes)
    return figure


def panels(rows: int, columns: int, width_mm: float, height_mm: float, **options: Any) -> tuple[Drawing, np.ndarray]:
    """An empty figure and its axes [rows, columns]; options are those of Figure.subplots."""
    figure = page(width_mm, height_mm)
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def page(width_mm: float, height_mm: float) -> Drawing:
    """A figure without axes, with the common layout."""
    engine = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.03, hspace=0.03)
    figure = Drawing(figsize=(width_mm / 25.4, height_mm / 25.4), layout=engine)
    FigureCanvasAgg(figure)  # to measure text
    return figure


def page_width(sizes: Sequence[int]) -> float:
    """Width in mm of a row of panels with these numbers of categories: one or two journal columns, more only if models would not fit."""
    return float(np.clip(15 + 12 * sum(sizes), SINGLE_MM, max(DOUBLE_MM, 15 + 5 * sum(sizes))))


def slot(width_mm: float, sizes: Sequence[int], column: int, categories: int) -> float:
    """Width in mm of a category in a panel, if the widths of panels are proportional to their sizes."""
    return (width_mm - 18) * sizes[column] / sum(sizes) / (categories + 0.2) - 0.5


def wrap(text: str, width_mm: float, size_pt: float = 7) -> str:
    """Text wrapped to a width."""
    return textwrap.fill(text, max(int(width_mm / (0.2 * size_pt)), 6))


def save(figure: Drawing, paths: Iterable[str | os.PathLike[str]]) -> None:
    """Write a figure to every path (png or pdf by ending) as whole files without dates: equal tables give equal bytes."""
    undated = {".png": {"Software": None}, ".pdf": {"CreationDate": None, "Creator": None, "Producer": None}}
    with mpl.rc_context(RC):
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once for all files
        for path in paths:
            with whole(path) as temporary:
                figure.savefig(temporary, metadata=undated[temporary.suffix])


@dataclass(frozen=True)
class Look:
    """The appearance of one model in every figure of a study."""

    label: str
    colour: str
    marker: str
    line: Any


def looks(models: pd.DataFrame) -> dict[str, Look]:
    """Model -> look: models differ in colour within an experiment and in marker between experiments, so all models of a framework differ."""
    look_of: dict[str, Look] = {}
    for index, (_, members) in enumerate(experiments(models)):
        used = [look_of[name].colour for name in members["model"] if name in look_of]
        free = [colour for colour in COLOURS if colour not in used] or list(COLOURS)
        fresh = [(name, label) for name, label in zip(members["model"], members["label"], strict=True) if name not in look_of]
        for number, (name, label) in enumerate(fresh):
            turn, place = divmod(number, len(free))
            look_of[name] = Look(str(label), free[place], MARKERS[(index + turn) % len(MARKERS)], LINES[turn % len(LINES)])
    return look_of


def experiments(models: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """(title, members in order) of each experiment, in the order of the table."""
    return [(str(members["title"].iloc[0]), members.sort_values("position")) for _, members in models.groupby("experiment", sort=False)]


def of_framework(models: pd.DataFrame, framework: str) -> pd.DataFrame:
    """The members of one framework; InputError if there are none."""
    members = models[models["framework"] == framework]
    if members.empty:
        raise InputError(f"table 'models' has no model of framework '{framework}': nothing to draw")
    return members


def frameworks(table: pd.DataFrame) -> list[str]:
    """The frameworks of a table, in its order."""
    return list(dict.fromkeys(table["framework"]))


def framework_title(framework: str) -> str:
    """The title of a framework in text; its name if the framework is unknown here."""
    return choices(framework).TITLE if framework in known_frameworks() else framework


def need(framework: str | None = None, /, **tables: pd.DataFrame) -> None:
    """NothingToDrawError naming the first table without a row (of the framework, if given); InputError if it is table models."""
    for name, table in tables.items():
        if framework is not None and not (table["framework"] == framework).any():
            if name == "models":
                raise InputError(f"table 'models' has no model of framework '{framework}': nothing to draw")
            raise NothingToDrawError(f"Nothing to draw of {framework_title(framework)}: table '{name}' has no row of it.")
        if table.empty:
            if name == "models":
                raise InputError("table 'models' is empty: it needs at least one row to be drawn")
            raise NothingToDrawError(f"Nothing to draw: table '{name}' is empty.")


def why_missing(model: str, trainings: pd.DataFrame | None) -> str:
    """The text for a model without data: how its trainings ended, if known."""
    if trainings is not None:
        statuses = [status for status in dict.fromkeys(trainings.loc[trainings["model"] == model, "status"]) if status != "ok"]
        if statuses:
            return f"no data: {', '.join(statuses)}"
    return "no data"


def mark_missing(axis: Axes, x: float, text: str) -> None:
    """Write in a model's place on a categorical axis that it has no data."""
    axis.text(x, 0.5, text, rotation=90, ha="center", va="center", fontsize=5.5, color=NO_DATA, transform=axis.get_xaxis_transform())


def say(axis: Axes, text: str) -> None:
    """Write a text in the middle of an empty panel."""
    axis.text(0.5, 0.5, textwrap.fill(text, 28), ha="center", va="center", fontsize=6, color=NO_DATA, transform=axis.transAxes)


def note(figure: Drawing, *sentences: str) -> None:
    """Small print under the whole figure: numbers of replicas and seeds, the meaning of marks, what is missing."""
    characters = int(figure.get_figwidth() * 25.4 / 1.1)
    text = textwrap.fill(" ".join(sentence for sentence in sentences if sentence), characters)
    figure.supxlabel(text, x=0.01, ha="left", fontsize=5.5, color=GREY)


def letter(axis: Axes, character: str) -> None:
    """Write a panel's letter above its upper left corner."""
    axis.annotate(character, (0, 1), xytext=(-16, 4), xycoords="axes fraction", textcoords="offset points", fontsize=8, fontweight="bold")


def name_models(axis: Axes, members: Sequence[str], look: dict[str, Look], slot_mm: float) -> None:
    """Label models as categories 0, 1, ... of the horizontal axis, in their colours; labels are horizontal if a slot fits every word."""
    labels = [look[name].label for name in members]
    longest = max(len(word) for own in look.values() for word in own.label.split())
    horizontal = longest * 1.25 < slot_mm
    axis.set_xticks(range(len(members)), [wrap(label, slot_mm, 6) if horizontal else textwrap.fill(label, 20) for label in labels])
    axis.set_xlim(-0.6, len(members) - 0.4)
    axis.tick_params(axis="x", length=0)
    for name, text in zip(members, axis.get_xticklabels(), strict=True):
        text.set(color=look[name].colour, linespacing=1.0)
        if not horizontal:
            text.set(rotation=90, ha="center", va="top", multialignment="right")


def plain_log(axis: Any) -> None:
    """Label the ticks of a logarithmic axis (XAxis or YAxis) with few decades as plain numbers: 1, 2, 5, 10, 20, ..."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def plural(number: int, noun: str) -> str:
    """'1 seed', '3 seeds'."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def signed(value: float, digits: int = 2) -> str:
    """A number with a typographic minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")


def counted(table: pd.DataFrame, what: str = "seed") -> str:
    """The number of seeds per model in a table, in words."""
    counts = table.groupby(["framework", "model"])[what].nunique()
    if counts.empty:
        return ""
    if counts.nunique() == 1:
        return f"{plural(int(counts.iloc[0]), what)} per model."
    return f"{counts.min()} to {plural(int(counts.max()), what)} per model."


def head(
    axes: Sequence[Axes],
    groups: Sequence[tuple[str, pd.DataFrame]],
    look: dict[str, Look],
    width_mm: float,
    words: Sequence[dict[str, str]] | None = None,
) -> None:
    """Write experiment titles over a row of panels, and under each title the names of its models in their colours, as the legend.

    words: per panel, text to append to the names of some models.
    """
    line_pt = 6.8
    longest = max(len(members) for _, members in groups)
    for column, (axis, (title, members)) in enumerate(zip(axes, groups, strict=True)):
        axis.set_title(wrap(title, width_mm), pad=4 + line_pt * longest)
        for number, name in enumerate(members["model"]):
            more = f"  {words[column][name]}" if words and name in words[column] else ""
            place = (0, 3 + line_pt * (longest - 1 - number))
            text = textwrap.shorten(look[name].label, max(int(width_mm / 1.05) - len(more), 8), placeholder="…") + more
            axis.annotate(
                text, (0.5, 1), xytext=place, xycoords="axes fraction", textcoords="offset points", ha="center", fontsize=5.5, color=look[name].colour
            )
