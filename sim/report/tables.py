"""A finished study as its files hold it, and the headline table made of it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.report import names, numerals, terms
from sim.report.notes import notes, resting
from sim.report.translation import Translation
from sim.report.words import assumption, form, metric, text
from sim.study.estimate import Estimate
from sim.study.metrics import TAKE_UP
from sim.study.summary import NUMBERS, read_manifest, read_summary

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

HEADLINE_DOUBTS = ("cost_per_added_child_month", "inframarginal_share")  # for which a terminal has room
KNOWLEDGE_METRICS = (*HEADLINE_DOUBTS, "mvpf")
ASSUMPTION = "assumption="
SPLIT_METRICS = ("public_cost", "added_child_months", "mean_fee")
# the table of a lot: who is in it, what the experiment says, and the truth
LOT_ROWS = (
    "lot_children", "lot_winners", "lot_losers", "lot_winner_months", "lot_loser_months", "lot_difference",
    "lot_standard_error", "lot_estimate", "lot_margin", "added_child_months", "lot_added_winners", "lot_added_losers",
    "lot_added_others", "lot_luck", "lot_covers", "lot_cost_per_month", "cost_per_added_child_month",
)  # fmt: skip
WHOLE = "all"  # the instrument of which the split says what the policy does in all
NAME_COLUMNS = 15  # what a terminal of 100 columns leaves for the names


UNDEFINED = Estimate()


@dataclass(frozen=True)
class Entry:
    """What the summary says of one policy, metric and group: its own value and its paired change."""

    own: Estimate
    change: Estimate
    replications: int | None = None


NOTHING = Entry(UNDEFINED, UNDEFINED)


@dataclass(frozen=True)
class Knowledge:
    """One metric at the low, central and high setting of one assumption: not an interval."""

    metric: str
    assumption: str
    low: float | None
    central: float | None
    high: float | None

    @property
    def numbers(self) -> tuple[float, ...]:
        """Those of the three that are defined."""
        three = (self.low, self.central, self.high)
        return tuple(number for number in three if number is not None and math.isfinite(number))


@dataclass(frozen=True)
class HeadlineRow:
    """What the headline says of one policy. Shares are fractions, money is in yuan.

    take_up_change : paired change from the baseline, as a fraction
    poorest_share : part of the public cost that went to families of the lowest fifth of incomes
    mvpf : what families gain per yuan of net public cost
    knowledge : the estimates of KNOWLEDGE_METRICS again, at the ends of what nobody knows
    """

    policy: str
    baseline: bool
    take_up: Estimate
    take_up_change: Estimate
    added_child_months: Estimate
    public_cost: Estimate
    cost_per_added_child_month: Estimate
    inframarginal_share: Estimate
    pass_through: Estimate
    mvpf: Estimate
    prepaid_lost: Estimate
    poorest_share: float | None
    replications: int | None
    knowledge: tuple[Knowledge, ...]

    def known_range(self, metric: str) -> tuple[float, float] | None:
        """Return the least and the greatest value of the metric over all assumption settings."""
        numbers = [n for line in self.knowledge if line.metric == metric for n in line.numbers]
        return (min(numbers), max(numbers)) if numbers else None

    def known_open(self, metric: str) -> bool:
        """Say whether some assumption setting leaves the metric undefined, as a cost is where no month is added."""
        return any(len(line.numbers) < 3 for line in self.knowledge if line.metric == metric)


@dataclass(frozen=True)
class Results:
    """A finished study.

    summary : one row per policy, metric, group and doubt; numbers may be null
    monthly : one row per policy, replication, month, group and metric
    manifest : how the study was made: title, policies in order, sweep, window, evidence
    split : one row per policy, instrument and metric, where policies were split
    """

    summary: pl.DataFrame
    monthly: pl.DataFrame
    manifest: dict[str, Any]
    split: pl.DataFrame | None = None

    @classmethod
    def load(cls, folder: Path) -> "Results":
        """Read summary.csv, monthly.parquet, manifest.json and, where there is one, split.csv from a results folder."""
        monthly = pl.read_parquet(folder / "monthly.parquet")
        parts = folder / "split.csv"
        own: dict[str, type[pl.DataType]] = dict.fromkeys(NUMBERS[:3], pl.Float64)
        own |= dict.fromkeys(("policy", "instrument", "metric", "unit"), pl.String)
        split = pl.read_csv(parts, schema_overrides=own) if parts.exists() else None
        return cls(read_summary(folder), monthly, read_manifest(folder), split)

    @cached_property
    def policies(self) -> tuple[str, ...]:
        """Names of the compared policies in file order, without the arms of a sweep."""
        listed = self.manifest.get("policies")
        if listed is None:
            return tuple(self.summary["policy"].unique(maintain_order=True))
        return tuple(item["name"] for item in listed if item.get("role", "policy") == "policy")

    @property
    def baseline(self) -> str | None:
        """Name of the policy that the others are compared with; None if there is no policy."""
        return self.policies[0] if self.policies else None

    @cached_property
    def _luck(self) -> dict[tuple[str, str, str], Entry]:
        rows = self.summary.filter(pl.col("doubt") == "luck")
        columns = rows.select("policy", "metric", "group", *NUMBERS, "replications")
        return {
            (policy, metric, group): Entry(Estimate(*own[:3]), Estimate(*own[3:6]), own[6])
            for policy, metric, group, *own in columns.iter_rows()
        }

    @cached_property
    def _knowledge(self) -> dict[str, list[Knowledge]]:
        rows = self.summary.filter(pl.col("doubt") == "knowledge")
        found: dict[str, list[Knowledge]] = {}
        for policy, measured, group, value, low, high in rows.select(
            "policy", "metric", "group", "value", "low", "high"
        ).iter_rows():
            line = Knowledge(measured, group.removeprefix(ASSUMPTION), low, value, high)
            found.setdefault(policy, []).append(line)
        return found

    @cached_property
    def districts(self) -> tuple[str, ...]:
        """Groups of the districts by which added child-months are told, in order of their names."""
        rows = self.summary.filter(
            pl.col("metric") == "added_child_months", pl.col("group").str.starts_with("district=")
        )
        return tuple(sorted(set(rows["group"])))

    @cached_property
    def with_lots(self) -> tuple[str, ...]:
        """Names of the compared policies that draw a lot."""
        return tuple(policy for policy in self.policies if self.entry(policy, "lot_children").own.defined)

    @cached_property
    def metrics(self) -> dict[str, str]:
        """Metrics that the summary holds for everybody, with their units, in order of appearance."""
        rows = self.summary.filter((pl.col("doubt") == "luck") & (pl.col("group") == "all"))
        return dict(rows.select("metric", "unit").iter_rows())

    def entry(self, policy: str, metric: str, group: str = "all") -> Entry:
        """Look up one line of the summary; an absent line is undefined throughout."""
        return self._luck.get((policy, metric, group), NOTHING)

    def parts(self, policy: str) -> dict[str, dict[str, Estimate]]:
        """Return what each instrument of a policy that was split does, by instrument and metric, the whole last."""
        found: dict[str, dict[str, Estimate]] = {}
        if self.split is not None:
            mine = self.split.filter(pl.col("policy") == policy)
            for instrument, key, *numbers in mine.select("instrument", "metric", *NUMBERS[:3]).iter_rows():
                found.setdefault(instrument, {})[key] = Estimate(*numbers)
        return found

    def knowledge(self, policy: str) -> tuple[Knowledge, ...]:
        """Return the policy's lines about what nobody knows, metric by metric."""
        lines = self._knowledge.get(policy, [])
        return tuple(line for metric in KNOWLEDGE_METRICS for line in lines if line.metric == metric)


