"""The figures: which there are, and those over the window: sweep, funnel, who gains, where the money went."""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.report import canvas, frontier, labels, names, numerals, sweeps, terms
from sim.report.canvas import Pen
from sim.report.courses import DRAWN_MONTHLY, kinds_that_set_fees, market, pass_through, public_cost, take_up
from sim.report.grids import SIDES
from sim.report.readings import Line, Place, Reading, line, tell
from sim.report.scene import Scene
from sim.report.series import gather
from sim.report.tables import Results, split_head, translated
from sim.report.words import alphabet, form, metric
from sim.study.estimate import Estimate

FUNNEL = (
    "voucher_eligible",
    "voucher_aware",
    "applications",
    "vouchers_issued",
    "vouchers_redeemed",
    "vouchers_redeemed_marginal",
)
BY_FIFTHS = ("public_cost", "consumer_surplus", "added_child_months")
QUINTILES = (1, 2, 3, 4, 5)
BAR_HEIGHT, NAME_HEIGHT = 0.55, 0.73  # of a policy's row in the figure by income


def draw_all(results: Results, folder: Path, language: str = "en", stems: Collection[str] = ()) -> list[Path]:
    """Draw every figure whose data exist into FOLDER/figures, as PNG and as SVG.

    stems : of the figures to be drawn, all if none is given

    Figures left there by an earlier run that have no data now are removed, so that no page can
    show them. The same results give the same bytes.
    """
    results = translated(results, language)
    target = folder / "figures"
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    with canvas.style(_foreign_words(results, language)):
        scene = Scene(results, gather(results, DRAWN_MONTHLY), canvas.pens(results.policies, language), language)
        for stem in stems or DRAWINGS:
            figure = DRAWINGS[stem](scene)
            if figure is not None:
                written += canvas.save(figure, target, stem)
                continue
            for kind in ("png", "svg"):
                (target / f"{stem}.{kind}").unlink(missing_ok=True)
    return written


def _foreign_words(results: Results, language: str) -> list[str]:
    arms = (results.manifest.get("sweep") or {}).get("arms") or []
    others = (*results.policies, *(arm["name"] for arm in arms), *kinds_that_set_fees(results))
    return [alphabet(language), terms.alphabet(language), *(names.tidy(name) for name in others)]


def sweep_frontier(scene: Scene) -> Figure | None:
    """Draw the sweep: what each arm adds against what it costs, the efficient ones joined."""
    costs = (arm.x for arm in frontier.arms(scene.results, 1.0))
    money = scene.money(costs)
    arms = frontier.arms(scene.results, numerals.MONEY[money])
    if len(arms) < 2:
        return None
    figure = scene.blank("frontier", 6.0, left=0.95, right=0.35, top=0.75, bottom=0.6)
    key = frontier.key(scene.results, scene.language)
    figure.text(0.12 / canvas.WIDTH, 1 - 0.4 / figure.get_figheight(), key, va="top", size=8.5)
    axes = figure.subplots()
    axes.set_xlabel(scene.head("axis.cost_change", money))
    axes.set_ylabel(scene.say("axis.added"))
    axes.grid(visible=True, axis="both")
    axes.axhline(0, color=canvas.INK, linewidth=0.8)
    for arm in arms:
        _cross(axes, arm)
    best = sorted((arm for arm in arms if arm.efficient), key=lambda arm: (arm.x, arm.y))
    axes.plot([arm.x for arm in best], [arm.y for arm in best], color=canvas.COLOURS[0], linewidth=1.2, zorder=2)
    axes.legend(handles=_frontier_keys(scene, arms), loc="upper left", fontsize=8.5)
    canvas.number_axis(axes.xaxis, bins=7)
    canvas.number_axis(axes.yaxis, bins=7)
    axes.margins(0.08)
    axes.set_xlim(*axes.get_xlim())
    axes.set_ylim(*axes.get_ylim())
    labelled = [(arm.x, arm.y, arm.label) for arm in (arms if len(arms) <= 30 else best)]
    labels.label_points(axes, labelled, [*_inked(arms, best), *_nought(axes)])
    tell(axes, "", [_arm_reading(scene, arm) for arm in arms])
    return figure


