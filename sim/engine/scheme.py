"""The inclusive scheme: a guided fee in return for what the treasury pays to those who are recognised (普惠).

An owner compares a year inside with a year outside: what it would ask, who would come at that, what it would be paid.
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

TINY = 1e-9  # yuan a year: the spread of an owner without a place

# what instruments pay and demand if all institutions are recognised, or none, from what they would ask, (J, 3)
Recognise = Callable[[bool, Yuan], Recognition]


@dataclass(frozen=True)
class Side:
    """A year inside the scheme, or outside it, as owners expect it; each (J, 3).

    fee : what each would ask [yuan a month]; brings : what instruments pay for it
    heard : children who said that they would come, were all to choose afresh, at the fees `at` [yuan a month]
    lasts : share of the year in which families face what they were told then; in the rest of it what they face today
    """

    fee: Yuan
    brings: Recognition
    heard: NDArray[np.float64]
    at: Yuan
    lasts: float = 0.0

    def served(self, position: Position, outlook: Outlook, fee: Yuan) -> NDArray[np.float64]:
        """Children that would come at a fee, as far as there is room, (J, 3)."""
        falls = hazard(outlook)
        told = np.multiply(self.heard, moved(falls, fee - self.at), out=np.zeros_like(self.heard), where=self.heard > 0)
        untold = outlook.demand * moved(falls, fee - position.posted)
        come = position.scale * (self.lasts * told + (1 - self.lasts) * untold)
        return np.asarray(np.minimum(come, position.room))


def guided_fee(facts: SupplyFacts, posted: Yuan) -> Yuan:
    """Fees at which institutions would join, (J, 3), before what instruments demand; posted : what they ask today."""
    return posted * (1 - facts.inclusive_discount)


def soon(market: Market, month: int, state: State) -> NDArray[np.bool_]:
    """Institutions that weigh the scheme in a month, or before all families have been heard again, bool (J,).

    Only those who set their fees freely choose: other kinds stand as their parents put them.
    """
    rows = np.concatenate([market.askers[(month + ahead) % YEAR] for ahead in range(SURVEYS)])
    who = marked(rows, len(state.market.sites.runs))
    return np.asarray(who & state.market.sites.runs & market.world.institutions.responds)


@dataclass(frozen=True)
class Terms:
    """Positions of institutions that weigh the scheme, and the fees at which they weigh it.

    spill : what an owner's other institutions gain per yuan of this one's fee, (J, 3)
    inside, outside : fees that they would ask, each (J, 3) [yuan a month]
    joined, alone : what instruments pay there, whatever the fee; what they demand is in the fees
    """

    at: Position
    outlook: Outlook
    spill: Yuan
    inside: Yuan
    outside: Yuan
    joined: Recognition
    alone: Recognition


def terms(market: Market, posted: Yuan, recognise: Recognise, state: State) -> Terms:
    """Fees that institutions would ask inside the scheme and outside it, and what they know of demand and costs.

    Inside, `inclusive_discount` and what instruments demand below what they ask today, or today's fee where they are
    in it; outside the one that earns most by the demand around today's, as far as instruments allow it.
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
    """Gains of a year inside the scheme over one outside it, (J,) [yuan], of institutions with all services.

    lasts : share of the year in which families face other relief at the recognised
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
    """Draw what being in the scheme is worth to each owner beyond what is seen, (J,) [yuan a year].

    A logistic number with a spread of `scheme_spread` for each place, about a mean at which as many places would be in
    the scheme as are. Of those in the scheme it is drawn among the values at which an owner stays in it, of the others
    among those at which one stays out.
    posted : (J, 3)  fees; lasts : share of the year in which families face other relief at the recognised
    """
    institutions, sites = market.world.institutions, state.market.sites
    gain = gains(market, posted, recognise, lasts, state)
    places = institutions.pooled(market.positions.places_if_open(state).sum(axis=1) * institutions.hours_share)
    spread = np.maximum(YEAR * market.world.facts.supply.scheme_spread * places, TINY)
    weighs = sites.runs & institutions.responds & (places > 0)
    mean = mean_reason((gain / spread)[weighs], places[weighs], sites.inclusive[weighs]) if weighs.any() else 0.0
    luck = market.world.luck.uniforms("standing", institutions.address)[:, 0]
    side = np.where(sites.inclusive, 1.0, -1.0)
    tail = np.log(luck) + log_expit(side * (gain / spread + mean))  # log of a uniform chance among those values
    standing = (mean - side * (tail - np.log(-np.expm1(tail)))) * spread
    state.market.usual.standing[:] = np.where(institutions.responds, standing, 0.0)


def mean_reason(gain: NDArray[np.float64], places: NDArray[np.float64], inclusive: NDArray[np.bool_]) -> float:
    """Mean of owners' own reasons, in spreads, at which as many places are expected in the scheme as are in it.

    So of those who are nearly indifferent as many stand on either side, and as many join as leave while nothing changes
    (the constant of an alternative: McFadden, Frontiers in Econometrics, 1974, ch. 4). Half an institution of mean size
    is counted on either side, so that there is one where none is in the scheme, or all are.
    gain : in spreads
    """
    from scipy.optimize import brentq  # takes longer to load than a command may before it says what it does

    half = places.mean() / 2
    target = (places[inclusive].sum() + half) / (places.sum() + 2 * half)
    widest = np.abs(gain).max() + np.abs(np.log(target / (1 - target))) + 1.0
    return float(brentq(lambda mean: places @ expit(gain + mean) / places.sum() - target, -widest, widest))


def weigh(market: Market, month: int, posted: Yuan, recognise: Recognise, lasts: float, state: State) -> bool:
    """Once a year each owner weighs the inclusive scheme against the market; returns whether any moved.

    posted : (J, 3)  fees; lasts : share of the year in which families face other relief at the recognised
    """
    sites, own, facts = state.market.sites, state.offers.fee, market.world.facts.supply
    if not state.market.usual.known:
        return False
    year_old = month - sites.opened_in.min(axis=1) >= YEAR  # a new institution fills up before it weighs anything
    asked = (
        marked(market.askers[month % YEAR], len(posted)) & sites.runs & year_old & market.world.institutions.responds
    )
    gain = gains(market, posted, recognise, lasts, state) + state.market.usual.standing
    before, now = sites.inclusive.copy(), choose(facts, asked, sites.inclusive, gain)
    joined = now & ~before
    own[joined] = guided_fee(facts, posted[joined])  # of what was asked, caps counted
    sites.inclusive[:] = now
    return bool((now != before).any())


def _heard(state: State, side: int, outlook: Outlook) -> tuple[NDArray[np.float64], Yuan]:
    """Children who would come on one side by what the families said who were asked, and the fees told, each (J, 3).

    Those who were not asked yet are taken to be moved as much as the others.
    """
    other, told = state.market.other_terms, state.market.other_terms.told
    heard, today = other.children[told, side].sum(axis=0).T, state.market.memory.expected[told, EXPECTED].sum(axis=0).T
    times = np.divide(heard, today, out=np.zeros_like(heard), where=today > 0)
    return outlook.demand * times, other.fee[told, side].sum(axis=0).T / max(int(told.sum()), 1)


def gain_inside(
    inclusive: NDArray[np.bool_], found: Terms, inside: Side, outside: Side, keeps: Yuan, seats: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Gain of a year inside over one outside, (J,) [yuan], of each service by itself.

    inclusive : bool (J,)  who is in the scheme; keeps : (J, 3)  what each would ask outside if it moved no fee
    seats : (J,)  full-time places
    """
    at, outlook = found.at, found.outlook
    today = np.minimum(at.scale * outlook.demand, at.room)
    # what the owner's others gain by each child that this one loses
    per_child = np.divide(found.spill, outlook.slope, out=np.zeros_like(today), where=outlook.slope > 0)

    def year(fee: Yuan, pay: Yuan, come: NDArray[np.float64]) -> NDArray[np.float64]:
        own = (fee - at.cost + pay) * come + per_child * (today - come)
        return np.asarray(YEAR * own.sum(axis=1))

    def of(side: Side, fee: Yuan) -> NDArray[np.float64]:
        return year(fee, side.brings.pay, side.served(at, outlook, fee))

    # whoever asks a fee that is not its best can have a better one without the scheme
    unmoved = np.where(inclusive, of(outside, keeps), year(keeps, outside.brings.pay, today))
    alone = np.maximum(of(outside, outside.fee), unmoved)
    places = YEAR * (inside.brings.place - outside.brings.place) * seats
    return np.asarray(of(inside, inside.fee) - alone + places)


def choose(
    facts: SupplyFacts, asked: NDArray[np.bool_], inclusive: NDArray[np.bool_], gain: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return membership in the scheme, bool (J,): those asked join or leave where a year gains more than it costs."""
    joins, leaves = asked & ~inclusive & (gain > facts.scheme_cost), asked & inclusive & (-gain > facts.scheme_cost)
    return np.asarray((inclusive | joins) & ~leaves)
