"""Waves: a plan's replications in few turns, between which the arms end that are known well enough.

The first wave runs all arms in the first replications, a later one the policies and the arms that go on in the next.
A replication belongs to one wave, so its city is drawn and warmed up once. Which arms end follows from outcomes alone:
not from how many worked on them, nor in which order, nor from what lay finished before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from sim.study.compare import Key, Outcome, estimate
from sim.study.metrics import METRICS
from sim.study.plan import Arm, Plan
from sim.study.precision import narrow
from sim.study.shapley import WHOLE, divided

ADDED = "added_child_months"
SHOWN = (ADDED, "public_cost", "cost_per_added_child_month")  # of a grid's point, or an assumption's end
DIVIDED = (ADDED, "public_cost")  # of what a split divides; fees may hardly move
_METRIC = {metric.name: metric for metric in METRICS}

Found = Mapping[tuple[Key, int], Outcome]  # by arm and replication
Outcomes = Mapping[Key, Sequence[Outcome]]


def in_waves(plan: Plan, carry_out: Callable[[Plan, int, int], Found]) -> tuple[Plan, Found]:
    """Run a plan; returns it with the arms that ended before the last replication, and all outcomes.

    carry_out : runs the plan's replications from the first to the last but one; arms that it has no outcome of go on
    """
    found: dict[tuple[Key, int], Outcome] = {}
    for first, until in pairwise((0, *plan.looks)):
        found.update(carry_out(plan, first, until))
        if until < plan.looks[-1]:
            plan = replace(plan, ended={**plan.ended, **dict.fromkeys(_known(plan, found, until), until)})
    return plan, found


def by_arm(plan: Plan, found: Found) -> dict[Key, list[Outcome]]:
    """Outcomes by arm, in the order of replications."""
    return {arm.key: [found[arm.key, r] for r in range(plan.replications(arm))] for arm in plan.arms}


def _known(plan: Plan, found: Found, look: int) -> Iterator[Key]:
    """The arms that are known well enough after so many replications, of those that have not ended before."""
    policies = [arm.key for arm in plan.arms if arm.role == "policy"]
    for unit in units(plan):
        keys = [arm.key for arm in unit]
        wanted = [*policies, *keys]
        if keys[0] in plan.ended or any((key, r) not in found for key in wanted for r in range(look)):
            continue
        outcomes = {key: [found[key, r] for r in range(look)] for key in wanted}
        if all(_enough(plan, unit, outcomes)):
            yield from keys


def units(plan: Plan) -> list[tuple[Arm, ...]]:
    """Arms that end together, because one table pairs them: sub-policies of a split, both ends of an assumption.

    Splits that share a sub-policy are one; any other point of a sweep is alone. In the order of the plan.
    """
    asked = {arm.key: arm for arm in plan.arms if plan.asked(arm)}
    groups = [{key for key in keys if key in asked} for keys in plan.splits.values()]
    ends = {key[:3] for key, arm in asked.items() if arm.role == "knowledge"}  # a key's last word is the end
    groups += [{key for key in asked if key[:3] == end} for end in ends]
    unit_of = {key: frozenset([key]) for key in asked}
    for group in groups:
        whole = frozenset(group).union(*(unit_of[key] for key in group))
        unit_of |= dict.fromkeys(whole, whole)
    found = dict.fromkeys(unit_of[key] for key in asked)
    return [tuple(arm for key, arm in asked.items() if key in unit) for unit in found]


def _enough(plan: Plan, unit: Sequence[Arm], outcomes: Outcomes) -> Iterator[bool]:
    """Of each thing that a unit is shown for, whether it is known well enough."""
    for arm in unit:
        if arm.role != "split":
            yield from _point(plan, arm, outcomes[arm.key])
    keys = {arm.key for arm in unit}
    for policy, subsets in plan.splits.items():
        if not keys.isdisjoint(subsets):
            yield from _parts(plan, policy, outcomes)


def _point(plan: Plan, arm: Arm, outcomes: Sequence[Outcome]) -> Iterator[bool]:
    """Of a grid's point, or an assumption's end: what it adds, what it costs, and the one over the other.

    Costs may be the same in every draw, because a budget sets them or there are none. What is added may not: draws
    that are all alike don't show how it varies, and none in a few is not none in any.
    """
    added, cost, each = (estimate(_METRIC[name], outcomes, 0, plan.confidence(arm)) for name in SHOWN)
    precision = plan.precision(arm)
    yield added.low != added.high and narrow(added, precision)
    yield cost.low == cost.high or narrow(cost, precision)
    yield each.low == each.high == 0 or narrow(each, precision)


def _parts(plan: Plan, policy: str, outcomes: Outcomes) -> Iterator[bool]:
    """Of a split: each part, measured against the whole; a part of nothing need not be told from nothing."""
    precision = plan.scenario.run.precision
    for name in DIVIDED:
        parts = divided(plan, policy, _METRIC[name], outcomes)
        whole = parts[WHOLE]
        if name == ADDED:
            yield whole.low != whole.high
        for one in parts.values():
            yield one.low == one.high or narrow(one, precision, against=whole.value)
