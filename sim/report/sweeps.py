"""The figures of a sweep beside its frontier: response curves along its axes, and a heat map of a grid."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sim.report import canvas, frontier, names, numerals
from sim.report.readings import Reading, line, tell
from sim.report.scene import Scene
from sim.report.tables import split_head
from sim.report.words import form
from sim.study.estimate import Estimate

RESPONSES = ("added_child_months", "public_cost", "cost_per_added_child_month")
MOST_CURVES = 7  # lines that can be told apart; the others stand in the table


@dataclass(frozen=True)
class Point:
    """One arm of a sweep where its axes place it.

    x : value on the first axis; line : on the second, None where there is one axis only
    """

    policy: str
    x: float
    line: float | None


def points(manifest: Any) -> tuple[list[Any], list[Point]]:
    """The axes of a sweep of one or two numbers, and its arms on them; nothing where it is another."""
    sweep = manifest.get("sweep") or {}
    axes, found = list(sweep.get("axes") or []), []
    for arm in sweep.get("arms") or []:
        values = arm.get("values") or []
        numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
        if len(numbers) != len(values) or not 1 <= len(values) <= 2 or len(values) != len(axes):
            return [], []
        found.append(Point(arm["name"], float(numbers[0]), float(numbers[1]) if len(numbers) == 2 else None))
    return axes, sorted(found, key=lambda p: (p.line if p.line is not None else 0.0, p.x))


def _estimate(scene: Scene, policy: str, key: str, per: float = 1.0) -> Estimate:
    """An arm's own value; per : how much of it one unit of the axis is."""
    own = scene.results.entry(policy, key).own
    return Estimate(*(None if n is None else n / per for n in (own.value, own.low, own.high)))


def _any_known(scene: Scene, found: Sequence[Point]) -> bool:
    return any(_estimate(scene, p.policy, "added_child_months").defined for p in found)


def _along(scene: Scene, key: str, drawn: str, found: Sequence[Point], axes: Sequence[Any]) -> Iterator[Reading]:
    """Yield what the lines say at each value of the first axis; drawn : the form in which they are drawn."""
    lines, per = _lines(found), numerals.MONEY.get(drawn, 1.0)
    for x in sorted({p.x for p in found}):
        said = []
        for p in (p for p in found if p.x == x and p.line in lines):
            estimate = _estimate(scene, p.policy, key, per)
            name = "" if p.line is None else _setting(p.line, axes[1])
            if estimate.defined:
                said.append(line(scene.written(key, drawn), estimate, name=name, y=estimate.value))
        yield Reading(_setting(x, axes[0]), (x, None, x, None), tuple(said))


def _setting(value: float, axis: Any) -> str:
    """Say which parameter has which value."""
    return f"{names.tidy(str(axis.get('label') or axis.get('path') or ''))} {frontier.setting(value, axis)}".strip()


def _lines(found: Sequence[Point]) -> list[float | None]:
    """Return the values of the second axis that are drawn as lines, in order."""
    return sorted({p.line for p in found}, key=lambda second: second if second is not None else 0.0)[:MOST_CURVES]


def response(scene: Scene) -> Figure | None:
    """Draw how additions, cost and cost per addition answer a parameter, a line for each value of a second one."""
    axes, found = points(scene.results.manifest)
    lines = _lines(found)
    if len({p.x for p in found}) < 2 or not _any_known(scene, found):
        return None
    figure = scene.blank("response", 7.2, left=0.95, right=1.1, top=0.55, bottom=0.6)
    panels = figure.subplots(len(RESPONSES), 1, sharex=True)
    for panel, key in zip(panels, RESPONSES, strict=True):
        drawn = numerals.column(form(key), [_estimate(scene, p.policy, key).value for p in found], scene.language)
        per = numerals.MONEY.get(drawn, 1.0)
        for n, second in enumerate(lines):
            colour = canvas.COLOURS[n % len(canvas.COLOURS)]
            mine = [(p.x, _estimate(scene, p.policy, key, per)) for p in found if p.line == second]
            shown = [(x, e) for x, e in mine if e.defined]
            if not shown:
                continue
            panel.plot([x for x, _ in shown], [e.value for _, e in shown], color=colour, marker="o", markersize=3.5)
            for x, e in shown:
                if e.bounded:
                    panel.plot([x, x], [e.low, e.high], color=colour, linewidth=0.9, alpha=0.75)
            if second is not None and panel is panels[0]:
                x, last = shown[-1]
                said = frontier.setting(second, axes[1])
                panel.annotate(said, (x, float(last.value or 0.0)), xytext=(6, 0), textcoords="offset points",
                               va="center", size=8, color=canvas.dark(colour), annotation_clip=False)  # fmt: skip
        head = split_head(key, drawn, scene.language)
        tell(panel, head, _along(scene, key, drawn, found, axes))
        panel.set_title(head, loc="left", size=9)
        panel.grid(visible=True, axis="both")
        canvas.number_axis(panel.yaxis, bins=5)
    along = names.shorten(frontier.axis_name(axes[0], scene.language), 90)
    if lines != [None]:
        other = names.shorten(frontier.axis_name(axes[1], scene.language), 60)
        along = scene.say("response.lines", axis=along, line=other)
    panels[-1].set_xlabel(along)
    figure.subplots_adjust(hspace=0.32)
    return figure


