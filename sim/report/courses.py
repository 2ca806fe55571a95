"""The figures over time: take-up, cost, fees and filled places, what part of each yuan ends in fees."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.report import canvas, labels, names, numerals, terms
from sim.report.readings import Wording, tell_months
from sim.report.scene import Scene
from sim.report.series import Band, Floats, Monthly, band, gather
from sim.report.tables import Results
from sim.study.metrics import TAKE_UP

MARKET = ("mean_fee", "mean_net_fee", "utilisation", "places")
DRAWN_MONTHLY = (TAKE_UP, "enrolled", "children", "public_cost", *MARKET)
# what theory says of the part of a yuan that ends in the fee of one small institution, docs/model.md 7.2
FULL, PER_CHILD = 1.0, -1.0
PAID = 0.1  # of its dearest month: where a policy pays less, pass-through divides by next to nothing


def kinds_that_set_fees(results: Results) -> list[str]:
    """Name the kinds of institution that set their own fees."""
    return [str(kind) for kind in results.manifest.get("kinds_that_set_fees") or []]


def take_up(scene: Scene) -> Figure | None:
    """Draw take-up, and below it how many more children are enrolled than in the baseline."""
    levels = _levels(scene, TAKE_UP, 100.0)
    if not levels:
        return None
    changes, rule = _enrolled_changes(scene)
    figure = _tall(scene, "take_up", 2 if changes else 1, levels)
    panels = figure.subplots(2 if changes else 1, 1, sharex=True, squeeze=False)[:, 0]
    panels[0].set_ylabel(scene.say("axis.take_up"))
    _lines(scene, panels[0], levels, scene.written("take_up"))
    if changes:
        enrolled = scene.say("axis.enrolled_change" if rule else "axis.take_up_change")
        panels[1].set_ylabel(enrolled)
        panels[1].set_title(rule, size=8.5, color=canvas.PALE)
        panels[1].axhline(0, color=canvas.INK, linewidth=0.8)
        _lines(scene, panels[1], changes, scene.written("enrolled" if rule else "take_up").of_changes)
    return figure


def _enrolled_changes(scene: Scene) -> tuple[dict[str, Floats], str]:
    """Return the paired changes, in children with a rule to turn them into points, or in points."""
    others = [policy for policy in scene.pens if policy != scene.results.baseline]
    found = {policy: scene.monthly.change(policy, "enrolled") for policy in others}
    children = [scene.monthly.level(policy, "children") for policy in scene.pens]
    if any(cube is not None for cube in found.values()) and children[0] is not None:
        mean = float(np.nanmean(children[0]))
        if mean > 0:
            points = numerals.show(100 / mean, "points", language=scene.language)
            return {p: cube for p, cube in found.items() if cube is not None}, scene.say("axis.rule", points=points)
    shares = {policy: scene.monthly.change(policy, TAKE_UP) for policy in others}
    return {policy: cube * 100 for policy, cube in shares.items() if cube is not None}, ""


def public_cost(scene: Scene) -> Figure | None:
    """Draw what each policy has cost since the window began."""
    levels = {}
    for policy, cube in _levels(scene, "public_cost", 1.0).items():
        counted = cube[:, scene.monthly.counted]
        if np.nansum(np.abs(counted)) > 0:
            # a month without a claim is a month without cost
            levels[policy] = np.where(np.isfinite(counted), counted, 0.0).cumsum(axis=1)
    if not levels:
        return None
    figure = _tall(scene, "public_cost", 1, levels, panel=3.4)
    axes = figure.subplots()
    money = scene.money(number for cube in levels.values() for number in cube.ravel())
    axes.set_ylabel(scene.head("axis.cost", money))
    levels = {policy: cube / numerals.MONEY[money] for policy, cube in levels.items()}
    whole = scene.monthly
    months = tuple(m for m, inside in zip(whole.months, whole.counted, strict=True) if inside)
    window = replace(whole, months=months, counted=whole.counted[whole.counted])
    _lines(replace(scene, monthly=window), axes, levels, scene.written("public_cost", money))
    return figure


def market(scene: Scene) -> Figure | None:
    """Draw posted and net fees, places filled and places: level on the left, difference on the right."""
    found = {key: _levels(scene, key, 100.0 if key == "utilisation" else 1.0) for key in MARKET}
    rows = {key: levels for key, levels in found.items() if levels}
    if not rows:
        return None
    shown = [policy for policy in scene.pens if any(policy in levels for levels in rows.values())]
    legend = scene.legend_room(shown)
    height = 2.05 * len(rows) + 1.3 + legend
    figure = scene.blank("market", height, left=0.75, right=0.2, top=0.75, bottom=0.55 + legend)
    figure.subplots_adjust(hspace=0.28, wspace=0.2)
    grid = figure.subplots(len(rows), 2, sharex=True, squeeze=False)
    for (level, change), (key, levels) in zip(grid, rows.items(), strict=True):
        _market_row(scene, (level, change), key, levels)
    grid[0, 0].set_title(scene.say("axis.level"), weight="bold", pad=16)
    grid[0, 1].set_title(scene.say("axis.difference"), weight="bold", pad=16)
    scene.legend(figure, shown)
    return figure


def _market_row(scene: Scene, pair: tuple[Axes, Axes], key: str, levels: Mapping[str, Floats]) -> None:
    level, change = pair
    fixed = key == "mean_fee" and scene.results.manifest.get("fees_respond") is False
    heads = (scene.say(f"axis.{key}"), scene.say(f"axis.{key}.change"))
    bands, changes = _bands(levels), _bands(_less_baseline(scene, levels))
    for axes, head in zip(pair, heads, strict=True):
        # above the panel, where it can be read without turning the head
        said = scene.say("axis.fixed", head=head) if fixed else head
        axes.text(0, 1.03, said, transform=axes.transAxes, size=8.5, color=canvas.PALE)
    for axes, drawn in zip(pair, (bands, changes), strict=True):
        for policy, one in drawn.items():
            canvas.draw_band(axes, one, scene.pens[policy], len(levels))
    change.axhline(0, color=canvas.INK, linewidth=0.8)
    for axes in pair:
        canvas.number_axis(axes.yaxis, bins=4)
        canvas.month_axis(axes, scene.monthly.months, scene.language, most=8)
        _mark_window(scene, axes)
    _tell_lines(scene, level, heads[0], bands, scene.written(key), changes)
    _tell_lines(scene, change, scene.say("reading.change", quantity=heads[1]), changes, scene.written(key).of_changes)


def pass_through(scene: Scene) -> Figure | None:
    """Draw what part of each yuan paid ends in higher posted fees: of all institutions, and of those that set fees."""
    kinds = kinds_that_set_fees(scene.results)
    if not kinds:
        return None
    said = {kind: names.tidy(terms.said(terms.KINDS, kind, scene.language)) for kind in kinds}
    panels = {scene.say("axis.pass_through.kind", kind=names.shorten(said[kind], 60)): f"kind={kind}" for kind in kinds}
    panels[scene.say("axis.pass_through.all")] = "all"
    gathered = {head: gather(scene.results, ("pass_through", "public_cost"), group) for head, group in panels.items()}
    drawn = {head: (monthly, cubes) for head, monthly in gathered.items() if (cubes := _passed(scene, monthly))}
    if not drawn:
        return None
    shown = {policy: cube for _, cubes in drawn.values() for policy, cube in cubes.items()}
    # no room for the months after the last payment: names would stand far from where their lines end
    end = max(_end(cube) for _, cubes in drawn.values() for cube in cubes.values())
    if not end:
        return None
    figure = _tall(scene, "pass_through", len(drawn), shown)
    figure.subplots_adjust(hspace=0.3)
    grid = figure.subplots(len(drawn), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (head, (monthly, cubes)) in zip(grid, drawn.items(), strict=True):
        axes.set_ylabel(scene.say("axis.pass_through"))
        axes.set_title(head, size=8.5, color=canvas.PALE)
        axes.axhline(0, color=canvas.INK, linewidth=0.8)
        paid = replace(monthly, months=monthly.months[:end], counted=monthly.counted[:end])
        shown = {policy: cube[:, :end] for policy, cube in cubes.items()}
        quantity = f"{axes.get_ylabel()} · {head}"
        _mark_limits(scene, axes, _pays_for_children(scene.results))  # before the lines' names find their places
        _lines(replace(scene, monthly=paid), axes, shown, scene.written("pass_through"), quantity)
    return figure


def _pays_for_children(results: Results) -> bool:
    """Return whether a policy of the run pays institutions for each child."""
    policies = (results.manifest.get("scenario") or {}).get("policy") or []
    return any(one["kind"] == "operating_subsidy" for policy in policies for one in policy.get("instrument") or [])


def _mark_limits(scene: Scene, axes: Axes, per_child: bool) -> None:
    """Mark what theory says of money off bills where all rooms are full; with room to spare it is the line at 0.

    per_child : whether what is paid to institutions for a child belongs on the panel, and what theory says of it with
        room to spare
    """
    for value, name in ((FULL, "full"), (PER_CHILD, "per_child"))[: 1 + per_child]:
        axes.axhline(value, color=canvas.PALE, linewidth=0.8, linestyle=":")
        across, said = axes.get_yaxis_transform(), scene.say(f"axis.pass_through.{name}")
        axes.text(0.01, value + 0.02, said, transform=across, size=7, color=canvas.PALE, va="bottom")


def _end(cube: Floats) -> int:
    """Count the months up to the last that has a number, 0 if none has."""
    return int(np.flatnonzero(np.isfinite(cube).any(axis=0)).max(initial=-1)) + 1


def _passed(scene: Scene, monthly: Monthly) -> dict[str, Floats]:
    """Return each policy's pass-through by month, without the months in which it pays next to nothing."""
    cubes = {}
    for policy in scene.pens:
        passed, cost = monthly.level(policy, "pass_through"), monthly.level(policy, "public_cost")
        if passed is None or cost is None or policy == scene.results.baseline:
            continue
        paid = np.where(np.isfinite(cost), cost, 0.0).mean(axis=0)
        cubes[policy] = np.where(paid >= PAID * paid.max(), passed, np.nan)
    return cubes


