"""docs/performance.md and its figures, from the csv files of all kinds of machine."""

import tomllib
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import records
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from nnip.figures import style
from nnip.jobs.files import write_text

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
COLOUR = {"nequip": style.COLOURS[0], "mace": style.COLOURS[1], "": style.GREY}
NO_GPU = "not measured: no GPU at hand"
CURVES = {
    "replicas": ("replicas of 27 atoms", "CPU s per replica and step"),
    "atoms": ("atoms of one replica", "CPU s per atom and step"),
    "frames": ("frames", "CPU s per frame and point"),
    "directions": ("directions", "CPU s to draw one"),
    "models": ("models", "CPU s to plan one"),
}
PATHS = (("nequip", "plain"), ("nequip", "compiled"), ("mace", "plain"), ("", ""))
LINE = ("curve", "framework", "path")
Rows = Sequence[Mapping[str, Any]]


def write(docs: Path = DOCS) -> None:
    """Write the page and the figures: ratios of the last kind of machine with a CPU and of the last with a GPU, curves of the former."""
    kinds = sorted(path.stem for path in records.RESULTS.glob("*.csv") if "." not in path.stem)
    comparisons = {kind: records.read(records.file_of(kind, "comparisons")) for kind in kinds}
    curves = {kind: records.read(records.file_of(kind, "curves")) for kind in kinds}
    paper = {kind: records.read(records.file_of(kind, "paper")) for kind in kinds}
    reasons = tomllib.loads((HERE / "reasons.toml").read_text(encoding="utf-8"))
    text = (HERE / "performance.md.in").read_text(encoding="utf-8")
    shown = {"performance-ratios": [kind for kind in kinds if not on_gpu(comparisons[kind])][-1:]}
    shown["performance-ratios-gpu"] = [kind for kind in kinds if on_gpu(comparisons[kind])][-1:]
    parts = {
        "results": results(comparisons),
        "ratios": "\n\n".join(f"![ratios on {kind}]({name}.png)" for name, each in shown.items() for kind in each),
        "seconds": "\n\n".join(seconds(kind, rows) for kind, rows in comparisons.items()),
        "short": short(comparisons, reasons),
        "curves": "\n\n".join(["![curves](performance-curves.png)", reasons.get("curves", "")]).strip(),
        "paper": papers(paper),
    }
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", part)
    write_text(docs / "performance.md", text)
    for name, each in shown.items():
        for kind in each:
            style.save(draw_ratios(comparisons[kind]), [docs / f"{name}.png"])
    for kind in shown["performance-ratios"]:
        style.save(draw_curves(curves[kind]), [docs / "performance-curves.png"])


def on_gpu(rows: Rows) -> bool:
    """Whether the comparisons ran on a GPU."""
    return any(row["device"] == "cuda" for row in rows)


def ratio(row: Mapping[str, Any], end: str = "") -> float | None:
    """The ratio by which a row is judged."""
    return row[f"{row['judged_by']}_ratio{end}"] if row["judged_by"] else None


def in_words(row: Mapping[str, Any] | None) -> str:
    """The median ratio and its range; why there is none."""
    if row is None:
        return ""
    if ratio(row) is None:
        return str(row["note"] or "")
    spread = f" ({ratio(row, '_min'):.2f} to {ratio(row, '_max'):.2f})" if ratio(row, "_min") is not None else ""
    return f"{ratio(row):.2f}{spread}"


def reached(row: Mapping[str, Any]) -> bool:
    """Whether the median reaches the target."""
    return row["target"] is None or ratio(row) is None or ratio(row) >= row["target"]


