"""Trends are no policy's doing: they hold under every policy alike, hang on the month alone, and at 0 are not there."""

from collections.abc import Iterator
from functools import cache
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from test_passing import POLICIES, halved, last_state, unlike
from town import SETTLED, Town, differences, instrument, own_claims, settle, total

from sim.engine.city import RunningCity
from sim.engine.entry import EntryRules, Prospect
from sim.engine.phases import decisions
from sim.engine.schedule import run_to
from sim.engine.trends import Trends

TRUST = "city.trends.trust_yuan_per_year"
TASTE, FEE = "city.trends.taste_per_year", "city.trends.fee_per_year"
IDLE = (f"{TASTE}=0", f"{FEE}=0", f"{TRUST}.private=0")
ALL = (f"{TASTE}=0.6", f"{FEE}=-0.12", f"{TRUST}.private=150", f"{TRUST}.public=-40")


@pytest.fixture(scope="module")
def moving() -> Town:
    """The hamlet with every trend at once, and entrants who come as planned."""
    return settle(*ALL)


@cache
def without_limits(*settings: str) -> Town:
    """The hamlet with seats for all and owners who stay."""
    return settle(*SETTLED, *settings, unlimited=True)


def since_start(town: Town, month: int) -> int:
    """Months from the scenario's start to a month of the counted window, 0 the first."""
    start = town.scenario.run.start
    return town.span.counted + month - (start.year * 12 + start.month - 1)


# ---------------------------------------------------------------------------------------------------------
# at 0


