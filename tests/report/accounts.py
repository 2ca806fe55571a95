"""What every number on a page should be: an account of each cell of its tables and of each of its sentences.

Cells and sentences are known by their words' keys. What no account is found for may hold no number at all.

What is compared with a table that the program wrote, because no table by month can hold it:
    the range over assumptions, and its three settings: summary.csv's rows of knowledge, whose runs are not listed
    the parts of a policy that is split: split.csv, whose sub-policies are not listed; its whole is worked out anew
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from sim.report.words import ASSUMPTIONS, METRICS, TEXTS, assumption, form, metric, month, text

from . import recomputed
from .recomputed import NOTHING, Study, Three
from .visible import Block, Page, Table, is_shown, numbers

FACTORS = {"share": 100.0, "take_up": 100.0, "points": 100.0, "money": 1e-6, "count": 1.0, "yuan": 1.0, "plain": 1.0}
COLUMNS = {  # of the headline and the sweep, by the keys of their words; others are called by their metric
    "cost": "public_cost",
    "added": "added_child_months",
    "per_added": "cost_per_added_child_month",
    "inframarginal": "inframarginal_share",
}
COST, SHARE, ADDED = "cost_per_added_child_month", "inframarginal_share", "added_child_months"
COMPARISONS = (ADDED, COST, SHARE, "crowded_out", "pass_through", "mvpf")  # a baseline has none of its own
CLOSURES = ("institutions_closed", "displaced_children", "prepaid_lost", "prepaid_refunded", "unpaid_wages")


@dataclass(frozen=True)
class Ask:
    """A number that a sentence says: the value of a metric, its change or its interval, in which sign."""

    metric: str
    what: str = "value"
    sign: int = 1


def told(metric: str, sign: int = 1) -> list[Ask]:
    return [Ask(metric, "value", sign)]


def luck(metric: str, sign: int = 1) -> list[Ask]:
    return [Ask(metric, "luck", sign)]


def doubts(*metrics: str) -> list[Ask]:
    return [*(Ask(name, "luck") for name in metrics), *(Ask(name, "known") for name in metrics)]


def _fees(sign: int) -> dict[str, list[Ask]]:
    gaps = ("value", "share", "luck", "last", "last_share")
    asks = ("change", "change_share", "change_luck", "last", "last_share")
    return {gap: [Ask("mean_fee", ask, sign)] for gap, ask in zip(gaps, asks, strict=True)}


OTHERS = {"value": told(COST), "cost": told("public_cost"), "": doubts(COST)}
SPENT = {"cost": told("public_cost")}
# by the keys of the sentences: what their gaps hold, and, under "", what follows them
SENTENCES: dict[str, dict[str, list[Ask]]] = {
    "answer.added": {"added": told(ADDED), **SPENT, "": luck(ADDED)},
    "answer.lost": {"added": told(ADDED, -1), **SPENT, "": luck(ADDED, -1)},
    "answer.unclear": {"added": told(ADDED), **SPENT, "": luck(ADDED)},
    "answer.unclear_fall": {"added": told(ADDED, -1), **SPENT, "": luck(ADDED, -1)},
    "answer.both": {"cost": told(COST), "share": told(SHARE), "": doubts(COST, SHARE)},
    "answer.cost": {"cost": told(COST), "": doubts(COST)},
    "answer.share": {"share": told(SHARE), "": doubts(SHARE)},
    **dict.fromkeys(("answer.cheaper", "answer.dearer", "answer.alike", "answer.only"), OTHERS),
    "answer.prepaid": {"lost": told("prepaid_lost"), "before": [Ask("prepaid_lost", "before")],
                       "": luck("prepaid_lost")},
    "finding.added": {"added": told(ADDED), "luck": luck(ADDED), **SPENT},
    "finding.lost": {"added": told(ADDED, -1), "luck": luck(ADDED, -1), **SPENT},
    "finding.unclear": {"added": told(ADDED), "luck": luck(ADDED), **SPENT},
    "finding.per_added": {"value": told(COST), "doubts": doubts(COST)},
    "finding.inframarginal": {"value": told(SHARE), "doubts": doubts(SHARE)},
    "finding.pass_through": {"value": told("pass_through"), "luck": luck("pass_through")},
    "finding.fees_unclear": {"value": told("pass_through"), "luck": luck("pass_through")},
    "finding.fees_fall": {"value": told("pass_through", -1), "luck": luck("pass_through", -1)},
    "finding.mean_fee_falls": _fees(-1),
    "finding.mean_fee_rises": _fees(1),
    "finding.closures": {name: told(name) for name in CLOSURES},
}  # fmt: skip
# digits that stand between the words of a doubt
DOUBTS = ("finding.luck", "answer.months.luck", "answer.money.luck")
GAPS = {"luck": "[^()（）；]*", "doubts": "[^()（）]*"}
ONE = r"[−+]?\d[\d,.]*(?: ?%)?"


@dataclass(frozen=True)
class Facts:
    """What a page is about: the study read anew, and what its other files say.

    known : of summary.csv the rows of knowledge; split : split.csv
    """

    study: Study
    manifest: Mapping[str, Any]
    known: pl.DataFrame
    split: pl.DataFrame

    @cached_property
    def estimates(self) -> dict[tuple[str, str], tuple[Three, Three]]:
        """Every metric of every policy and its change, as asked for."""
        return {}

    def estimate(self, policy: str, name: str) -> tuple[Three, Three]:
        """A metric of a policy and its change, worked out once."""
        if (policy, name) not in self.estimates:
            found = recomputed.own(self.study, policy, name), recomputed.change(self.study, policy, name)
            self.estimates[policy, name] = found
        return self.estimates[policy, name]

    @property
    def policies(self) -> list[str]:
        """The compared policies, without the arms of a sweep."""
        return [one["name"] for one in self.manifest["policies"] if one["role"] == "policy"]

    def settings(self, policy: str, name: str) -> dict[str, dict[str, float | None]]:
        """A metric at the low, central and high of each assumption."""
        rows = self.known.filter(policy=policy, metric=name).select("group", "low", "value", "high").rows()
        return {group.removeprefix("assumption="): dict(zip(("low", "central", "high"), three, strict=True))
                for group, *three in rows}  # fmt: skip

    def range(self, policy: str, name: str) -> list[float]:
        """The least and the greatest of a metric over the assumptions; nothing where none was moved."""
        found = [x for three in self.settings(policy, name).values() for x in three.values() if x is not None]
        return [min(found), max(found)] if found else []


def both(ends: Three) -> list[float]:
    """The ends of an interval, in order; nothing where either is undefined."""
    _, low, high = ends
    return [] if low is None or high is None else [low, high]


def shown(three: Three, *more: float) -> list[float]:
    """What a cell shows of a number: its value, its interval unless that is a point, and what follows."""
    value, *ends = three[0], *both(three)
    if value is None:
        return []
    wide = ends and ends[1] - ends[0] > 1e-7 * max(map(abs, ends))
    return [value, *(ends if wide else ()), *more]


class Unaccounted(AssertionError):
    """A number on the page that is not what it should be, or that nothing accounts for."""


class Account:
    """What each cell and each sentence of a page in one language should say."""

    def __init__(self, facts: Facts, language: str) -> None:
        self.facts, self.language = facts, language
        self.told: set[str] = set()  # keys of sentences met, and of sections whose tables were read
        self._sections = {self.say(key): key for key in TEXTS if re.fullmatch(r"page\.\w+", key) and "{" not in TEXTS[key]["en"]}
        self._metrics = {metric(name, language).label: name for name in METRICS}
        self._patterns = {key: self._pattern(key) for key in SENTENCES}

    def say(self, key: str, **gaps: object) -> str:
        return text(key, self.language, **gaps)

    def check(self, page: Page) -> None:
        """Raise Unaccounted unless every number of a page is what it should be."""
        for table in page.tables:
            self.table(table)
        for block in page.blocks:
            self.block(block)

    # tables ----------------------------------------------------------------------------------------------

    def table(self, table: Table) -> None:
        """Compare every cell of a table with its account."""
        for number, row in enumerate(table.rows):
            for column in range(len(row)):
                self.cell(table, number, column)
        self.told.add(self._sections.get(table.heading, ""))

    def cell(self, table: Table, number: int, column: int) -> None:
        """Compare one cell of a table with its account."""
        key = self._sections.get(table.heading, "")
        read = getattr(self, f"_{key.removeprefix('page.')}_cell", None) if key else None
        headed = key != "page.run"
        if headed and number == 0:
            self._head(plain(table.rows[0][column]), table.heading)
            return
        heads, body = ([plain(cell) for cell in table.rows[0]], table.rows[1:]) if headed else ([], table.rows)
        expected = read(heads, body, number - headed, column) if read is not None else []
        where = f"{table.heading}: {plain(table.rows[number][0])}, {heads[column] if headed else ''}"
        self.compare(table.rows[number][column], expected, where)

    def compare(self, cell: list[str], expected: "str | Sequence[float]", where: str) -> None:
        """Raise Unaccounted unless a cell says the words, or these numbers and no others."""
        said = plain(cell)
        if isinstance(expected, str):
            right = said == expected
        else:
            found = numbers(said)
            right = len(found) == len(expected) and all(map(is_shown, found, expected))
        if not right:
            raise Unaccounted(f"{where}: found {said!r}, expected {expected}")

    def _head(self, head: str, where: str) -> None:
        """Heads of columns hold digits only where they are names."""
        axes = [axis["path"] for axis in (self.facts.manifest.get("sweep") or {}).get("axes", [])]
        for name in (*self.facts.policies, *axes, *self._words):
            if head == name:
                return
        if re.search(r"\d", head):
            raise Unaccounted(f"{where}: nothing accounts for {head!r}")

    def _own(self, policy: str, name: str) -> Three:
        """A metric as its form scales it, a comparison only of those that compare."""
        if policy == self.facts.policies[0] and name in COMPARISONS:
            return NOTHING
        return scaled(self.facts.estimate(policy, name)[0], form(name))

    def _column(self, head: str) -> str:
        """The key behind column. of a head, or the metric that it is called after."""
        for key in TEXTS:
            if key.startswith("column.") and "{" not in TEXTS[key]["en"] and self.say(key) == head:
                return COLUMNS.get(key.removeprefix("column."), key.removeprefix("column."))
        return self._metrics.get(head, "")

    def _headline_cell(self, heads: list[str], body: list[Any], number: int, column: int) -> "str | list[float]":
        policy, name = self.facts.policies[number], self._column(heads[column])
        if column == 0:
            first, baseline = number == 0, self.say("page.baseline")
            return f"{policy} {baseline}" if first and policy != baseline else policy
        if name == "change":
            return [] if number == 0 else shown(scaled(self.facts.estimate(policy, "take_up")[1], "points"))
        if name == "poorest":
            part = recomputed.poorest_share(self.facts.study, policy)
            return [] if part is None else [100 * part]
        if name == "pass_through" and not self.facts.manifest["fees_respond"]:
            return []
        more = [x * FACTORS[form(name)] for x in self.facts.range(policy, name)] if number else []
        return shown(self._own(policy, name), *more)

    def _sweep_cell(self, heads: list[str], body: list[Any], number: int, column: int) -> "str | list[float]":
        sweep = self.facts.manifest["sweep"]
        arm = sweep["arms"][number]
        if column == 0:
            return str(arm["name"])
        if column <= len(sweep["axes"]):
            value = arm["values"][column - 1]
            return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
        name = self._column(heads[column])
        return [] if name == "efficient" else shown(self._own(arm["name"], name))

    def _incidence_cell(self, heads: list[str], body: list[Any], number: int, column: int) -> "str | list[float]":
        name, head = self._row(body[number])
        return head if column == 0 else shown(self._own(heads[column], name))

    def _measures_cell(self, heads: list[str], body: list[Any], number: int, column: int) -> "str | list[float]":
        name, head = self._row(body[number])
        if column == 0:
            return head
        policy = heads[column]
        moved = NOTHING if column == 1 or name in COMPARISONS else self.facts.estimate(policy, name)[1]
        kind = "points" if form(name) in ("share", "take_up") else form(name)
        return shown(self._own(policy, name), *shown(scaled(moved, kind)))

    def _row(self, row: list[list[str]]) -> tuple[str, str]:
        """The metric of a row, by its label, and what its head should say."""
        label = next((line.strip() for line in row[0] if line.strip()), "")
        name = self._metrics.get(label, label)
        if label not in self._metrics and not self.facts.study.has(self.facts.policies[0], label):
            return name, "a metric"
        word = metric(name, self.language)
        return name, " ".join(part for part in (word.label, word.unit if row[0][0].strip() else "") if part)

    def _split_cell(self, heads: list[str], body: list[Any], number: int, column: int) -> "str | list[float]":
        policy = next(plain(row[0]) for row in reversed(body[: number + 1]) if plain(row[0]))
        whole, called = self.say("column.whole"), plain(body[number][1])
        if column == 0:
            return policy if policy in self.facts.policies and plain(body[number][0]) else ""
        instrument = "all" if called == whole else called
        mine = self.facts.split.filter(policy=policy, instrument=instrument)
        if column == 1:
            return called if len(mine) else "an instrument of the policy"
        names = {", ".join(filter(None, (word.label, word.unit))): name for name, word in self._all_metrics()}
        name = names[heads[column]]
        if instrument == "all":
            return shown(scaled(self.facts.estimate(policy, name)[1], form(name)))
        (three,) = mine.filter(metric=name).select("value", "low", "high").rows()
        return shown(scaled(three, form(name)))

    def _knowledge_cell(self, heads: list[str], body: list[Any], number: int, column: int) -> "str | list[float]":
        policy, called = plain(body[number][0]), plain(body[number][1])
        labels = {assumption(key, self.language).label: key for key in self.facts.settings(policy, COST)}
        if column == 0 or called not in labels:
            return (policy if labels else "a policy with assumptions") if column == 0 else "an assumption"
        if column == 1:
            return called
        asked = {
            self.say("column.setting", label=word.label, unit=word.unit, setting=self.say(f"column.{end}")): (name, end)
            for name, word in self._all_metrics()
            for end in ("low", "central", "high")
        }
        name, end = asked[heads[column]]
        value = self.facts.settings(policy, name)[labels[called]][end]
        return [] if value is None else [value * FACTORS[form(name)]]

    def _evidence_cell(self, heads: list[str], body: list[Any], number: int, column: int) -> "str | list[float]":
        item = self.facts.manifest["evidence"][number]
        said = plain(body[number][column])
        if column == 0:
            return str(item["key"])
        if column == 3:
            source = str(item["source"] or "")
            return said if not re.search(r"\d", said.removeprefix(source)) else source
        put_in = [item["value"]] if column == 1 else [item["low"], item["high"]]
        if column == 2 and None in put_in:
            return []
        if not all(isinstance(x, int | float) for x in put_in) or isinstance(item["value"], bool):
            return str(item["value"])
        # what was put in is not rounded
        exact = [x for x, _ in numbers(said)]
        return put_in if all(map(math.isclose, exact, put_in)) else [math.nan]

    def _run_cell(self, heads: list[str], body: list[Any], number: int, column: int) -> "str | list[float]":
        facts = self.facts.manifest
        keys = {self.say(key): key.removeprefix("run.") for key in TEXTS if re.fullmatch(r"run\.\w+", key) and "{" not in TEXTS[key]["en"]}
        key = keys.get(plain(body[number][0]), "")
        if column == 0:
            return []
        said: dict[str, str | list[float]] = {
            "city": facts["city"],
            "window": self.window(),
            "replications": str(facts["replications"]),
            "seed": str(facts["seed"]),
            "scale": str(facts["scale"]),
            "wall": [facts["wall_seconds"]],
            "family_months": [facts["family_months"], facts["family_months_per_second"]],
            "versions": ", ".join(f"{name} {number}" for name, number in facts["versions"].items()),
        }
        return said.get(key, [])

    def _all_metrics(self) -> Iterator[tuple[str, Any]]:
        return ((name, metric(name, self.language)) for name in METRICS)

    # sentences -------------------------------------------------------------------------------------------

    def window(self) -> str:
        """The counted window in words."""
        ends = [date.fromisoformat(self.facts.manifest["counted"][end]) for end in ("from", "until")]
        first, last = (
            self.say("page.day", day=day.day, month=month(day.month, self.language), year=day.year) for day in ends
        )
        return self.say("page.window", first=first, last=last)

    @cached_property
    def _words(self) -> list[str]:
        """What stands on a page as it is: words without gaps, and names."""
        plain_texts = [entry.get(self.language, entry["en"]) for entry in TEXTS.values() if "{" not in entry["en"]]
        words = [entry[self.language] for table in (METRICS, ASSUMPTIONS) for entry in table.values()]
        named = [self.facts.manifest["title"], self.facts.manifest["city"], *self.facts.policies]
        return [*plain_texts, *named, *(part for word in words for part in (word.label, word.unit, word.meaning))]

    @cached_property
    def _filled(self) -> list[str]:
        """Sentences whose gaps the manifest fills, the longest first."""
        facts = self.facts.manifest
        evidence = facts["evidence"]
        flagged = [one for one in evidence if "assumption" in (one["source"] or "assumption").lower()]
        ranged = [one for one in flagged if None not in (one["low"], one["high"])]
        scale = self.say("number.percent", number=f"{100 * facts['scale']:g}")
        said = [
            self.say("page.resting", total=len(evidence), flagged=len(flagged), ranged=len(ranged)),
            self.say("page.evidence.how", total=len(evidence), flagged=len(flagged)),
            self.say("page.headline.how", replications=self.say("page.replications", n=facts["replications"])),
            self.say("page.replications", n=facts["replications"]),
            self.say("page.incidence.how", baseline=self.facts.policies[0]),
            self.say("page.measures.how", baseline=self.facts.policies[0]),
            self.say("page.sweep.how", policy=(facts.get("sweep") or {}).get("policy", "")),
            self.say("page.scaled", scale=scale),
            self.say("page.sample", scale=scale),
            *(
                self.say("page.matched.far", tolerance=self.say("number.percent", number=f"{100 * one['tolerance']:.3g}"))
                for one in facts["matched"]
                if not one["within_tolerance"]
            ),
            self.window(),
        ]
        whole = [one for one in self._words if re.search(r"\d", one) and one.endswith((".", "。"))]
        return sorted((*said, *whole), key=len, reverse=True)

    def block(self, block: Block) -> None:
        """Compare every number of a text with its account."""
        left = " ".join(block.text.split())
        if left in self._words or left == f"{self.say('page.run.again')} {self.facts.manifest['command']}".strip():
            return
        for said in self._filled:
            left = left.replace(said, " ")
        left = self._sentences(self._matches(left))
        if re.search(r"\d", left):
            raise Unaccounted(f"{block.heading}: nothing accounts for {left!r} in {block.text!r}")

    def _matches(self, said: str) -> str:
        """Check what is said of matched policies; return what is left of a text without it."""
        for one in self.facts.manifest["matched"]:
            metrics, kind = one["metric"].split("+"), form(one["metric"].split("+")[0])
            word = metric(metrics[0], self.language)
            plain_gaps = {
                "policy": one["policy"],
                "to": one["to"],
                "parameter": one["parameter"],
                "metric": " + ".join(metric(name, self.language).label for name in metrics),
                "unit": f" {word.unit}" if word.unit else "",
            }
            key = f"page.matched.{'factor' if one['factor'] else 'value'}"
            match = self._pattern(key, plain_gaps, luck=r"(?: ?[(（][^()（）]*[)）])?").search(said)
            if match is None:
                continue
            totals = [sum(self.facts.study.over(one[side], name) for name in metrics) for side in ("policy", "to")]
            residual = scaled(recomputed.mean(totals[0] - totals[1]), kind)
            expected = {
                "value": [one["value"]],
                "low": [one["low"]],
                "high": [one["high"]],
                "runs": [one["runs"]],
                "target": [float(totals[1].mean()) * FACTORS[kind]],
                "residual": [residual[0]],
                "luck": both(residual),
            }
            for gap, asked in expected.items():
                self.compare([match[gap]], asked, f"{key}, {gap}: {said}")
            self.told.add(key)
            said = said[: match.start()] + said[match.end() :]
        return said

    def _sentences(self, said: str) -> str:
        """Check the sentences that are known; return what is left of a text without them."""
        names = "|".join(re.escape(name) for name in sorted(self.facts.policies, key=len, reverse=True))
        about = re.match(f"({names})(?= |$)", said)
        policy = about[1] if about else self.facts.policies[min(1, len(self.facts.policies) - 1)]
        left = said[about.end() :] if about else said
        for key, gaps in SENTENCES.items():
            match = self._patterns[key].search(left)
            if match is None or (key.startswith("answer.") and match.start()):
                continue
            groups = match.groupdict()
            policy = groups.get("policy") or policy
            for gap, asks in gaps.items():
                self._gap(groups[gap] if gap else left[match.end() :], asks, policy, f"{key}, {gap or 'doubts'}: {said}")
            self.told.add(key)
            left = "" if "" in gaps else left[: match.start()] + left[match.end() :]
        return left

    def _gap(self, said: str, asks: list[Ask], policy: str, where: str) -> None:
        """Compare what fills a gap."""
        for key in DOUBTS:
            for piece in re.split(r"\{\w+\}", TEXTS[key][self.language]):
                said = said.replace(piece, " ") if re.search(r"\d", piece) else said
        self.compare([said], [x for ask in asks for x in self._asked(ask, policy)], where)

    def _asked(self, ask: Ask, policy: str) -> list[float]:
        """The numbers that are asked for, as they are written."""
        own, moved = self.facts.estimate(policy, ask.metric)
        factor = ask.sign * FACTORS[form(ask.metric)]
        before, fees = self.facts.estimate(self.facts.policies[0], ask.metric)[0], (math.nan, math.nan)
        if ask.metric == "mean_fee":
            fees = recomputed.last_fees(self.facts.study, policy)
        found = {
            "value": lambda: [own[0]],
            "luck": lambda: both(own),
            "known": lambda: self.facts.range(policy, ask.metric),
            "before": lambda: [before[0]],
            "change": lambda: [moved[0]],
            "change_luck": lambda: both(moved),
            "change_share": lambda: [100 * moved[0] / before[0]],
            "last": lambda: [fees[1]],
            "last_share": lambda: [100 * fees[1] / fees[0]],
        }[ask.what]()
        ends = [x * factor for x in found]
        return sorted(ends) if len(ends) == 2 else ends

    def _pattern(self, key: str, filled: Mapping[str, str] | None = None, **gaps: str) -> re.Pattern[str]:
        """A sentence of the page with its gaps as groups.

        filled : what some gaps hold; gaps : expressions for others
        """
        names = "|".join(re.escape(name) for name in self.facts.policies)
        pieces = re.split(r"\{(\w+)\}", TEXTS[key][self.language])
        usual = GAPS | {"policy": names, "asked": names} | {gap: re.escape(said) for gap, said in (filled or {}).items()}
        made = [f"(?P<{p}>{(usual | gaps).get(p, ONE)})" if n % 2 else re.escape(p) for n, p in enumerate(pieces)]
        return re.compile("".join(made))


def plain(cell: Sequence[str]) -> str:
    """All that a cell says, on one line."""
    return " ".join(" ".join(cell).split())


def scaled(three: Three, kind: str) -> Three:
    """A number and its interval as they are written."""
    value, low, high = (None if x is None else x * FACTORS[kind] for x in three)
    return value, low, high
