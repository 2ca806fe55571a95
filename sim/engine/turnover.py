"""Exit of institutions, and the opening of what is planned or built.

An owner covers losses in cash for as long as its patience lasts; a public body, a kindergarten or an employer covers
those of its own for good. What is planned opens in its time, and so does what others have built.
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
    """The rules by which one city's institutions come and go; holds nothing that time changes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._places = world.institutions.seats  # with which each opens

    def keep_accounts(self, month: int, takings: NDArray[np.int64], costs: Costs, state: State) -> None:
        """Note a month's results, and for how long each institution has lost cash over a year.

        An owner that will not cover losses much longer stops paying wages; one that earns again pays what it owes.
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
        """Charge the twelve months past with the costs beyond those listed that their fees have told of."""
        market = state.market
        beyond = np.rint(100 * (market.memory.enrolled * market.usual.wedge).sum(axis=2)).astype(np.int64)
        market.accounts.cash_result -= beyond
        market.accounts.full_result -= beyond

    def draw_losses(self, state: State) -> None:
        """At the start those who lose cash have done so for part of their patience, uniformly drawn.

        Whoever is found losing is patient: of owners that began to lose at a steady rate, each is found in proportion
        to its patience (Cox, Renewal Theory, 1962, section 5.4). A lognormal so weighted is one exp(variance) longer.
        What they have left is set, so the months they have lost may be fewer than none.
        """
        institutions, market = self._world.institutions, state.market
        losing = self._found_losing(state)
        left = 1 - self._world.luck.uniforms("losses", institutions.address)[:, 0]
        lost = np.floor(institutions.patience - left * self._patience_of_found)
        market.accounts.losing[:] = np.where(losing, lost, 0).astype(np.int32)

    def closing(self, state: State) -> NDArray[np.float64]:
        """Chance that each institution closes within a year, (J,), at the start, before any luck of `draw_losses`."""
        within = np.minimum(YEAR / self._patience_of_found, 1.0)
        return np.asarray(np.where(self._found_losing(state) & ~self._world.institutions.backed, within, 0.0))

    def _found_losing(self, state: State) -> NDArray[np.bool_]:
        """Institutions that run and have lost cash over the twelve months past, bool (J,)."""
        pooled = self._world.institutions.pooled
        return np.asarray(state.market.sites.runs & (pooled(state.market.accounts.cash_result.sum(axis=0)) < 0))

    @cached_property
    def _patience_of_found(self) -> NDArray[np.float64]:
        """Patience of owners who are found losing, (J,) [months]."""
        return np.asarray(self._world.institutions.patience * np.exp(self._world.facts.supply.patience_sd**2))

    def failing(self, state: State) -> NDArray[np.int64]:
        """Institutions whose owners' patience is over, int64 rows."""
        institutions, market = self._world.institutions, state.market
        return np.flatnonzero(
            market.sites.runs & ~institutions.backed & (market.accounts.losing > institutions.patience)
        )

    def in_sight(self, month: int, since_start: int, state: State) -> NDArray[np.bool_]:
        """Institutions that are being built, or planned to open before one that is begun now would, bool (J,).

        since_start : months since the scenario's start, negative before it
        """
        sites, due = state.market.sites, self._due(month, since_start)
        planned = self._planned(state) & (due >= 1) & (due <= self._world.facts.classes.building_months)
        return np.asarray(~sites.runs & ((sites.opening > month) | (planned & (since_start >= 0))))

    def _due(self, month: int, since_start: int) -> NDArray[np.float64]:
        """Months from this one to that in which each is planned to open, (J,); counted from the day of the count."""
        start, counted = month - since_start, self._world.facts.supply.counted_on
        begins = start if counted is None else max(dates.month_of(counted), start)
        return np.asarray(np.ceil(self._world.institutions.opens_after) - (month - begins))

    def _planned(self, state: State) -> NDArray[np.bool_]:
        """Institutions still to open at their planned date, bool (J,).

        A site whose planned institution's place another took, and left, is not opened at that date.
        """
        sites, due = state.market.sites, self._world.institutions.opens_after
        return np.asarray(~sites.runs & (sites.opened_in == 0).all(axis=1) & (due > 0))

    def opening(self, month: int, since_start: int, state: State) -> NDArray[np.int64]:
        """Open what is built or planned for this month; returns the institutions, int64 rows.

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
        """Take institutions off the market; their children and lists are the caller's to see to."""
        market = state.market
        state.offers.places[who] = 0
        market.sites.runs[who] = False
        market.sites.inclusive[who] = self._world.institutions.inclusive[who]  # whoever takes the site stands as listed
        market.sites.opens_in[who] = market.sites.added_in[who] = 0
        market.accounts.losing[who] = 0
        market.accounts.arrears[who] = 0