def _arm_reading(scene: Scene, arm: frontier.Arm) -> Reading:
    cost = line(scene.written("public_cost"), arm.cost, name=scene.say("axis.cost_change"))
    added = line(scene.written("added_child_months", scaled=False), arm.added, name=scene.say("axis.added"))
    return Reading(arm.label, (arm.x, arm.y, arm.x, arm.y), (cost, added))


def _inked(arms: Sequence[frontier.Arm], best: Sequence[frontier.Arm]) -> Iterator[tuple[float, float]]:
    """Yield points along everything drawn, which the labels are to keep clear of."""
    along = np.linspace(0, 1, 12)
    for arm in arms:
        yield arm.x, arm.y
        if arm.added.low is not None and arm.added.high is not None and arm.added.bounded:
            yield from ((arm.x, arm.added.low + t * (arm.added.high - arm.added.low)) for t in along)
    for one, two in itertools.pairwise(best):
        yield from ((one.x + t * (two.x - one.x), one.y + t * (two.y - one.y)) for t in along)


def _nought(axes: Axes) -> Iterator[tuple[float, float]]:
    """Yield points along the line of no addition."""
    left, right = axes.get_xlim()
    yield from ((float(x), 0.0) for x in np.linspace(left, right, 120))


def _cross(axes: Axes, arm: frontier.Arm) -> None:
    colour = canvas.COLOURS[1] if arm.beaten else canvas.COLOURS[0]
    reach = {"color": colour, "linewidth": 0.9, "alpha": 0.75, "zorder": 2.5}
    if arm.cost.bounded:
        axes.plot([arm.cost.low, arm.cost.high], [arm.y, arm.y], **reach)  # type: ignore[arg-type]
    if arm.added.bounded:
        axes.plot([arm.x, arm.x], [arm.added.low, arm.added.high], **reach)  # type: ignore[arg-type]
    face = colour if arm.efficient else "white"
    shape = "s" if arm.beaten else "o"
    axes.plot([arm.x], [arm.y], marker=shape, color=colour, markerfacecolor=face, markersize=6, zorder=3)


def _frontier_keys(scene: Scene, arms: Sequence[frontier.Arm]) -> list[Line2D]:
    blue, red = canvas.COLOURS[:2]
    best = Line2D([], [], color=blue, marker="o", markersize=6, label=scene.say("frontier.efficient"))

    def hollow(colour: str, marker: str, said: str) -> Line2D:
        """A key of the legend: a mark without a line, white inside."""
        return Line2D(
            [], [], color=colour, marker=marker, markersize=6, markerfacecolor="white", linestyle="none", label=said
        )

    keys = [best]
    if any(not arm.efficient and not arm.beaten for arm in arms):
        keys.append(hollow(blue, "o", scene.say("frontier.unsure")))
    if any(arm.beaten for arm in arms):
        keys.append(hollow(red, "s", scene.say("frontier.other")))
    return keys


def funnel(scene: Scene) -> Figure | None:
    """Draw, for each voucher policy, the way from the eligible to vouchers that change something."""
    shown = [
        policy for policy in scene.pens if any((scene.results.entry(policy, key).own.value or 0) > 0 for key in FUNNEL)
    ]
    if not shown:
        return None
    row = 0.2 * len(shown) + 0.3
    legend = scene.legend_room(shown)
    height = row * len(FUNNEL) + 1.1 + legend
    figure = scene.blank("funnel", height, left=2.3, right=0.3, top=0.5, bottom=0.6 + legend)
    axes = figure.subplots()
    axes.set_xscale("log")
    estimates = {policy: [scene.results.entry(policy, key).own for key in FUNNEL] for policy in shown}
    steps = [metric(key, scene.language) for key in FUNNEL]
    floor = _funnel_limits(axes, estimates)
    for number, policy in enumerate(shown):
        shift = (number - (len(shown) - 1) / 2) * 0.2 / row
        with canvas.drawn_for(axes, scene.pens[policy]):
            dots = _funnel_policy(scene, axes, estimates[policy], scene.pens[policy], shift, floor)
        said = [Reading(steps[row].label, place, (one,)) for row, place, one in dots]
        tell(axes, scene.say("axis.funnel"), said)
    axes.set_ylim(len(FUNNEL) - 0.5, -0.5)
    axes.set_yticks(range(len(FUNNEL)), [names.wrap(word.short or word.label, 26) for word in steps])
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    for border in np.arange(0.5, len(FUNNEL) - 1):
        axes.axhline(border, color=canvas.GRID, linewidth=0.6)
    axes.set_xlabel(scene.say("axis.funnel"))
    axes.xaxis.set_major_formatter(canvas.plain_numbers())
    scene.legend(figure, shown)
    return figure


