"""What each cell of a page's tables should say, known by the keys of its words, not by its place."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.report import menu, terms
from sim.report.words import METRICS, TEXTS, assumption, form, metric, text
from sim.study.metrics import TAKE_UP

from . import recomputed
from .facts import FACTORS, UNITS, Facts, Unaccounted, compare, plain, scaled, shown, written
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
               "pass_through", "mvpf", "added_by_new_children", "added_brought_forward", "added_lengthened",
               "new_children", "lost_children")  # fmt: skip
FIFTHS = ("1", "2", "3", "4", "5")
# the table of what a policy is worth to families: its metrics, and the parameters it rests on
WELFARE = ("consumer_surplus", "application_cost", "institution_profit", "incidence_outlay", "mothers_work_months",
           "extra_tax", "mvpf")  # fmt: skip
LOTS = (  # the rows of the table of a lot
    "lot_children", "lot_winners", "lot_losers", "lot_winner_months", "lot_loser_months", "lot_difference",
    "lot_standard_error", "lot_estimate", "lot_margin", "added_child_months", "lot_added_winners", "lot_added_losers",
    "lot_added_others", "lot_luck", "lot_covers", "lot_cost_per_month", "cost_per_added_child_month",
)  # fmt: skip
RESTS = {
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

    @property
    def labels(self) -> str:
        """The first cells of all rows."""
        return " ".join(plain(row[0]) for row in self.rows)


class Cells:
    """The account of a page's tables in one language."""

    def __init__(self, facts: Facts, language: str) -> None:
        self.facts, self.language = facts, language
        self._sections, self._run_rows = self._keys("page"), self._keys("run")
        self._columns = self._keys("column")
        self._words = [(name, metric(name, language)) for name in METRICS]
        self._metrics = {word.label: name for name, word in self._words}
        self._headed = self._heads()
        self._fifths = {self.say(f"quintile.{fifth}"): fifth for fifth in FIFTHS}

    def _keys(self, part: str) -> dict[str, str]:
        """Words without gaps, with what stands behind the point of their keys."""
        plain_keys = (key for key, entry in TEXTS.items() if key.startswith(f"{part}.") and "{" not in entry["en"])
        # the first of those that say the same
        return {self.say(key): key.removeprefix(f"{part}.") for key in reversed(list(plain_keys))}

    def _heads(self) -> dict[str, str]:
        """Metrics by the heads of columns that name them with a unit."""
        units = [self.say(f"unit.{kind}") for kind in UNITS[self.language]]
        labels = [(word.label, name, units if form(name) == "money" else [word.unit]) for name, word in self._words]
        labels.append((self.say("column.cost"), "public_cost", units))
        return {self.say("column.in_unit", label=label, unit=u): name for label, name, us in labels for u in us if u}

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
        called = [self.facts.called(policy, self.language) for policy in self.facts.policies]
        if re.search(r"\d", head) and head not in (*called, *axes, *self._metrics):
            raise Unaccounted(f"{where}: nothing accounts for {head!r}")

    def _policy(self, called: str) -> str:
        return self.facts.policy(called, self.language)

    def _own(self, policy: str, name: str, unit: str) -> Three:
        """A metric as its form scales it, a comparison only of those that compare; unit : text that names money's."""
        if policy == self.facts.policies[0] and name in COMPARISONS:
            return NOTHING
        return scaled(self.facts.estimate(policy, name)[0], written(name, unit, self.language))

    def _column(self, head: str) -> str:
        """The metric that a column is called after, by the key of its words or by the metric's own words."""
        if head in self._columns:
            return COLUMNS.get(self._columns[head], self._columns[head])
        return (self._metrics | self._headed).get(head, "")

    def _headline_cell(self, at: Spot) -> Expected:
        policy, name = self.facts.policies[at.number], self._column(at.head)
        first, baseline = at.number == 0, self.say("page.baseline")
        if name == "policy":
            called = self.facts.called(policy, self.language)
            return f"{called} {baseline}" if first and called != baseline else called
        if name == "change":
            return [] if first else shown(scaled(self.facts.estimate(policy, TAKE_UP)[1], "points"))
        if name == "poorest":
            part = recomputed.poorest_share(self.facts.study, policy)
            return [] if part is None else [100 * part]
        if name == "pass_through" and not self.facts.manifest["fees_respond"]:
            return []
        more = [] if first else [x * FACTORS[form(name)] for x in self.facts.range(policy, name)]
        return shown(self._own(policy, {"take_up": TAKE_UP}.get(name, name), at.head), *more)

    def _sweep_cell(self, at: Spot) -> Expected:
        sweep = self.facts.manifest["sweep"]
        arm = sweep["arms"][at.number]
        if at.column == 0:
            return self.facts.called(arm["name"], self.language)
        if at.column <= len(sweep["axes"]):
            value = arm["values"][at.column - 1]
            return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
        name = self._column(at.head)
        return [] if name == "efficient" else shown(self._own(arm["name"], name, at.head))

    def _incidence_cell(self, at: Spot) -> Expected:
        name, head = self._row(at.row[0])
        return head if at.column == 0 else shown(self._own(self._policy(at.head), name, at.labels))

    def _welfare_cell(self, at: Spot) -> Expected:
        if at.heads[0] == self.say("column.parameter"):
            return self._item(at, [one for one in self.facts.manifest["evidence"] if one["key"] in RESTS])
        # no month has a ratio
        listed = [name for name in WELFARE if name == "mvpf" or self.facts.study.has(self.facts.policies[1], name)]
        lines = [(n, group) for n in listed for group in ("", *(FIFTHS if n == "consumer_surplus" else ()))]
        if len(at.rows) != len(lines):
            return f"{len(lines)} rows"
        name, group = lines[at.number]
        if at.column == 0:
            return self._welfare_head(name, group, at)
        policy = self._policy(at.head)
        three = self.facts.estimate(policy, name)[name == "institution_profit"]
        if group:
            three = recomputed.mean(self.facts.study.over(policy, name, f"quintile={group}"))
        return shown(scaled(three, written(name, at.labels, self.language)))

    def _lots_cell(self, at: Spot) -> Expected:
        if len(at.rows) != len(LOTS):
            return f"{len(LOTS)} rows"
        name = LOTS[at.number]
        word = metric(name, self.language)
        told = "{}" if name.startswith("lot_") else {"en": "{}, in truth", "zh": "{}（真值）"}[self.language]
        return (
            f"{told.format(word.label)} {word.unit}".strip()
            if at.column == 0
            else shown(self._own(self._policy(at.head), name, at.labels))
        )

    def _district_cell(self, at: Spot) -> Expected:
        districts = self.facts.study.districts
        if at.column == 0 or len(at.rows) != len(districts):
            return districts[at.number] if len(at.rows) == len(districts) else f"{len(districts)} rows"
        study, group = self.facts.study, f"district={districts[at.number]}"
        if at.column == 1:
            first = self.facts.policies[0]
            of = study.over(first, "children", group)
            taken = (study.cube(first, TAKE_UP, group) * study.cube(first, "children", group)).mean(axis=1)
            return shown(scaled(recomputed.share(taken, of), "take_up"))
        return shown(recomputed.mean(study.over(self._policy(at.head), "added_child_months", group)))

    def _welfare_head(self, name: str, group: str, at: Spot) -> str:
        """What the first cell of a row says: a metric with its unit, or a fifth of the families."""
        if group:
            return self.say(f"quintile.{group}")
        word, kind = metric(name, self.language), written(name, at.labels, self.language)
        label = self.say("page.welfare.profit") if name == "institution_profit" else word.label
        return f"{label} {self.say(f'unit.{kind}') if form(name) == 'money' else word.unit}".strip()

    def _measures_cell(self, at: Spot) -> Expected:
        name, head = self._row(at.row[0])
        if at.column == 0:
            return head
        policy, kind = self._policy(at.head), written(name, plain(at.row[0]), self.language)
        moved = NOTHING if at.column == 1 or name in COMPARISONS else self.facts.estimate(policy, name)[1]
        change = shown(scaled(moved, "points" if kind in ("share", "take_up") else kind))
        return shown(self._own(policy, name, plain(at.row[0])), *change)

    def _row(self, cell: list[str]) -> tuple[str, str]:
        """The metric of a row, by the label in its first cell, and what that cell should say."""
        label = next((line.strip() for line in cell if line.strip()), "")
        name = self._metrics.get(label, label)
        if label not in self._metrics and not self.facts.study.has(self.facts.policies[0], label):
            return name, "a metric"
        if not cell[0].strip():
            return name, label
        word = metric(name, self.language)
        unit = self.say(f"unit.{written(name, plain(cell), self.language)}") if form(name) == "money" else word.unit
        return name, f"{word.label} {unit}".strip()

    def _split_cell(self, at: Spot) -> Expected:
        policy = self._policy(next(plain(row[0]) for row in reversed(at.rows[: at.number + 1]) if plain(row[0])))
        said = {terms.instrument(one, self.language): one for one in self.facts.split["instrument"].unique()}
        said[self.say("column.whole")] = "all"
        instrument = said.get(plain(at.row[1]), "")
        mine = self.facts.split.filter(policy=policy, instrument=instrument)
        if at.column < 2:
            return at.said if len(mine) else "a policy that is split, and its instruments"
        name = self._column(at.head)
        if instrument == "all":
            three = self.facts.estimate(policy, name)[1]
        else:
            three = next(mine.filter(metric=name).select("value", "low", "high").iter_rows(), NOTHING)
        return shown(scaled(three, written(name, at.head, self.language)))

    def _knowledge_cell(self, at: Spot) -> Expected:
        policy, called = self._policy(plain(at.row[0])), plain(at.row[1])
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
        return self._item(at, self.facts.manifest["evidence"])

    def _item(self, at: Spot, listed: Sequence[Mapping[str, Any]]) -> Expected:
        """What a table of parameters says of one of them; all of them are listed, and no other."""
        if len(at.rows) != len(listed):
            return f"{len(listed)} rows"
        item = listed[at.number]
        key, value, source = str(item["key"]), item["value"], str(item["source"] or "")
        if at.column == 0:
            # the table of what a policy is worth has words for its parameters, the keys below them
            said = f"{text(RESTS[key], self.language)} {key}" if listed is not self.facts.manifest["evidence"] else key
            return f"{said} {self._parameter(key)}".strip()
        if at.column == 3:
            return at.said if not re.search(r"\d", at.said.removeprefix(source)) else source
        put_in = [value] if at.column == 1 else [end for end in (item["low"], item["high"]) if end is not None]
        if any(isinstance(one, bool | str) for one in put_in):
            return str(value)
        # what was put in is not rounded
        exact = [number for number, _ in numbers(at.said)]
        return put_in if all(map(math.isclose, exact, put_in)) else [math.nan]

    def _parameter(self, key: str) -> str:
        """What the language calls an instrument's parameter; nothing where it has no word for it."""
        place, instrument, rest = key.rpartition("instrument[")
        if not instrument or key.startswith("sweep."):
            return ""
        number, _, last = rest.partition("].")
        kind = self.facts.put_in(f"{place}{instrument}{number}]")["kind"]
        path = f"{kind}.{last.rpartition('.')[2].partition('[')[0]}"
        called = menu.named(path, self.language)
        return "" if called == path else called

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