def heat(scene: Scene) -> Figure | None:
    """Draw a grid of two parameters: what its arms add, and what an added child-month costs."""
    axes, found = points(scene.results.manifest)
    if len(axes) != 2 or not found:
        return None
    columns, rows = sorted({p.x for p in found}), sorted({p.line for p in found if p.line is not None})
    if min(len(columns), len(rows)) < 2 or not _any_known(scene, found):
        return None
    figure = scene.blank("heat", 1.5 + 0.42 * len(rows), left=0.95, right=0.3, top=0.75, bottom=0.65)
    panels = figure.subplots(1, 2, sharey=True)
    for panel, key in zip(panels, ("added_child_months", "cost_per_added_child_month"), strict=True):
        _map(scene, panel, key, found, columns, rows)
        tell(panel, split_head(key, form(key), scene.language), _cells(scene, key, found, axes))
        panel.set_xticks(range(len(columns)), [frontier.setting(x, axes[0]) for x in columns])
        panel.set_xlabel(names.shorten(frontier.axis_name(axes[0], scene.language), 44), size=8.5)
    panels[0].set_yticks(range(len(rows)), [frontier.setting(y, axes[1]) for y in rows])
    panels[0].set_ylabel(names.shorten(frontier.axis_name(axes[1], scene.language), 36), size=8.5)
    figure.subplots_adjust(wspace=0.08)
    return figure


def _cells(scene: Scene, key: str, found: Sequence[Point], axes: Sequence[Any]) -> Iterator[Reading]:
    """Yield what each cell of a map says."""
    columns, rows = sorted({p.x for p in found}), sorted({p.line for p in found if p.line is not None})
    for p in found:
        if p.line is None:
            continue
        x, y = columns.index(p.x), rows.index(p.line)
        said = line(scene.written(key), _estimate(scene, p.policy, key))
        head = ", ".join((_setting(p.x, axes[0]), _setting(p.line, axes[1])))
        yield Reading(head, (x - 0.5, y - 0.5, x + 0.5, y + 0.5), (said,))


def _map(
    scene: Scene, panel: Any, key: str, found: Sequence[Point], columns: Sequence[float], rows: Sequence[float]
) -> None:
    """Fill one panel: shades by value, the number in each cell, a dash where it is undefined."""
    grid = np.full((len(rows), len(columns)), np.nan)
    for p in found:
        estimate = _estimate(scene, p.policy, key)
        if p.line is not None and estimate.defined and estimate.value is not None:
            grid[rows.index(p.line), columns.index(p.x)] = estimate.value
    largest = float(np.nanmax(np.abs(grid))) if np.isfinite(grid).any() else 0.0
    edges = [np.arange(n + 1) - 0.5 for n in (len(columns), len(rows))]
    least = min(0.0, float(np.nanmin(grid, initial=0.0)))
    panel.pcolormesh(*edges, np.ma.masked_invalid(grid), cmap="Blues", vmin=least, vmax=largest or 1.0)
    for (r, c), value in np.ndenumerate(grid):
        shown = numerals.DASH if np.isnan(value) else numerals.show(float(value), form(key), like=largest)
        dark = np.isfinite(value) and largest > 0 and value > 0.6 * largest
        panel.text(c, r, shown, ha="center", va="center", size=7.5, color="white" if dark else canvas.INK)
    panel.set_title(split_head(key, form(key), scene.language), size=9)
    panel.tick_params(length=0)
    panel.grid(visible=False)
