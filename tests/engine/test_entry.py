"""Who opens at a free site: as many as close where nothing has changed, more where a profit has grown."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from town import HAMLET, Child, House, lay_out

from sim.dates import MIXED
from sim.draws import Luck
from sim.engine.costs import CostRules
from sim.engine.entry import MOST_ODDS, NO_SITE_FREE, EntryRules, Prospect
from sim.engine.state import MarketColumns
from sim.engine.support import Support
from sim.engine.turnover import Turnover
from sim.scenario.schema import load
from sim.world.city import World
from sim.world.institutions import BANDS

START = 100  # an absolute month


def prospect(size: int, children: float = 20.0, fee: float = 2000.0, unlisted: float = 0.0, **more: Any) -> Prospect:
    """The same everywhere."""
    support = more.get("support", Support.none(size))
    return Prospect(*(np.full((size, BANDS), x) for x in (children, fee, unlisted)), support)


def sites(size: int = 12, changes: tuple[str, ...] = ()) -> tuple[EntryRules, Any, World]:
    """Sites of which every third is free, and the rules by which they are taken; at most as many open as odds say."""
    facts = load(HAMLET, changes).city
    world, _ = lay_out(facts, [Child(date(2023, 1, 1))], [House()] * size)
    world = replace(world, luck=Luck(3, 0))
    of_twelve = 1 if size == 12 else 12  # each of them looked at in another month
    runs = np.arange(size) // of_twelve % 3 > 0
    state: Any = SimpleNamespace(
        market=MarketColumns.of(runs, np.ones(size, bool), 1),
        offers=SimpleNamespace(places=np.zeros((size, 4), np.int32), fee=np.zeros((size, BANDS))),
    )
    state.market.usual.odds[:] = MOST_ODDS
    return EntryRules(world, CostRules(world)), state, world


def builders(rules: EntryRules, state: Any, what: Prospect, months: int = 12) -> NDArray[np.bool_]:
    """Sites at which somebody builds after some months of such prospects."""
    for month in range(START, START + months):
        rules.plan(month, what, state)
    return np.asarray(state.market.sites.opening > 0)


def test_an_entrant_opens_after_its_lag_and_with_what_it_planned() -> None:
    rules, state, world = sites()
    turnover, lag = Turnover(world), world.facts.classes.building_months
    free = np.flatnonzero(~state.market.sites.runs)
    asked = {}
    for month in range(1, 13 + lag):
        for j in turnover.opening(month, -1, state):
            assert month == asked[j] + lag
            assert (state.offers.places[j] == world.institutions.classes[j] * world.facts.classes.sizes).all()
            assert state.market.sites.runs[j]
        before = state.market.sites.opening.copy()
        rules.plan(month, prospect(12, fee=1e6), state)
        asked |= {int(j): month for j in np.flatnonzero((before == 0) & (state.market.sites.opening > 0))}
    assert sorted(asked) == free.tolist()
    assert state.market.sites.runs.all()


@pytest.mark.parametrize("norm", range(START, START + 12))
@pytest.mark.parametrize("closing", [0.0, 0.2])
def test_without_a_change_as_many_open_as_close(closing: float, norm: int) -> None:
    """Of 2,400 that run a share closes in a year; 1,200 sites are free. Where none closes, few open all the same."""
    size = 3600
    rules, state, world = sites(size)
    opens, lag = max(closing, world.facts.supply.least_entry) * 2400, world.facts.classes.building_months
    rules.set_odds(norm, prospect(size), np.full(size, closing), state)
    building, begun = state.market.sites.opening > 0, opens * lag / 12
    assert state.market.usual.odds[0] == pytest.approx(opens / (1200 - begun)), "the others are being built"
    assert abs(building.sum() - begun) < 4 * np.sqrt(begun + 1), "those who looked before are building"
    turnover, opened = Turnover(world), 0
    for month in range(norm + 1, norm + 13):
        opened += len(turnover.opening(month, -1, state))
        rules.plan(month, prospect(size), state)
    assert abs(opened - opens) < 4 * np.sqrt(opens + 1)
    stuck = (state.market.sites.opening > 0) & (state.market.sites.opening <= norm + 12)
    assert not stuck.any(), "whoever builds opens"


def test_odds_are_those_of_a_kind_and_standing() -> None:
    """Where the inclusive close and others don't, it is inclusive ones that open."""
    size = 360
    rules, state, world = sites(size)
    inclusive = np.arange(size) % 2 == 0
    world = replace(world, institutions=replace(world.institutions, inclusive=inclusive))
    rules = EntryRules(world, CostRules(world))
    state.market.sites.inclusive[:] = inclusive
    rules.set_odds(START, prospect(size), np.where(inclusive, 0.1, 0.0), state)
    least, lag = world.facts.supply.least_entry, world.facts.classes.building_months
    for here, opens in ((inclusive, 0.1 * 120), (~inclusive, least * 120)):
        assert state.market.usual.odds[here] == pytest.approx(opens / (60 - opens * lag / 12))


