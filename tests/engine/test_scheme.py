"""The inclusive scheme: who joins, who leaves, and what it takes."""

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit
from town import HAMLET, Town, instrument, settle, within

from sim.engine.fees import Outlook, Position, best_fee
from sim.engine.schedule import run_to
from sim.engine.scheme import Side, Terms, choose, draw_standing, gain_inside, gains, mean_reason, terms, weigh
from sim.policy.instrument import Recognition
from sim.scenario.schema import load

ASKED = np.ones(1, bool)


def stands(
    inclusive: bool,
    pay: float = 0.0,
    cut: float = 0.0,
    seats: float = 100.0,
    fee: float = 1800.0,
    out: float = 0.0,
    keeps: float | None = None,
    limit: float = np.inf,
    place: float = 0.0,
    places: float = 40.0,
) -> bool:
    """Whether one institution is in the scheme afterwards; outside it, its fee of 1,800 is the best there is."""
    facts = load(HAMLET).city.supply.model_copy(update={"inclusive_discount": 0.2, "scheme_cost": 1000.0})
    at = position(fee, seats)
    guided = np.full((1, 3), fee if inclusive else max(0.8 * fee - cut, 0.0))
    free = np.minimum(best_fee(at, AROUND, np.zeros((1, 3)), out), limit)
    inside, outside = side(guided, fee, pay, place), side(free, fee, out)
    kept = np.full((1, 3), fee if keeps is None else keeps)
    member, found = (
        np.array([inclusive]),
        Terms(at, AROUND, np.zeros((1, 3)), guided, free, inside.brings, outside.brings),
    )
    gain = gain_inside(member, found, inside, outside, kept, np.full(1, places))
    return bool(choose(facts, ASKED, member, gain)[0])


AROUND = Outlook(np.array([[20.0, 0.0, 0.0]]), np.array([[0.025, 0.0, 0.0]]), np.zeros((1, 3, 0)))


def position(fee: float, seats: float) -> Position:
    """An institution that costs 1,000 yuan a child, with as many children as it heard of."""
    return Position(np.full((1, 3), fee), np.full((1, 3), 1000.0), np.ones((1, 3)), np.full((1, 3), seats))


def side(fee: NDArray[np.float64], today: float, pay: float, place: float = 0.0) -> Side:
    """A year at a fee, at which as many come as an exponential through today's 20 says."""
    heard = AROUND.demand * np.exp(-0.00125 * (fee - today))
    return Side(fee, Recognition(np.full((1, 3), pay), np.zeros((1, 3)), np.full(1, place)), heard, fee)


def test_without_money_nobody_moves() -> None:
    assert not stands(False)
    assert stands(True), "what it asks is the best fee already"


def test_it_takes_more_than_what_the_guided_fee_gives_up() -> None:
    """At 1,440 come 20·e^0.45 = 31.4 children at 440 yuan, 13,800; at 1,800 come 20 at 800, 16,000: 71 yuan a child."""
    assert not stands(False, pay=70.0)
    assert stands(False, pay=75.0)
    assert not stands(False, pay=75.0, cut=100.0), "a further cut has to be paid for"


def test_a_full_house_wants_more() -> None:
    """With 20 seats the guided fee brings nobody: 360 yuan a child are given up."""
    assert not stands(False, pay=360.0, seats=20.0)
    assert stands(False, pay=366.0, seats=20.0)


def test_a_full_house_outside_asks_what_fills_it() -> None:
    """Paid 900 wherever it stands, its 28 seats fill at 1,531: 1,431 yuan a child; guided it gets 1,340."""
    assert not stands(False, pay=900.0, seats=28.0, out=900.0)
    assert stands(False, pay=1000.0, seats=28.0, out=900.0)


def test_who_asks_too_little_leaves() -> None:
    assert not stands(True, fee=1300.0)
    assert stands(True, fee=1300.0, pay=600.0)


