"""Names beside points, placed so that they cover neither each other nor the points; the same input gives the same places."""

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

DISTANCES_PT = (4.0, 8.0, 13.0, 19.0, 26.0, 34.0, 43.0)
LEAD_FROM_PT = 6.0  # a text further away than this gets a line to its point
ANGLES = np.radians([0, 180, 45, 135, 315, 225, 90, 270, 22, 158, 338, 202, 67, 113, 293, 247])
POINT_PT = 2.5


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

    avoid: further points, shape [n, 2], not to be covered. Points are taken from left to right; each text gets the place, of some hundred around
    its point, that covers least.
    """
    figure = axis.figure
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    pixels = figure.dpi / 72
    points = axis.transData.transform(np.column_stack([np.asarray(x, float), np.asarray(y, float)]))
    frame = axis.get_window_extent(renderer)
    taken = [text.get_window_extent(renderer) for text in axis.texts]
    others = axis.transData.transform(avoid) if avoid is not None and len(avoid) else np.empty((0, 2))
    taken += [_around(point, POINT_PT * pixels) for point in np.vstack([points, others])]
    for index in np.lexsort((points[:, 1], points[:, 0])):
        text = axis.annotate(texts[index], (x[index], y[index]), xytext=(0, 0), textcoords="offset points", fontsize=size_pt, color=colours[index])
        text.set(ha="center", va="center", in_layout=False)
        extent = text.get_window_extent(renderer)
        size = np.array([extent.width, extent.height])
        own = _around(points[index], POINT_PT * pixels)
        best = None
        for distance, angle in itertools.product(DISTANCES_PT, ANGLES):
            shift = np.array([np.cos(angle), np.sin(angle)]) * (distance * pixels + size / 2)
            box = Bbox.from_bounds(*(points[index] + shift - size / 2), *size)
            outside = box.width * box.height - _shared(box, frame)
            crossed = _crossings(points[index], box, [other for other in taken if other.extents.tolist() != own.extents.tolist()])
            cost = sum(_shared(box, other) for other in taken) + 5 * outside + (2 * distance + 30 * crossed) * pixels**2
            if best is None or cost < best[0] - 1e-9:
                best = (cost, shift / pixels, box, distance)
        assert best is not None
        text.set_position(tuple(best[1]))
        taken.append(best[2])
        if best[3] > LEAD_FROM_PT:
            _lead(axis, points[index], best[2], colours[index])


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


def _lead(axis: Axes, point: np.ndarray, box: Bbox, colour: str) -> None:
    line = axis.transData.inverted().transform([point, _edge(point, box)])
    axis.plot(line[:, 0], line[:, 1], color=colour, linewidth=0.3, scalex=False, scaley=False, zorder=1, label="_leader")