def test_what_has_no_free_site_opens_at_others() -> None:
    """Of its kind, or where its kind has none of any; and nowhere more surely than `MOST_ODDS`."""
    size = 720
    _, state, world = sites(size)
    kind = np.where(np.arange(size) % 2 == 0, 0, 1).astype(np.int8)
    kind[~state.market.sites.runs] = 0  # no site of the second kind is free
    world = replace(world, institutions=replace(world.institutions, kind=kind))
    rules = EntryRules(world, CostRules(world))
    rules.set_odds(START, prospect(size), np.full(size, 0.1), state)
    opens, lag = 0.1 * 480, world.facts.classes.building_months
    free = kind == 0
    assert state.market.usual.odds[free] == pytest.approx(opens / (240 - opens * lag / 12))
    assert (state.market.usual.odds[~free] == NO_SITE_FREE).all()
    rules.set_odds(START, prospect(size), np.full(size, 1.0), state)
    assert state.market.usual.odds[free] == pytest.approx(MOST_ODDS)


def test_where_no_site_is_free_who_closes_is_followed() -> None:
    rules, state, _ = sites()
    state.market.sites.runs[:] = True
    rules.set_odds(START, prospect(12), np.full(12, 0.1), state)
    assert (state.market.usual.odds == NO_SITE_FREE).all()


@given(st.floats(0.0, 60.0), st.floats(0.0, 5.0), st.floats(0.0, 4000.0))
def test_the_more_children_the_more_profit_where_each_pays_for_itself(some: float, more: float, extra: float) -> None:
    """At a fee above what a child costs, no step of a carer makes one more child a loss but the first."""
    rules, _, world = sites()
    fee = float(CostRules(world).marginal.max()) + extra
    made = [rules.profit(np.arange(12), prospect(12, 1.0 + n, fee)) for n in (some, some + more)]
    assert (made[0] <= made[1] + 1e-6).all()


@given(st.floats(500.0, 4000.0), st.floats(0.0, 2000.0), st.floats(0.0, 50.0))
def test_the_better_the_prospects_the_more_open(fee: float, more: float, children: float) -> None:
    """Of the same people: whoever builds for less builds for more."""
    size = 108
    came = []
    for extra in (0.0, more):
        rules, state, _ = sites(size)
        state.market.usual.odds[:] = 0.3
        state.market.usual.prospect[:] = rules.profit(np.arange(size), prospect(size, children, fee))
        came.append(builders(rules, state, prospect(size, children, fee + extra)))
    assert (came[0] <= came[1]).all()


def test_it_is_the_change_of_a_profit_that_counts() -> None:
    """A site that has been free for long at a great profit is as hard to take as one at a loss."""
    size = 108
    came = []
    for fee in (300.0, 6000.0):
        rules, state, _ = sites(size)
        state.market.usual.odds[:] = 0.3
        state.market.usual.prospect[:] = rules.profit(np.arange(size), prospect(size, fee=fee))
        came.append(builders(rules, state, prospect(size, fee=fee)))
    assert (came[0] == came[1]).all()
    assert came[0].any()