def test_a_limit_on_all_fees_makes_joining_cheap() -> None:
    """Held to 1,500 outside, an institution takes in 14,600 there, and 13,800 at the guided 1,440: it gives up less."""
    assert not stands(False, pay=30.0, keeps=1500.0)
    assert stands(False, pay=30.0, keeps=1500.0, limit=1500.0)


def test_who_is_held_to_next_to_nothing_inside_leaves_for_its_own_fee() -> None:
    assert stands(True, pay=600.0, fee=1300.0, keeps=1300.0)
    assert not stands(True, pay=600.0, fee=1.0, keeps=1440.0)


@given(st.floats(0.0, 1200.0), st.floats(0.0, 1200.0), st.floats(10.0, 60.0), st.floats(0.0, 1.0))
def test_more_money_draws_an_owner_of_several_in_no_less(one: float, other: float, seats: float, goes: float) -> None:
    """Two of one owner, one in the scheme: of children who move between them the money moves along, and no other.

    goes : share of the children whom one loses that the other gains
    """
    at, members = position(1800.0, seats), np.array([False, True])
    at = Position(*(np.tile(x, (2, 1)) for x in (at.posted, at.cost, at.scale, at.room)))
    outlook = Outlook(*(np.tile(x, (2, 1)) for x in (AROUND.demand, AROUND.slope)), np.zeros((2, 3, 0)))
    gained = []
    for yuan in sorted((one, other)):
        sibling = np.array([[0.0], [800.0 + yuan]])[::-1] * goes * outlook.slope
        brings = [Recognition(np.full((2, 3), pay), np.zeros((2, 3)), np.zeros(2)) for pay in (yuan, 0.0)]
        found = Terms(at, outlook, sibling, np.full((2, 3), 1440.0), np.full((2, 3), 1800.0), *brings)
        inside, outside = (
            Side(
                fee, Recognition(np.full((2, 3), pay), np.zeros((2, 3)), np.zeros(2)), side(fee, 1800.0, 0.0).heard, fee
            )
            for fee, pay in ((found.inside, yuan), (found.outside, 0.0))
        )
        gained.append(gain_inside(members, found, inside, outside, found.outside, np.full(2, 40.0))[0])
    assert gained[0] <= gained[1] + 1e-6


def test_only_those_asked_move() -> None:
    facts, fee = load(HAMLET).city.supply, np.full((2, 3), 1300.0)
    at = Position(*(np.full((2, 3), x) for x in (1300.0, 1000.0, 1.0, 99.0)))
    outlook = Outlook(np.full((2, 3), 20.0), np.full((2, 3), 0.025), np.zeros((2, 3, 0)))
    free = best_fee(at, outlook, np.zeros((2, 3)))
    none = Recognition(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros(2))
    inside, outside = (Side(x, none, 20.0 * np.exp(-0.00125 * (x - 1300.0)), x) for x in (fee, free))
    asked, members, seats = np.array([True, False]), np.ones(2, bool), np.full(2, 40.0)
    gain = gain_inside(
        members, Terms(at, outlook, np.zeros((2, 3)), fee, free, none, none), inside, outside, fee, seats
    )
    left = choose(facts, asked, members, gain)
    assert left.tolist() == [False, True]


def test_whoever_stands_somewhere_has_its_reasons(owners: Town) -> None:
    """What standing is worth beyond what is seen is drawn so that, when it is drawn, nobody would move."""
    simulation = owners.replication.city(owners.replication.checkpoint(owners.span.counted), ())
    market, state = simulation.cache.market, simulation.state
    day = owners.day(0)
    posted, recognise = simulation.inputs.tariff.posted.T, partial(simulation.expects.recognition, day)
    state.market.usual.standing[:] = 0.0
    draw_standing(market, posted, recognise, 0.0, state)
    gain, standing = gains(market, posted, recognise, 0.0, state), state.market.usual.standing
    inside, free = state.market.sites.inclusive, market.world.institutions.responds
    assert (gain + standing)[free & inside].min() >= 0 >= (gain + standing)[free & ~inside].max()
    assert (standing[free] != 0).all()
    assert not standing[~free].any()


