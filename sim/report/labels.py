"""Where the labels of lines and points go, so that none covers another."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from sim.report import canvas, names
from sim.report.series import Floats


def label_ends(axes: Axes, ends: Mapping[canvas.Pen, tuple[int, float]]) -> None:
    """Write each policy's name to the right of the axes at the height where its line ends.

    Names that would overlap are moved apart, and a thin line leads from each to its end.
    Call it last: the limits of the axes must not move afterwards.
    """
    order = sorted(ends, key=lambda pen: (ends[pen][1], -pen.order))
    if not order:
        return
    dots = axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    high = [(11.0 * (1 + pen.label.count("\n")) + 1) * dots / 72 for pen in order]
    wanted = [float(axes.transData.transform((0, ends[pen][1]))[1]) for pen in order]
    floor, ceiling = axes.bbox.y0 - 0.3 * dots, axes.bbox.y1 + 0.1 * dots
    placed = spread_apart(wanted, high, floor, ceiling)
    across = blended_transform_factory(axes.transAxes, axes.transData)
    back = axes.transData.inverted()
    for pen, y in zip(order, placed, strict=True):
        height = float(back.transform((0, y))[1])
        x, end = ends[pen]
        start = axes.transAxes.inverted().transform(axes.transData.transform((x, end)))[0]
        line = {"color": pen.colour, "linewidth": 0.7, "transform": across, "clip_on": False}
        with canvas.drawn_for(axes, pen):
            axes.plot([start + 0.008, 1.02, 1.035], [end, height, height], **line)  # type: ignore[arg-type]
            axes.text(
                1.04,
                height,
                pen.label,
                transform=across,
                color=canvas.dark(pen.colour),
                size=8.5,
                va="center",
                linespacing=1.05,
            )


def spread_apart(wanted: Sequence[float], high: Sequence[float], floor: float, ceiling: float) -> list[float]:
    """Move labels as little as possible (least squares) until none overlaps its neighbour.

    wanted : centres in ascending order
    high : heights of the labels, same unit
    floor, ceiling : limits, kept if the labels fit between them at all
    """
    gaps = [(a + b) / 2 for a, b in itertools.pairwise(high)]
    offsets = np.concatenate([[0.0], np.cumsum(gaps)])
    # pool adjacent violators: a block of labels that touch moves to the mean of their wishes
    blocks: list[list[float]] = []
    for wish in np.asarray(wanted) - offsets:
        blocks.append([float(wish), 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, size = blocks.pop()
            before, many = blocks[-1]
            blocks[-1] = [(before * many + mean * size) / (many + size), many + size]
    bases = [mean for mean, size in blocks for _ in range(int(size))]
    top = ceiling - offsets[-1] - high[-1] / 2
    bottom = floor + high[0] / 2
    return [max(min(base, top), min(bottom, top)) + float(o) for base, o in zip(bases, offsets, strict=True)]


def label_points(axes: Axes, labels: Sequence[tuple[float, float, str]], drawn: Sequence[tuple[float, float]]) -> None:
    """Write a label near each point where it covers neither a point nor another label, if it can.

    labels : x, y in data units, and the text
    drawn : points to keep clear of, x, y in data units
    """
    dots = axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr]
    ink = axes.transData.transform(np.asarray(drawn, dtype=np.float64).reshape(-1, 2))
    covered = np.hstack([ink - 4 * dots, ink + 4 * dots])
    written = np.zeros((0, 4))
    frame = np.array([[axes.bbox.x0, axes.bbox.y0, axes.bbox.x1, axes.bbox.y1]])
    for x, y, label in labels:
        px, py = axes.transData.transform((x, y))
        boxes = _places(px, py, (5.1 * names.width(label) + 5) * dots, 12 * dots, dots)
        box = boxes[int(np.argmin(_costs(boxes, covered, written, frame)))]
        written = np.vstack([written, box])
        across, up = (box[0] + box[2]) / 2 - px, (box[1] + box[3]) / 2 - py
        axes.annotate(
            label,
            (x, y),
            (across / dots, up / dots),
            textcoords="offset points",
            ha="center",
            va="center",
            size=8,
            arrowprops={
                "arrowstyle": "-",
                "color": canvas.PALE,
                "linewidth": 0.5,
                "shrinkA": 0,
                "shrinkB": 4,
            },
            zorder=4,
        )


def _places(x: float, y: float, wide: float, high: float, dots: float) -> Floats:
    """Return boxes around a point (left, bottom, right, top), the nearest and most usual places first."""
    centres = [
        (x + across * (wide / 2 + away * dots), y + up * (high / 2 + away * dots))
        for away in (7, 16, 28, 42, 58, 80, 105)
        for across, up in ((1, 0.3), (-1, 0.3), (1, -0.7), (-1, -0.7), (0, 1), (0, -1), (1, 1), (-1, 1))
    ]
    return np.array([(cx - wide / 2, cy - high / 2, cx + wide / 2, cy + high / 2) for cx, cy in centres])


def _costs(boxes: Floats, covered: Floats, written: Floats, frame: Floats) -> Floats:
    """Cost of each box: worst outside the frame or on another label, bad on what is drawn, a little for distance."""
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    outside = area - _overlaps(boxes, frame).sum(axis=1)
    on_ink, on_words = _overlaps(boxes, covered).sum(axis=1), _overlaps(boxes, written).sum(axis=1)
    costs: Floats = on_ink + 20 * (outside + on_words) + 0.02 * area * np.arange(len(boxes))
    return costs


def _overlaps(boxes: Floats, others: Floats) -> Floats:
    """Area that each box shares with each other one."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared: Floats = np.maximum(high - low, 0.0).prod(axis=2)
    return shared
