"""Fees as best responses, against an outside judge: PyBLP's equilibrium prices (Conlon and Gortmaker, RAND 2020)."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from numpy.typing import NDArray
from town import HAMLET, PLAIN_LOGIT, SETTLED, Child, House, Town, instrument, lay_out, settle

from sim.engine.costs import CostRules, room
from sim.engine.fees import FeeError, Outlook, Owners, Position, best_response
from sim.policy.instrument import Instrument
from sim.scenario.schema import load
from sim.world.supply import SupplyFacts

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pyblp

pyblp.options.verbose = False

ALPHA = 0.001
# adjustment is full, nothing holds a fee back, and costs are those listed
FREE = (
    *PLAIN_LOGIT,
    *SETTLED,
    "city.families.band_taste=[-1.5, 0.0, 0.5]",
    f"city.families.sensitivity={ALPHA}",
    "city.supply.fee_adjustment=1.0",
    "city.supply.fee_limit=1.0",
    "city.supply.menu_cost=0",
    "city.supply.infer_costs=false",
    "city.supply.review_months=1",
    "city.supply.closing_share=0",
    "run.count_from=2025-01-01",
    "run.until=2028-12-31",
    "city.births.by_year.2028=1000",
)
QUALITY = (0.4, 1.5, -0.8, 0.0, 2.2, -1.1)


def settled(owner: Sequence[int], *own: Instrument, slack: bool = True) -> tuple[Town, NDArray[np.float64]]:
    """A town of six institutions that respond to each other, and its fees after four years, (J, 3)."""
    facts = load(HAMLET, FREE).city
    born = [date(year, month, 3) for year in range(2022, 2029) for month in range(1, 13) for _ in range(4)]
    children = [Child(b, 1 + n % 28, keen=2.0) for n, b in enumerate(born)]
    houses = [House(fee=(3500.0, 3300.0, 3100.0), inclusive=False)] * len(QUALITY)
    world, _ = lay_out(facts, children, houses)
    institutions = replace(
        world.institutions,
        quality=np.array(QUALITY),
        responds=np.ones(len(QUALITY), bool),
        owner=np.array(owner, np.int32),
    )
    town = settle(*FREE, standing=own, unlimited=slack, world=replace(world, institutions=institutions))
    return town, town.baseline.fee[-1].T


def equilibrium(town: Town, owner: Sequence[int], less: float = 0.0, times: float = 1.0) -> NDArray[np.float64]:
    """PyBLP's prices for the same town, (J, 3), where every child costs so many times as much, less `less`."""
    facts, institutions = town.scenario.city.families, town.world.institutions
    worth = 2.0 + np.array(facts.band_taste) + facts.quality_yuan * ALPHA * institutions.quality[:, None]
    j, bands = worth.shape
    cost = CostRules(town.world).marginal[0, :bands] * times - less
    simulation = pyblp.Simulation(
        (pyblp.Formulation("0 + prices + worth"), None, pyblp.Formulation("0 + cost")),
        {
            "market_ids": np.tile(np.arange(bands), j),
            "firm_ids": np.repeat(owner, bands),
            "worth": worth.ravel(),
            "cost": np.tile(cost, j),
        },
        beta=[-ALPHA, 1.0],
        gamma=[1.0],
        xi=np.zeros(j * bands),
        omega=np.zeros(j * bands),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solved = simulation.replace_endogenous(iteration=pyblp.Iteration("simple", {"atol": 1e-12}))
    return np.asarray(solved.product_data.prices.reshape(j, bands))


ALONE, CHAINS = (0, 1, 2, 3, 4, 5), (0, 0, 1, 1, 1, 2)


@pytest.mark.parametrize("owner", [ALONE, CHAINS], ids=["one each", "chains"])
def test_fees_converge_to_the_equilibrium(owner: Sequence[int]) -> None:
    town, fee = settled(owner)
    expected = equilibrium(town, owner)
    assert expected.max() < 3050, "none was there to begin with"
    assert np.abs(fee / expected - 1).max() < 1e-6


@pytest.mark.parametrize("owner", [ALONE, CHAINS], ids=["one each", "chains"])
def test_a_subsidy_per_child_passes_through_as_it_should(owner: Sequence[int]) -> None:
    subsidy = instrument("operating_subsidy", yuan_by_kind={"private": 240.0}, standing="any", months_cap=12)
    town, fee = settled(owner, subsidy)
    before, after = equilibrium(town, owner), equilibrium(town, owner, less=240.0)
    assert np.abs(fee / after - 1).max() < 1e-6
    passed = (before - after) / 240
    assert ((passed > 0.7) & (passed < 1.1)).all(), "families get most of it where nothing is full"


@pytest.mark.parametrize("owner", [ALONE, CHAINS], ids=["one each", "chains"])
def test_money_off_bills_leads_to_the_equilibrium_of_net_fees(owner: Sequence[int]) -> None:
    """A yuan off each bill is a yuan off the cost of what families pay; a share off it is that share off the cost.

    With n = (1 − r) p, (p − c) D(n) = (n − (1 − r) c) D(n) ÷ (1 − r): who sets p sets n as if a child cost (1 − r) c.
    """
    town, flat = settled(owner, instrument("fee_subsidy", amount=300.0))
    assert np.abs(flat / (equilibrium(town, owner, less=300.0) + 300.0) - 1).max() < 1e-6
    _, share = settled(owner, instrument("fee_subsidy", rate=0.2))
    assert np.abs(share / (equilibrium(town, owner, times=0.8) / 0.8) - 1).max() < 1e-6
    rise = {"flat": flat - equilibrium(town, owner), "share": share - equilibrium(town, owner)}
    assert ((rise["flat"] / 300.0 > 0) & (rise["flat"] / 300.0 < 0.3)).all(), "next to nothing where nothing is full"
    assert (rise["share"] / (0.2 * share) > 2 * rise["flat"] / 300.0).all(), "families mind a part of each yuan only"


# ---------------------------------------------------------------------------------------------------------
# one review


def supply(**changed: float) -> SupplyFacts:
    """The hamlet's rules, some of them changed."""
    return load(HAMLET).city.supply.model_copy(update={"fee_adjustment": 1.0, "fee_limit": 0.5, **changed})


def review(
    facts: SupplyFacts, *, demand: float, slope: float, seats: float, fee: float = 2000.0, cost: float = 1000.0
) -> tuple[float, float]:
    """Where one institution with one band in demand goes, and what a year gains by it."""
    world, _ = lay_out(load(HAMLET).city, [Child(date(2023, 1, 1))], [House(fee=(fee,) * 3)])
    one = np.array([[1.0, 0.0, 0.0]])
    at = Position(
        posted=np.full((1, 3), fee), cost=np.full((1, 3), cost), scale=np.ones((1, 3)), room=np.full((1, 3), seats)
    )
    outlook = Outlook(demand * one, slope * one, np.zeros((1, 3, 0)))
    best, gain = best_response(facts, Owners(world.institutions), at, outlook)
    assert (best[0, 1:] == fee).all(), "nobody asks for the other bands, so nothing is learnt of their fees"
    return float(best[0, 0]), float(gain[0])


def test_without_limits_the_fee_goes_to_cost_and_markup() -> None:
    fee, gain = review(supply(), demand=20.0, slope=0.025, seats=100.0)
    assert fee == pytest.approx(1000 + 20 / 0.025)
    came = 20 * np.exp(0.025 / 20 * 200)
    assert gain == pytest.approx(12 * (800 * came - 1000 * 20))


def test_a_full_house_asks_what_fills_it() -> None:
    """Twice as many would come as there are seats: the fee is the one at which they meet."""
    fee, gain = review(supply(fee_limit=1.0), demand=40.0, slope=0.04, seats=20.0)
    assert fee == pytest.approx(2000 + np.log(2) / 0.001)
    assert gain == pytest.approx(12 * 20 * np.log(2) / 0.001)


@pytest.mark.parametrize("seats", [1000.0, 20.0], ids=["room to spare", "full"])
def test_what_of_a_subsidy_ends_in_the_fee_is_what_theory_says(seats: float) -> None:
    """One small institution, α = 0.001: with room 0 of a flat yuan, the margin's share of a rate; when full all of it.

    Today's fee is that without a subsidy, cost 1,000 and a markup of 1 ÷ α, at which 20 children come.
    """
    full, alpha, cost = seats == 20.0, 0.001, 1000.0
    fee, facts = cost + 1 / alpha, supply(fee_limit=1.0)
    for off, slope_of in ((300.0, 1.0), (0.2 * fee, 0.8)):
        demand = 20.0 * np.exp(alpha * off)  # heard at today's fee, with the money off it
        best, _ = review(facts, demand=demand, slope=alpha * slope_of * demand, seats=seats, fee=fee, cost=cost)
        paid = off if slope_of == 1.0 else 0.2 * best
        room_to_spare = 0.0 if slope_of == 1.0 else (best - cost) / best
        assert (best - fee) / paid == pytest.approx(1.0 if full else room_to_spare)
    best, _ = review(facts, demand=20.0, slope=alpha * 20.0, seats=seats, fee=fee, cost=cost - 240.0)
    assert (best - fee) / 240.0 == pytest.approx(0.0 if full else -1.0)


def test_a_house_with_room_to_spare_does_not_price_by_its_seats() -> None:
    few, many = (review(supply(), demand=20.0, slope=0.025, seats=seats)[0] for seats in (60.0, 600.0))
    assert few == many


def test_a_review_goes_part_of_the_way_and_never_beyond_its_limit() -> None:
    assert review(supply(fee_adjustment=0.25), demand=20.0, slope=0.025, seats=99.0)[0] == pytest.approx(1950)
    assert review(supply(fee_limit=0.02), demand=20.0, slope=0.025, seats=99.0)[0] == pytest.approx(1960)
    assert review(supply(fee_limit=0.02), demand=20.0, slope=0.01, seats=99.0)[0] == pytest.approx(2040)


def test_where_families_mind_no_yuan_the_fee_rises_as_far_as_a_review_goes() -> None:
    """A voucher that covers the whole fee leaves no slope."""
    fee, gain = review(supply(fee_limit=0.1, fee_adjustment=0.5), demand=20.0, slope=0.0, seats=15.0)
    assert fee == pytest.approx(2200)
    assert gain == pytest.approx(12 * 15 * 200)


def test_without_demand_nothing_moves() -> None:
    assert review(supply(), demand=0.0, slope=0.0, seats=15.0) == (2000.0, 0.0)


def test_inferred_costs_make_the_usual_fee_the_best() -> None:
    """With costs inferred, a city without policy keeps its fees, chains too."""
    settings = [setting for setting in FREE if "infer_costs" not in setting]
    world = replace(settled(CHAINS)[0].world, facts=load(HAMLET, settings).city)
    town = settle(*settings, standing=(), unlimited=True, world=world)
    moved = town.baseline.fee[-1] / world.institutions.fee.T - 1
    assert np.abs(moved).max() < 1e-4


def test_room_is_what_the_other_bands_leave_of_mixed_classes() -> None:
    """Ten toddler seats and eighteen mixed ones; twelve toddlers and eight older ones are there."""
    seats, taken = np.array([[0, 10, 0, 18]], np.int32), np.array([[0, 10, 0, 10]], np.int32)
    assert room(seats, taken, np.array([[0, 12, 8]])).tolist() == [[0, 20, 16]]


# ---------------------------------------------------------------------------------------------------------
# limits


def test_a_cap_binds_where_the_best_fee_lies_above_it_and_nowhere_else() -> None:
    """Between the six fees of older toddlers in equilibrium: those above ask the limit, those below what they like."""
    _, free = settled(ALONE)
    limit = float(np.median(free[:, 2]))
    cap = instrument("fee_cap", older_toddler=limit)
    fee = settled(ALONE, cap)[1]
    binds = free[:, 2] > limit
    assert binds.sum() == 3
    assert (fee[binds, 2] == limit).all()
    assert (fee[~binds, 2] < limit).all()
    assert np.abs(fee[:, :2] / free[:, :2] - 1).max() < 1e-6, "the other bands are markets of their own"
    assert (fee[~binds, 2] < free[~binds, 2]).all(), "and its rivals answer"


def test_where_an_instrument_holds_fees_down_they_come_back_when_it_ends() -> None:
    """Owners do not pile up the rises that a cap forbids."""
    world = settled(ALONE)[0].world
    settings = [setting for setting in FREE if "infer_costs" not in setting]
    world = replace(world, facts=load(HAMLET, settings).city)
    town = settle(*settings, standing=(), unlimited=True, world=world)
    cap = instrument("fee_cap", older_toddler=1500.0, start=town.day(6), until=town.day(17, 30))
    record = town.run(cap)
    assert (record.fee[6:18, 2] == 1500).all()
    assert np.abs(record.fee[18, 2] / town.baseline.fee[18, 2] - 1).max() < 0.02


def test_a_fee_that_nobody_minds_is_refused_before_it_leaves_what_can_be_counted() -> None:
    """All is paid for families and a review may double a fee: it grew past 64 bits of fen, and bills were nonsense."""
    rising = settle(
        "run.until=2027-02-28",
        "city.supply.review_months=1",
        "city.supply.fee_adjustment=1",
        "city.supply.fee_limit=1",
        "city.supply.menu_cost=0",
    )
    with pytest.raises(FeeError, match="no fee is the best"):
        rising.run(instrument("fee_subsidy", rate=1.0))
    held = rising.run(instrument("fee_subsidy", rate=1.0, ceiling=2000.0))
    assert (held.claims >= 0).all()