def translated(results: Results, language: str) -> Results:
    """Return the results with title, city, policies, arms and assumptions called as the language's reader calls them.

    Only what is shown changes: the files keep their names. What the scenario gives no name stays as it is; done
    twice it is the same as once.
    """
    said = Translation.of(results.manifest, language)
    if said is None:
        return results
    split = None if results.split is None else said.table(results.split)
    return Results(said.table(results.summary), said.table(results.monthly), said.manifest, split)


def headline(results: Results) -> list[HeadlineRow]:
    """Gather the headline: one row per compared policy, the baseline first, numbers as stored."""
    return [_row(results, policy) for policy in results.policies]


def _row(results: Results, policy: str) -> HeadlineRow:
    take_up = results.entry(policy, TAKE_UP)
    baseline = policy == results.baseline
    # the baseline differs from itself by nothing, and that is no finding
    change = UNDEFINED if baseline else take_up.change
    own = {
        metric: UNDEFINED if baseline and metric != "public_cost" else results.entry(policy, metric).own
        for metric in ("added_child_months", "public_cost", *KNOWLEDGE_METRICS)
    }
    # where no institution sets its fees, a zero would be no finding
    responds = results.manifest.get("fees_respond") and not baseline
    # what is lost is news where some policy gives some of it back
    returned = any(results.entry(other, "prepaid_refunded").own.value for other in results.policies)
    return HeadlineRow(
        policy=policy,
        baseline=baseline,
        take_up=take_up.own,
        take_up_change=change,
        pass_through=results.entry(policy, "pass_through").own if responds else UNDEFINED,
        prepaid_lost=results.entry(policy, "prepaid_lost").own if returned else UNDEFINED,
        poorest_share=_poorest_share(results, policy),
        replications=take_up.replications,
        knowledge=() if baseline else results.knowledge(policy),
        **own,
    )


