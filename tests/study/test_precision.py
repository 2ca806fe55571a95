"""When an arm is known well enough, and what its intervals hold although they were looked at, on made-up draws."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from town import HAMLET

from sim.scenario.schema import load
from sim.study.compare import Outcome, estimate
from sim.study.estimate import Estimate
from sim.study.intervals import CONFIDENCE
from sim.study.metrics import METRICS
from sim.study.plan import Plan, make_plan
from sim.study.precision import FIRST_LOOK, confidence, looks, narrow
from sim.study.waves import by_arm, in_waves

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], dict[str, Floats]]

METRIC = {metric.name: metric for metric in METRICS}

# ---------------------------------------------------------------------------------------------------------
# looks


@given(st.integers(1, 10_000))
def test_looks_ascend_to_the_last_and_leave_enough_to_save(replications: int) -> None:
    found = looks(replications)
    assert found[-1] == replications
    assert all(before < after for before, after in pairwise(found))
    assert all(FIRST_LOOK <= look <= replications * 2 / 3 for look in found[:-1])
    assert FIRST_LOOK >= 3
    assert len(found) <= 8, "each of them costs all of them confidence"


@pytest.mark.parametrize(
    ("replications", "found"), [(1, (1,)), (5, (5,)), (6, (4, 6)), (10, (4, 10)), (24, (4, 12, 24))]
)
def test_looks_are_few(replications: int, found: tuple[int, ...]) -> None:
    assert looks(replications) == found


@given(st.integers(1, 9))
def test_looks_share_the_error_of_one_interval(asked: int) -> None:
    assert asked * (1 - confidence(asked)) == pytest.approx(1 - CONFIDENCE)
    assert confidence(1) == CONFIDENCE


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(0, 1), st.floats(0, 1))
def test_what_is_narrow_stays_so_at_a_looser_precision(value: float, half: float, one: float, other: float) -> None:
    interval = Estimate(value, value - half, value + half)
    tight, loose = sorted((one, other))
    assert narrow(interval, loose) or not narrow(interval, tight)
    assert not narrow(interval, 0), "which switches it off"


def test_nothing_is_narrow_about_nothing() -> None:
    assert not narrow(Estimate(0.0, 0.0, 0.0), 1)
    assert not narrow(Estimate(None), 1)
    assert not narrow(Estimate(3.0), 1)
    assert narrow(Estimate(3.0, 2.8, 3.2), 0.1)
    assert not narrow(Estimate(3.0, 2.8, 3.2), 0.06)
    assert narrow(Estimate(0.0, -0.1, 0.1), 0.1, against=-3.0)


# ---------------------------------------------------------------------------------------------------------
# made-up draws, through the functions that a run uses

POINT = (
    "policy = [{name = 'baseline'}, {name = 'fees', instrument = [{kind = 'fee_subsidy', source = 'a test',"
    " rate = 0.5}]}]",
    "sweep = {policy = 'fees', 'fee_subsidy.rate' = [0.25, 0.5]}",
)


def point(replications: int, precision: float) -> Plan:
    """A plan with one point of a grid beside the policy it is around."""
    return make_plan(load(HAMLET, [*POINT, f"run.replications = {replications}", f"run.precision = {precision}"]))


def drawn(plan: Plan, parts: dict[str, Floats]) -> tuple[int, float, list[Outcome]]:
    """In how many replications the point ends whose parts are drawn, with its confidence and its outcomes.

    parts : float64 (replications,) by name
    """
    (arm,) = (arm for arm in plan.arms if arm.role == "sweep")
    made = [
        Outcome(("all",), 0, {name: np.array([x[r]]) for name, x in parts.items()}, {})
        for r in range(len(parts["added"]))
    ]

    def carry(asked: Plan, first: int, until: int) -> dict[tuple[tuple[str, ...], int], Outcome]:
        """Every arm has the same draws: policies are not looked at."""
        return {
            (one.key, task.replication): made[task.replication]
            for task in asked.tasks(first, until)
            for one in task.arms
        }

    ended, found = in_waves(plan, carry)
    return ended.replications(arm), ended.confidence(arm), by_arm(ended, found)[arm.key]


def parts(added: Floats, cost: Floats | float = 1000.0, closed: Floats | float = 0.0) -> dict[str, Floats]:
    """Parts of outcomes, each float64 (replications,)."""
    cost, closed = (np.broadcast_to(np.asarray(x, float), added.shape) for x in (cost, closed))
    return {"added": added, "public_cost": cost, "extra_cost": cost, "closures": closed}


def coverage(plan: Plan, draw: Draw, truth: dict[str, float], level: float | None = None) -> dict[str, float]:
    """Share of reported intervals that hold the truth, by metric; level : in place of the plan's confidence."""
    chance, tries = np.random.default_rng(20251110), 1000
    hits = dict.fromkeys(truth, 0)
    for _ in range(tries):
        _, sure, outcomes = drawn(plan, draw(chance, plan.scenario.run.replications))
        for name, value in truth.items():
            one = estimate(METRIC[name], outcomes, 0, level or sure)
            assert one.low is not None
            assert one.high is not None
            hits[name] += one.low <= value <= one.high
    return {name: hit / tries for name, hit in hits.items()}


