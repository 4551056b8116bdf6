"""Names beside points that overlap neither each other nor the points; the same input gives the same places."""

import itertools
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

DISTANCES_PT = (4.0, 8.0, 13.0, 19.0, 26.0, 34.0, 43.0, 55.0, 70.0)
LEAD_FROM_PT = 6.0  # a text further away than this is joined to its point by a line
ANGLES = np.radians([0, 180, 45, 135, 315, 225, 90, 270, 22, 158, 338, 202, 67, 113, 293, 247])
POINT_PT = 2.5
SWEEPS = 5
LONGEST = 24  # characters of a text; longer ones are cut
OVERLAP, OUTSIDE, CROSSING_PT2, DISTANCE_PT = 15.0, 30.0, 40.0, 1.5  # the cost of each defect of a place


def label_points(
    axis: Axes,
    x: Sequence[float],
    y: Sequence[float],
    texts: Sequence[str],
    colours: Sequence[str],
    avoid: np.ndarray | None = None,
    size_pt: float = 5.5,
) -> None:
    """Write a text near every point of finished axes (limits and scales set); a thin line joins a distant text to its point.

    avoid: further points not to be covered, [n, 2]. In a few sweeps each text takes, from about a hundred places around its point, the one with
    the least overlap with points and texts placed so far.
    """
    if not len(x):
        return
    texts = [textwrap.shorten(str(text), LONGEST, placeholder="…") for text in texts]
    figure = axis.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    unit = figure.dpi / 72
    points = axis.transData.transform(np.column_stack([np.asarray(x, float), np.asarray(y, float)]))
    others = axis.transData.transform(avoid) if avoid is not None and len(avoid) else np.empty((0, 2))
    marks = np.vstack([points, others])
    fixed = np.array([text.get_window_extent(renderer).extents for text in axis.texts]).reshape(-1, 4)
    fixed = np.vstack([fixed, np.hstack([marks - POINT_PT * unit, marks + POINT_PT * unit])])
    own_mark = len(fixed) - len(marks)  # the first of the marks' boxes
    written = [axis.annotate(text, place, fontsize=size_pt, color=c) for text, place, c in zip(texts, zip(x, y, strict=True), colours, strict=True)]
    sizes = [np.array(text.get_window_extent(renderer).size) for text in written]
    frame = np.array(axis.get_window_extent(renderer).extents)
    chosen: dict[int, tuple[np.ndarray, float]] = {}
    for _, index in itertools.product(range(SWEEPS), np.lexsort((points[:, 1], points[:, 0]))):
        placed = np.array([box for other, (box, _) in chosen.items() if other != index]).reshape(-1, 4)
        taken = np.vstack([placed, fixed])
        own_box = len(placed) + own_mark + index
        chosen[index] = _best_place(points[index], sizes[index], taken, own_box, frame, unit)
    for index, (box, distance) in chosen.items():
        written[index].set(ha="center", va="center", in_layout=False)
        written[index].xyann = tuple(((box[:2] + box[2:]) / 2 - points[index]) / unit)
        written[index].anncoords = "offset points"
        if distance > LEAD_FROM_PT:
            line = axis.transData.inverted().transform([points[index], np.clip(points[index], box[:2], box[2:])])
            axis.plot(line[:, 0], line[:, 1], color=colours[index], linewidth=0.3, scalex=False, scaley=False, zorder=1, label="_leader")


def _best_place(point: np.ndarray, size: np.ndarray, taken: np.ndarray, own_box: int, frame: np.ndarray, unit: float) -> tuple[np.ndarray, float]:
    """The cheapest box (x0, y0, x1, y1 in pixels) for a text of this size around a point, and its distance in points.

    taken: boxes not to be covered, [n, 4]; box `own_box` is the point's own mark, which the line to the text may cross.
    """
    distances, angles = (part.ravel() for part in np.meshgrid(DISTANCES_PT, ANGLES, indexing="ij"))
    centres = point + np.column_stack([np.cos(angles), np.sin(angles)]) * (distances[:, None] * unit + size / 2)
    boxes = np.hstack([centres - size / 2, centres + size / 2])
    cost = OVERLAP * _shared(boxes, taken).sum(axis=1) + OUTSIDE * (size.prod() - _shared(boxes, frame[None])[:, 0])
    cost += DISTANCE_PT * distances * unit**2
    cost += CROSSING_PT2 * unit**2 * _crossings(point, boxes, np.delete(taken, own_box, axis=0)) * (distances > LEAD_FROM_PT)
    best = int(np.argmin(np.round(cost, 6)))
    return boxes[best], float(distances[best])


def _shared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Areas of the intersections of boxes a [n, 4] and b [m, 4], [n, m]."""
    sides = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    return np.clip(sides, 0, None).prod(axis=2)


def _crossings(point: np.ndarray, boxes: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """The number of taken boxes that the line from the point to each box crosses, [n boxes]."""
    edges = np.clip(point, boxes[:, :2], boxes[:, 2:])
    line = point + np.linspace(0, 1, 12)[None, :, None] * (edges - point)[:, None]
    inside = (line[:, :, None] >= taken[:, :2]) & (line[:, :, None] <= taken[:, 2:])
    return inside.all(axis=3).any(axis=1).sum(axis=1)
