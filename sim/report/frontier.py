"""The arms of a sweep: what each adds, what it costs, and which no other arm beats on both."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sim.report import menu, names, numerals
from sim.report.numerals import MONEY
from sim.report.tables import Entry, Results
from sim.report.words import text
from sim.study.estimate import Estimate


@dataclass(frozen=True)
class Arm:
    """One arm of the sweep whose cost and addition are both known.

    label : its values, short, for a place beside its point
    cost : paired change of public cost, in million yuan or the unit asked for
    added : added child-months
    efficient : no other arm adds at least as much for at most as much money
    beaten : another arm does, and their intervals lie apart on what it is better at: luck cannot be the reason
    """

    policy: str
    label: str
    cost: Estimate
    added: Estimate
    efficient: bool = False
    beaten: bool = False

    @property
    def x(self) -> float:
        """Cost, in its unit."""
        return self.cost.value if self.cost.value is not None else 0.0

    @property
    def y(self) -> float:
        """Added child-months."""
        return self.added.value if self.added.value is not None else 0.0


def arms(results: Results, per: float = MONEY["money"]) -> list[Arm]:
    """Return the arms that can be drawn, in file order; an empty list if there is no sweep.

    per : yuan in the unit of their cost
    """
    sweep = results.manifest.get("sweep") or {}
    axes = sweep.get("axes") or []
    found = []
    for arm in sweep.get("arms") or []:
        name = arm["name"]
        cost = _cost(results.entry(name, "public_cost"), per)
        added = results.entry(name, "added_child_months").own
        if cost.defined and added.defined:
            found.append(Arm(name, _label(name, arm.get("values") or [], axes, results), cost, added))
    if found and all((arm.x, arm.y) != (0, 0) for arm in found) and results.baseline is not None:
        # doing nothing is a choice too
        nothing = Estimate(0.0)
        found.insert(0, Arm(results.baseline, names.shorten(names.tidy(results.baseline), 24), nothing, nothing))
    return [
        replace(
            arm,
            efficient=not any(_beats(other, arm) for other in found),
            beaten=any(_beats(other, arm) and _apart(other, arm) for other in found),
        )
        for arm in found
    ]


def _cost(entry: Entry, per: float) -> Estimate:
    """Take the paired change of cost; the cost itself where no change is given."""
    yuan = entry.change if entry.change.defined else entry.own
    return Estimate(*(None if n is None else n / per for n in (yuan.value, yuan.low, yuan.high)))


def _beats(one: Arm, other: Arm) -> bool:
    no_worse = one.x <= other.x and one.y >= other.y
    return no_worse and (one.x < other.x or one.y > other.y)


def _apart(one: Arm, other: Arm) -> bool:
    """Whether the intervals of one arm that beats another lie apart from the other's, in cost or in addition.

    Arms share their luck, so that a difference between them is surer than their own intervals say: this is careful.
    """
    dearer = None not in (one.cost.high, other.cost.low) and one.cost.high < other.cost.low  # type: ignore[operator]
    fewer = None not in (one.added.low, other.added.high) and one.added.low > other.added.high  # type: ignore[operator]
    return dearer or fewer


def _label(name: str, values: Sequence[Any], axes: Sequence[Any], results: Results) -> str:
    written = ", ".join(setting(value, axis) for value, axis in zip(values, axes, strict=False))
    if name in results.policies:
        shown = names.shorten(names.tidy(name), 20)
        return f"{shown} ({written})" if written else shown
    return written or names.shorten(names.tidy(name), 24)


def setting(value: Any, axis: Any) -> str:
    """Write one value of one axis: "×2" where it multiplies the policy's own, else the number itself."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return names.shorten(names.tidy(str(value)), 16)
    if axis.get("scale"):
        return f"×{value:,g}"
    return f"{value:,g}".replace("-", numerals.MINUS)


def key(results: Results, language: str) -> str:
    """Say in which order the labels give the values of which parameters."""
    axes = (results.manifest.get("sweep") or {}).get("axes") or []
    listed = text("list.comma", language).join(axis_name(axis, language) for axis in axes)
    return names.shorten(text("frontier.key", language, axes=listed), 110)


def axis_name(axis: Any, language: str) -> str:
    """Return an axis of the sweep as its file names it, or in words: "voucher_pool.per_round (× its own)"."""
    label = names.tidy(menu.named(str(axis.get("path") or axis.get("label") or ""), language))
    return text("frontier.factor", language, label=label) if axis.get("scale") else label
