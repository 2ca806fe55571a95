"""What a figure's marks say to whoever points at them: words and places, carried in the figure's own SVG file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report.numerals import FORMS, show, spread
from sim.report.pictures import READINGS
from sim.report.series import Band
from sim.report.words import month, text
from sim.study.estimate import Estimate

POINTS = 72  # per inch: the unit of an SVG file
NOTHING = Estimate()
# left, bottom, right, top in data units; None where the place ends with the axes
Place = tuple[float | None, float | None, float | None, float | None]


@dataclass(frozen=True)
class Line:
    """What is said of one mark.

    policy : its order, by which a reader hides it; None where the mark is nobody's
    name : what the mark is of, where that is no policy
    y : height of the mark in data units, None where the whole place is the mark
    value, interval, change, change_interval : words, empty where there are none
    """

    policy: int | None
    name: str
    y: float | None
    value: str
    interval: str = ""
    change: str = ""
    change_interval: str = ""


@dataclass(frozen=True)
class Reading:
    """What is said of one place: a month with all its marks, a bar, a dot.

    head : month or category
    """

    head: str
    place: Place
    lines: tuple[Line, ...]


class Sheet(Figure):
    """A figure that knows what its marks say: by axes, their quantity with its unit and their readings."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.told: dict[Axes, tuple[str, list[Reading]]] = {}


@dataclass(frozen=True)
class Wording:
    """How one quantity's numbers are written.

    form : of numerals
    scaled : the numbers are drawn, and so given, as they are written: per cent, million yuan
    signed : they are differences
    """

    form: str
    language: str
    scaled: bool = False
    signed: bool = False

    def words(self, estimate: Estimate) -> tuple[str, str]:
        """Write a value and its interval, each empty where it is undefined."""
        if not estimate.defined:
            return "", ""
        value, low, high = (self._stored(n) for n in (estimate.value, estimate.low, estimate.high))
        said = show(value, self.form, like=value, signed=self.signed, language=self.language)
        if self.form == "points":
            said = text("reading.points", self.language, number=said)
        return said, spread(low, high, self.form, like=value, signed=self.signed, language=self.language)

    def _stored(self, number: float | None) -> float | None:
        return number / FORMS[self.form].factor if self.scaled and number is not None else number

    @property
    def of_changes(self) -> "Wording":
        """How differences of these numbers are written: those of shares in points."""
        form = "points" if FORMS[self.form].percent else self.form
        return Wording(form, self.language, self.scaled, signed=True)


def line(
    wording: Wording,
    estimate: Estimate,
    change: Estimate = NOTHING,
    *,
    policy: int | None = None,
    name: str = "",
    y: float | None = None,
) -> Line:
    """Say a number, and how far it lies from the baseline's where that is another number."""
    differs = change.defined and change.value != estimate.value
    return Line(policy, name, y, *wording.words(estimate), *wording.of_changes.words(change if differs else NOTHING))


def tell(axes: Axes, quantity: str, readings: Iterable[Reading]) -> None:
    """Have the figure say these of its axes; those that say nothing are left out."""
    sheet = axes.get_figure(root=True)
    assert isinstance(sheet, Sheet)
    sheet.told.setdefault(axes, (quantity, []))[1].extend(r for r in readings if any(one.value for one in r.lines))


def tell_months(
    axes: Axes,
    quantity: str,
    months: Sequence[date],
    bands: Mapping[int, Band],
    wording: Wording,
    changes: Mapping[int, Band] | None = None,
) -> None:
    """Have the figure say, month by month, what its lines are.

    bands : as drawn, by the order of the policy
    changes : the same less the baseline, where there is one
    """
    readings = []
    for at, day in enumerate(months):
        lines = [
            line(wording, _of(band, at), _of((changes or {}).get(order), at), policy=order, y=float(band.mean[at]))
            for order, band in bands.items()
            if np.isfinite(band.mean[at])
        ]
        head = text("reading.month", wording.language, month=month(day.month, wording.language), year=day.year)
        readings.append(Reading(head, (at, None, at, None), tuple(lines)))
    tell(axes, quantity, readings)


def _of(band: Band | None, at: int) -> Estimate:
    if band is None:
        return NOTHING
    return Estimate(*(float(ends[at]) for ends in (band.mean, band.low, band.high)))


# in the file ------------------------------------------------------------------------------------------


def embedded(figure: Figure) -> str:
    """Return the element that a figure's SVG file carries, empty if the figure says nothing."""
    panels = [_panel(axes, *said) for axes, said in getattr(figure, "told", {}).items() if said[1]]
    if not panels:
        return ""
    return (
        f'<metadata id="{READINGS}">{escape(json.dumps(panels, ensure_ascii=False, separators=(",", ":")))}</metadata>'
    )


def _panel(axes: Axes, quantity: str, readings: Sequence[Reading]) -> dict[str, Any]:
    """Return one pair of axes as a page's script has it, its readings from left to right."""
    heights = [(None, one.y, None, one.y) for reading in readings for one in reading.lines]
    box, *placed = _points(axes, [(None, None, None, None), *(reading.place for reading in readings), *heights])
    tops = iter(top for _, top, _, _ in placed[len(readings) :])
    found = [
        [reading.head, place, [_written(one, next(tops)) for one in reading.lines]]
        for reading, place in zip(readings, placed, strict=False)
    ]
    return {"box": box, "quantity": quantity, "readings": sorted(found, key=lambda one: (one[1][0], one[1][1]))}


def _written(one: Line, top: float) -> list[Any]:
    words = [one.value, one.interval, one.change, one.change_interval]
    while not words[-1]:
        words.pop()
    return [one.policy, one.name, None if one.y is None else top, *words]


def _points(axes: Axes, places: Sequence[Place]) -> list[list[float]]:
    """Turn places into points of the file, counted from its top left: left, top, right, bottom of each."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    given = np.array(places, dtype=np.float64)  # what is None is NaN there
    inside = np.tile((axes.get_xlim()[0], axes.get_ylim()[0]), 2)  # has a place on any axis, a logarithmic one too
    dots = axes.transData.transform(np.where(np.isnan(given), inside, given).reshape(-1, 2)).reshape(-1, 4)
    inches = np.where(np.isnan(given), axes.bbox.extents, dots) / figure.dpi
    # an axis may run downwards
    across = POINTS * np.sort(inches[:, ::2])
    down = POINTS * np.sort(figure.get_figheight() - inches[:, 1::2])
    corners = np.stack([across[:, 0], down[:, 0], across[:, 1], down[:, 1]], axis=1)
    return [[round(at, 1) for at in corner] for corner in corners.tolist()]
