"""Positions of institutions: the demand that they hear of, the cost of a child, the room that they have."""

import numpy as np
from numpy.typing import NDArray

from sim.dates import YEAR
from sim.engine.costs import CostRules, Rows, room
from sim.engine.fees import Outlook, Position
from sim.engine.state import State
from sim.engine.trends import Trends
from sim.kernels import demand, supply
from sim.world.city import World
from sim.world.institutions import BANDS


class Positions:
    """Positions of one city's institutions; holds nothing that time changes."""

    def __init__(self, world: World, trends: Trends, costs: CostRules) -> None:
        self._trends, self._marginal, self._institutions = trends, costs.marginal, world.institutions
        self._discount = world.facts.supply.inclusive_discount

    def outlook(self, state: State, rows: Rows) -> Outlook:
        """Demand that some institutions expect, from the last survey of all families, with the season taken out.

        Classes empty on 1 September, so that what is heard in autumn is no trend.
        """
        memory, season = state.market.memory, self.season(state)
        expected, slope = memory.expected.take(rows, axis=3).sum(axis=0)
        cross = memory.cross.take(rows, axis=2).sum(axis=0).transpose(1, 0, 2)
        return Outlook(expected.T / season, slope.T / season, cross / season[:, None])

    def season(self, state: State) -> NDArray[np.float64]:
        """Season in which families were last heard, (3,) by band: their demand ÷ the mean of a usual year; 1 before."""
        usual = state.market.usual
        return np.asarray(usual.season[state.market.memory.heard_in % YEAR] if usual.known else np.ones(BANDS))

    def heard(self, state: State) -> NDArray[np.float64]:
        """Demand that all institutions heard of, (J, 3)."""
        return np.asarray(state.market.memory.expected[:, demand.EXPECTED].sum(axis=0).T)

    def unlisted(self, month: int, state: State) -> NDArray[np.float64]:
        """Costs of a child beyond those listed, (J, 3) [yuan a month]: what usual fees told of, and what trends did."""
        return state.market.usual.wedge + self._trends.costs(month)

    def child_cost(self, state: State) -> NDArray[np.float64]:
        """Cost of one more child, before what the treasury pays for it, (J, 3) [yuan a month]."""
        return self._marginal[:, :BANDS] + self.unlisted(state.month, state)

    def position(
        self,
        posted: NDArray[np.float64],
        income: NDArray[np.float64],
        state: State,
        rows: Rows,
        if_open: bool = False,
    ) -> Position:
        """Position of some institutions: costs, children they had for those expected, and room, over twelve months.

        posted, income : (rows, 3)
        if_open : sites without an institution as if there were one, with as many of those expected as all others have
        """
        market, memory = state.market, state.market.memory
        fresh, enrolled = memory.fresh.take(rows, axis=1).sum(axis=0), memory.enrolled.take(rows, axis=1)
        had = (enrolled + memory.waiting.take(rows, axis=1)).sum(axis=0)
        taken = memory.taken.take(rows, axis=1).mean(axis=0)
        scale = np.divide(had, fresh, out=np.zeros_like(fresh), where=fresh > 0)
        if if_open:
            scale = np.where(market.sites.runs[rows, None], scale, self.come_of_expected(state))
        places = self.places_if_open(state) if if_open else state.offers.places
        return Position(
            posted=posted,
            cost=self.child_cost(state)[rows] - income,
            scale=scale,
            room=room(places[rows], taken, enrolled.mean(axis=0)) + market.usual.tolerated[rows],
        )

    def come_of_expected(self, state: State) -> NDArray[np.float64]:
        """Children enrolled or waiting ÷ those expected, over all institutions and twelve months, (3,) by band."""
        memory = state.market.memory
        had, fresh = np.zeros(BANDS, np.int64), np.zeros(BANDS)
        for known, total in ((memory.enrolled, had), (memory.waiting, had), (memory.fresh, fresh)):
            supply.sums_by_band(known, total)
        return np.divide(had, fresh, out=np.zeros_like(fresh), where=fresh > 0)

    def entry_fee(self, month: int, state: State) -> NDArray[np.float64]:
        """Fees at which institutions open in a month, (J, 3) [yuan a month].

        Outside the scheme as far from the listed fee as those of the kind have moved who are listed outside it and
        run; of these who has joined counts without the scheme's discount. Guided fees are the listed ones.
        """
        institutions, listed = self._institutions, self._trends.listed(month)
        inclusive = state.market.sites.inclusive
        free = state.market.sites.runs & ~institutions.inclusive & (~inclusive | (self._discount < 1))
        among = np.arange(len(institutions.kind_names))[:, None] == np.where(free, institutions.kind, -1)
        now, before = among @ self.undiscounted(state.offers.fee, state), among @ listed
        moved = np.divide(now, before, out=np.ones_like(now), where=before > 0)[institutions.kind]
        return np.where(institutions.inclusive[:, None], listed, listed * moved)

    def undiscounted(self, posted: NDArray[np.float64], state: State) -> NDArray[np.float64]:
        """Posted fees without the discount of those in the inclusive scheme, (J, 3); free care is asked as it is."""
        left = 1.0 - self._discount
        discounted = state.market.sites.inclusive[:, None] & (left > 0)
        return np.asarray(np.divide(posted, left, out=posted.copy(), where=discounted))

    def places_if_open(self, state: State) -> NDArray[np.int32]:
        """Places by class type, int32 (J, 4); of sites without an institution those with which one would open."""
        runs = state.market.sites.runs[:, None]
        return np.asarray(np.where(runs, state.offers.places, self._institutions.seats))
