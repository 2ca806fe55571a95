"""The tables of the page, cell by cell, as text that is ready to be shown."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sim.report import frontier, menu, names, numerals, terms
from sim.report.notes import assumed
from sim.report.numerals import DASH, show, spread
from sim.report.tables import (
    KNOWLEDGE_METRICS,
    LOT_ROWS,
    UNDEFINED,
    WHOLE,
    HeadlineRow,
    Results,
    cost_form,
    lot_measure,
    split_forms,
    split_head,
)
from sim.report.words import METRICS, assumption, form, metric, text
from sim.study.estimate import Estimate
from sim.study.metrics import LOTS, TAKE_UP

# the key of an instrument's parameter: of a policy, or of a standing programme
INSTRUMENT = re.compile(r"(?:policy\[(\d+)\]\.)?instrument\[(\d+)\]\.(.+)")
HEADLINE_METRICS = (TAKE_UP, "added_child_months", "public_cost", *KNOWLEDGE_METRICS)
NAME_COLUMNS = 80
# a baseline has no value of its own in these: they compare it with itself
SIDES = (
    "incidence_outlay", "incidence_families", "incidence_staff", "incidence_other_costs", "incidence_administration",
    "incidence_profit",
)  # fmt: skip
FAMILIES_PARTS = tuple(
    f"incidence_{part}"
    for part in ("always_takers", "fee_rise", "other_offers", "new_users", "crowded_out", "cash", "lost_fees")
)
INCIDENCE = (*SIDES[:2], *FAMILIES_PARTS, *SIDES[2:])  # as the table lists them: parts below their sum
COMPARISONS = (
    "added_child_months", *KNOWLEDGE_METRICS, "crowded_out", "pass_through", "consumer_surplus", "mothers_work_months",
    "extra_tax", "added_by_new_children", "added_brought_forward", "added_lengthened", "new_children", "lost_children",
)  # fmt: skip
FIFTHS = tuple(f"quintile={fifth}" for fifth in (1, 2, 3, 4, 5))
WELFARE = (
    "consumer_surplus", "application_cost", "institution_profit", "incidence_outlay", "mothers_work_months",
    "extra_tax", "mvpf",
)  # fmt: skip
RESTS = {  # words of the parameters that turn choices into money, and work into tax, by their keys
    "city.families.sensitivity": "rests.sensitivity",
    "city.families.sensitivity_sd": "rests.sensitivity_sd",
    "city.families.income_power": "rests.income_power",
    "city.families.stickiness": "rests.stickiness",
    "city.families.commitment_months": "rests.commitment_months",
    "city.families.foresight": "rests.foresight",
    "city.families.prolonged": "rests.prolonged",
    "city.families.deferral": "rests.deferral",
    "welfare.work_per_child_month": "rests.work",
    "welfare.tax_per_work_month": "rests.tax",
}


@dataclass(frozen=True)
class Cell:
    """What one cell shows: a main text and small lines under it.

    words : text rather than a number, so it may wrap and stands left
    number : what the cell is sorted by, None where its text is or where it is undefined
    """

    main: str
    lines: tuple[str, ...] = ()
    words: bool = False
    strong: bool = False
    number: float | None = None


@dataclass(frozen=True)
class Row:
    """One row: what it is about, and its cells; flag marks what deserves a second look.

    policy : place in the file of the policy the row is about, None if it is not about one
    baseline : it is what the others are compared with
    """

    head: Cell
    cells: tuple[Cell, ...]
    flag: bool = False
    policy: int | None = None
    baseline: bool = False


@dataclass(frozen=True)
class Grid:
    """One table of the page.

    columns : places in the file of the policies that the columns behind the first are about, if they are
    sortable : a reader may put the rows into another order
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    columns: tuple[int, ...] = ()
    sortable: bool = False


def named(policy: str) -> str:
    """Return a policy's name as the page shows it, cut if it is a story."""
    return names.shorten(names.tidy(policy), NAME_COLUMNS)