def without_trends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make of this program one that knows of no trends."""
    monkeypatch.setattr(Trends, "worth", lambda trends, month: np.zeros(len(trends.listed(month))))
    monkeypatch.setattr(Trends, "costs", lambda trends, month: np.zeros_like(trends.listed(month)))
    monkeypatch.setattr(Trends, "move_fees", Mock())


@pytest.mark.parametrize("said", [(), IDLE], ids=["no table", "a table of nothing"])
def test_trends_of_nothing_are_no_trends_to_the_bit(said: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("half of every fee", "a cap and a scheme", "new places")
    idle = settle(*said)
    mine = [idle.baseline, *(idle.run(*POLICIES[name](idle)) for name in names)]
    without_trends(monkeypatch)
    bare = settle()
    theirs = [bare.baseline, *(bare.run(*POLICIES[name](bare)) for name in names)]
    for one, other in zip(mine, theirs, strict=True):
        assert differences(one, other) == []
        assert (own_claims(one) == own_claims(other)).all()


def test_nothing_moves_before_the_start(town: Town, moving: Town) -> None:
    """The burn-in, and the month of the start, are those of a city without trends."""
    earlier = [settle("run.count_from=2025-01-01", *settings) for settings in ((), ALL)]
    plain, moved = (one.baseline for one in earlier)
    assert differences(plain, moved, until=1) == []
    assert differences(town.baseline, moving.baseline, until=1), "two months later it is another city"


# ---------------------------------------------------------------------------------------------------------
# what they do


@pytest.mark.parametrize("trend", [f"{TASTE}=1.5", f"{TRUST}.private=800", f"{FEE}=-0.4"])
def test_care_that_is_worth_more_or_costs_less_never_lowers_enrolment_where_seats_are_unlimited(trend: str) -> None:
    plain, moved = without_limits().baseline, settle(*SETTLED, trend, unlimited=True).baseline
    before, after = (total(record, "enrolled") for record in (plain, moved))
    assert (after >= before).all()
    assert after[-1] > before[-1]


def test_taste_is_trust_in_all_kinds_at_the_price_sensitivity() -> None:
    """α yuan are one unit of the shock, so what is trusted more everywhere is liked more."""
    kinds = ("private", "kindergarten", "public")
    yuan = 500.0
    alpha = 0.001  # of the hamlet
    liked = settle(f"{TASTE}={yuan * alpha}")
    trusted = settle(*(f"{TRUST}.{kind}={yuan}" for kind in kinds))
    apart = settle(f"{TRUST}.private={yuan}")
    assert differences(liked.baseline, trusted.baseline) == []
    assert "totals" in differences(liked.baseline, apart.baseline), "trust of one kind is another thing"


def test_trust_in_a_kind_moves_families_to_it() -> None:
    plain, moved = without_limits(), settle(*SETTLED, f"{TRUST}.private=1000", unlimited=True)
    share = []
    for town in (plain, moved):
        enrolled = town.baseline.offer_enrolled[-1].sum(axis=0)
        private = town.world.institutions.kind == town.world.institutions.kind_names.index("private")
        share.append(enrolled[private].sum() / enrolled.sum())
    assert share[1] > share[0]


def test_fees_of_every_rule_are_where_the_trend_says() -> None:
    """Where owners move none: by as much a year, in equal steps from month to month, entrants among them."""
    still = ("fee_limit=0", "fee_step=0", "patience_months=1000000", "least_entry=0", "scheme_cost=1000000000")
    plain, moved = (settle(*(f"city.supply.{one}" for one in still), *more) for more in ((), (f"{FEE}=-0.12",)))
    for (day, _), month in zip(moved.states(), range(moved.baseline.months()), strict=True):
        level = 0.88 ** (since_start(moved, month) / 12)
        here, there = moved.baseline.fee[month], plain.baseline.fee[month]
        assert here == pytest.approx(there * level, rel=1e-9), day
    assert moved.world.institutions.responds.any()
    assert moved.world.institutions.steers.any()
    assert (moved.baseline.offer_open[-1] & ~moved.baseline.offer_open[0]).any(), "one opened since"


def test_who_sets_its_own_fee_has_no_reason_to_undo_the_trend() -> None:
    """The fee that earned most still does: with costs that move along, fees stay as near the trend as without it."""
    plain, moved = settle(), settle(f"{FEE}=-0.10")
    responds = plain.world.institutions.responds & plain.world.institutions.stands
    both = plain.baseline.offer_open[-1].any(axis=0) & moved.baseline.offer_open[-1].any(axis=0) & responds
    level = 0.9 ** (since_start(plain, plain.baseline.months() - 1) / 12)
    ratio = moved.baseline.fee[-1][:, both] / plain.baseline.fee[-1][:, both]
    assert np.median(ratio) == pytest.approx(level, abs=0.02)


def test_costs_move_by_the_yuan_by_which_listed_fees_do(moving: Town) -> None:
    trends = moving.replication.cache.trends
    month = moving.span.end
    listed = moving.world.institutions.fee
    assert trends.costs(month) == pytest.approx(trends.listed(month) - listed)
    assert (trends.costs(moving.span.counted - 60) == 0).all()


def test_who_thinks_of_opening_reckons_with_the_fee_at_which_it_would_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The listed one as the trend has moved it, where no owner moves its own."""
    looked, right = list[tuple[int, np.ndarray]](), EntryRules.plan

    def noted(rules: EntryRules, month: int, prospect: Prospect, state: Any) -> None:
        looked.append((month, prospect.earns))
        right(rules, month, prospect, state)

    monkeypatch.setattr(EntryRules, "plan", noted)
    town = settle(f"{FEE}=-0.2", "city.supply.fee_limit=0", "city.supply.fee_step=0", "city.supply.scheme_cost=1e9")
    last, fee = looked[-1]
    years = since_start(town, last - town.span.counted) / 12
    assert fee == pytest.approx(town.world.institutions.fee * 0.8**years)


# ---------------------------------------------------------------------------------------------------------
# under every policy alike