@given(st.lists(st.tuples(st.floats(-50, 50), st.integers(1, 200), st.booleans()), min_size=1, max_size=30))
def test_as_many_places_are_expected_in_the_scheme_as_are_in_it(owners: list[tuple[float, int, bool]]) -> None:
    """But for half an institution on either side, without which none could be expected where none is."""
    gain, places, inside = (np.array(column) for column in zip(*owners, strict=True))
    expected = places @ expit(gain + mean_reason(gain, places, inside))
    half = places.mean() / 2
    assert expected == pytest.approx(places.sum() * (places @ inside + half) / (places.sum() + 2 * half), rel=1e-6)


def test_whoever_is_in_the_scheme_would_ask_the_fee_without_its_discount_outside() -> None:
    """That is what the costs are taken to be that its fee tells of: so whoever leaves can come back.

    Of an owner of several, what they gain by it is reckoned at the fees that they ask.
    """
    half = settle(
        "city.supply.places=2400", "city.supply.inclusive_share=0.7", "run.count_from=2025-01-01", standing=()
    )
    simulation = half.replication.city(half.replication.checkpoint(half.span.counted), ())
    market, state, day = simulation.cache.market, simulation.state, half.day(0)
    posted = simulation.inputs.tariff.posted.T
    found = terms(market, posted, partial(simulation.expects.recognition, day), state)
    free, sites = market.world.institutions.responds & state.market.sites.runs, state.market.sites
    heard = (found.outlook.demand > 0) & (found.outlook.slope > 0) & (found.spill == 0)
    for inclusive, times in ((True, 1 / 0.8), (False, 1.0)):
        here = (free & (sites.inclusive == inclusive))[:, None] & heard
        assert here.any()
        assert found.outside[here] == pytest.approx(times * posted[here], rel=1e-9)


@pytest.mark.parametrize("worth", [1e9, -1e9])
def test_owners_reasons_count_beside_what_the_scheme_brings(owners: Town, worth: float) -> None:
    """Whoever sees the world in it joins, and whoever wants none of it leaves, each in its month of the year."""
    simulation = owners.replication.city(owners.replication.checkpoint(owners.span.counted), ())
    market, state, recognise = simulation.cache.market, simulation.state, simulation.expects.recognition
    free = (
        market.world.institutions.responds & state.market.sites.runs & (state.market.sites.opened_in == 0).all(axis=1)
    )
    state.market.usual.standing[:] = worth
    for month in range(state.month, state.month + 12):
        weigh(market, month, simulation.inputs.tariff.posted.T, partial(recognise, owners.day(0)), 0.0, state)
    assert (state.market.sites.inclusive[free] == (worth > 0)).all()
    assert free.sum() > 3


def inclusive(town: Town, *own: Any) -> NDArray[np.bool_]:
    """Who is in the scheme at the end of a run."""
    simulation = town.replication.city(town.replication.checkpoint(town.span.counted), own)
    run_to(simulation, town.span.end)
    return simulation.state.market.sites.inclusive


@pytest.fixture(scope="module")
def owners() -> Town:
    """A town whose owners set their fees freely and stay."""
    return settle("city.supply.patience_months=1000000", "city.supply.patience_sd=0", standing=())


@pytest.fixture(scope="module")
def slack() -> Town:
    """The same with twice the places that are used: who is found by more families can seat them."""
    return settle(
        "city.supply.patience_months=1000000", "city.supply.patience_sd=0", "city.supply.places=2400", standing=()
    )


