"""What each cell of a page's tables should say, known by the keys of its words, not by its place."""

import math
import re
from dataclasses import dataclass

from sim.report.words import METRICS, TEXTS, assumption, form, metric, text

from . import recomputed
from .facts import FACTORS, Facts, Unaccounted, compare, plain, scaled, shown
from .recomputed import NOTHING, Three
from .visible import Table, numbers

COLUMNS = {  # of the headline and the sweep, by the keys of their words; others are called by their metric
    "cost": "public_cost",
    "added": "added_child_months",
    "per_added": "cost_per_added_child_month",
    "inframarginal": "inframarginal_share",
}
# a baseline has none of its own
COMPARISONS = ("added_child_months", "cost_per_added_child_month", "inframarginal_share", "crowded_out",
               "pass_through", "mvpf")  # fmt: skip
Expected = str | list[float]


@dataclass(frozen=True)
class Spot:
    """A cell of a table: the heads, the rows below them, and where it is."""

    heads: list[str]
    rows: list[list[list[str]]]
    number: int
    column: int

    @property
    def head(self) -> str:
        return self.heads[self.column]

    @property
    def row(self) -> list[list[str]]:
        return self.rows[self.number]

    @property
    def said(self) -> str:
        return plain(self.row[self.column])


class Cells:
    """The account of a page's tables in one language."""

    def __init__(self, facts: Facts, language: str) -> None:
        self.facts, self.language = facts, language
        self._sections, self._run_rows = self._keys("page"), self._keys("run")
        self._columns = self._keys("column")
        self._words = [(name, metric(name, language)) for name in METRICS]
        self._metrics = {word.label: name for name, word in self._words}

    def _keys(self, part: str) -> dict[str, str]:
        """Words without gaps, with what stands behind the point of their keys."""
        plain_keys = (key for key, entry in TEXTS.items() if key.startswith(f"{part}.") and "{" not in entry["en"])
        # the first of those that say the same
        return {self.say(key): key.removeprefix(f"{part}.") for key in reversed(list(plain_keys))}

    def say(self, key: str, **gaps: object) -> str:
        return text(key, self.language, **gaps)

    def section(self, table: Table) -> str:
        """Key of the section that a table stands in, empty if there is no account of it."""
        key = self._sections.get(table.heading, "")
        return key if hasattr(self, f"_{key}_cell") else ""

    def check(self, table: Table, number: int, column: int) -> None:
        """Compare one cell of a table with its account."""
        section = self.section(table)
        headed = section != "run"
        heads, rows = ([plain(cell) for cell in table.rows[0]], table.rows[1:]) if headed else ([], table.rows)
        if headed and number == 0:
            self._head(heads[column], table.heading)
            return
        spot = Spot(heads, rows, number - headed, column)
        expected: Expected = getattr(self, f"_{section}_cell")(spot) if section else []
        compare(spot.said, expected, f"{table.heading}: {plain(spot.row[0])}, {spot.head if headed else ''}")

    def _head(self, head: str, where: str) -> None:
        """Heads of columns hold digits only where they are names."""
        axes = [axis["path"] for axis in (self.facts.manifest["sweep"] or {}).get("axes", [])]
        if re.search(r"\d", head) and head not in (*self.facts.policies, *axes, *self._metrics):
            raise Unaccounted(f"{where}: nothing accounts for {head!r}")

    def _own(self, policy: str, name: str) -> Three:
        """A metric as its form scales it, a comparison only of those that compare."""
        if policy == self.facts.policies[0] and name in COMPARISONS:
            return NOTHING
        return scaled(self.facts.estimate(policy, name)[0], form(name))

    def _column(self, head: str) -> str:
        """The metric that a column is called after, by the key of its words or by the metric's own words."""
        if head in self._columns:
            return COLUMNS.get(self._columns[head], self._columns[head])
        called = {self.say("comparison.axis", label=word.label, unit=word.unit): name for name, word in self._words}
        return (self._metrics | called).get(head, "")

    def _headline_cell(self, at: Spot) -> Expected:
        policy, name = self.facts.policies[at.number], self._column(at.head)
        first, baseline = at.number == 0, self.say("page.baseline")
        if name == "policy":
            return f"{policy} {baseline}" if first and policy != baseline else policy
        if name == "change":
            return [] if first else shown(scaled(self.facts.estimate(policy, "take_up")[1], "points"))
        if name == "poorest":
            part = recomputed.poorest_share(self.facts.study, policy)
            return [] if part is None else [100 * part]
        if name == "pass_through" and not self.facts.manifest["fees_respond"]:
            return []
        more = [] if first else [x * FACTORS[form(name)] for x in self.facts.range(policy, name)]
        return shown(self._own(policy, name), *more)

    def _sweep_cell(self, at: Spot) -> Expected:
        sweep = self.facts.manifest["sweep"]
        arm = sweep["arms"][at.number]
        if at.column == 0:
            return str(arm["name"])
        if at.column <= len(sweep["axes"]):
            value = arm["values"][at.column - 1]
            return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
        name = self._column(at.head)
        return [] if name == "efficient" else shown(self._own(arm["name"], name))

    def _incidence_cell(self, at: Spot) -> Expected:
        name, head = self._row(at.row[0])
        return head if at.column == 0 else shown(self._own(at.head, name))

    def _measures_cell(self, at: Spot) -> Expected:
        name, head = self._row(at.row[0])
        if at.column == 0:
            return head
        moved = NOTHING if at.column == 1 or name in COMPARISONS else self.facts.estimate(at.head, name)[1]
        kind = "points" if form(name) in ("share", "take_up") else form(name)
        return shown(self._own(at.head, name), *shown(scaled(moved, kind)))

    def _row(self, cell: list[str]) -> tuple[str, str]:
        """The metric of a row, by the label in its first cell, and what that cell should say."""
        label = next((line.strip() for line in cell if line.strip()), "")
        name = self._metrics.get(label, label)
        if label not in self._metrics and not self.facts.study.has(self.facts.policies[0], label):
            return name, "a metric"
        word = metric(name, self.language)
        return name, " ".join(part for part in (word.label, word.unit if cell[0].strip() else "") if part)

    def _split_cell(self, at: Spot) -> Expected:
        called = plain(at.row[1])
        instrument = "all" if called == self.say("column.whole") else called
        policy = next(plain(row[0]) for row in reversed(at.rows[: at.number + 1]) if plain(row[0]))
        mine = self.facts.split.filter(policy=policy, instrument=instrument)
        if at.column < 2:
            return at.said if len(mine) else "a policy that is split, and its instruments"
        name = next(n for n, word in self._words if at.head == ", ".join(filter(None, (word.label, word.unit))))
        if instrument == "all":
            return shown(scaled(self.facts.estimate(policy, name)[1], form(name)))
        (three,) = mine.filter(metric=name).select("value", "low", "high").rows()
        return shown(scaled(three, form(name)))

    def _knowledge_cell(self, at: Spot) -> Expected:
        policy, called = plain(at.row[0]), plain(at.row[1])
        known = {name: self.facts.settings(policy, name) for name, _ in self._words}
        labels = {assumption(key, self.language).label: key for settings in known.values() for key in settings}
        if at.column < 2:
            return at.said if called in labels else "a policy, and an assumption"
        asked = {
            self.say("column.setting", label=word.label, unit=word.unit, setting=self.say(f"column.{end}")): (name, end)
            for name, word in self._words
            for end in ("low", "central", "high")
        }
        name, end = asked[at.head]
        value = known[name].get(labels.get(called, ""), {}).get(end)
        return [] if value is None else [value * FACTORS[form(name)]]

    def _evidence_cell(self, at: Spot) -> Expected:
        item = self.facts.manifest["evidence"][at.number]
        key, value, source = str(item["key"]), item["value"], str(item["source"] or "")
        if at.column == 0:
            return key
        if at.column == 3:
            return at.said if not re.search(r"\d", at.said.removeprefix(source)) else source
        put_in = [value] if at.column == 1 else [end for end in (item["low"], item["high"]) if end is not None]
        if any(isinstance(one, bool | str) for one in put_in):
            return str(value)
        # what was put in is not rounded
        exact = [number for number, _ in numbers(at.said)]
        return put_in if all(map(math.isclose, exact, put_in)) else [math.nan]

    def _run_cell(self, at: Spot) -> Expected:
        facts = self.facts.manifest
        said: dict[str, Expected] = {
            "city": facts["city"],
            "window": self.facts.window(self.language),
            **{key: str(facts[key]) for key in ("replications", "seed", "scale")},
            "wall": [facts["wall_seconds"]],
            "family_months": [facts["family_months"], facts["family_months_per_second"]],
            "versions": ", ".join(f"{name} {number}" for name, number in facts["versions"].items()),
        }
        return said.get(self._run_rows.get(plain(at.row[0]), ""), []) if at.column else []