def test_odds_rise_with_a_profit_as_its_spread_says() -> None:
    """So much more profit as the spread: odds of one half become e ÷ (1 + e)."""
    size = 6012
    rules, state, world = sites(size)
    state.market.usual.odds[:] = 0.5
    spread = world.facts.supply.entry_spread
    state.market.usual.prospect[:] = rules.profit(np.arange(size), prospect(size)) - spread
    share = builders(rules, state, prospect(size)).sum() / (~state.market.sites.runs).sum()
    assert share == pytest.approx(np.e / (1 + np.e), abs=4 * np.sqrt(0.25 / 2000))


def test_an_entrant_seats_no_child_twice_in_a_mixed_class() -> None:
    """One mixed class and demand of both its bands for more: it pays for as many as it has seats, not twice."""
    _, _, world = sites()
    classes = np.zeros((12, 4), np.int32)
    classes[:, MIXED] = 1
    lone = replace(world, institutions=replace(world.institutions, classes=classes))
    costs = CostRules(lone)
    rules, seats = EntryRules(lone, costs), lone.institutions.seats
    month = costs.month(seats, seats.astype(float), expected=True)
    covers = (month.cash + month.unpaid)[0] / 100 / seats[0, MIXED]
    for fee, unlisted in ((covers, 0.0), (covers + 300.0, 300.0)):
        made = rules.profit(np.arange(12), prospect(12, 100.0, fee, unlisted))
        np.testing.assert_allclose(made, 0.0, atol=0.02)
    assert (rules.profit(np.arange(12), prospect(12, 100.0, covers + 1)) > 0).all()


def test_at_full_rooms_money_for_a_child_is_as_good_as_money_for_its_place() -> None:
    """And where there is room to spare, worse."""
    rules, _, world = sites()
    everybody, seats = np.arange(12), world.institutions.seats[0].sum()
    by_place = Support(np.full(12, 240.0), np.zeros((12, 4)))
    for children, full in ((100.0, True), (5.0, False)):
        without = rules.profit(everybody, prospect(12, children))
        by_child = rules.profit(everybody, prospect(12, children, fee=2240.0)) - without
        per_place = rules.profit(everybody, prospect(12, children, support=by_place)) - without
        np.testing.assert_allclose(per_place, 240.0 * seats)
        assert np.allclose(by_child, per_place) == full
        assert (by_child <= per_place + 1e-6).all()


def test_support_counts_with_the_profit() -> None:
    rules, _, world = sites()
    places = world.institutions.seats[0].sum()
    paid = Support(np.full(12, 300.0), np.zeros((12, 4)))
    more = rules.profit(np.arange(12), prospect(12, support=paid)) - rules.profit(np.arange(12), prospect(12))
    np.testing.assert_allclose(more, 300.0 * places)


def test_who_takes_a_vacated_site_stands_as_its_listed_fee_says() -> None:
    _, state, world = sites()
    listed = np.arange(12) % 2 == 0
    rules = Turnover(replace(world, institutions=replace(world.institutions, inclusive=listed)))
    state.market.sites.inclusive[:] = ~listed  # all have moved since
    gone = np.flatnonzero(state.market.sites.runs)[:4]
    rules.close(gone, state)
    assert (state.market.sites.inclusive[gone] == listed[gone]).all()
    state.market.sites.opening[gone] = 5
    assert rules.opening(5, -1, state).tolist() == gone.tolist()
    assert (state.market.sites.inclusive[gone] == listed[gone]).all()


def test_what_is_planned_opens_after_the_day_of_the_count() -> None:
    """Counted five months after the start, what is planned first opens in the sixth; counted before, in the first."""
    for counted, first in ((None, 1), (date(2025, 6, 15), 6), (date(2020, 1, 1), 1)):
        _, state, world = sites()
        after = np.where(state.market.sites.runs, 0.0, 0.5)
        supply = world.facts.supply.model_copy(update={"counted_on": counted})
        facts = world.facts.model_copy(update={"supply": supply})
        institutions = replace(world.institutions, opens_after=after)
        rules = Turnover(replace(world, facts=facts, institutions=institutions))
        start = 2025 * 12  # January 2025
        for month in range(start - 3, start + 12):
            opened = rules.opening(month, month - start, state)
            assert (len(opened) > 0) == (month == start + first), (counted, month - start)
