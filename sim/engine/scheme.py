"""The inclusive scheme: a guided fee in return for what the treasury pays to those who are recognised (普惠).

An owner compares a year inside with a year outside: what it would ask, who would come at that, what it would be paid.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.dates import YEAR
from sim.engine.fees import Outlook, Position, Yuan, best_fee, hazard
from sim.engine.market import Market, marked
from sim.engine.state import SURVEYS, State
from sim.kernels.demand import EXPECTED
from sim.policy.instrument import Recognition
from sim.world.institutions import BANDS
from sim.world.supply import SupplyFacts

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
        told = self.heard * np.exp(-falls * (fee - self.at))
        untold = outlook.demand * np.exp(-falls * (fee - position.posted))
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


def weighed_fees(market: Market, posted: Yuan, recognise: Recognise, state: State) -> tuple[Yuan, Yuan]:
    """Fees that institutions would ask inside the scheme and outside it, each (J, 3).

    Inside, `inclusive_discount` and what instruments demand below what they ask today, or today's fee where they are
    in it; outside the one that earns most by the demand around today's, as far as instruments allow it.
    """
    guided = guided_fee(market.world.facts.supply, posted)
    joining = np.maximum(guided - recognise(True, guided).cut, 0.0)
    at, outlook = _position(market, posted, state)
    pay, outside = (recognise(stands, posted).pay for stands in (True, False))
    inclusive = state.market.sites.inclusive[:, None]
    spill = market.owners.others(at.posted - at.cost + np.where(inclusive, pay, outside), outlook)
    free = best_fee(at, outlook, spill, outside)
    free = np.maximum(free - recognise(False, free).cut, 0.0)
    return np.where(inclusive, posted, joining), free


def _position(market: Market, posted: Yuan, state: State) -> tuple[Position, Outlook]:
    everybody = np.arange(len(posted))
    at = market.position(posted, np.zeros((len(posted), BANDS)), state, everybody)
    return at, market.outlook(state, everybody)


def weigh(market: Market, month: int, posted: Yuan, recognise: Recognise, lasts: float, state: State) -> bool:
    """Once a year each owner weighs the inclusive scheme against the market; returns whether any moved.

    posted : (J, 3) fees; lasts : share of the year in which families face other relief at the recognised
    """
    world, sites, own = market.world, state.market.sites, state.offers.fee
    institutions, facts = world.institutions, world.facts.supply
    if np.isnan(state.market.usual.norm).all():
        return False
    asked = marked(market.askers[month % YEAR], len(posted)) & sites.runs & institutions.responds
    fees, before = weighed_fees(market, posted, recognise, state), sites.inclusive.copy()
    at, outlook = _position(market, posted, state)
    lasts = lasts if state.market.other_terms.told.any() else 0.0
    inside, outside = (
        Side(fee, recognise(stands, fee), *_heard(state, n, outlook), lasts)
        for n, (stands, fee) in enumerate(zip((True, False), fees, strict=True))
    )
    keeps = np.where(before[:, None], np.maximum(own - recognise(False, own).cut, 0.0), posted)
    pay = np.where(before[:, None], inside.brings.pay, outside.brings.pay)
    spill = market.owners.others(at.posted - at.cost + pay, outlook)
    seats = state.offers.places.sum(axis=1) * institutions.hours_share
    now = choose(facts, asked, before, at, outlook, spill, inside, outside, keeps, institutions.pooled, seats)
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
    moved = np.divide(heard, today, out=np.zeros_like(heard), where=today > 0)
    return outlook.demand * moved, other.fee[told, side].sum(axis=0).T / max(int(told.sum()), 1)


def choose(
    facts: SupplyFacts,
    asked: NDArray[np.bool_],
    inclusive: NDArray[np.bool_],
    at: Position,
    outlook: Outlook,
    spill: Yuan,
    inside: Side,
    outside: Side,
    keeps: Yuan,
    pooled: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    seats: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Return membership in the scheme, bool (J,): those asked join or leave where a year gains more than it costs.

    asked : bool (J,); at : with costs before what the treasury pays
    spill : what the owner's other institutions gain per yuan of this one's fee, (J, 3)
    keeps : (J, 3)  what each would ask outside if it moved no fee
    pooled : sums over an institution's services, which are in the scheme together
    seats : (J,)  full-time places
    """

    def year(fee: Yuan, pay: Yuan, come: NDArray[np.float64]) -> NDArray[np.float64]:
        own = (fee - at.cost + pay) * come + at.scale * spill * (fee - at.posted)
        return np.asarray(YEAR * own.sum(axis=1))

    def of(side: Side, fee: Yuan) -> NDArray[np.float64]:
        return year(fee, side.brings.pay, side.served(at, outlook, fee))

    # whoever asks a fee that is not its best can have a better one without the scheme
    today = np.minimum(at.scale * outlook.demand, at.room)
    unmoved = np.where(inclusive, of(outside, keeps), year(keeps, outside.brings.pay, today))
    alone = np.maximum(of(outside, outside.fee), unmoved)
    places = YEAR * (inside.brings.place - outside.brings.place) * seats
    gain = pooled(of(inside, inside.fee) - alone + places)
    joins, leaves = asked & ~inclusive & (gain > facts.scheme_cost), asked & inclusive & (-gain > facts.scheme_cost)
    return np.asarray((inclusive | joins) & ~leaves)