def cell(estimate: Estimate, kind: str, language: str, *extra: str, signed: bool = False) -> Cell:
    """Show an estimate with its interval below, and further small lines if there are any."""
    between = spread(estimate.low, estimate.high, kind, like=estimate.value, language=language)
    exact = estimate.low == estimate.high
    lines = (between,) if between and estimate.defined and not exact else ()
    value = show(estimate.value, kind, signed=signed, language=language)
    number = estimate.value if estimate.defined else None
    return Cell(value, lines + tuple(line for line in extra if line), number=number)


def headline_grid(rows: Sequence[HeadlineRow], language: str) -> Grid:
    """Lay out the headline: values beside their changes, doubts of both sorts under the numbers."""
    keys = ["policy", "take_up", "change", "added", "cost", "per_added", "inframarginal"]
    fees = any(row.pass_through.defined for row in rows)
    fifths = any(row.poorest_share is not None for row in rows)
    worth = any(row.mvpf.defined for row in rows)
    more = {"poorest": fifths, "pass_through": fees, "mvpf": worth}
    keys += [key for key, there in more.items() if there]
    money = cost_form(rows, language)
    heads = {key: text(f"column.{key}", language) for key in keys}
    heads["cost"] = numerals.in_unit(heads["cost"], money, language)
    lines = tuple(_headline_row(row, number, money, more, language) for number, row in enumerate(rows))
    return Grid(text("page.headline", language), tuple(heads.values()), lines, sortable=True)


def _headline_row(row: HeadlineRow, number: int, money: str, more: Mapping[str, bool], language: str) -> Row:
    name, first = named(row.policy), text("page.baseline", language)
    head = Cell(name, (first,) if row.baseline and name.lower() != first else ())
    known = {key: _known(row, key, language) for key in KNOWLEDGE_METRICS}
    return Row(
        head,
        (
            cell(row.take_up, "take_up", language),
            cell(row.take_up_change, "points", language, signed=True),
            cell(row.added_child_months, "count", language),
            cell(row.public_cost, money, language),
            cell(row.cost_per_added_child_month, "yuan", language, *known["cost_per_added_child_month"]),
            cell(row.inframarginal_share, "share", language, *known["inframarginal_share"]),
            *([cell(Estimate(row.poorest_share), "share", language)] if more["poorest"] else []),
            *([cell(row.pass_through, "plain", language)] if more["pass_through"] else []),
            *([cell(row.mvpf, "plain", language, *known["mvpf"])] if more["mvpf"] else []),
        ),
        policy=number,
        baseline=row.baseline,
    )


def _known(row: HeadlineRow, key: str, language: str) -> tuple[str, ...]:
    ends = row.known_range(key)
    if not ends:
        return ()
    open_end = (text("page.assumptions.open", language),) if row.known_open(key) else ()
    return (text("page.assumptions", language), spread(*ends, form(key), language=language), *open_end)


def knowledge_grid(rows: Sequence[HeadlineRow], language: str) -> Grid:
    """List the numbers that hang on assumptions, at the low, centre and high of each."""
    settings = [text(f"column.{key}", language) for key in ("low", "central", "high")]
    measured = [metric(key, language) for key in KNOWLEDGE_METRICS]
    head = [text(f"column.{key}", language) for key in ("policy", "assumption")]
    head += [
        text("column.setting", language, label=word.label, unit=word.unit, setting=setting)
        for word in measured
        for setting in settings
    ]
    lines = [
        Row(Cell(named(row.policy)), (_assumption(key, language), *_settings(row, key, language)), policy=number)
        for number, row in enumerate(rows)
        for key in dict.fromkeys(line.assumption for line in row.knowledge)
    ]
    return Grid(text("page.knowledge", language), tuple(head), tuple(lines))


def _assumption(key: str, language: str) -> Cell:
    return Cell(assumption(names.tidy(key), language).label, words=True)


def _settings(row: HeadlineRow, key: str, language: str) -> Iterator[Cell]:
    for name in KNOWLEDGE_METRICS:
        line = next((k for k in row.knowledge if (k.metric, k.assumption) == (name, key)), None)
        for number in (line.low, line.central, line.high) if line else (None, None, None):
            yield Cell(show(number, form(name), language=language))