def test_a_subsidy_for_the_inclusive_draws_owners_in(owners: Town) -> None:
    start, until = owners.day(0), owners.day(11, 28)
    before = owners.replication.checkpoint(owners.span.counted).market.sites.inclusive
    paid = instrument("operating_subsidy", yuan_per_child=900.0, months_cap=12, start=start, until=until)
    for_all = replace_standing(paid)
    drawn = inclusive(owners, paid)
    free = owners.world.institutions.responds
    assert (drawn & ~before & free).sum() >= 3
    assert not (drawn != before)[~free].any(), "guided kinds stand where they stood"
    assert (inclusive(owners, for_all) == before).all(), "what is paid to all draws nobody in"


def replace_standing(tool: Any) -> Any:
    """The same money for whoever is there."""
    return tool.model_copy(update={"standing": "any"})


def test_those_who_join_ask_less_and_are_paid(owners: Town) -> None:
    paid = instrument("operating_subsidy", yuan_per_child=900.0, months_cap=12, start=owners.day(0))
    record, baseline = owners.run(paid), owners.baseline
    simulation_end = inclusive(owners, *(t.within(owners.day(0), owners.day(11, 28)) for t in (paid,)))
    joined = simulation_end & ~owners.replication.checkpoint(owners.span.counted).market.sites.inclusive
    open_then = record.offer_open[-1][:, joined]
    ratio = (record.fee[-1] / baseline.fee[-1])[:, joined][open_then]
    assert len(ratio) >= 3
    assert np.median(ratio) < 0.85
    assert (ratio < 1).all()


def test_a_subsidy_that_ends_soon_draws_fewer_in(owners: Town) -> None:
    """What is paid for two months more does not pay for a year's guided fee."""
    lasting = instrument("operating_subsidy", yuan_per_child=900.0, months_cap=12, start=owners.day(0))
    short = lasting.model_copy(update={"until": owners.day(1, 30)})
    before = owners.replication.checkpoint(owners.span.counted).market.sites.inclusive
    joined = [int((inclusive(owners, *within(owners.scenario, (tool,))) & ~before).sum()) for tool in (lasting, short)]
    assert joined[1] < joined[0]
    assert joined[1] == 0


def test_a_subsidy_whose_places_are_taken_draws_nobody_in(owners: Town) -> None:
    start, before = owners.day(0), owners.replication.checkpoint(owners.span.counted).market.sites.inclusive
    few = instrument("operating_subsidy", yuan_per_child=900.0, months_cap=12, places=1, start=start)
    assert (inclusive(owners, *within(owners.scenario, (few,))) == before).all()


def joiners(town: Town, *tools: Any) -> list[int]:
    """Institutions that are in the scheme at the end and were not before."""
    before = town.replication.checkpoint(town.span.counted).market.sites.inclusive
    return np.flatnonzero(inclusive(town, *within(town.scenario, tools)) & ~before).tolist()


def for_the_recognised(town: Town, kind: str, yuan: float, **more: Any) -> Any:
    """An instrument that pays the recognised some yuan for a child-month or a place, however it says so."""
    amount = {
        "operating_subsidy": {"yuan_per_child": yuan, "months_cap": 12},
        "place_subsidy": {"yuan_per_place": yuan},
        "cost_relief": {
            "rent": yuan / town.world.facts.costs.rent_per_place,
            "utilities": 0.0,
        },
    }[kind]
    return instrument(kind, standing="inclusive", start=town.day(0), **amount, **more)


PAYERS = ("operating_subsidy", "place_subsidy", "cost_relief")


@pytest.mark.parametrize("kind", PAYERS)
def test_more_money_for_the_recognised_never_lets_fewer_join(owners: Town, kind: str) -> None:
    came = [set(joiners(owners, for_the_recognised(owners, kind, yuan))) for yuan in (50.0, 300.0, 600.0, 900.0)]
    assert all(fewer <= more for fewer, more in pairwise(came))
    assert len(came[0]) < len(came[-1])