def results(comparisons: Mapping[str, Rows]) -> str:
    """The table of all ratios, a column for each kind of machine; a column for a GPU even if there was none."""
    cells: dict[tuple[str, ...], dict[str, Mapping[str, Any]]] = {}
    for kind, rows in comparisons.items():
        for row in rows:
            cells.setdefault(tuple(str(row[name] or "") for name in ("work", "against", "framework", "path")), {})[kind] = row
    gpu = [] if any(map(on_gpu, comparisons.values())) else [f"a GPU ({NO_GPU})"]
    lines = [line("work", "against", "framework, path", "to reach", *comparisons, *gpu), line(*["---"] * (4 + len(comparisons) + len(gpu)))]
    for key, by_kind in sorted(cells.items(), key=lambda item: order(item[0])):
        target = next((f"{row['target']:g}" for row in by_kind.values() if row["target"] is not None), "")
        numbers = [in_words(by_kind.get(kind)) + (" **short**" if kind in by_kind and not reached(by_kind[kind]) else "") for kind in comparisons]
        lines.append(line(key[0], key[1], ", ".join(filter(None, key[2:])), target, *numbers, *[""] * len(gpu)))
    return "\n".join(lines)


def order(key: tuple[str, ...]) -> tuple[Any, ...]:
    """Works in the order of the page."""
    works = ("MD", "landscape", "training", "study")
    return next((place for place, work in enumerate(works) if key[0].startswith(work)), len(works)), *key


def seconds(kind: str, rows: Rows) -> str:
    """The seconds behind the ratios of one kind of machine."""
    head = ("work", "against", "framework", "path", "unit", "ours", "other", "rounds", "load", "note")
    lines = [f"Seconds on {kind} ({'wall' if on_gpu(rows) else 'CPU'} seconds; medians):\n", line(*head), line(*["---"] * len(head))]
    for row in rows:
        if ratio(row) is None:
            continue
        cost = [f"{row[side + row['judged_by'] + '_s']:.4g}" for side in ("ours_", "other_")]
        named = [row[name] or "" for name in ("work", "against", "framework", "path", "unit")]
        lines.append(line(*named, *cost, f"{row['rounds']:g}", f"{row['load_1min']:.1f}", row["note"] or ""))
    return "\n".join(lines)


def short(comparisons: Mapping[str, Rows], reasons: Mapping[str, Any]) -> str:
    """Every comparison that misses its target, with the reason that is known."""
    parts = []
    for kind, rows in comparisons.items():
        missed: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            if not reached(row):
                missed.setdefault(f"{row['work']} | {row['against']}", []).append(row)
        for key, each in missed.items():
            numbers = "; ".join(" ".join(filter(None, (row["framework"], row["path"], in_words(row), f"of {row['target']:g}"))) for row in each)
            reason = reasons.get(f"{key} | cuda" if on_gpu(each) else key, "There is no profile yet.")
            parts.append(f"**{key.replace(' | ', ', against ')}** on {kind}: {numbers}.\n{reason.strip()}")
    return "\n\n".join(parts) or "Nothing."


def papers(paper: Mapping[str, Rows]) -> str:
    """The cost of the paper's models, where it was measured."""
    head = (
        "machine",
        "framework",
        "model",
        "weights",
        "s per training step of one frame",
        "s per epoch of 450 frames",
        "s per landscape point of five frames",
        "GB",
    )
    lines = [line(*head), line(*["---"] * len(head))]
    for kind, rows in paper.items():
        for row in rows:
            memory = f"{row['training_GB']:.1f}, {row['landscape_GB']:.1f}"
            costs = ["" if row[name] is None else f"{row[name]:.3g}" for name in ("step_s", "epoch_s", "point_s")]
            lines.append(line(kind, row["framework"], row["model"], f"{row['n_parameters']:.0f}", *costs, memory))
    if not any(row["device"] == "cuda" for rows in paper.values() for row in rows):
        lines.append(line("a GPU", *[""] * 2, NO_GPU, *[""] * 4))
    return "\n".join(lines)


def line(*cells: object) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(map(str, cells))} |"