def _poorest_share(results: Results, policy: str) -> float | None:
    """Return the lowest fifth's part of the public cost; None where no money is tied to families at all."""
    whole = results.entry(policy, "public_cost").own.value
    fifths = [results.entry(policy, "public_cost", f"quintile={fifth}").own.value for fifth in (1, 2, 3, 4, 5)]
    known = [money for money in fifths if money is not None and math.isfinite(money)]
    if len(known) < len(fifths) or not whole or not math.isfinite(whole) or not any(known):
        return None
    return known[0] / whole


def blank_table(title: str, caption: str = "") -> "Table":
    """A table of the terminal without columns: lines under its head alone, title and caption on the left."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    return Table(
        title=Text(title),
        caption=Text(caption) if caption else None,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        title_justify="left",
        caption_justify="left",
    )


def terminal_table(results: Results, language: str = "en") -> "Table":
    """Lay the headline out for a terminal of 100 columns or more.

    Under each policy come the two numbers that hang on what nobody knows, with one assumption
    at a time at its low and at its high setting.
    """
    results = translated(results, language)
    rows = headline(results)
    money = cost_form(rows, language)
    title = names.tidy(str(results.manifest.get("title", "")))
    table = blank_table(title, "\n".join(_captions(results, rows, language)))
    lines = [cells for row in rows for cells in _lines(row, money, language)]
    table.add_column(text("column.policy", language), overflow="fold")
    for key in ("take_up", "added", "cost", "per_added", "inframarginal"):
        head = text(f"terminal.{key}", language, unit=numerals.unit(money, language))
        table.add_column(head, justify="right", overflow="fold")
    for cells in lines:
        table.add_row(*cells)
    return table


def terminal_split(results: Results, language: str = "en") -> "Table":
    """Lay out what each instrument of the policies that were split does."""
    from rich.text import Text

    results = translated(results, language)
    table = blank_table(text("page.split", language))
    table.add_column(text("column.policy", language), overflow="fold")
    table.add_column(text("column.instrument", language), overflow="fold")
    forms = split_forms(results, language)
    for key, kind in forms.items():
        table.add_column(split_head(key, kind, language), justify="right", overflow="fold")
    for policy in results.policies:
        for n, (instrument, by_metric) in enumerate(results.parts(policy).items()):
            name = names.wrap(names.tidy(policy), NAME_COLUMNS, lines=4) if n == 0 else ""
            called = text("column.whole", language) if instrument == WHOLE else terms.instrument(instrument, language)
            cells = (number_cell(by_metric[key], kind, language) for key, kind in forms.items())
            table.add_row(Text(name, style="bold"), Text(called), *map(Text, cells))
    return table


def terminal_lots(results: Results, language: str = "en") -> "Table":
    """Lay out what each policy's lot shows, and the truth beside it."""
    from rich.text import Text

    results = translated(results, language)
    table = blank_table(text("page.lots", language))
    table.add_column(text("column.measure", language), overflow="fold")
    for policy in results.with_lots:
        table.add_column(Text(names.wrap(names.tidy(policy), NAME_COLUMNS, lines=4)), justify="right", overflow="fold")
    for key in LOT_ROWS:
        word, measure = metric(key, language), lot_measure(key, language)
        label = text("column.in_unit", language, label=measure, unit=word.unit) if word.unit else measure
        cells = (number_cell(results.entry(policy, key).own, form(key), language) for policy in results.with_lots)
        table.add_row(Text(label), *map(Text, cells))
    return table


def lot_measure(key: str, language: str) -> str:
    """Name of a row of the lots' table; a metric of the whole policy is the truth beside the experiment."""
    label = metric(key, language).label
    return label if key.startswith("lot_") else text("lots.in_truth", language, measure=label)


def cost_form(rows: Sequence[HeadlineRow], language: str) -> str:
    """Return the form in which the headline's costs are written, all in one unit."""
    return numerals.column("money", [row.public_cost.value for row in rows], language)


def split_forms(results: Results, language: str) -> dict[str, str]:
    """Return the form of each column of what the instruments do."""
    parts = [by_metric for policy in results.policies for by_metric in results.parts(policy).values()]
    return {key: numerals.column(form(key), [one[key].value for one in parts], language) for key in SPLIT_METRICS}


