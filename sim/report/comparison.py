"""Finished runs side by side: a table, where they are not comparable, and cost per added child-month as a figure."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.report import names, numerals, terms
from sim.report.notes import scale_of
from sim.report.tables import (
    HeadlineRow,
    Results,
    blank_table,
    cost_form,
    headline,
    number_cell,
    take_up_cell,
    translated,
)
from sim.report.words import metric, text
from sim.study.disk import write_together
from sim.study.summary import Finished

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from rich.table import Table

    from sim.report.canvas import Pen

TABLE, STEM = "comparison.csv", "comparison"
RUN_COLUMNS, POLICY_COLUMNS = 24, 16
ROW, GAP = 0.32, 0.45  # inches of a policy's row in the figure, and before a run's first
LEFT, EDGE = 2.6, 0.12  # inches of the axes, and of titles, from the figure's left
TITLE_COLUMNS = 95
WIDE = 30  # so many times the least is the most, where the axis becomes logarithmic


def rows_of(run: Finished) -> list[HeadlineRow]:
    """The headline of a run: one row per compared policy, the baseline first."""
    return headline(Results(run.summary, pl.DataFrame(), run.manifest))


def comparison_table(runs: Sequence[Finished], language: str = "en") -> "Table":
    """Lay out the headlines of several runs below one another; the caption says where they are not comparable."""
    from rich.text import Text

    table = blank_table(text("comparison.title", language), "\n".join(_captions(runs, language)))
    runs = [_translated(run, language) for run in runs]
    money = cost_form([row for run in runs for row in rows_of(run)], language)
    for key in ("comparison.run", "run.city", "column.policy"):
        table.add_column(text(key, language), overflow="fold")
    for key in ("take_up", "added", "cost", "per_added", "inframarginal", "pass_through"):
        word = "comparison.pass_through" if key == "pass_through" else f"terminal.{key}"
        table.add_column(text(word, language, unit=numerals.unit(money, language)), justify="right", overflow="fold")
    for run in runs:
        for number, row in enumerate(rows_of(run)):
            head = (called(run), names.tidy(run.manifest["city"])) if number == 0 else ("", "")
            policy = names.wrap(names.tidy(row.policy), POLICY_COLUMNS, lines=4)
            table.add_row(
                Text(head[0], style="bold"), Text(head[1]), Text(policy), *map(Text, _numbers(row, money, language))
            )
        table.add_row(*[""] * 9)
    return table


def _translated(run: Finished, language: str) -> Finished:
    """A run under the names that its scenario gives to policies and city in the language."""
    said = translated(Results(run.summary, pl.DataFrame(), run.manifest), language)
    return replace(run, summary=said.summary, manifest=said.manifest)


def called(run: Finished) -> str:
    """A run's title, and its folder below in brackets."""
    title = names.wrap(names.tidy(run.manifest["title"]), RUN_COLUMNS, lines=3)
    return f"{title}\n({names.wrap(names.tidy(run.name), RUN_COLUMNS - 2, lines=4)})"


def _numbers(row: HeadlineRow, money: str, language: str) -> Iterator[str]:
    yield take_up_cell(row, language)
    yield number_cell(row.added_child_months, "count", language)
    yield number_cell(row.public_cost, money, language)
    yield number_cell(row.cost_per_added_child_month, "yuan", language)
    yield number_cell(row.inframarginal_share, "share", language)
    yield number_cell(row.pass_through, "plain", language)


# ---------------------------------------------------------------------------------------------------------
# what to know before comparing


def _captions(runs: Sequence[Finished], language: str) -> Iterator[str]:
    """How to read the table, which runs are of a part of their city, and where runs are not comparable."""
    bounded = any(row.take_up.bounded for run in runs for row in rows_of(run))
    yield text("comparison.luck" if bounded else "terminal.no_luck", language)
    yield text("comparison.dash", language)
    for run in runs:
        if scale := scale_of(run.manifest, language):
            said = text("page.scaled", language, scale=scale)
            note = text("comparison.of_run", language, run=names.tidy(run.name), said=said)
            yield text("terminal.note", language, note=note)
    for note in incomparable(runs, language):
        yield text("terminal.note", language, note=note)


