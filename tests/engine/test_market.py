"""Institutions that close and open: who loses what, who looks again, and when nothing may happen."""

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from numpy.typing import NDArray
from town import HAMLET, NOBODY, SERVICES, SETTLED, Child, House, Town, instrument, lay_out, settle, total, within

from sim import dates
from sim.dates import YEAR
from sim.draws import Luck
from sim.engine.city import RunningCity
from sim.engine.costs import Costs
from sim.engine.entry import EntryRules
from sim.engine.market import Market
from sim.engine.phases.closure import close
from sim.engine.phases.windows import begin, open_and_close_windows
from sim.engine.recorder import CITY_TOTALS, ROW
from sim.engine.schedule import run_to
from sim.engine.state import MarketColumns, State
from sim.engine.support import Support, support
from sim.engine.treasury import FAMILIES, INSTITUTIONS, PREPAID, STAFF
from sim.engine.turnover import Turnover
from sim.scenario.schema import load
from sim.world.institutions import BANDS

CLOSURES = ("institutions_closed", "prepaid_lost_fen", "prepaid_refunded_fen", "unpaid_wages_fen")


def counted(state: State, name: str) -> NDArray[np.int64]:
    """A total of the city by month, from the run's first month on."""
    totals = state.chronicle.sums.totals
    return totals[ROW[name], :, 0] if name in ROW else state.chronicle.sums.city[CITY_TOTALS.index(name)]


def simulation(town: Town, month: int, *own: Any) -> RunningCity:
    """The town at the beginning of a counted month, under a policy from then on."""
    absolute = town.span.counted + month
    return town.replication.city(town.replication.checkpoint(absolute), within(town.scenario, own))


def run_through(town: Town, *own: Any) -> State:
    """The state in which the window ends, under a policy from its beginning."""
    living = simulation(town, 0, *own)
    run_to(living, town.span.end)
    return living.state


def eve(town: Town, month: int) -> date:
    """The day before a counted month."""
    return dates.date_in(town.span.counted + month) - timedelta(days=1)


def paid_ahead(town: Town, state: State, child: int, day: date) -> int:
    """What a child's family has paid for months after this day's, counted bill by bill, at the last one's fee [fen]."""
    at, last = int(state.children.at[child]), int(state.children.stay_last[child])
    row = dates.month_of(day) - town.span.first
    if at == NOBODY or state.children.stay_at[child] != at or last != row:
        return 0
    term, covered = int(town.world.institutions.prepaid_months[at]), 0
    for _ in range(int(state.children.stay_first[child]), row + 1):
        covered = covered - 1 if covered else term - 1
    born, decides = town.world.families.birth[child], int(np.searchsorted(town.world.families.slices, child, "right"))
    band = band_of(born, day.replace(day=decides))
    return covered * round(100 * state.chronicle.offers.fee[row, band, at])


@pytest.fixture(scope="module")
def neighbours() -> Town:
    """Two houses side by side with room for all, in one of which fees are paid three months ahead."""
    facts = load(HAMLET, SETTLED).city
    born = [date(2023, 1 + n % 12, 5) for n in range(24)]
    children = [Child(b, 1 + n % 28) for n, b in enumerate(born)]
    houses = [House(classes=(2, 3, 4, 0)), House(fee=(2100.0,) * 3, classes=(2, 3, 4, 0))]
    world, _ = lay_out(facts, children, houses)
    ahead = replace(world.institutions, prepaid_months=np.array([3, 1]))
    return settle(*SETTLED, standing=(), world=replace(world, institutions=ahead))