def sweep_grid(results: Results, language: str) -> Grid:
    """List the arms of the sweep with their values, what they cost and what they add."""
    sweep = results.manifest.get("sweep") or {}
    axes = sweep.get("axes") or []
    best = {arm.policy for arm in frontier.arms(results) if arm.efficient}
    arms = sweep.get("arms") or []
    costs = [results.entry(arm["name"], "public_cost").own.value for arm in arms]
    money = numerals.column("money", costs, language)
    head = (
        text("column.arm", language),
        *(frontier.axis_name(axis, language) for axis in axes),
        numerals.in_unit(text("column.cost", language), money, language),
        *(text(f"column.{key}", language) for key in ("added", "per_added", "inframarginal", "mvpf", "efficient")),
    )
    rows = [_arm_row(results, arm, axes, arm["name"] in best, money, language) for arm in arms]
    return Grid(text("page.sweep", language), head, tuple(rows), sortable=True)


def _arm_row(
    results: Results, arm: Mapping[str, Any], axes: Sequence[Any], best: bool, money: str, language: str
) -> Row:
    name = arm["name"]
    values = list(arm.get("values") or [])
    # every row is as wide as the head, whatever the manifest leaves out
    written = [_axis_cell(value, axis) for value, axis in zip(values, axes, strict=False)]
    written += [Cell(DASH)] * (len(axes) - len(written))
    added, cost, per_added, share, worth = (results.entry(name, key).own for key in HEADLINE_METRICS[1:])
    return Row(
        Cell(named(name)),
        (
            *written,
            cell(cost, money, language),
            cell(added, "count", language),
            cell(per_added, "yuan", language),
            cell(share, "share", language),
            cell(worth, "plain", language),
            Cell(text("column.yes", language) if best else ""),
        ),
    )


def _axis_cell(value: Any, axis: Any) -> Cell:
    """One value of one axis; a number is sorted as one."""
    number = None if isinstance(value, bool) or _is_text(value) else float(value)
    return Cell(frontier.setting(value, axis), number=number)


def split_grid(results: Results, language: str) -> Grid:
    """List what each instrument of the policies that were split does; under each policy its whole."""
    forms = split_forms(results, language)
    heads = [split_head(key, kind, language) for key, kind in forms.items()]
    head = (text("column.policy", language), text("column.instrument", language), *heads)
    rows = []
    for number, policy in enumerate(results.policies):
        for n, (instrument, found) in enumerate(results.parts(policy).items()):
            whole = instrument == WHOLE
            said = text("column.whole", language) if whole else terms.instrument(instrument, language)
            called = Cell(said, words=True, strong=whole)
            cells = (
                replace(cell(found[key], kind, language, signed=True), strong=whole) for key, kind in forms.items()
            )
            rows.append(Row(Cell(named(policy) if n == 0 else ""), (called, *cells), policy=number))
    return Grid(text("page.split", language), head, tuple(rows))


def incidence_grid(results: Results, language: str) -> Grid:
    """Tell where each policy's money went: the public's outlay, then the sides whose gains add up to it."""
    policies = results.policies[1:]
    head = (text("column.side", language), *(named(policy) for policy in policies))
    gains = {
        key: [results.entry(policy, key).own for policy in policies] for key in INCIDENCE if key in results.metrics
    }
    # one unit for the whole table, so that its rows add up to the eye too
    money = numerals.column("money", [gain.value for row in gains.values() for gain in row], language)
    rows = tuple(_incidence_row(row, key, money, language) for key, row in gains.items())
    columns = tuple(range(1, len(results.policies)))
    return Grid(text("page.incidence", language), head, rows if policies else (), columns)


def _incidence_row(gains: Sequence[Estimate], key: str, money: str, language: str) -> Row:
    """One side's line; a part of the families' stands below their name in small."""
    word, side = metric(key, language), key in SIDES
    cells = [cell(gain, money, language, signed=True) for gain in gains]
    if side:
        cells = [replace(c, strong=True) for c in cells]
    return Row(Cell(word.label, (numerals.unit(money, language),)) if side else Cell("", (word.label,)), tuple(cells))


