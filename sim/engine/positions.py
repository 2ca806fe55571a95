"""Market positions of institutions: expected demand, marginal cost and capacity."""

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
    """Market positions of one city's institutions; holds nothing that time changes."""

    def __init__(self, world: World, trends: Trends, costs: CostRules) -> None:
        self._trends, self._marginal, self._institutions = trends, costs.marginal, world.institutions
        self._discount = world.facts.supply.inclusive_discount

    def outlook(self, state: State, rows: Rows) -> Outlook:
        """Return the expected demand of some institutions from the last full survey, seasonally adjusted.

        The adjustment keeps the emptying of classes on 1 September from being read as a trend.
        """
        memory, season = state.market.memory, self.season(state)
        expected, slope = memory.expected.take(rows, axis=3).sum(axis=0)
        cross = memory.cross.take(rows, axis=2).sum(axis=0).transpose(1, 0, 2)
        return Outlook(expected.T / season, slope.T / season, cross / season[:, None])

    def season(self, state: State) -> NDArray[np.float64]:
        """Return the seasonal factor of demand at the last survey, (3,) by band: month ÷ mean of a usual year, or 1."""
        usual = state.market.usual
        return np.asarray(usual.season[state.market.memory.heard_in % YEAR] if usual.known else np.ones(BANDS))

    def heard(self, state: State) -> NDArray[np.float64]:
        """Return the expected demand of all institutions as last surveyed, (J, 3)."""
        return np.asarray(state.market.memory.expected[:, demand.EXPECTED].sum(axis=0).T)

    def unlisted(self, month: int, state: State) -> NDArray[np.float64]:
        """Return unlisted costs per child, (J, 3) [yuan a month]: inferred from usual fees, plus the trend."""
        return state.market.usual.wedge + self._trends.costs(month)

    def child_cost(self, state: State) -> NDArray[np.float64]:
        """Return the marginal cost of a child before payments of the treasury, (J, 3) [yuan a month]."""
        return self._marginal[:, :BANDS] + self.unlisted(state.month, state)

    def position(
        self,
        posted: NDArray[np.float64],
        income: NDArray[np.float64],
        state: State,
        rows: Rows,
        if_open: bool = False,
    ) -> Position:
        """Return the position of some institutions over twelve months: cost, scale of demand, and capacity.

        posted, income : (rows, 3)
        if_open : treat vacant sites as open, with the citywide ratio of actual to expected children
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
        """Return children enrolled or waiting ÷ expected children, citywide over twelve months, (3,) by band."""
        memory = state.market.memory
        had, fresh = np.zeros(BANDS, np.int64), np.zeros(BANDS)
        for known, total in ((memory.enrolled, had), (memory.waiting, had), (memory.fresh, fresh)):
            supply.sums_by_band(known, total)
        return np.divide(had, fresh, out=np.zeros_like(fresh), where=fresh > 0)

    def entry_fee(self, month: int, state: State) -> NDArray[np.float64]:
        """Return the fees of entrants in a month, (J, 3) [yuan a month].

        Outside the inclusive scheme the listed fee moves in proportion to the fees of the kind's running institutions
        listed outside it; members among them count without the scheme's discount. Guided fees stay as listed.
        """
        institutions, listed = self._institutions, self._trends.listed(month)
        inclusive = state.market.sites.inclusive
        free = state.market.sites.runs & ~institutions.inclusive & (~inclusive | (self._discount < 1))
        among = np.arange(len(institutions.kind_names))[:, None] == np.where(free, institutions.kind, -1)
        now, before = among @ self.undiscounted(state.offers.fee, state), among @ listed
        moved = np.divide(now, before, out=np.ones_like(now), where=before > 0)[institutions.kind]
        return np.where(institutions.inclusive[:, None], listed, listed * moved)

    def undiscounted(self, posted: NDArray[np.float64], state: State) -> NDArray[np.float64]:
        """Return posted fees with the inclusive scheme's discount removed, (J, 3); free care stays free."""
        left = 1.0 - self._discount
        discounted = state.market.sites.inclusive[:, None] & (left > 0)
        return np.asarray(np.divide(posted, left, out=posted.copy(), where=discounted))

    def places_if_open(self, state: State) -> NDArray[np.int32]:
        """Return places by class type, int32 (J, 4); for vacant sites, places at opening."""
        runs = state.market.sites.runs[:, None]
        return np.asarray(np.where(runs, state.offers.places, self._institutions.seats))
