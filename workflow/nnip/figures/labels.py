"""Names beside points, placed so that they cover neither each other nor the points; the same input gives the same places."""

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

DISTANCES_PT = (4.0, 8.0, 13.0, 19.0, 26.0, 34.0, 43.0, 55.0, 70.0)
LEAD_FROM_PT = 6.0  # a text further away than this gets a line to its point
ANGLES = np.radians([0, 180, 45, 135, 315, 225, 90, 270, 22, 158, 338, 202, 67, 113, 293, 247])
POINT_PT = 2.5
SWEEPS = 5
OVERLAP, OUTSIDE, CROSSING_PT2, DISTANCE_PT = 15.0, 30.0, 40.0, 1.5  # what each fault of a place costs


def label_points(
    axis: Axes,
    x: Sequence[float],
    y: Sequence[float],
    texts: Sequence[str],
    colours: Sequence[str],
    avoid: np.ndarray | None = None,
    size_pt: float = 5.5,
) -> None:
    """Write a text near every point of finished axes (limits and scales set); a thin line leads to a text that had to move away.

    avoid: further points, shape [n, 2], not to be covered. In a few sweeps each text gets the place, of some hundred around its point, that
    covers least of the points and of the texts placed so far.
    """
    if not len(x):
        return
    figure = axis.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    unit = figure.dpi / 72
    points = axis.transData.transform(np.column_stack([np.asarray(x, float), np.asarray(y, float)]))
    others = axis.transData.transform(avoid) if avoid is not None and len(avoid) else np.empty((0, 2))
    marks = [_around(point, POINT_PT * unit) for point in np.vstack([points, others])]
    fixed = [text.get_window_extent(renderer) for text in axis.texts]
    written = [axis.annotate(text, place, fontsize=size_pt, color=c) for text, place, c in zip(texts, zip(x, y, strict=True), colours, strict=True)]
    sizes = [np.array(text.get_window_extent(renderer).size) for text in written]
    frame = axis.get_window_extent(renderer)
    chosen: dict[int, tuple[Bbox, float]] = {}
    for _, index in itertools.product(range(SWEEPS), np.lexsort((points[:, 1], points[:, 0]))):
        rest = [box for other, (box, _) in chosen.items() if other != index] + fixed + marks[:index] + marks[index + 1 :]
        chosen[index] = _best_place(points[index], sizes[index], rest, marks[index], frame, unit)
    for index, (box, distance) in chosen.items():
        centre = np.array([box.x0 + box.x1, box.y0 + box.y1]) / 2
        written[index].set(ha="center", va="center", in_layout=False)
        written[index].xyann = tuple((centre - points[index]) / unit)
        written[index].anncoords = "offset points"
        if distance > LEAD_FROM_PT:
            line = axis.transData.inverted().transform([points[index], _edge(points[index], box)])
            axis.plot(line[:, 0], line[:, 1], color=colours[index], linewidth=0.3, scalex=False, scaley=False, zorder=1, label="_leader")


def _best_place(point: np.ndarray, size: np.ndarray, taken: list[Bbox], own: Bbox, frame: Bbox, unit: float) -> tuple[Bbox, float]:
    """The cheapest box around a point (pixels) and its distance in points."""
    best: tuple[float, Bbox, float] | None = None
    for distance, angle in itertools.product(DISTANCES_PT, ANGLES):
        corner = point + np.array([np.cos(angle), np.sin(angle)]) * (distance * unit + size / 2) - size / 2
        box = Bbox.from_bounds(*corner, *size)
        cost = OVERLAP * sum(_shared(box, other) for other in [*taken, own]) + OUTSIDE * (size[0] * size[1] - _shared(box, frame))
        cost += (DISTANCE_PT * distance) * unit**2
        if distance > LEAD_FROM_PT and (best is None or cost < best[0]):
            cost += CROSSING_PT2 * unit**2 * _crossings(point, box, taken)
        if best is None or cost < best[0] - 1e-9:
            best = (cost, box, distance)
    assert best is not None
    return best[1], best[2]


def _around(point: np.ndarray, half: float) -> Bbox:
    return Bbox.from_bounds(point[0] - half, point[1] - half, 2 * half, 2 * half)


def _shared(a: Bbox, b: Bbox) -> float:
    both = Bbox.intersection(a, b)
    return both.width * both.height if both is not None else 0.0


def _edge(point: np.ndarray, box: Bbox) -> np.ndarray:
    """The place of a box nearest to a point."""
    return np.clip(point, [box.x0, box.y0], [box.x1, box.y1])


def _crossings(point: np.ndarray, box: Bbox, taken: list[Bbox]) -> int:
    """How many taken boxes the line from a point to its text crosses."""
    line = point + np.linspace(0, 1, 12)[:, None] * (_edge(point, box) - point)
    return sum(any(other.contains(*place) for place in line) for other in taken)