@style.styled
def draw_ratios(rows: Rows) -> Figure:
    """Every ratio with its range and its target, on a logarithmic axis."""
    rows = [row for row in rows if ratio(row) is not None]
    keys = sorted({(str(row["work"]), str(row["against"])) for row in rows}, key=order, reverse=True)
    figure, axes = style.panels(1, 1, style.DOUBLE_MM, 15 + 9 * len(keys))
    axis = axes[0, 0]
    for row in rows:
        beside = 0.18 * {"nequip": 1, "mace": -1}.get(row["framework"], 0) - (0.08 if row["path"] == "compiled" else 0)
        y = keys.index((row["work"], row["against"])) + beside
        low, high = (ratio(row, end) or ratio(row) for end in ("_min", "_max"))
        axis.plot([low, high], [y, y], color=COLOUR[row["framework"] or ""], linewidth=1.5)
        filled = "none" if row["path"] == "compiled" else COLOUR[row["framework"] or ""]
        axis.plot(ratio(row), y, "o", color=COLOUR[row["framework"] or ""], markerfacecolor=filled)
        if row["target"]:
            axis.plot([row["target"]] * 2, [y - 0.12, y + 0.12], color="black", linewidth=1)
    for framework in ("nequip", "mace"):
        axis.plot([], [], "o-", color=COLOUR[framework], label=style.framework_title(framework))
    axis.plot([], [], "o", color=style.GREY, markerfacecolor="none", label="compiled")
    axis.plot([], [], color="black", label="to reach")
    axis.axvline(1, color=style.LIGHT, linewidth=0.6, zorder=0)
    axis.set_xscale("log")
    axis.set_yticks(range(len(keys)), [f"{work}:\n{style.wrap(against, 75)}" for work, against in keys])
    ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if axis.get_xlim()[0] <= tick <= axis.get_xlim()[1]]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set_xticks([], minor=True)
    axis.set_xlabel("time of the other way / time of ours (above 1: ours is faster)")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper right", ncols=4)
    return figure


@style.styled
def draw_curves(rows: Rows) -> Figure:
    """Cost per thing against the number of things; dashed: the search for neighbours; open marks: compiled."""
    figure, axes = style.panels(2, 3, style.DOUBLE_MM, 105)
    flat = list(axes.flat)
    for axis, (name, (x_label, y_label)) in zip(flat, CURVES.items(), strict=False):
        axis.set_xscale("log")
        axis.set_yscale("log")
        for scale in (axis.xaxis, axis.yaxis):
            scale.set_major_locator(LogLocator(subs=(1, 3)))
            scale.set_major_formatter("{x:g}")
            scale.set_minor_formatter(NullFormatter())
        axis.set_xlabel(x_label)
        axis.set_ylabel(y_label)
        for (framework, path), (curve, marker) in product(PATHS, ((name, "o"), (f"molecule {name}", "o"), (f"cell {name}", "s"))):
            key_of_line = curve, framework, path
            points = sorted((row["x"], row["cost_s"], row["part_s"]) for row in rows if key_of_line == tuple(row[c] or "" for c in LINE))
            if points:
                xs = [x for x, *_ in points]
                look = {"color": COLOUR[framework], "markerfacecolor": "none" if path == "compiled" else COLOUR[framework]}
                axis.plot(xs, [cost / x for x, cost, _ in points], f"{marker}-", **look, markersize=3)
                if points[0][2]:
                    axis.plot(xs, [part / x for x, _, part in points], f"{marker}--", **look, markersize=2, linewidth=0.7)
    key = flat[-1]
    key.set_axis_off()
    for framework in ("nequip", "mace"):
        key.plot([], [], "o-", color=COLOUR[framework], label=style.framework_title(framework))
    key.plot([], [], "o-", color=style.GREY, markerfacecolor="none", label="compiled")
    key.plot([], [], "s-", color=style.GREY, label="periodic cell")
    key.plot([], [], "o--", color=style.GREY, label="search for neighbours alone")
    key.plot([], [], "o-", color=style.GREY, label="Snakemake (models)")
    key.legend(loc="center")
    return figure


if __name__ == "__main__":
    write()