def welfare_grid(results: Results, language: str) -> Grid:
    """Tell what each policy is worth to families, by fifths of income, and what stands beside it: profit, cost, tax."""
    policies = results.policies[1:]
    if "consumer_surplus" not in results.metrics or not policies:
        return Grid(text("page.welfare", language), (), ())
    found = {
        (key, group): _gains(results, key, group)
        for key in WELFARE
        if key in results.metrics
        for group in ("all", *(FIFTHS if key == "consumer_surplus" else ()))
    }
    # one unit for the whole table, so that its rows can be set against each other
    sums = [e.value for (key, _), row in found.items() if form(key) == "money" for e in row]
    money = numerals.column("money", sums, language)
    rows = tuple(_welfare_row(row, key, group, money, language) for (key, group), row in found.items())
    head = (text("column.measure", language), *(named(policy) for policy in policies))
    return Grid(text("page.welfare", language), head, rows, tuple(range(1, len(results.policies))))


def _gains(results: Results, key: str, group: str) -> list[Estimate]:
    """Return what every policy but the baseline has of a metric; of institutions' profit its change."""
    entries = [results.entry(policy, key, group) for policy in results.policies[1:]]
    return [entry.change if key == "institution_profit" else entry.own for entry in entries]


def _welfare_row(row: Sequence[Estimate], key: str, group: str, money: str, language: str) -> Row:
    """One line of the welfare table; a fifth of the families stands below them in small."""
    word, kind = metric(key, language), money if form(key) == "money" else form(key)
    label = text("page.welfare.profit", language) if key == "institution_profit" else word.label
    unit = numerals.unit(money, language) if kind == money else word.unit
    fifth = text(f"quintile.{group.rpartition('=')[2]}", language) if group != "all" else ""
    cells = (replace(cell(e, kind, language, signed=key != "mvpf"), strong=not fifth) for e in row)
    return Row(Cell("", (fifth,)) if fifth else Cell(label, (unit,)), tuple(cells))


def lots_grid(results: Results, language: str) -> Grid:
    """Set what each policy's lot shows beside the truth."""
    policies = results.with_lots
    head = (text("column.measure", language), *(named(policy) for policy in policies))
    rows = tuple(
        Row(
            Cell(lot_measure(key, language), (unit,) if (unit := metric(key, language).unit) else ()),
            tuple(cell(results.entry(policy, key).own, form(key), language) for policy in policies),
        )
        for key in (LOT_ROWS if policies else ())
    )
    return Grid(text("page.lots", language), head, rows, tuple(results.policies.index(policy) for policy in policies))


def district_grid(results: Results, language: str) -> Grid:
    """Tell by district who is in care in the baseline, and what each policy adds."""
    policies = results.policies[1:]
    rows = tuple(
        Row(
            Cell(names.tidy(group.removeprefix("district="))),
            (
                cell(results.entry(results.policies[0], TAKE_UP, group).own, "take_up", language),
                *(
                    cell(results.entry(policy, "added_child_months", group).own, "count", language)
                    for policy in policies
                ),
            ),
        )
        for group in (results.districts if policies else ())
    )
    head = (text("column.district", language), text("column.usual", language), *(named(policy) for policy in policies))
    return Grid(text("page.district", language), head, rows, (0, *range(1, len(results.policies))), sortable=True)


def rests_grid(evidence: Sequence[Mapping[str, Any]], language: str) -> Grid:
    """List the parameters on which the welfare table rests, in words, with their keys, ranges and sources."""
    grid = evidence_grid([item for item in evidence if item.get("key") in RESTS], language)
    rows = (replace(row, head=Cell(text(RESTS[row.head.main], language), (row.head.main,))) for row in grid.rows)
    return replace(grid, caption=text("page.welfare.rests", language), rows=tuple(rows))


def measures_grid(results: Results, language: str) -> Grid:
    """List every other metric of the summary: its value under each policy and its paired change."""
    head = (text("column.measure", language), *(named(policy) for policy in results.policies))
    elsewhere = (*HEADLINE_METRICS, *INCIDENCE, *LOTS, *(key for key in WELFARE if key != "institution_profit"))
    listed = [key for key in METRICS if key in results.metrics and key not in elsewhere]
    listed += [key for key in results.metrics if key not in METRICS]
    rows = tuple(_measure_row(results, key, language) for key in listed)
    return Grid(text("page.measures", language), head, rows, tuple(range(len(results.policies))))