def _levels(scene: Scene, key: str, factor: float) -> dict[str, Floats]:
    found = {policy: scene.monthly.level(policy, key) for policy in scene.pens}
    return {policy: cube * factor for policy, cube in found.items() if cube is not None}


def _tall(scene: Scene, stem: str, panels: int, shown: Mapping[str, Floats], panel: float = 2.6) -> Figure:
    """Return a figure with room for its panels one above the other and for labels at the right."""
    lines = sum(1.3 + scene.pens[policy].label.count("\n") for policy in shown)
    each = max(panel, 0.155 * lines)
    return scene.blank(
        stem,
        panels * each + 1.1,
        left=0.85,
        right=canvas.label_room([scene.pens[policy] for policy in shown]),
        top=0.6,
        bottom=0.5,
    )


def _lines(scene: Scene, axes: Axes, cubes: Mapping[str, Floats], wording: Wording, quantity: str = "") -> None:
    """Draw every policy's line with its band, name it where it ends, and have it say its numbers.

    quantity : what the numbers are, with their unit, where the axis doesn't say it all
    """
    bands = _bands(cubes)
    for policy, one in bands.items():
        canvas.draw_band(axes, one, scene.pens[policy], len(cubes))
    canvas.number_axis(axes.yaxis)
    canvas.month_axis(axes, scene.monthly.months, scene.language)
    _mark_window(scene, axes)
    axes.set_ylim(*axes.get_ylim())
    labels.label_ends(axes, {scene.pens[policy]: one.last for policy, one in bands.items() if one.last is not None})
    _tell_lines(scene, axes, quantity or axes.get_ylabel(), bands, wording, _bands(_less_baseline(scene, cubes)))