@pytest.mark.parametrize("kind", PAYERS)
def test_a_cap_that_costs_more_than_is_paid_lets_nobody_join(owners: Town, kind: str) -> None:
    """Whoever was in it leaves too, if it may."""
    paid = for_the_recognised(owners, kind, 900.0)
    cap = instrument("fee_cap", infant=1.0, toddler=1.0, older_toddler=1.0, standing="inclusive", start=owners.day(0))
    assert joiners(owners, paid)
    assert not joiners(owners, paid, cap)
    free = owners.world.institutions.responds & owners.world.institutions.stands
    assert inclusive(owners, *within(owners.scenario, (paid,)))[free].any()
    assert not inclusive(owners, *within(owners.scenario, (paid, cap)))[free].any()


def test_a_cap_on_all_fees_costs_nobody_more_inside_than_outside(owners: Town) -> None:
    """The lower all fees are held, the less the guided fee gives up: no fewer join for the same money."""
    paid = for_the_recognised(owners, "place_subsidy", 500.0)
    caps = [
        instrument("fee_cap", infant=fee, toddler=fee, older_toddler=fee, start=owners.day(0))
        for fee in (10_000.0, 1500.0)
    ]
    came = [joiners(owners, paid, cap) for cap in caps]
    assert came[0] == joiners(owners, paid)
    assert len(came[0]) <= len(came[1])


def test_the_same_money_moves_the_same_owners_however_it_is_paid(owners: Town) -> None:
    """Per place, as utilities, and as rent where rent is due; another test does so per child at full rooms."""
    costs, world = owners.world.facts.costs, owners.world.institutions
    dues = tuple(np.array(world.kind_names)[np.unique(world.kind[world.pays_rent])].tolist())
    for yuan in (600.0, 800.0):
        ways = [joiners(owners, for_the_recognised(owners, kind, yuan, kinds=dues)) for kind in PAYERS[1:]]
        assert ways[0] == ways[1] != []
    small = joiners(owners, for_the_recognised(owners, "place_subsidy", costs.utilities_per_place))
    relief = instrument("cost_relief", utilities=1.0, standing="inclusive", start=owners.day(0))
    assert joiners(owners, relief) == small


def for_parents(town: Town, yuan: float, **more: Any) -> Any:
    """Money off the fee."""
    return instrument("fee_subsidy", amount=yuan, start=town.day(0), **more)


def test_money_for_parents_at_the_recognised_draws_owners_in(slack: Town) -> None:
    """Owners see who would come if their own parents had it; the more it is, the more join; had by all, nobody does."""
    came = [set(joiners(slack, for_parents(slack, yuan, standing="inclusive"))) for yuan in (100.0, 700.0, 1500.0)]
    assert came[0] < came[1] <= came[2]
    assert not joiners(slack, for_parents(slack, 1500.0))


def test_money_for_parents_that_ends_soon_draws_fewer_in(slack: Town) -> None:
    lasting, brief = (
        for_parents(slack, 1500.0, standing="inclusive", until=until) for until in (None, slack.day(1, 28))
    )
    assert len(joiners(slack, brief)) < len(joiners(slack, lasting)) // 2


def test_whoever_is_full_gains_nothing_by_money_for_its_parents(owners: Town) -> None:
    """At the guided fee it can seat no more, and ask no more."""
    state = owners.replication.baseline_city.state
    full = (state.market.memory.taken.min(axis=0) == state.offers.places).all(axis=1) & state.market.sites.runs
    assert (full & owners.world.institutions.responds & ~state.market.sites.inclusive).any()
    assert not full[joiners(owners, for_parents(owners, 1500.0, standing="inclusive"))].any()


@given(st.floats(0.0, 1500.0), st.floats(10.0, 30.0))
def test_at_full_rooms_a_yuan_for_a_child_is_a_yuan_for_its_place(yuan: float, seats: float) -> None:
    """20 would come at today's fee and more at the guided one: rooms of fewer than 20 are full at both."""
    by_child = stands(False, pay=yuan, seats=seats)
    by_place = stands(False, place=yuan, seats=seats, places=seats)
    if seats <= 20.0:
        assert by_child == by_place
    else:
        assert by_place >= by_child, "a place is paid for, filled or not"