def incomparable(runs: Sequence[Finished], language: str = "en") -> list[str]:
    """Say in what the runs differ beside their policies, a line each; nothing where they can be compared."""
    said = []
    for aspect, (what, shown) in _ASPECTS.items():
        if len({_key(what(run)) for run in runs}) < 2:
            continue
        words = [shown(run, language) for run in runs]
        if len(set(words)) < 2 and aspect in _NAMED:  # what differs is deeper than its name
            said.append(text(f"comparison.{aspect}.inside", language))
            continue
        listed = text("list.semicolon", language).join(
            text("comparison.of_run", language, run=names.tidy(run.name), said=word)
            for run, word in zip(runs, words, strict=True)
        )
        said.append(text(f"comparison.{aspect}", language, listed=listed))
    return said


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _entry(key: str, run: Finished) -> Any:
    return run.manifest[key]


def _plain(key: str, run: Finished, language: str) -> str:
    del language
    return names.tidy(str(run.manifest[key]))


def _scale(run: Finished, language: str) -> str:
    return text("number.percent", language, number=f"{run.manifest['scale'] * 100:,.6g}")


def _window(run: Finished, language: str) -> str:
    counted = run.manifest["counted"]
    return text("page.window", language, first=str(counted.get("from")), last=str(counted.get("until")))


def _clock(key: str, run: Finished) -> Any:
    return (run.manifest["scenario"].get("run") or {}).get(key)


def _clock_words(key: str, run: Finished, language: str) -> str:
    del language
    value = _clock(key, run)
    return numerals.DASH if value is None else str(value)


def _city(run: Finished) -> Any:
    return run.manifest["scenario"].get("city")


def _baseline(run: Finished) -> Any:
    """What stands under every policy, and the baseline's own instruments."""
    resolved = run.manifest["scenario"]
    first = next(iter(resolved.get("policy") or [{}]))
    return [resolved.get("instrument"), first.get("instrument")]


def _baseline_words(run: Finished, language: str) -> str:
    """The baseline's name, and the kinds of what stands under it."""
    kinds = [terms.instrument(str(table.get("kind")), language) for chain in _baseline(run) for table in chain or []]
    name = names.tidy(run.manifest["policies"][0]["name"])
    listed = text("list.comma", language).join(kinds)
    return f"{name}{text('number.in_brackets', language, words=listed)}" if kinds else name


# what must be the same for two runs to be compared, and how it is shown
_ASPECTS: dict[str, tuple[Callable[[Finished], Any], Callable[[Finished, str], str]]] = {
    "city": (_city, partial(_plain, "city")),
    "scale": (partial(_entry, "scale"), _scale),
    "window": (partial(_entry, "counted"), _window),
    "start": (partial(_clock, "start"), partial(_clock_words, "start")),
    "burn_in_months": (partial(_clock, "burn_in_months"), partial(_clock_words, "burn_in_months")),
    "seed": (partial(_entry, "seed"), partial(_plain, "seed")),
    "replications": (partial(_entry, "replications"), partial(_plain, "replications")),
    "baseline": (_baseline, _baseline_words),
    "program": (partial(_entry, "source_digest"), partial(_plain, "source_digest")),
}
_NAMED = ("city", "baseline")  # shown by their names


# ---------------------------------------------------------------------------------------------------------
# files