def _funnel_limits(axes: Axes, estimates: Mapping[str, Sequence[Estimate]]) -> float:
    """Set limits with room for the numbers behind the dots; return where a nought is drawn."""
    values = [e.value for steps in estimates.values() for e in steps if e.value is not None and e.value > 0]
    floor = 10.0 ** np.floor(np.log10(max(min(values), 0.1)))
    top = max(max(values), floor * 10)
    axes.set_xlim(floor / 1.3, top * (top / floor) ** 0.28)
    # none beyond the data: its number would be cut
    axes.set_xticks([t for t in 10.0 ** np.arange(-1, 10) if floor <= t <= top * 1.3])
    return float(floor)


def _funnel_policy(
    scene: Scene, axes: Axes, steps: Sequence[Estimate], pen: Pen, shift: float, floor: float
) -> list[tuple[int, Place, Line]]:
    """Draw one policy's dots with their intervals and numbers; return what they say, with step and place."""
    said: list[tuple[int, Place, Line]] = []
    before: float | None = None
    for row, step in enumerate(steps):
        if step.value is None or not step.defined:
            before = None
            continue
        x, y = max(step.value, floor), row + shift
        if step.low is not None and step.high is not None and step.bounded:
            axes.plot(
                [max(step.low, floor), max(step.high, floor)],
                [y, y],
                color=pen.colour,
                linewidth=2,
                alpha=0.5,
            )
        axes.plot([x], [y], color=pen.colour, marker=pen.marker, markersize=5.5, markerfacecolor="white")
        share = numerals.show(step.value / before, "share", language=scene.language) if before else ""
        axes.annotate(
            numerals.show(step.value, "count") + (scene.say("number.in_brackets", words=share) if share else ""),
            (x, y),
            (7, 0),
            textcoords="offset points",
            va="center",
            size=8,
        )
        said.append((row, (x, y, x, y), line(scene.written("applications"), step, policy=pen.order)))
        before = step.value
    return said


def who_gains(scene: Scene) -> Figure | None:
    """Draw each policy's money, what families gain and added care by fifths of family income."""
    columns = [key for key in BY_FIFTHS if key in scene.results.metrics]
    found = {
        policy: {key: [scene.results.entry(policy, key, f"quintile={q}").own for q in QUINTILES] for key in columns}
        for policy in scene.pens
        if policy != scene.results.baseline
    }
    shown = {
        policy: sides
        for policy, sides in found.items()
        if any(e.value for side in sides.values() for e in side if e.defined)
    }
    if not shown:
        return None
    height = 1.25 * len(shown) + 1.25
    figure = scene.blank("who_gains", height, left=0.4, right=0.25, top=0.85, bottom=0.4)
    figure.subplots_adjust(wspace=0.1)
    # one axes for each column, a row of bars for each policy: cheaper than a grid of axes
    money = scene.money(
        e.value for sides in shown.values() for key in columns if form(key) == "money" for e in sides[key]
    )
    for axes, key in zip(figure.subplots(1, len(columns)), columns, strict=True):
        reach, kind = _reach(sides[key] for sides in shown.values()), money if form(key) == "money" else form(key)
        head = split_head(key, kind, scene.language)
        for row, (policy, sides) in enumerate(shown.items()):
            with canvas.drawn_for(axes, scene.pens[policy]):
                places = _fifths(axes, sides[key], scene.pens[policy], kind, len(shown) - 1 - row, reach)
            tell(axes, head, _fifths_said(scene, policy, key, kind, places))
        _dress_fifths(scene, axes, len(shown))
        axes.set_title(head, pad=8)
    left = figure.axes[0]
    for row, policy in enumerate(shown):
        pen, y = scene.pens[policy], len(shown) - 1 - row + NAME_HEIGHT
        with canvas.drawn_for(left, pen):
            left.text(-0.5, y, names.shorten(pen.name, 60), color=canvas.dark(pen.colour), weight="bold", va="bottom")
    return figure