def bell(spread: float) -> Draw:
    """Bells about 100 added for 1,000 yuan; a closure in every other draw."""
    return lambda c, n: parts(c.normal(100, spread, n), c.normal(1000, 20, n), c.poisson(0.5, n).astype(float))


BELL = {"added_child_months": 100.0, "cost_per_added_child_month": 10.0, "closures": 0.5}
SKEWED = {"added_child_months": 100 * np.exp(0.1**2 / 2), "closures": 0.1}


def lopsided(c: np.random.Generator, n: int) -> dict[str, Floats]:
    """Lognormals, with closures in a tenth of the draws."""
    return parts(c.lognormal(np.log(100), 0.1, n), closed=c.poisson(0.1, n).astype(float))


def far_out(c: np.random.Generator, n: int) -> dict[str, Floats]:
    """Exponentials above a floor, in what is added and in what it costs."""
    return parts(100 + 8 * c.exponential(1, n), 1000 + 80 * c.exponential(1, n))


@pytest.mark.parametrize("replications", [10, 24])
@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        pytest.param(bell(4), BELL, id="most end early"),
        pytest.param(bell(8), BELL, id="few end early"),
        pytest.param(lopsided, SKEWED, id="skewed"),
    ],
)
def test_intervals_of_arms_that_were_looked_at_keep_their_coverage(
    draw: Draw, truth: dict[str, float], replications: int
) -> None:
    found = coverage(point(replications, 0.1), draw, truth)
    assert min(found.values()) >= 0.95, found


def test_the_same_intervals_fall_short_if_the_error_is_not_divided() -> None:
    found = coverage(point(24, 0.1), bell(8), BELL, level=CONFIDENCE)
    assert found["added_child_months"] < 0.945, "so the test above can fail"
    assert found["cost_per_added_child_month"] < 0.945


@pytest.mark.parametrize("replications", [10, 24])
def test_far_out_draws_are_covered_no_worse_than_by_all_replications(replications: int) -> None:
    truth = {"added_child_months": 108.0, "public_cost": 1080.0, "cost_per_added_child_month": 10.0}
    asked, fixed = (coverage(point(replications, precision), far_out, truth) for precision in (0.1, 0))
    assert all(asked[name] >= fixed[name] - 0.005 for name in truth), (asked, fixed)


def count(plan: Plan, added: Sequence[float], cost: Sequence[float] | float = 1000.0) -> int:
    """In how many replications a point with these draws ends."""
    return drawn(plan, parts(np.array(added, float), np.asarray(cost, float)))[0]


def test_a_point_whose_ratio_is_undefined_ends_with_the_run() -> None:
    plan = point(10, 1.0)
    assert count(plan, [1.0, -1.0] * 5) == 10, "its denominator's interval holds 0"
    assert count(plan, [0.0] * 10) == 10, "none in four draws is not none in any"
    assert count(plan, [7.0] * 10) == 10, "draws that are alike don't show how they vary"
    assert count(plan, [7.0, 8.0] * 5) == 4


def test_costs_may_be_alike_in_every_draw_or_nothing() -> None:
    plan, added = point(10, 0.5), [7.0, 8.0] * 5
    assert count(plan, added, 1000.0) == count(plan, added, 0.0) == 4
    assert count(plan, added, [1000.0, 9000.0] * 5) == 10


@given(
    st.lists(st.floats(1, 100), min_size=24, max_size=24),
    st.lists(st.floats(1, 100), min_size=24, max_size=24),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_tighter_is_never_fewer(added: list[float], cost: list[float], one: float, other: float) -> None:
    plan = point(24, 0.1)
    tight, loose = (
        count(
            replace(plan, scenario=replace(plan.scenario, run=plan.scenario.run.model_copy(update={"precision": p}))),
            added,
            cost,
        )
        for p in sorted((one, other))
    )
    assert tight >= loose
    assert {tight, loose} <= {4, 12, 24}


def test_what_failed_goes_on_and_what_worked_ends() -> None:
    plan = point(10, 1.0)
    (arm,) = (arm for arm in plan.arms if arm.role == "sweep")
    made = parts(np.array([7.0, 8.0] * 5))
    one = [Outcome(("all",), 0, {name: np.array([x[r]]) for name, x in made.items()}, {}) for r in range(10)]

    def carry(asked: Plan, first: int, until: int) -> dict[tuple[tuple[str, ...], int], Outcome]:
        """The point fails in one replication."""
        dealt = [(a.key, task.replication) for task in asked.tasks(first, until) for a in task.arms]
        return {(key, r): one[r] for key, r in dealt if (key, r) != (arm.key, 2)}

    ended, found = in_waves(plan, carry)
    assert ended.replications(arm) == 10
    assert sum(key == arm.key for key, _ in found) == 9
