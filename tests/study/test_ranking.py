"""Rankings by cost per added child-month: order, ties by paired differences, policies without a price."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.study.ranking import Totals, difference, ranking, totals

LUCK = np.array([0.9, 1.0, 1.1, 0.95, 1.05, 1.0])


def policy(cost: float, added: float, own: float = 0.0) -> Totals:
    """A policy that shares its luck with all others, and has some of its own."""
    noise = 1 + own * np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    return Totals(cost * np.ones(6), added * LUCK * noise)


def test_the_cheapest_comes_first_and_shared_luck_makes_no_tie() -> None:
    """Their own intervals overlap widely; in every replication one is cheaper."""
    found = ranking({"dear": policy(1.05e6, 1000, 0.001), "cheap": policy(1e6, 1000)})
    assert [one.policy for one in found] == ["cheap", "dear"]
    cheap, dear = found
    assert cheap.price.high is not None
    assert dear.price.low is not None
    assert cheap.price.high > dear.price.low
    assert not cheap.ties
    assert not dear.ties


def test_a_difference_that_chance_could_explain_is_a_tie_for_both() -> None:
    found = ranking({"one": policy(1e6, 1000, 0.1), "other": policy(1.01e6, 1000, -0.1)})
    assert [one.ties for one in found] == [frozenset({"other"}), frozenset({"one"})]


def test_one_replication_tells_nothing_apart() -> None:
    once = {name: Totals(np.array([cost]), np.array([100.0])) for name, cost in (("one", 1e6), ("other", 2e6))}
    assert all(one.ties for one in ranking(once))


def test_policies_that_do_not_surely_add_have_no_price() -> None:
    unsure = Totals(np.ones(4), np.array([-2.0, 1.0, 3.0, -1.0]))
    fewer = Totals(np.ones(4), np.array([-2.0, -1.9, -2.1, -2.0]))
    sure = Totals(np.ones(4), np.array([2.0, 2.1, 1.9, 2.0]))
    assert [one.policy for one in ranking({"unsure": unsure, "fewer": fewer, "sure": sure})] == ["sure"]


@given(st.lists(st.tuples(st.floats(1e3, 1e7), st.floats(1, 1e5)), min_size=2, max_size=5), st.floats(0.01, 100))
def test_no_currency_and_no_order_changes_a_ranking(drawn: list[tuple[float, float]], rate: float) -> None:
    draw = np.random.default_rng(7)
    found = {
        str(n): Totals(cost * draw.uniform(0.9, 1.1, 6), added * draw.uniform(0.9, 1.1, 6))
        for n, (cost, added) in enumerate(drawn)
    }
    other = {name: Totals(found[name].cost * rate, found[name].added) for name in reversed(found)}
    ours, theirs = ranking(found), ranking(other)
    assert [one.ties for one in ours] == [one.ties for one in theirs]
    assert [one.price.value for one in theirs] == pytest.approx([rate * one.price.value for one in ours])


def test_a_difference_is_minus_the_other_way_round() -> None:
    one, other = policy(1e6, 1000, 0.05), policy(2e6, 1500, -0.02)
    there, back = difference(one, other), difference(other, one)
    assert there.value == pytest.approx(-back.value)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.value == pytest.approx(1e6 / one.added.mean() - 2e6 / other.added.mean())


def test_totals_are_sums_over_the_window_by_replication() -> None:
    rows = [
        (name, replication, date(2025, month, 1), group, metric, 100.0 * replication + month + (metric == "cost"))
        for name in ("a", "b")
        for replication in (1, 0)
        for month in (1, 2, 3)
        for group in ("all", "kind=private")
        for metric in ("cost", "added", "another")
    ]
    monthly = pl.DataFrame(rows, ["policy", "replication", "month", "group", "metric", "value"], orient="row")
    found = totals(monthly, ["b", "missing"], "cost", "added", date(2025, 2, 1), date(2025, 3, 31))
    assert list(found) == ["b"]
    assert found["b"].cost.tolist() == [7.0, 207.0]
    assert found["b"].added.tolist() == [5.0, 205.0]