def _reach(column: Iterable[Sequence[Estimate]]) -> tuple[float, float]:
    """Return the lowest and the highest end of a column's bars and whiskers, nought included."""
    ends = [end for row in column for e in row if e.defined for end in (e.value, e.low, e.high)]
    known = [end for end in ends if end is not None and numerals.defined(end)]
    return min([*known, 0.0]), max([*known, 0.0])


def _fifths(
    axes: Axes, estimates: Sequence[Estimate], pen: Pen, kind: str, base: int, reach: tuple[float, float]
) -> list[Place]:
    """Draw one policy's five bars in the row above y = base; return where each is, with its whisker.

    reach : what the height of every row stands for, from its foot to its top
    """
    places: list[Place] = []
    largest = max((abs(e.value) for e in estimates if e.value is not None and e.defined), default=0.0)
    scale = BAR_HEIGHT / ((reach[1] - reach[0]) or 1.0)
    floor = base - reach[0] * scale
    axes.plot([-0.5, 4.5], [floor, floor], color=canvas.INK, linewidth=0.8)
    for x, estimate in enumerate(estimates):
        if estimate.value is None or not estimate.defined:
            axes.text(x, floor, numerals.DASH, ha="center", va="bottom", size=8)
            places.append((x, floor, x, floor))
            continue
        foot, top = floor + min(estimate.value, 0.0) * scale, floor + max(estimate.value, 0.0) * scale
        axes.bar(
            x,
            estimate.value * scale,
            width=0.62,
            bottom=floor,
            facecolor=canvas.tint(pen.colour),
            edgecolor=pen.colour,
            hatch=pen.hatch,
        )
        if estimate.low is not None and estimate.high is not None and estimate.bounded:
            low, high = floor + estimate.low * scale, floor + estimate.high * scale
            axes.plot([x, x], [low, high], color=canvas.INK, linewidth=1.1)
            foot, top = min(foot, low), max(top, high)
        number = numerals.show(estimate.value, kind, like=largest)
        axes.text(x, top + 0.02, number, ha="center", va="bottom", size=8)
        places.append((x - 0.31, foot, x + 0.31, top))
    return places


def _fifths_said(scene: Scene, policy: str, key: str, kind: str, places: Sequence[Place]) -> Iterator[Reading]:
    """Yield what one policy's five bars say."""
    for quintile, place in zip(QUINTILES, places, strict=True):
        entry = scene.results.entry(policy, key, f"quintile={quintile}")
        wording = scene.written(key, kind, scaled=False)
        said = line(wording, entry.own, entry.change, policy=scene.pens[policy].order)
        yield Reading(scene.say("reading.fifth", fifth=scene.say(f"quintile.{quintile}")), place, (said,))


def _dress_fifths(scene: Scene, axes: Axes, rows: int) -> None:
    axes.set_ylim(-0.05, rows - 1 + NAME_HEIGHT + 0.2)
    axes.set_xlim(-0.6, 4.6)
    axes.set_xticks(range(5), [scene.say(f"quintile.{q}") for q in QUINTILES])
    # the numbers stand at the bars
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(axis="x", length=0)