def _measure_row(results: Results, key: str, language: str) -> Row:
    word, kind = metric(key, language), form(key)
    unit = word.unit if key in METRICS else names.tidy(results.metrics[key] or "") if results.metrics[key] else ""
    if kind == "money":
        kind = numerals.column(kind, [results.entry(policy, key).own.value for policy in results.policies], language)
        unit = numerals.unit(kind, language)
    cells = []
    for policy in results.policies:
        entry = results.entry(policy, key)
        first = policy == results.baseline
        own = UNDEFINED if first and key in COMPARISONS else entry.own
        changed = () if first or key in COMPARISONS else _change(entry.change, kind, language)
        cells.append(cell(own, kind, language, *changed))
    return Row(Cell(names.tidy(word.label), (unit,) if unit else ()), tuple(cells))


def _change(change: Estimate, kind: str, language: str) -> Iterator[str]:
    if not change.defined:
        return
    # the difference of two shares is in points, not in per cent
    kind = "points" if numerals.FORMS[kind].percent else kind
    between = spread(change.low, change.high, kind, like=change.value, language=language)
    exact = change.low == change.high
    yield f"Δ {show(change.value, kind, signed=True, language=language)}"
    if between and not exact:
        yield text("number.bracketed", language, words=between)


def evidence_grid(
    evidence: Sequence[Mapping[str, Any]], language: str, scenario: Mapping[str, Any] | None = None
) -> Grid:
    """List the parameters with their sources; assumptions and what has no source are flagged.

    scenario : as it was resolved, which tells the kinds of the instruments whose parameters are listed
    """
    head = tuple(text(f"column.{key}", language) for key in ("parameter", "value", "range", "source"))
    rows = tuple(_evidence_row(item, scenario or {}, language) for item in evidence)
    return Grid(text("page.evidence", language), head, rows)


def _evidence_row(item: Mapping[str, Any], scenario: Mapping[str, Any], language: str) -> Row:
    source = names.tidy(str(item.get("source") or "")) if str(item.get("source") or "").strip() else ""
    low, high = item.get("low"), item.get("high")
    stated = low is not None and high is not None
    between = text("number.interval", language, low=_bare(low), high=_bare(high)) if stated else ""
    flag = assumed(item)
    mark = text("page.evidence.flag" if source else "page.evidence.unsourced", language)
    if flag and source.lower() in ("assumption", ""):
        said = Cell(mark, words=True, strong=True)
    else:
        marked = flag and not source.lower().startswith("assumption")
        said = Cell(source, (mark,) if marked else (), words=True)
    name = str(item.get("key", ""))
    called = _parameter(name, scenario, language)
    key = Cell(names.tidy(name), (called,) if called else ())
    return Row(key, (Cell(_bare(item.get("value")), words=_is_text(item.get("value"))), Cell(between), said), flag)


def _parameter(key: str, scenario: Mapping[str, Any], language: str) -> str:
    """What the language calls an instrument's parameter, by its key in the file; nothing where it has no word."""
    found = INSTRUMENT.match(key)
    if found is None:
        return ""
    policy, number, rest = found.groups()
    policies = scenario.get("policy") or []
    chain = (
        scenario.get("instrument") if policy is None else dict(enumerate(policies)).get(int(policy), {})["instrument"]
    )
    table = dict(enumerate(chain or [])).get(int(number))
    if table is None:
        return ""
    path = f"{table['kind']}.{rest.rpartition('.')[2].partition('[')[0]}"
    called = menu.named(path, language)
    return "" if called == path else called


def _is_text(value: Any) -> bool:
    return not isinstance(value, int | float)


def _bare(value: Any) -> str:
    """Write a parameter as its file does: no rounding, for it is what was put in."""
    if value is None:
        return DASH
    if isinstance(value, bool) or _is_text(value):
        return names.shorten(names.tidy(str(value)), 200)
    if not numerals.defined(value):
        return DASH
    whole = isinstance(value, int) or (value == int(value) and abs(value) < 1e15)
    return (f"{int(value):,}" if whole else f"{value:,.12g}").replace("-", numerals.MINUS)
