"""Exit of institutions, and opening of planned or completed ones.

An owner covers cash losses for a limited patience; public bodies, kindergartens and employers cover those of their own
institutions indefinitely. Planned and newly built institutions open in their month.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.dates import YEAR
from sim.engine.costs import Costs
from sim.engine.state import State
from sim.world.city import World


class Turnover:
    """Rules of entry and exit of one city's institutions; holds nothing that time changes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._places = world.institutions.seats  # at opening

    def keep_accounts(self, month: int, takings: NDArray[np.int64], costs: Costs, state: State) -> None:
        """Record a month's results, and count months with a cash loss over the preceding year.

        An owner close to the end of its patience stops paying wages; on returning to profit it pays the arrears.
        """
        market, facts = state.market, self._world.facts.supply
        market.accounts.cash_result[month % YEAR] = takings - costs.cash
        market.accounts.full_result[month % YEAR] = takings - costs.cash - costs.unpaid
        if market.memory.months < YEAR:
            return
        institutions = self._world.institutions
        year_old = month - market.sites.opened_in.min(axis=1) >= YEAR  # a new institution fills up before it is judged
        losing = market.sites.runs & year_old & (institutions.pooled(market.accounts.cash_result.sum(axis=0)) < 0)
        market.accounts.losing[:] = np.where(losing, market.accounts.losing + 1, 0)
        late = ~institutions.backed & (market.accounts.losing > institutions.patience - facts.arrears_months)
        owes = losing & late & (institutions.pooled(market.accounts.cash_result[month % YEAR]) < 0)
        market.accounts.arrears[:] = np.where(
            losing & late, market.accounts.arrears + np.where(owes, costs.staff, 0), 0
        )

    def restate_accounts(self, state: State) -> None:
        """Charge the last twelve months with unlisted costs, as inferred from fees."""
        market = state.market
        beyond = np.rint(100 * (market.memory.enrolled * market.usual.wedge).sum(axis=2)).astype(np.int64)
        market.accounts.cash_result -= beyond
        market.accounts.full_result -= beyond

    def draw_losses(self, state: State) -> None:
        """Draw the elapsed part of patience of owners with cash losses at the start.

        Owners observed in loss are the more patient: if owners begin to lose at a steady rate, each is observed with
        probability proportional to its patience (Cox, Renewal Theory, 1962, section 5.4). A lognormal weighted so is
        longer by the factor exp(variance). Remaining patience is drawn, so months already lost may be negative.
        """
        institutions, market = self._world.institutions, state.market
        losing = self._found_losing(state)
        left = 1 - self._world.luck.uniforms("losses", institutions.address)[:, 0]
        lost = np.floor(institutions.patience - left * self._patience_of_found)
        market.accounts.losing[:] = np.where(losing, lost, 0).astype(np.int32)

    def closing(self, state: State) -> NDArray[np.float64]:
        """Return each institution's probability of exit within a year at the start, (J,), before `draw_losses`."""
        within = np.minimum(YEAR / self._patience_of_found, 1.0)
        return np.asarray(np.where(self._found_losing(state) & ~self._world.institutions.backed, within, 0.0))

    def _found_losing(self, state: State) -> NDArray[np.bool_]:
        """Mark running institutions with a cash loss over the last twelve months, bool (J,)."""
        pooled = self._world.institutions.pooled
        return np.asarray(state.market.sites.runs & (pooled(state.market.accounts.cash_result.sum(axis=0)) < 0))

    @cached_property
    def _patience_of_found(self) -> NDArray[np.float64]:
        """Patience of owners observed in loss, (J,) [months]."""
        return np.asarray(self._world.institutions.patience * np.exp(self._world.facts.supply.patience_sd**2))

    def failing(self, state: State) -> NDArray[np.int64]:
        """Return institutions with exhausted patience, int64 rows."""
        institutions, market = self._world.institutions, state.market
        return np.flatnonzero(
            market.sites.runs & ~institutions.backed & (market.accounts.losing > institutions.patience)
        )

    def in_sight(self, month: int, since_start: int, state: State) -> NDArray[np.bool_]:
        """Mark institutions under construction, or planned to open before one begun now would, bool (J,).

        since_start : months since the scenario's start, negative before it
        """
        sites, due = state.market.sites, self._due(month, since_start)
        planned = self._planned(state) & (due >= 1) & (due <= self._world.facts.classes.building_months)
        return np.asarray(~sites.runs & ((sites.opening > month) | (planned & (since_start >= 0))))

    def _due(self, month: int, since_start: int) -> NDArray[np.float64]:
        """Return months until each planned opening, (J,); plans count from the day of the count of institutions."""
        start, counted = month - since_start, self._world.facts.supply.counted_on
        begins = start if counted is None else max(dates.month_of(counted), start)
        return np.asarray(np.ceil(self._world.institutions.opens_after) - (month - begins))

    def _planned(self, state: State) -> NDArray[np.bool_]:
        """Mark institutions still to open at their planned date, bool (J,).

        A site taken by another institution, and left again, loses its planned opening.
        """
        sites, due = state.market.sites, self._world.institutions.opens_after
        return np.asarray(~sites.runs & (sites.opened_in == 0).all(axis=1) & (due > 0))

    def opening(self, month: int, since_start: int, state: State) -> NDArray[np.int64]:
        """Open institutions completed or planned for this month; returns their int64 rows.

        since_start : months since the scenario's start, negative before it
        """
        market = state.market
        planned = self._planned(state) & (since_start >= 1) & (self._due(month, since_start) == 0)
        ready = np.flatnonzero(planned | (market.sites.opening == month))
        state.offers.places[ready] = self._places[ready]
        market.sites.runs[ready] = True
        market.sites.opening[ready] = market.accounts.losing[ready] = 0
        market.accounts.arrears[ready] = 0
        market.sites.opened_in[ready] = month
        market.accounts.cash_result[:, ready] = market.accounts.full_result[:, ready] = 0
        market.usual.norm[ready] = np.nan
        return ready

    def close(self, who: NDArray[np.int64], state: State) -> None:
        """Remove institutions from the market; their children and waiting lists are the caller's task."""
        market = state.market
        state.offers.places[who] = 0
        market.sites.runs[who] = False
        market.sites.inclusive[who] = self._world.institutions.inclusive[who]  # as listed, for the next entrant
        market.sites.opens_in[who] = market.sites.added_in[who] = 0
        market.accounts.losing[who] = 0
        market.accounts.arrears[who] = 0