def worths(town: Town, *own: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Appeal of all institutions, and the level of the fees of those whose rule is fixed, at each month's beginning."""
    replication = town.replication
    city = replication.city(replication.checkpoint(town.span.counted), tuple(own))
    fixed = ~town.world.institutions.responds & ~town.world.institutions.steers & town.world.institutions.stands
    for month in range(town.span.counted + 1, town.span.end):
        run_to(city, month)
        listed = town.world.institutions.fee
        yield city.appeal.copy(), (city.state.offers.fee / listed)[fixed & (listed > 0).all(axis=1)]


def test_the_trend_is_the_same_under_every_policy(moving: Town) -> None:
    run = moving.scenario.run
    policy = instrument("fee_subsidy", rate=0.5).within(run.counted_from, run.until)
    for (mine, level), (theirs, level_there) in zip(worths(moving), worths(moving, policy), strict=True):
        assert (mine == theirs).all()
        assert (level == level_there).all()


@pytest.mark.parametrize("name", ["half of every fee", "vouchers by lottery", "a cap and a scheme", "new places"])
def test_an_arm_with_trends_is_the_same_with_everybody_weighed(name: str, moving: Town) -> None:
    (passing, few), (weighing, all_) = (last_state(moving, passes, *POLICIES[name](moving)) for passes in (True, False))
    assert unlike(passing, weighing) == []
    assert few < all_


@pytest.mark.parametrize("name", ["half of every fee", "cash and vouchers", "a cap and a scheme"])
def test_a_fork_with_trends_is_the_straight_run(name: str, moving: Town) -> None:
    start = moving.day(5)
    own = tuple(i.model_copy(update={"start": start}) for i in POLICIES[name](moving))
    forked, straight = moving.run(*own), moving.run(*own, straight=True)
    assert differences(straight, moving.baseline), "the policy does something"
    assert differences(forked, straight) == []


def test_expected_demand_knows_of_the_trend() -> None:
    """Institutions hear of families who value care as they do by now."""
    plain, moved = (settle(*SETTLED, *more) for more in ((), (f"{TASTE}=2",)))
    demand = []
    for town in (plain, moved):
        state = town.replication.baseline_city.state
        everybody = np.arange(len(town.world.institutions))
        demand.append(float(town.replication.cache.market.positions.outlook(state, everybody).demand.sum()))
    assert demand[1] > 1.05 * demand[0]


# ---------------------------------------------------------------------------------------------------------
# planted faults


def test_a_trend_of_nearly_nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Trends.worth
    monkeypatch.setattr(Trends, "worth", lambda trends, month: right(trends, month) + 1e-2)
    with pytest.raises(AssertionError):
        test_trends_of_nothing_are_no_trends_to_the_bit((), monkeypatch)


def test_bounds_half_as_wide_are_caught_with_trends_too(moving: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """With bounds half as wide as they should be, families whom a policy moves are passed over, trends or not."""
    policy = POLICIES["half of every fee"](moving)
    weighing, _ = last_state(moving, False, *policy)
    right = decisions.reach_of

    monkeypatch.setattr(decisions, "reach_of", lambda *args: halved(right(*args), args[0]))
    passing, _ = last_state(moving, True, *policy)
    assert unlike(passing, weighing)


def test_a_trend_that_only_the_baseline_has_is_caught(moving: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    right, policy = Trends.worth, POLICIES["half of every fee"](moving)
    straight = moving.run(*policy)
    monkeypatch.setattr(Trends, "worth", lambda trends, month: right(trends, min(month, moving.span.counted)))
    assert differences(moving.run(*policy), straight)


def test_a_fork_that_begins_its_trend_anew_is_caught(moving: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it would if a trend counted from where a run is taken up."""
    own = (instrument("fee_subsidy", rate=0.5, start=moving.day(5)),)
    right = RunningCity.write_tariff

    def anew(city: RunningCity, day: Any) -> None:
        right(city, day)
        if not city.is_baseline:
            city.appeal -= city.cache.trends.worth(city.log.kept_from)[:, None]
            city.state.offers.value[:] = city.cache.market.value(city.state, city.appeal)

    before = moving.run(*own)
    monkeypatch.setattr(RunningCity, "write_tariff", anew)
    assert differences(moving.run(*own), before)


def test_costs_that_stay_put_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Owners would take a fall of all fees for a mistake of theirs, and undo it."""
    monkeypatch.setattr(Trends, "costs", lambda trends, month: 0 * trends.listed(month))
    with pytest.raises(AssertionError):
        test_who_sets_its_own_fee_has_no_reason_to_undo_the_trend()


def test_a_taste_with_the_wrong_sign_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Trends.worth
    monkeypatch.setattr(Trends, "worth", lambda trends, month: -right(trends, month))
    with pytest.raises(AssertionError):
        test_care_that_is_worth_more_or_costs_less_never_lowers_enrolment_where_seats_are_unlimited(f"{TASTE}=1.5")