# ---------------------------------------------------------------------------------------------------------
# a closure


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_families_get_back_exactly_the_share_that_is_held(neighbours: Town, share: float) -> None:
    month, fell_due = 3, 0
    living = simulation(neighbours, month, instrument("prepayment_escrow", share=share))
    open_and_close_windows(living, dates.date_in(neighbours.span.counted))
    state, day, row = living.state, eve(neighbours, month), neighbours.span.counted + month - 1 - neighbours.span.first
    guests = np.flatnonzero(state.children.at == 0)
    ahead = [paid_ahead(neighbours, state, int(child), day) for child in guests]
    assert len(set(ahead)) > 2, "families stand at different months of what they paid"
    back = sum(round(fen * share) for fen in ahead)
    state.market.accounts.arrears[0] = fell_due = 12_345_678
    before = state.ledger.book[row].copy()
    close(living, np.array([0]), day)
    moved = state.ledger.book[row] - before
    assert moved[PREPAID] == -sum(ahead)
    assert moved[FAMILIES] == back
    assert moved[INSTITUTIONS] == sum(ahead) - back + fell_due
    assert moved[STAFF] == -fell_due
    assert moved.sum() == 0
    told = [int(counted(state, name)[row]) for name in CLOSURES]
    assert told == [1, sum(ahead) - back, back, fell_due]


def test_displaced_children_look_again_the_same_day(neighbours: Town) -> None:
    living = simulation(neighbours, 3)
    state = living.state
    guests = np.flatnonzero(state.children.at == 0)
    assert len(guests) > 10
    close(living, np.array([0]), eve(neighbours, 3))
    assert (state.children.at[guests] == 1).all(), "there is room next door, and all are keen"
    assert state.offers.taken[0].sum() == 0
    assert state.offers.places[0].sum() == 0
    assert not state.market.sites.runs[0]