def split_head(key: str, kind: str, language: str) -> str:
    """Return the head of such a column, with its unit."""
    word = metric(key, language)
    if kind in numerals.MONEY:
        return numerals.in_unit(word.label, kind, language)
    return text("column.in_unit", language, label=word.label, unit=word.unit) if word.unit else word.label


def _lines(row: HeadlineRow, money: str, language: str) -> Iterator[list["Text"]]:
    from rich.text import Text

    name = Text(names.wrap(names.tidy(row.policy), NAME_COLUMNS, lines=4), style="bold")
    yield [
        name,
        Text(take_up_cell(row, language)),
        Text(number_cell(row.added_child_months, "count", language)),
        Text(number_cell(row.public_cost, money, language)),
        Text(number_cell(row.cost_per_added_child_month, "yuan", language)),
        Text(number_cell(row.inframarginal_share, "share", language)),
    ]
    for key in dict.fromkeys(line.assumption for line in row.knowledge):
        at = text("terminal.if", language, assumption=assumption(names.tidy(key), language).short)
        tail = [_setting(row, metric, key, language) for metric in HEADLINE_DOUBTS]
        yield [Text(cell, style="dim") for cell in (at, "", "", "", *tail)]
    yield [Text("")] * 6


def number_cell(estimate: Estimate, form: str, language: str) -> str:
    """Write a number with its interval on a line below, where there is one."""
    value = numerals.show(estimate.value, form, language=language)
    between = numerals.spread(estimate.low, estimate.high, form, like=estimate.value, language=language)
    exact = estimate.low == estimate.high
    return f"{value}\n{between}" if between and estimate.defined and not exact else value


def take_up_cell(row: HeadlineRow, language: str) -> str:
    """Write take-up, its change in points, and the interval of the change."""
    own = numerals.show(row.take_up.value, "take_up", language=language)
    change = row.take_up_change
    if not change.defined:
        return own if row.baseline else f"{own}\n{numerals.DASH}"
    lines = [
        own,
        text("terminal.points", language, change=numerals.show(change.value, "points", signed=True)),
    ]
    between = numerals.spread(change.low, change.high, "points", like=change.value, language=language)
    return "\n".join([*lines, between] if between else lines)


def _setting(row: HeadlineRow, metric: str, key: str, language: str) -> str:
    """Write the metric at the low and the high setting; the centre too if the row above differs."""
    form = "yuan" if metric == "cost_per_added_child_month" else "share"
    for line in row.knowledge:
        if line.metric == metric and line.assumption == key:
            low, central, high = (
                numerals.show(n, form, language=language) for n in (line.low, line.central, line.high)
            )
            above = numerals.show(getattr(row, metric).value, form, language=language)
            return f"{low} | {high}" if central == above else f"{low} |\n{central} |\n{high}"
    return numerals.DASH


def _captions(results: Results, rows: Sequence[HeadlineRow], language: str) -> list[str]:
    replications = results.manifest.get("replications")
    bounded = any(row.take_up.bounded for row in rows)
    captions = [
        text("terminal.luck", language, replications=replications) if bounded else text("terminal.no_luck", language)
    ]
    if any(row.inframarginal_share.defined for row in rows):
        captions.append(text("terminal.anyway", language))
    if any(row.knowledge for row in rows):
        captions.append(text("terminal.knowledge", language))
    for name, kind in (("pass_through", "plain"), ("mvpf", "plain"), ("prepaid_lost", "money")):
        if said := [_listed(row, name, kind, language) for row in rows if getattr(row, name).defined]:
            listed = text("list.semicolon", language).join(said)
            captions.append(text(f"terminal.{name}", language, listed=listed))
    moved = dict.fromkeys(line.assumption for row in rows for line in row.knowledge)
    rests = resting(results.manifest, moved, language)
    warned = [text("terminal.note", language, note=note) for note in notes(results.manifest, language)]
    return [*captions, *([rests] if rests else []), *warned]


def _listed(row: HeadlineRow, name: str, kind: str, language: str) -> str:
    """Write a policy's name and its number, with the interval in brackets."""
    estimate: Estimate = getattr(row, name)
    between = numerals.spread(estimate.low, estimate.high, kind, like=estimate.value, language=language)
    value = numerals.show(estimate.value, kind, language=language)
    policy = names.shorten(names.tidy(row.policy), 60)
    doubts = [between] if between and estimate.low != estimate.high else []
    if known := row.known_range(name):
        settings = numerals.spread(*known, kind, language=language)
        doubts.append(text("terminal.settings", language, spread=settings))
    words = text("list.semicolon", language).join(doubts)
    return f"{policy} {value}" + (text("number.in_brackets", language, words=words) if doubts else "")
