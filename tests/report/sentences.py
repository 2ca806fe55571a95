"""What each sentence of a page should say, known by its words' key."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sim.report import menu
from sim.report.words import ASSUMPTIONS, METRICS, TEXTS, form, metric, text

from . import recomputed
from .facts import FACTORS, UNITS, Facts, Unaccounted, both, compare, written
from .visible import Block

COST, SHARE, ADDED = "cost_per_added_child_month", "inframarginal_share", "added_child_months"
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
    "finding.new": {"value": told("added_by_new_children"), "luck": luck("added_by_new_children"),
                    "forward": told("added_brought_forward"), "longer": told("added_lengthened")},
    "finding.lost": {"added": told(ADDED, -1), "luck": luck(ADDED, -1), **SPENT},
    "finding.unclear": {"added": told(ADDED), "luck": luck(ADDED), **SPENT},
    "finding.per_added": {"value": told(COST), "doubts": doubts(COST)},
    "finding.inframarginal": {"value": told(SHARE), "doubts": doubts(SHARE)},
    "finding.mvpf": {"value": told("mvpf"), "doubts": doubts("mvpf")},
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


class Sentences:
    """The account of a page's texts in one language; told : keys of the sentences met."""

    def __init__(self, facts: Facts, language: str) -> None:
        self.facts, self.language = facts, language
        self.told: set[str] = set()
        self._names = {facts.called(policy, language): policy for policy in facts.policies}
        units = "|".join(self.say(f"unit.{kind}") for kind in UNITS[language])
        # money carries its unit where a language has several
        self._one = rf"{ONE}(?: (?:{units}))?" if self._several else ONE
        self._patterns = {key: self._pattern(key) for key in SENTENCES}

    def say(self, key: str, **gaps: object) -> str:
        return text(key, self.language, **gaps)

    @property
    def _several(self) -> bool:
        """Whether the language writes money in more units than one."""
        return len(UNITS[self.language]) > 1

    @cached_property
    def _words(self) -> list[str]:
        """What stands on a page as it is: words without gaps, and names."""
        plain_texts = [entry.get(self.language, entry["en"]) for entry in TEXTS.values() if "{" not in entry["en"]]
        words = [entry[self.language] for table in (METRICS, ASSUMPTIONS) for entry in table.values()]
        named = [self.facts.manifest["title"], self.facts.manifest["city"], *self._names]
        return [*plain_texts, *named, *(part for word in words for part in (word.label, word.unit, word.meaning))]

    @cached_property
    def _filled(self) -> list[str]:
        """Sentences whose gaps the manifest fills, the longest first."""
        facts = self.facts.manifest
        evidence = facts["evidence"]
        bare = [one for one in evidence if not (one["source"] or "").strip()]
        assumed = [one for one in evidence if "assumption" in (one["source"] or "").lower()]
        ranged = [one for one in assumed if None not in (one["low"], one["high"])]
        flagged = len(assumed) + len(bare)
        baseline = self.facts.called(self.facts.policies[0], self.language)
        swept = (facts.get("sweep") or {}).get("policy", "")
        scale = self.say("number.percent", number=f"{100 * facts['scale']:g}")
        said = [
            self.say(
                "page.resting",
                total=len(evidence),
                sourced=len(evidence) - flagged,
                assumed=len(assumed),
                ranged=len(ranged),
                bare=len(bare),
            ),
            self.say("page.evidence.how", total=len(evidence), flagged=flagged),
            self.say("page.headline.how", replications=self.say("page.replications", n=facts["replications"])),
            self.say("page.replications", n=facts["replications"]),
            *(self.say(f"page.{part}.how", baseline=baseline) for part in ("incidence", "welfare", "measures")),
            self.say("page.sweep.how", policy=self.facts.called(swept, self.language) if swept else ""),
            self.say("page.scaled", scale=scale),
            self.say("page.sample", scale=scale),
            *(
                self.say(
                    "page.matched.far", tolerance=self.say("number.percent", number=f"{100 * one['tolerance']:.3g}")
                )
                for one in facts["matched"]
                if not one["within_tolerance"]
            ),
            self.facts.window(self.language),
        ]
        whole = [one for one in self._words if re.search(r"\d", one) and one.endswith((".", "。"))]
        return sorted((*said, *whole), key=len, reverse=True)

    def check(self, block: Block) -> None:
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
            metrics = one["metric"].split("+")
            word = metric(metrics[0], self.language)
            plain_gaps = {
                "policy": self.facts.called(one["policy"], self.language),
                "to": self.facts.called(one["to"], self.language),
                "parameter": menu.named(one["parameter"], self.language),
                "metric": " + ".join(metric(name, self.language).label for name in metrics),
                "unit": f" {word.unit}" if word.unit and not (form(metrics[0]) == "money" and self._several) else "",
            }
            key = f"page.matched.{'factor' if one['factor'] else 'value'}"
            match = self._pattern(key, plain_gaps, luck=r"(?: ?[(（][^()（）]*[)）])?").search(said)
            if match is None:
                continue
            totals = [sum(self.facts.study.over(one[side], name) for name in metrics) for side in ("policy", "to")]
            residual = recomputed.mean(totals[0] - totals[1])
            measured = {"target": [float(totals[1].mean())], "residual": [residual[0]], "luck": both(residual)}
            # all in one unit, so that what is left can be set against the total
            factor = self._factor(metrics[0], " ".join(match[gap] for gap in measured))
            expected = {gap: [one[gap]] for gap in ("value", "low", "high", "runs")}
            expected |= {gap: [x * factor for x in found] for gap, found in measured.items()}
            for gap, asked in expected.items():
                compare(match[gap], asked, f"{key}, {gap}: {said}")
            self.told.add(key)
            said = said[: match.start()] + said[match.end() :]
        return said

    def _sentences(self, said: str) -> str:
        """Check the sentences that are known; return what is left of a text without them."""
        names = "|".join(re.escape(name) for name in sorted(self._names, key=len, reverse=True))
        about = re.match(f"({names})(?= |$)", said)
        policy = self._names[about[1]] if about else self.facts.policies[min(1, len(self.facts.policies) - 1)]
        left = said[about.end() :] if about else said
        for key, gaps in SENTENCES.items():
            match = self._patterns[key].search(left)
            if match is None or (key.startswith("answer.") and match.start()):
                continue
            groups = match.groupdict()
            policy = self._names[groups["policy"]] if groups.get("policy") else policy
            for gap, asks in gaps.items():
                self._gap(groups[gap] if gap else left[match.end() :], asks, policy, f"{key}, {gap}: {said}")
            self.told.add(key)
            left = "" if "" in gaps else left[: match.start()] + left[match.end() :]
        return left

    def _gap(self, said: str, asks: list[Ask], policy: str, where: str) -> None:
        """Compare what fills a gap."""
        for key in DOUBTS:
            for piece in re.split(r"\{\w+\}", TEXTS[key][self.language]):
                said = said.replace(piece, " ") if re.search(r"\d", piece) else said
        compare(said, [x for ask in asks for x in self._asked(ask, policy, said)], where)

    def _factor(self, name: str, said: str) -> float:
        """What a metric's numbers are multiplied by; in English a sentence names money's unit around its gaps."""
        return FACTORS[written(name, said, self.language) if self._several else form(name)]

    def _asked(self, ask: Ask, policy: str, said: str) -> list[float]:
        """The numbers that are asked for, as they are written in what is said."""
        own, moved = self.facts.estimate(policy, ask.metric)
        before = self.facts.estimate(self.facts.policies[0], ask.metric)[0]
        last_before, last = recomputed.last_fees(self.facts.study, policy)
        found = {
            "value": own[:1],
            "luck": both(own),
            "known": self.facts.range(policy, ask.metric),
            "before": before[:1],
            "change": moved[:1],
            "change_luck": both(moved),
            "change_share": [100 * (moved[0] or 0) / (before[0] or math.nan)],
            "last": [last],
            "last_share": [100 * last / last_before],
        }[ask.what]
        ends = [x for x in found if x is not None]
        return sorted(ask.sign * self._factor(ask.metric, said) * x for x in ends)

    def _pattern(self, key: str, filled: Mapping[str, str] | None = None, **gaps: str) -> re.Pattern[str]:
        """A sentence of the page with its gaps as groups.

        filled : what some gaps hold; gaps : expressions for others
        """
        names = "|".join(re.escape(name) for name in self._names)
        pieces = re.split(r"\{(\w+)\}", TEXTS[key][self.language])
        usual = (
            GAPS | {"policy": names, "asked": names} | {gap: re.escape(said) for gap, said in (filled or {}).items()}
        )
        made = [f"(?P<{p}>{(usual | gaps).get(p, self._one)})" if n % 2 else re.escape(p) for n, p in enumerate(pieces)]
        return re.compile("".join(made))
