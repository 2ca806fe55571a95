"""The inclusive scheme (普惠): a guided fee in return for treasury payments to recognised institutions.

Owners compare a year inside with a year outside: fee, demand at it, and payments.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from sim.dates import YEAR
from sim.engine.fees import Outlook, Position, Yuan, best_fee, hazard, moved
from sim.engine.market import Market, marked
from sim.engine.state import SURVEYS, State
from sim.kernels.demand import EXPECTED
from sim.policy.instrument import Recognition
from sim.world.institutions import BANDS
from sim.world.supply import SupplyFacts

TINY = 1e-9  # yuan a year: spread for an owner without places

# instruments' payments and demands if all institutions are recognised, or none, given own fees (J, 3)
Recognise = Callable[[bool, Yuan], Recognition]


@dataclass(frozen=True)
class Side:
    """A year inside or outside the scheme as expected by owners; each (J, 3).

    fee : fee on this side [yuan a month]; brings : instruments' payments for being there
    heard : children who would come by the survey's answers, at the fees `at` [yuan a month]
    lasts : share of the year with the relief described in the survey; today's applies to the rest
    """

    fee: Yuan
    brings: Recognition
    heard: NDArray[np.float64]
    at: Yuan
    lasts: float = 0.0

    def served(self, position: Position, outlook: Outlook, fee: Yuan) -> NDArray[np.float64]:
        """Return the number of children who would come at a fee, up to capacity, (J, 3)."""
        falls = hazard(outlook)
        told = np.multiply(self.heard, moved(falls, fee - self.at), out=np.zeros_like(self.heard), where=self.heard > 0)
        untold = outlook.demand * moved(falls, fee - position.posted)
        come = position.scale * (self.lasts * told + (1 - self.lasts) * untold)
        return np.asarray(np.minimum(come, position.room))


def guided_fee(facts: SupplyFacts, posted: Yuan) -> Yuan:
    """Return fees on joining, (J, 3), before instruments' demands; posted : today's posted fees."""
    return posted * (1 - facts.inclusive_discount)


def soon(market: Market, month: int, state: State) -> NDArray[np.bool_]:
    """Mark institutions weighing the scheme in a month, or before the next full survey is complete, bool (J,).

    Only institutions setting their own fees choose; the standing of other kinds is decided by their parent bodies.
    """
    rows = np.concatenate([market.askers[(month + ahead) % YEAR] for ahead in range(SURVEYS)])
    who = marked(rows, len(state.market.sites.runs))
    return np.asarray(who & state.market.sites.runs & market.world.institutions.responds)


@dataclass(frozen=True)
class Terms:
    """Positions of institutions weighing the scheme, and their fees inside and outside.

    spill : gain of an owner's other institutions per yuan of this one's fee, (J, 3)
    inside, outside : fees on either side, each (J, 3) [yuan a month]
    joined, alone : instruments' payments on either side, whatever the fee; their demands are included in the fees
    """

    at: Position
    outlook: Outlook
    spill: Yuan
    inside: Yuan
    outside: Yuan
    joined: Recognition
    alone: Recognition


def terms(market: Market, posted: Yuan, recognise: Recognise, state: State) -> Terms:
    """Return fees inside and outside the scheme, and information on demand and costs.

    Inside: today's fee less `inclusive_discount` and instruments' demands, or today's fee for members. Outside: the
    best-response fee given demand around today's, as limited by instruments.
    posted : (J, 3)  today's fees [yuan a month]
    """
    everybody, inclusive = np.arange(len(posted)), state.market.sites.inclusive[:, None]
    at = market.positions.position(posted, np.zeros((len(posted), BANDS)), state, everybody, if_open=True)
    outlook = market.positions.outlook(state, everybody)
    guided = guided_fee(market.world.facts.supply, posted)
    joined, alone = recognise(True, guided), recognise(False, posted)
    spill = market.owners.others(at.posted - at.cost + np.where(inclusive, joined.pay, alone.pay), outlook)
    free = best_fee(at, outlook, spill, alone.pay)
    free = np.maximum(free - recognise(False, free).cut, 0.0)
    inside = np.where(inclusive, posted, np.maximum(guided - joined.cut, 0.0))
    return Terms(at, outlook, spill, inside, free, joined, alone)


def gains(market: Market, posted: Yuan, recognise: Recognise, lasts: float, state: State) -> NDArray[np.float64]:
    """Return the gain of a year inside the scheme over one outside, (J,) [yuan], summed over an institution's services.

    lasts : share of the year with different relief at recognised institutions
    """
    institutions, inclusive, own = market.world.institutions, state.market.sites.inclusive, state.offers.fee
    found = terms(market, posted, recognise, state)
    lasts = lasts if state.market.other_terms.told.any() else 0.0
    inside = Side(found.inside, found.joined, *_heard(state, 0, found.outlook), lasts)
    outside = Side(found.outside, found.alone, *_heard(state, 1, found.outlook), lasts)
    keeps = np.where(inclusive[:, None], np.maximum(own - recognise(False, own).cut, 0.0), posted)
    seats = market.positions.places_if_open(state).sum(axis=1) * institutions.hours_share
    return institutions.pooled(gain_inside(inclusive, found, inside, outside, keeps, seats))


def draw_standing(market: Market, posted: Yuan, recognise: Recognise, lasts: float, state: State) -> None:
    """Draw each owner's unobserved value of being in the scheme, (J,) [yuan a year].

    A logistic draw with spread `scheme_spread` per place, about the mean at which as many places are expected in the
    scheme as are in it. It is truncated to values consistent with present membership.
    posted : (J, 3)  fees; lasts : share of the year with different relief at recognised institutions
    """
    institutions, sites = market.world.institutions, state.market.sites
    gain = gains(market, posted, recognise, lasts, state)
    places = institutions.pooled(market.positions.places_if_open(state).sum(axis=1) * institutions.hours_share)
    spread = np.maximum(YEAR * market.world.facts.supply.scheme_spread * places, TINY)
    weighs = sites.runs & institutions.responds & (places > 0)
    mean = mean_reason((gain / spread)[weighs], places[weighs], sites.inclusive[weighs]) if weighs.any() else 0.0
    luck = market.world.luck.uniforms("standing", institutions.address)[:, 0]
    side = np.where(sites.inclusive, 1.0, -1.0)
    tail = np.log(luck) + log_expit(side * (gain / spread + mean))  # log of a uniform within that range
    standing = (mean - side * (tail - np.log(-np.expm1(tail)))) * spread
    state.market.usual.standing[:] = np.where(institutions.responds, standing, 0.0)


def mean_reason(gain: NDArray[np.float64], places: NDArray[np.float64], inclusive: NDArray[np.bool_]) -> float:
    """Return the mean unobserved value, in spreads, at which expected places in the scheme equal actual ones.

    Then nearly indifferent owners are balanced between both sides, and joining equals leaving while nothing changes (an
    alternative-specific constant: McFadden, Frontiers in Econometrics, 1974, ch. 4). Half an institution of mean size
    is added to either side, so that the mean is finite if no institution, or every one, is a member.
    gain : in spreads
    """
    from scipy.optimize import brentq  # takes longer to load than a command may before it says what it does

    half = places.mean() / 2
    target = (places[inclusive].sum() + half) / (places.sum() + 2 * half)
    widest = np.abs(gain).max() + np.abs(np.log(target / (1 - target))) + 1.0
    return float(brentq(lambda mean: places @ expit(gain + mean) / places.sum() - target, -widest, widest))


def weigh(market: Market, month: int, posted: Yuan, recognise: Recognise, lasts: float, state: State) -> bool:
    """Let owners due weigh the inclusive scheme, once a year each; return True if any moved.

    posted : (J, 3)  fees; lasts : share of the year with different relief at recognised institutions
    """
    sites, own, facts = state.market.sites, state.offers.fee, market.world.facts.supply
    if not state.market.usual.known:
        return False
    year_old = month - sites.opened_in.min(axis=1) >= YEAR  # a new institution fills up before it weighs the scheme
    asked = (
        marked(market.askers[month % YEAR], len(posted)) & sites.runs & year_old & market.world.institutions.responds
    )
    gain = gains(market, posted, recognise, lasts, state) + state.market.usual.standing
    before, now = sites.inclusive.copy(), choose(facts, asked, sites.inclusive, gain)
    joined = now & ~before
    own[joined] = guided_fee(facts, posted[joined])  # from the posted fee, caps included
    sites.inclusive[:] = now
    return bool((now != before).any())


def _heard(state: State, side: int, outlook: Outlook) -> tuple[NDArray[np.float64], Yuan]:
    """Return surveyed demand on one side, and the fees named in the survey, each (J, 3).

    Households not yet asked are assumed to respond in the same proportion.
    """
    other, told = state.market.other_terms, state.market.other_terms.told
    heard, today = other.children[told, side].sum(axis=0).T, state.market.memory.expected[told, EXPECTED].sum(axis=0).T
    times = np.divide(heard, today, out=np.zeros_like(heard), where=today > 0)
    return outlook.demand * times, other.fee[told, side].sum(axis=0).T / max(int(told.sum()), 1)


def gain_inside(
    inclusive: NDArray[np.bool_], found: Terms, inside: Side, outside: Side, keeps: Yuan, seats: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the gain of a year inside over one outside, (J,) [yuan], for each service by itself.

    inclusive : bool (J,)  members of the scheme; keeps : (J, 3)  fees outside without moving any own fee
    seats : (J,)  full-time places
    """
    at, outlook = found.at, found.outlook
    today = np.minimum(at.scale * outlook.demand, at.room)
    # gain of the owner's others per child lost by this one
    per_child = np.divide(found.spill, outlook.slope, out=np.zeros_like(today), where=outlook.slope > 0)

    def year(fee: Yuan, pay: Yuan, come: NDArray[np.float64]) -> NDArray[np.float64]:
        own = (fee - at.cost + pay) * come + per_child * (today - come)
        return np.asarray(YEAR * own.sum(axis=1))

    def of(side: Side, fee: Yuan) -> NDArray[np.float64]:
        return year(fee, side.brings.pay, side.served(at, outlook, fee))

    # an institution off its best fee could move to a better one without the scheme
    unmoved = np.where(inclusive, of(outside, keeps), year(keeps, outside.brings.pay, today))
    alone = np.maximum(of(outside, outside.fee), unmoved)
    places = YEAR * (inside.brings.place - outside.brings.place) * seats
    return np.asarray(of(inside, inside.fee) - alone + places)


def choose(
    facts: SupplyFacts, asked: NDArray[np.bool_], inclusive: NDArray[np.bool_], gain: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return membership in the scheme, bool (J,): of those asked, join or leave if the yearly gain exceeds the cost."""
    joins, leaves = asked & ~inclusive & (gain > facts.scheme_cost), asked & inclusive & (-gain > facts.scheme_cost)
    return np.asarray((inclusive | joins) & ~leaves)