def test_nobody_sits_or_waits_where_it_has_closed(town: Town) -> None:
    living = simulation(town, 4)
    state, day = living.state, eve(town, 4)
    lists = [np.flatnonzero(state.children.waits // BANDS == j) for j in range(len(town.world.institutions))]
    who = int(np.argmax([len(people) for people in lists]))
    sat = np.flatnonzero(state.children.at == who)
    assert len(lists[who]) > 3
    assert len(sat) > 3
    close(living, np.array([who]), day)
    for column in (state.children.waits, state.children.climbs):
        assert not (column[column != NOBODY] // BANDS == who).any()
    assert (state.offers.ends[:, who * BANDS : (who + 1) * BANDS] == NOBODY).all()
    assert (state.children.at != who).all()
    run_to(living, town.span.end)
    assert (state.children.at != who).all() or state.market.sites.runs[who], (
        "none comes, unless somebody opens there anew"
    )


def test_trust_is_shaken_nearby_and_recovers(town: Town) -> None:
    living = simulation(town, 2)
    state, facts = living.state, town.scenario.city.families
    state.market.shaken[:] = 0
    apart = np.hypot(*(town.world.institutions.position - town.world.institutions.position[1]).T)
    near = apart <= facts.trust_km
    assert near.any()
    assert not near.all()
    calm = living.cache.market.value(state, np.zeros((len(state.market.sites.runs), BANDS)), if_open=True)
    close(living, np.array([1]), eve(town, 2))
    assert (state.market.shaken == near).all()
    worth = living.cache.market.value(state, np.zeros((len(state.market.sites.runs), BANDS)), if_open=True)
    open_ = (calm > -1e6) & (worth > -1e6)
    fell = np.broadcast_to(facts.sensitivity * facts.trust_yuan * near, calm.shape)
    assert (calm - worth)[open_] == pytest.approx(fell[open_], abs=1e-5)
    for _ in range(5):
        living.cache.market.store_month_end(0, np.zeros(()), np.zeros(()), state)  # type: ignore[arg-type]
    assert state.market.shaken[near] == pytest.approx((1 - facts.trust_recovery) ** 5)


def test_what_is_held_ahead_is_on_the_books(town: Town) -> None:
    """At every month's end the account of prepaid fees is what families have paid and not used, house by house."""
    closed = 0
    for month in range(1, town.span.end - town.span.counted):
        state, day = town.replication.checkpoint(town.span.counted + month), eve(town, month)
        row = dates.month_of(day) - town.span.first
        seated = np.flatnonzero(state.children.at != NOBODY)
        ahead = sum(paid_ahead(town, state, int(child), day) for child in seated)
        assert state.ledger.book[: row + 1, PREPAID].sum() == pytest.approx(ahead, rel=1e-6)
        assert state.ledger.book[: row + 1].sum() + state.ledger.spent.sum() + state.ledger.owed.sum() == 0
        closed = int(counted(state, "prepaid_lost_fen").sum())
    assert closed > 0, "through closures too"


def test_escrow_moves_money_and_nothing_else(town: Town) -> None:
    """Under the same luck the same institutions close; what was lost comes back."""
    held, free = run_through(town, instrument("prepayment_escrow", share=1.0)), run_through(town)
    lost, closed = (counted(free, name) for name in ("prepaid_lost_fen", "institutions_closed"))
    assert closed.sum() > 2
    assert lost.sum() > 0
    assert (counted(held, "institutions_closed") == closed).all()
    assert (counted(held, "prepaid_refunded_fen") == lost).all()
    assert not counted(held, "prepaid_lost_fen").any()
    gained = held.ledger.book - free.ledger.book
    assert (gained[:, FAMILIES] == lost).all()
    assert (gained[:, INSTITUTIONS] == -lost).all()
    assert (held.children.at == free.children.at).all()


# ---------------------------------------------------------------------------------------------------------
# who gives up, and when


def test_nothing_closes_before_the_start() -> None:
    town = settle("city.supply.patience_months=1", "city.supply.patience_sd=0", "run.burn_in_months=24")
    state = run_through(town)
    start = dates.month_of(town.scenario.run.start) - town.span.first
    for name in ("institutions_closed", "institutions_opened"):
        assert not counted(state, name)[:start].any()
    assert counted(state, "institutions_closed")[start:].sum() > 2


def test_backed_institutions_never_give_up(town: Town) -> None:
    state = run_through(town)
    institutions = town.world.institutions
    assert (state.market.accounts.cash_result.sum(axis=0)[institutions.backed] < 0).any(), "some lose all the same"
    assert state.market.sites.runs[institutions.backed & institutions.stands].all()


def accounts(months: int, result: NDArray[np.int64], patience: float) -> list[int]:
    """Months that one owner has counted as losing after each month, its monthly results being given [fen]."""
    facts = load(HAMLET).city
    world, _ = lay_out(facts, [Child(date(2023, 1, 1))], [House()])
    own = replace(world.institutions, backed=np.zeros(1, bool), patience=np.array([patience]))
    rules = Turnover(replace(world, institutions=own))
    state: Any = SimpleNamespace(market=MarketColumns.of(np.ones(1, bool), np.zeros(1, bool), 1))
    none, seen = np.zeros(1, np.int64), []
    for month in range(months):
        state.market.memory.months = month
        rules.keep_accounts(month, result[month % 12, None], Costs(none, none, none, none), state)
        seen.append(int(state.market.accounts.losing[0]))
    return seen


def test_a_bad_autumn_is_no_loss() -> None:
    """The year's sum decides: losses from September to December in a year that pays count for nothing."""
    season = np.array([3, 3, 3, 3, 3, 3, 3, 3, -5, -4, -3, -2], np.int64)
    assert season.sum() > 0
    assert accounts(60, season, 3.0) == [0] * 60
    assert accounts(60, season - 1, 3.0)[-1] == 48, "and eight good months save no year that loses"


def test_september_alone_moves_no_fee() -> None:
    """Places without limit, no policy: enrolment falls by a fifth and more, and fees stay as they are."""
    town = settle(*SETTLED, "run.burn_in_months=24", unlimited=True)
    enrolled = total(town.baseline, "enrolled")
    september = dates.month_of(date(2025, 9, 1)) - town.span.counted
    assert enrolled[september] < 0.8 * enrolled[september - 1]
    responds = town.world.institutions.responds & ~town.world.institutions.inclusive & town.world.institutions.stands
    fee = town.baseline.fee[:, :, responds]
    before, after = fee[september - 3 : september].mean(), fee[september + 1 : september + 5].mean()
    assert abs(after / before - 1) < 0.005


def test_owners_found_losing_have_the_patience_left_of_a_steady_stream() -> None:
    """Of those found losing a share of h ÷ mean patience gives up within h, h small: the renewal theorem."""
    facts = load(HAMLET, ["city.supply.patience_months=60", "city.supply.patience_sd=0.7"]).city
    houses = 4000
    world, _ = lay_out(facts, [Child(date(2023, 1, 1))], [House()] * houses)
    patience = 60 * np.exp(0.7 * np.random.default_rng(5).standard_normal(houses))
    world = replace(world, luck=Luck(3, 0), institutions=replace(world.institutions, patience=patience))
    state: Any = SimpleNamespace(market=MarketColumns.of(np.ones(houses, bool), np.zeros(houses, bool), 1))
    state.market.accounts.cash_result[:] = -1
    Turnover(world).draw_losses(state)
    left = patience - state.market.accounts.losing
    within_a_year = 12 / (60 * np.exp(0.7**2 / 2))  # 15.6 %
    share = (left <= 12).mean()
    assert abs(share - within_a_year) < 4 * np.sqrt(within_a_year * (1 - within_a_year) / houses)
    assert (left >= 0).all()


def test_no_season_is_taken_for_a_trend() -> None:
    """What the city's institutions expected in the usual year is, the season taken out, the same in every month."""
    noted: list[NDArray[np.float64]] = []
    right = Market.set_baseline_norms

    def note(market: Market, *told: Any) -> None:
        right(market, *told)
        noted.append(told[-1].market.memory.fresh.sum(axis=1))

    with patch.object(Market, "set_baseline_norms", note):
        town = settle(*SETTLED, new_lists=False)
    state, everybody = town.replication.baseline_city.state, np.arange(len(town.world.institutions))
    (usual,) = noted
    season = state.market.usual.season
    assert season.max(axis=0).min() > 1.02, "there is one"
    np.testing.assert_allclose(usual / season, np.broadcast_to(usual.mean(axis=0), usual.shape))
    heard = state.market.memory.expected[:, 0].sum(axis=0).T
    for month in range(YEAR):
        state.market.memory.heard_in = month
        seen = town.replication.cache.market.positions.outlook(state, everybody)
        np.testing.assert_allclose(seen.demand * season[month], heard)


@pytest.mark.parametrize("burn_in", [12, 24])
def test_what_is_usual_is_no_policys_doing(burn_in: int) -> None:
    """Taken before the first day on which a policy may speak: the same to the bit under every one."""
    births = (f"city.births.by_year.{year}=1000" for year in (2016, 2017))
    town = settle(f"run.burn_in_months={burn_in}", "run.count_from=2025-01-01", *births, new_lists=False)
    policies = [
        instrument("operating_subsidy", yuan_per_child=500.0, months_cap=12, standing="any"),
        instrument("fee_subsidy", rate=0.5),
        instrument("place_subsidy", yuan_per_place=300.0, standing="any"),
    ]
    ends = [run_through(town, *own) for own in ((), *((tool,) for tool in policies))]
    usual = [end.market.usual for end in ends]
    assert usual[0].known
    for name in ("wedge", "tolerated", "waiting", "prospect", "odds", "standing", "season"):
        for other in usual[1:]:
            assert np.array_equal(getattr(usual[0], name), getattr(other, name)), name


# ---------------------------------------------------------------------------------------------------------
# one cost of a child


def test_profit_in_the_books_is_the_profit_that_owners_maximise() -> None:
    """Fee less cost of a child, as owners weigh it, times the children, less what no child moves: to the fen.

    Of months in which those who were billed are those who are there at the end, in the same band.
    """
    plain = ("city.trends.fee_per_year=0.05", *(f"city.supply.kind[{k}].prepaid_months=1" for k in range(3)))
    town = settle(*SETTLED, *plain, *SERVICES, standing=())
    everybody, seen = np.arange(len(town.world.institutions)), 0
    for month in range(1, 11):
        living = simulation(town, month)
        market, state, last = living.cache.market, living.state, (town.span.counted + month) % YEAR
        run_to(living, town.span.counted + month + 1)
        posted = np.rint(100 * state.chronicle.offers.fee[town.span.counted + month - town.span.first].T) / 100
        enrolled, taken = (m[last].astype(np.int64) for m in (state.market.memory.enrolled, state.market.memory.taken))
        state.month -= 1  # as it stood at the month's end
        own = market.positions.position(posted, np.zeros_like(posted), state, everybody).cost
        children = ((posted - own) * enrolled).sum(axis=1)
        profit = children - fixed_costs(town, state.offers.places, taken, enrolled)
        quiet = state.market.sites.runs & ~moved_within(town, state, month)
        np.testing.assert_allclose(profit[quiet], state.market.accounts.cash_result[last][quiet] / 100, atol=0.02)
        seen += int(quiet.sum())
        assert (own != market.costs.marginal[:, :BANDS])[town.world.institutions.responds].any()
    assert seen > 60


def fixed_costs(
    town: Town, places: NDArray[np.int32], taken: NDArray[np.int64], enrolled: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Costs of a month in cash that no further child moves, (J,) [yuan]: of places, heads, and carers who are idle.

    A class in use has whole carers; a further child needs a share of one.
    """
    costs, classes, institutions = town.world.facts.costs, town.world.facts.classes, town.world.institutions
    wage, hours = costs.carer_wage * (1 + costs.wage_charges), institutions.hours_share
    to_a_carer = np.rint(np.array(classes.per_carer) / hours[:, None])
    carers = np.maximum(np.ceil(taken / to_a_carer), np.ceil(taken / institutions.class_seats)).sum(axis=1)
    needed = (enrolled / np.array(classes.per_carer)[:BANDS]).sum(axis=1) * hours
    heads = np.where(institutions.owner_works, 0.0, institutions.heads) * costs.head_wage * (1 + costs.wage_charges)
    runs = institutions.pooled(places.sum(axis=1)) > 0
    place = (costs.utilities_per_place + costs.rent_per_place * institutions.pays_rent) * hours
    return np.asarray(wage * (carers - needed) + heads * runs + place * places.sum(axis=1))


def moved_within(town: Town, state: State, month: int) -> NDArray[np.bool_]:
    """Institutions where others were billed in a counted month than are there at its end, or in another band."""
    stays, families, end = town.baseline.stays, town.world.families, eve(town, month + 1)
    billed = (stays["first"] <= month) & (month <= stays["last"])
    then = set(zip(stays["child"][billed].tolist(), stays["at"][billed].tolist(), strict=True))
    now = {(int(i), int(state.children.at[i])) for i in np.flatnonzero(state.children.at != NOBODY)}
    moved = np.zeros(len(town.world.institutions), bool)
    moved[[j for _, j in then ^ now]] = True
    for child, j in now:
        decided = end.replace(day=int(np.searchsorted(families.slices, child, "right")))
        moved[j] |= band_of(families.birth[child], decided) != band_of(families.birth[child], end)
    return moved


def band_of(born: int, day: date) -> int:
    """The band of a child on a day."""
    return sum(bool(born <= dates.months_before(day, months)) for months in dates.BAND_FROM_MONTHS) - 1


# ---------------------------------------------------------------------------------------------------------
# what owners build


def test_a_class_is_built_for_the_fee_that_may_be_asked(neighbours: Town) -> None:
    """A longer list is no reason where a limit leaves nothing; what the treasury pays per child is one."""
    rules, nothing = Market(neighbours.world), np.zeros((len(neighbours.world.institutions), BANDS))
    for limit, income, builds in ((9999.0, 0.0, True), (500.0, 0.0, False), (500.0, 9000.0, True)):
        state = neighbours.replication.checkpoint(neighbours.span.counted).copy()
        state.market.memory.waiting[:], state.market.sites.opens_in[:], state.market.memory.months = 50, 0, YEAR
        alone = Support.none(len(nothing))
        for month in range(12):
            rules.review(month, lambda fee, most=limit: np.minimum(fee, most), nothing + income, alone, state)
        assert (state.market.sites.opens_in > 0).any() == builds, (limit, income)


def test_who_opens_asks_as_much_more_than_listed_as_its_kind_does(neighbours: Town) -> None:
    """Of those outside the scheme; who has joined it counts as if it had not, and the guided ask what is listed."""
    state = neighbours.replication.checkpoint(neighbours.span.counted).copy()
    institutions = replace(neighbours.world.institutions, inclusive=np.arange(2) == 0)
    positions = Market(replace(neighbours.world, institutions=institutions)).positions
    left = 1 - neighbours.world.facts.supply.inclusive_discount
    state.offers.fee[:] = 1.25 * institutions.fee
    for joined in (False, True):
        state.market.sites.inclusive[:] = joined
        state.offers.fee[:] = 1.25 * institutions.fee * (left if joined else 1.0)
        state.market.sites.runs[:] = True
        expected = institutions.fee * np.where(institutions.inclusive, 1.0, 1.25)[:, None]
        np.testing.assert_allclose(positions.entry_fee(state.month, state), expected)
    state.market.sites.runs[:] = False
    np.testing.assert_allclose(positions.entry_fee(state.month, state), institutions.fee)


def test_who_opens_counts_on_what_is_paid_for_children(neighbours: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[NDArray[np.float64]] = []
    monkeypatch.setattr(EntryRules, "plan", lambda *told: seen.append(told[2].earns))
    rules, size = Market(neighbours.world), len(neighbours.world.institutions)
    state = neighbours.replication.checkpoint(neighbours.span.counted).copy()
    for paid in (0.0, 240.0):
        income = np.full((size, BANDS), paid)
        rules.plan_entry(state.month, lambda fee: fee, income, Support.none(size), state)
    np.testing.assert_allclose(seen[1] - seen[0], 240.0)


def test_a_list_of_usual_length_builds_nothing(neighbours: Town) -> None:
    """However long it is, and whatever a child brings: its owner has its reasons. One longer by two roots does."""
    rules, nothing = Market(neighbours.world), np.zeros((len(neighbours.world.institutions), BANDS))
    for usual, builds in ((50.0, False), (0.0, True), (39.0, False), (35.0, True)):
        state = neighbours.replication.checkpoint(neighbours.span.counted).copy()
        state.market.memory.waiting[:], state.market.sites.opens_in[:] = 50, 0
        state.market.usual.waiting[:] = usual
        for month in range(12):
            rules.review(month, lambda fee: fee, nothing + 9000.0, Support.none(len(nothing)), state)
        assert (state.market.sites.opens_in > 0).any() == builds


def test_a_grant_builds_the_class_that_a_list_alone_would_not(neighbours: Town) -> None:
    """A fit-out that a margin does not earn back is ordered once the treasury pays for it; a loss never is."""
    rules, size = Market(neighbours.world), len(neighbours.world.institutions)
    nothing, alone = np.zeros((size, BANDS)), Support.none(size)
    paid = Support(alone.place, np.full((size, 4), neighbours.world.facts.classes.fit_out_yuan))
    for given, income, builds in ((alone, -1.0, False), (paid, -1.0, False), (alone, 9.0, False), (paid, 9.0, True)):
        state = neighbours.replication.checkpoint(neighbours.span.counted).copy()
        state.market.memory.waiting[:], state.market.sites.opens_in[:], state.market.memory.months = 50, 0, YEAR
        unlisted = rules.positions.unlisted(state.month, state)
        cost = rules.costs.marginal[:, :BANDS] + unlisted + rules.costs.place[:, None]
        for month in range(12):
            rules.review(month, lambda fee, all_of_it=cost: 0 * fee + all_of_it, nothing + income, given, state)
        assert (state.market.sites.opens_in > 0).any() == builds


def test_nobody_counts_on_a_grant_that_is_spoken_for(town: Town) -> None:
    tool, simulation = instrument("capacity_grant", yuan_per_place=1000.0), town.replication.baseline_city
    offered, size = simulation.active.offered(town.day(0)), len(town.world.institutions)
    begun, nothing = np.zeros((size, 4)), np.zeros(size)
    begun[0, 0] = 5.0  # places, for which 5,000 yuan are owed when they open
    for budget, counts in ((500_001, True), (500_000, False)):
        found = support([tool], [{}], [True], offered, np.array([budget]), [YEAR], lambda: nothing, lambda: begun)
        assert (found.grant.sum() > 0) == counts


@pytest.mark.parametrize(
    ("kind", "pays"),
    [
        ("place_subsidy", {"yuan_per_place": 100.0, "standing": "any"}),
        ("cost_relief", {"utilities": 0.5, "rent": 0.5}),
        ("operating_subsidy", {"yuan_per_child": 100.0, "months_cap": 12, "standing": "any"}),
    ],
)
def test_owners_count_on_money_to_come_only_as_far_as_its_budget_bears_it(town: Town, kind: str, pays: Any) -> None:
    def counts_on(budget: float | None) -> list[NDArray[np.float64]]:
        """Per place, per child, and what recognition would bring, of a subsidy that has just begun."""
        living = simulation(town, 3, instrument(kind, **pays, budget=budget, start=town.day(3)))
        begin(living, len(living.state.instruments.left) - 1, town.day(3))
        programme, day = living.active, town.day(3)
        guided = programme.asked(day)(living.state.offers.fee)
        inside = living.expects.recognition(day, True, guided)
        return [living.expects.support(day).place, living.expects.income_per_child(day), inside.pay, inside.place]

    free = counts_on(None)
    assert any(part.any() for part in free[:2])
    living = simulation(town, 3)
    run_to(living, town.span.counted + 3)
    places = living.state.offers.places.sum(axis=1) * town.world.institutions.hours_share
    children = living.state.market.memory.enrolled[(living.state.month - 1) % YEAR]
    year = YEAR * float((free[0] * places).sum() + (free[1] * children).sum())
    for share in (1e-9, 0.25, 1.0, 2.0):
        for unlimited, limited in zip(free[:2], counts_on(year * share)[:2], strict=True):
            assert limited == pytest.approx(unlimited * min(share, 1.0), rel=1e-3, abs=1e-2)
    for unlimited, limited in zip(free[2:], counts_on(0.01)[2:], strict=True):
        assert np.abs(limited).max() <= 1e-3 * max(np.abs(unlimited).max(), 1.0)


def test_what_a_public_institution_adds_later_is_not_built_for_the_treasury(town: Town) -> None:
    tool = instrument("public_provision", sites=1, yuan_per_place=1000.0, covers_deficits=False, start=town.day(1))
    living = town.replication.city(town.replication.checkpoint(town.span.counted), within(town.scenario, [tool]))
    run_to(living, town.span.counted + 4)
    site = np.flatnonzero(living.state.instruments.columns[-1]["provided"])
    paid = living.state.chronicle.sums.claims[:, -1].sum()
    assert paid == 100_000 * (town.world.institutions.seats[site]).sum()
    living.state.market.sites.opens_in[site, 1] = living.state.month + 1
    run_to(living, town.span.counted + 7)
    assert living.state.chronicle.sums.claims[:, -1].sum() == paid


def test_guided_fees_follow_no_occupancy(town: Town) -> None:
    rules, state = Market(town.world), town.replication.checkpoint(town.span.counted).copy()
    steers, guided, before = town.world.institutions.steers, state.market.sites.inclusive, state.offers.fee.copy()
    state.market.usual.norm[:], state.market.memory.taken[:], state.market.memory.months = 1e-6, 1, YEAR
    for month in range(12):
        rules.review(month, np.asarray, np.zeros_like(before), Support.none(len(before)), state)
    moved = (state.offers.fee != before).any(axis=1)
    assert moved[steers & ~guided].any()
    assert (steers & guided & state.market.sites.runs).any()
    assert not moved[steers & guided].any()


def test_an_entrant_is_not_judged_by_months_in_which_it_did_not_run() -> None:
    """Its first twelve months count for nobody's patience; from the thirteenth they do."""
    town = settle("city.supply.later_sites=6", "city.supply.planned_per_year=12", standing=())
    late = ~town.world.institutions.stands
    seen = 0
    for day, state in town.states():
        month, market = dates.month_of(day), state.market
        young = market.sites.runs & late & (month - market.sites.opened_in.min(axis=1) <= 12)
        assert not market.accounts.losing[young].any()
        seen += int((young & (market.accounts.cash_result.sum(axis=0) < 0)).sum())
    assert seen > 0, "some lose while they fill up"