def _bands(cubes: Mapping[str, Floats]) -> dict[str, Band]:
    return {policy: band(cube) for policy, cube in cubes.items()}


def _less_baseline(scene: Scene, cubes: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return what each other policy has more than the baseline, replication by replication; nothing without it."""
    baseline = cubes.get(scene.results.baseline or "")
    others = {policy: cube for policy, cube in cubes.items() if policy != scene.results.baseline}
    return {} if baseline is None else {policy: cube - baseline for policy, cube in others.items()}


def _tell_lines(
    scene: Scene,
    axes: Axes,
    quantity: str,
    bands: Mapping[str, Band],
    wording: Wording,
    changes: Mapping[str, Band] | None = None,
) -> None:
    ordered, differing = (
        {scene.pens[policy].order: one for policy, one in each.items()} for each in (bands, changes or {})
    )
    tell_months(axes, quantity, scene.monthly.months, ordered, wording, differing)


def _mark_window(scene: Scene, axes: Axes) -> None:
    """Shade the months that the summary does not count."""
    counted = scene.monthly.counted
    if not counted.any() or counted.all():
        return
    first, last = np.flatnonzero(counted)[[0, -1]]
    left, right = axes.get_xlim()
    for start, end in ((left, first - 0.5), (last + 0.5, right)):
        if end - start > 0.5:
            axes.axvspan(start, end, color="#F2F2F2", linewidth=0, zorder=0)