def incidence(scene: Scene) -> Figure | None:
    """Draw where each policy's money went: bars of the sides' gains, losses to the left, the outlay as a mark."""
    found = {
        policy: [scene.results.entry(policy, key).own for key in SIDES]
        for policy in scene.pens
        if policy != scene.results.baseline
    }
    shown = {policy: gains for policy, gains in found.items() if all(e.defined for e in gains)}
    if not any(e.value for gains in shown.values() for e in gains):
        return None
    figure = scene.blank("incidence", 0.62 * len(shown) + 1.5, left=0.4, right=0.3, top=0.5, bottom=0.95)
    axes = figure.subplots()
    axes.axvline(0, color=canvas.INK, linewidth=0.8)
    money = scene.money(e.value for gains in shown.values() for e in gains)
    for row, (policy, gains) in enumerate(shown.items()):
        with canvas.drawn_for(axes, scene.pens[policy]):
            places = _sides(axes, gains, scene.pens[policy], len(shown) - 1 - row, numerals.MONEY[money])
        tell(axes, scene.head("axis.incidence", money), _sides_said(scene, policy, places, money))
    axes.set_ylim(-0.4, len(shown) - 0.3)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(scene.head("axis.incidence", money))
    canvas.number_axis(axes.xaxis, bins=7)
    _incidence_keys(scene, figure)
    return figure


def _sides(axes: Axes, gains: Sequence[Estimate], pen: Pen, y: int, per: float) -> list[Place]:
    """Draw one policy's bars at the height y, the mark of the outlay on them, its name above; return their places.

    per : yuan in the unit that is drawn
    """
    ends = [0.0, 0.0]  # how far the bars reach to the left and to the right so far
    outlay, *sides = ((e.value or 0.0) / per for e in gains)
    places: list[Place] = [(outlay, y, outlay, y)]
    for n, value in enumerate(sides):
        colour, right = canvas.COLOURS[n], int(value > 0)
        axes.barh(y, value, 0.4, ends[right], color=canvas.tint(colour), edgecolor=colour, hatch=canvas.HATCHES[n])
        places.append((ends[right], y - 0.2, ends[right] + value, y + 0.2))
        ends[right] += value
    axes.plot([outlay], [y], color=canvas.INK, marker="D", markersize=6, markerfacecolor="white", zorder=4)
    name = names.shorten(pen.name, 60)
    axes.text(
        0.0, y + 0.3, name, transform=axes.get_yaxis_transform(), color=canvas.dark(pen.colour), weight="bold",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
    )  # fmt: skip
    return places


def _sides_said(scene: Scene, policy: str, places: Sequence[Place], money: str) -> Iterator[Reading]:
    """Yield what one policy's mark and bars say."""
    for key, place in zip(SIDES, places, strict=True):
        gain = scene.results.entry(policy, key).own
        said = line(scene.written(key, money, scaled=False), gain, policy=scene.pens[policy].order)
        yield Reading(metric(key, scene.language).label, place, (said,))


def _incidence_keys(scene: Scene, figure: Figure) -> None:
    words = [metric(key, scene.language).label for key in SIDES]
    mark = {"color": canvas.INK, "marker": "D", "markersize": 6, "markerfacecolor": "white", "linestyle": "none"}
    keys: list[Artist] = [Line2D([], [], label=words[0], **mark)]  # type: ignore[arg-type]
    for word, colour, hatch in zip(words[1:], canvas.COLOURS, canvas.HATCHES, strict=False):
        keys.append(Patch(facecolor=canvas.tint(colour), edgecolor=colour, hatch=hatch, label=word))
    anchor = (0.03, (scene.foot + 0.04) / figure.get_figheight())
    figure.legend(handles=keys, loc="lower left", ncols=len(keys), fontsize=8.5, bbox_to_anchor=anchor)


DRAWINGS: dict[str, Callable[[Scene], Figure | None]] = {
    "take_up": take_up,
    "public_cost": public_cost,
    "frontier": sweep_frontier,
    "response": sweeps.response,
    "heat": sweeps.heat,
    "who_gains": who_gains,
    "incidence": incidence,
    "funnel": funnel,
    "market": market,
    "pass_through": pass_through,
}