def write_comparison(runs: Sequence[Finished], folder: Path, language: str = "en") -> list[Path]:
    """Write comparison.csv and the figure into a folder, all or none; return the files written."""
    from sim.report import canvas

    rows = pl.concat(run.summary.select(pl.lit(run.name).alias("study"), pl.all()) for run in runs)
    files = {folder / TABLE: rows.write_csv().encode()}
    runs = [_translated(run, language) for run in runs]
    shown = [run.manifest["title"] + run.name + "".join(row.policy for row in rows_of(run)) for run in runs]
    with canvas.style([*shown, text("comparison.figure", language)]):
        drawn = canvas.drawn(draw(runs, language))
    files |= {folder / f"{STEM}.{kind}": content for kind, content in drawn.items()}
    folder.mkdir(parents=True, exist_ok=True)
    write_together(files)
    return [*files]


def draw(runs: Sequence[Finished], language: str = "en") -> "Figure":
    """Cost per added child-month of every policy that is compared with a baseline, by run, each beside its name."""
    from sim.report import canvas

    drawn = [(run, [row for row in rows_of(run) if not row.baseline]) for run in runs]
    inches = sum(GAP + ROW * max(len(rows), 1) for _, rows in drawn)
    figure = canvas.blank(
        text("comparison.figure", language), inches + 1.25, left=LEFT, right=1.5, top=0.5, bottom=0.75
    )
    axes = figure.add_subplot()
    y = 0.0
    for run, rows in drawn:
        y += GAP
        title = names.shorten(f"{names.tidy(run.manifest['title'])} ({names.tidy(run.name)})", TITLE_COLUMNS)
        at, edge = (0, y - ROW / 2), ((EDGE - LEFT) * 72, 0)  # from the figure's left edge, to have its whole width
        axes.annotate(title, at, edge, axes.get_yaxis_transform(), "offset points", weight="bold", va="center")
        pens = canvas.pens([row.policy for row in rows_of(run)], language)
        for row in rows:
            y += ROW
            _point(axes, y - ROW / 4, row, pens[row.policy], language)
    _dress(axes, y, [row for _, rows in drawn for row in rows], language)
    return figure


def _point(axes: "Axes", y: float, row: HeadlineRow, pen: "Pen", language: str) -> None:
    """One policy: its name on the left, its value with interval, the number written on the right."""
    cost = row.cost_per_added_child_month
    name = names.shorten(pen.name, 30)
    axes.annotate(name, (0, y), (-8, 0), axes.get_yaxis_transform(), "offset points", va="center", ha="right")
    said = numerals.show(cost.value, "yuan", language=language)
    axes.annotate(said, (1, y), (8, 0), axes.get_yaxis_transform(), "offset points", va="center", ha="left")
    if cost.value is None or not cost.defined:
        return
    if cost.low is not None and cost.high is not None:
        axes.plot([cost.low, cost.high], [y, y], color=pen.colour, linewidth=1.5, solid_capstyle="butt", marker="|")
    axes.plot([cost.value], [y], color=pen.colour, marker=pen.marker, markersize=7, markerfacecolor="white")


def _dress(axes: "Axes", height: float, rows: Sequence[HeadlineRow], language: str) -> None:
    """Limits, ticks and words of the axis; where costs lie far apart it is logarithmic."""
    from sim.report import canvas

    word = metric("cost_per_added_child_month", language)
    axes.set_ylim(height + ROW / 2, 0)
    axes.set_yticks([])
    axes.grid(visible=True, axis="x")
    axes.spines["left"].set_visible(False)
    costs = [row.cost_per_added_child_month for row in rows]
    ends = [end for cost in costs if cost.defined for end in (cost.low, cost.value, cost.high) if end is not None]
    far = bool(ends) and min(ends) > 0 and max(ends) > WIDE * min(ends)
    if far:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(canvas.plain_numbers())
    else:
        canvas.number_axis(axes.xaxis)
        axes.set_xlim(min([0.0, *ends]), 1.05 * max([*ends, 0.0]) or 1.0)
    key = "comparison.axis.log" if far else "comparison.axis"
    said = text(key, language, label=word.label, unit=word.unit)
    missing = any(not cost.defined for cost in costs)
    axes.set_xlabel(f"{said}\n{text('comparison.dash', language)}" if missing else said)
    if not ends:
        axes.set_xticks([])
