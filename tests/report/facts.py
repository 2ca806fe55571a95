"""What a page is about: a finished study read anew, and how its numbers should be written.

What is compared with a table that the program wrote, because no table by month can hold it:
    the range over assumptions, and its three settings: summary.csv's rows of knowledge, whose runs are not listed
    the parts of a policy that is split: split.csv, whose sub-policies are not listed; its whole is worked out anew
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from sim.report import menu
from sim.report.words import form, month, text

from . import recomputed
from .recomputed import Study, Three
from .visible import is_shown, numbers

FACTORS = {"share": 100.0, "take_up": 100.0, "points": 100.0, "count": 1.0, "yuan": 1.0, "plain": 1.0,
           "money": 1e-6, "wan": 1e-4, "yi": 1e-8}  # fmt: skip
MONEY = ("money", "wan", "yi")
UNITS = {"en": ("money",), "zh": ("wan", "yi")}  # in which a language writes money


class Unaccounted(AssertionError):
    """A number on the page that is not what it should be, or that nothing accounts for."""


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

    @cached_property
    def policies(self) -> list[str]:
        """The compared policies, without the arms of a sweep."""
        return [one["name"] for one in self.manifest["policies"] if one["role"] == "policy"]

    def called(self, name: str, language: str) -> str:
        """What a page in the language calls a policy, or the arm of a sweep."""
        given = {one["name"]: one.get(f"name_{language}") or one["name"] for one in self.manifest["policies"]}
        policy, bracket, values = name.partition("[")
        if name in self.policies or given.get(policy, policy) == policy:
            return str(given[name])
        for axis in self.manifest["sweep"]["axes"]:
            called = menu.named(axis["path"], language, short=True)
            values = values.replace(f"{axis['label']}=", f"{called}=")
        return given[policy] + bracket + values

    def policy(self, called: str, language: str) -> str:
        """The policy that a page in the language calls so. Raises Unaccounted if none is."""
        for name in self.policies:
            if self.called(name, language) == called:
                return name
        raise Unaccounted(f"nothing accounts for a policy {called!r}")

    def put_in(self, key: str) -> Any:
        """What the scenario, as it was resolved, has at a key."""
        at = self.manifest["scenario"]
        for step in re.findall(r"[^.\[\]]+", key):
            at = at[int(step)] if isinstance(at, list) else at[step]
        return at

    @cached_property
    def _known(self) -> dict[tuple[str, str], dict[str, dict[str, float | None]]]:
        found: dict[tuple[str, str], dict[str, dict[str, float | None]]] = {}
        for policy, name, group, *three in self.known.select(
            "policy", "metric", "group", "low", "value", "high"
        ).iter_rows():
            ends = dict(zip(("low", "central", "high"), three, strict=True))
            found.setdefault((policy, name), {})[group.removeprefix("assumption=")] = ends
        return found

    def settings(self, policy: str, name: str) -> dict[str, dict[str, float | None]]:
        """A metric at the low, central and high of each assumption."""
        return self._known.get((policy, name), {})

    def range(self, policy: str, name: str) -> list[float]:
        """The least and the greatest of a metric over the assumptions; nothing where none was moved."""
        found = [x for three in self.settings(policy, name).values() for x in three.values() if x is not None]
        return [min(found), max(found)] if found else []

    def window(self, language: str) -> str:
        """The counted window in words."""
        ends = [date.fromisoformat(self.manifest["counted"][end]) for end in ("from", "until")]
        first, last = (
            text("page.day", language, day=day.day, month=month(day.month, language), year=day.year) for day in ends
        )
        return text("page.window", language, first=first, last=last)


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


def compare(said: str, expected: str | Sequence[float], where: str) -> None:
    """Raise Unaccounted unless something says these words, or these numbers and no others."""
    if isinstance(expected, str):
        right = said == expected
    else:
        found = numbers(said)
        right = len(found) == len(expected) and all(map(is_shown, found, expected))
    if not right:
        raise Unaccounted(f"{where}: found {said!r}, expected {expected}")


def written(name: str, said: str, language: str) -> str:
    """The form in which a metric's numbers are written: that of money by the one unit that a text names.

    Raises Unaccounted if a text should name a unit of money and names none, or several.
    """
    if form(name) != "money":
        return form(name)
    units = {text(f"unit.{kind}", language): kind for kind in MONEY}
    # the longest first, for one may end like another
    found = {units[unit] for unit in re.findall("|".join(sorted(units, key=len, reverse=True)), said)}
    if len(found) != 1 or not found <= {*UNITS[language]}:
        raise Unaccounted(f"{name}: found money in {sorted(found)} in {said!r}, expected one of {UNITS[language]}")
    return found.pop()


def plain(cell: Sequence[str]) -> str:
    """All that a cell says, on one line."""
    return " ".join(" ".join(cell).split())


def scaled(three: Three, kind: str) -> Three:
    """A number and its interval as they are written."""
    value, low, high = (None if x is None else x * FACTORS[kind] for x in three)
    return value, low, high
