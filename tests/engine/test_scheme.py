"""The inclusive scheme: who joins, who leaves, and what it takes."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from town import HAMLET, Town, instrument, settle, within

from sim.engine.fees import Outlook, Position
from sim.engine.schedule import run_to
from sim.engine.scheme import choose
from sim.policy.instrument import Recognition
from sim.scenario.schema import load

ASKED = np.ones(1, bool)


def stands(
    inclusive: bool, pay: float = 0.0, cut: float = 0.0, seats: float = 100.0, fee: float = 1800.0, out: float = 0.0
) -> bool:
    """Whether one institution is in the scheme afterwards; outside it, its fee of 1,800 is the best there is."""
    facts = load(HAMLET).city.supply.model_copy(update={"inclusive_discount": 0.2, "scheme_cost": 1000.0})
    one = np.array([[1.0, 0.0, 0.0]])
    at = Position(np.full((1, 3), fee), np.full((1, 3), 1000.0), np.ones((1, 3)), np.full((1, 3), seats))
    outlook = Outlook(20.0 * one, 0.025 * one, np.zeros((1, 3, 0)))
    outside = Recognition(np.full((1, 3), out), np.zeros((1, 3)), np.zeros(1))
    inside = Recognition(np.full((1, 3), pay), np.full((1, 3), cut), np.zeros(1))
    return bool(
        choose(
            facts,
            ASKED,
            np.array([inclusive]),
            at,
            outlook,
            np.zeros((1, 3)),
            inside,
            outside,
            np.asarray,
            np.full(1, 40.0),
        )[0]
    )


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


def test_only_those_asked_move() -> None:
    facts = load(HAMLET).city.supply
    at = Position(*(np.full((2, 3), x) for x in (1300.0, 1000.0, 1.0, 99.0)))
    outlook = Outlook(np.full((2, 3), 20.0), np.full((2, 3), 0.025), np.zeros((2, 3, 0)))
    none = Recognition(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros(2))
    left = choose(
        facts,
        np.array([True, False]),
        np.ones(2, bool),
        at,
        outlook,
        np.zeros((2, 3)),
        none,
        none,
        np.asarray,
        np.full(2, 40.0),
    )
    assert left.tolist() == [False, True]


def inclusive(town: Town, *own: Any) -> NDArray[np.bool_]:
    """Who is in the scheme at the end of a run."""
    simulation = town.replication.city(town.replication.checkpoint(town.span.counted), own)
    run_to(simulation, town.span.end)
    return simulation.state.market.sites.inclusive


@pytest.fixture(scope="module")
def owners() -> Town:
    """A town whose owners set their fees freely and stay."""
    return settle("city.supply.patience_months=1000000", "city.supply.patience_sd=0", standing=())


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
