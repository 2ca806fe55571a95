"""Exit and entry of institutions.

An owner covers losses in cash for as long as its patience lasts; a public body, a kindergarten or an employer covers
those of its own for good. What is planned opens in its time; a site without an institution, planned or vacated, is
taken earlier by whoever expects a full profit there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.dates import MIXED, YEAR
from sim.engine.costs import CostRules, Costs, pooled_among, room
from sim.engine.state import State
from sim.engine.support import Support
from sim.world.city import World
from sim.world.institutions import BANDS


@dataclass(frozen=True)
class Prospect:
    """Prospects of an entrant: by institution and band, (J, 3), children and the fee [yuan a month]; support."""

    children: NDArray[np.float64]
    fee: NDArray[np.float64]
    support: Support


class Turnover:
    """The rules by which one city's institutions come and go; holds nothing that time changes."""

    def __init__(self, world: World, costs: CostRules) -> None:
        self._world, self._costs = world, costs
        self._places = world.institutions.seats  # with which each opens
        self._askers = by_turn(world.institutions.address, YEAR)

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

    def draw_losses(self, state: State) -> None:
        """At the start those who lose cash have done so for part of their patience, uniformly drawn.

        Whoever is found losing is patient: of owners that began to lose at a steady rate, each is found in proportion
        to its patience (Cox, Renewal Theory, 1962, section 5.4). A lognormal so weighted is one exp(variance) longer.
        What they have left is set, so the months they have lost may be fewer than none.
        """
        institutions, market = self._world.institutions, state.market
        losing = market.sites.runs & (institutions.pooled(market.accounts.cash_result.sum(axis=0)) < 0)
        left = 1 - self._world.luck.uniforms("losses", institutions.address)[:, 0]
        found = institutions.patience * np.exp(self._world.facts.supply.patience_sd**2)
        market.accounts.losing[:] = np.where(losing, np.floor(institutions.patience - left * found), 0).astype(np.int32)

    def failing(self, state: State) -> NDArray[np.int64]:
        """Institutions whose owners' patience is over, int64 rows."""
        institutions, market = self._world.institutions, state.market
        return np.flatnonzero(
            market.sites.runs & ~institutions.backed & (market.accounts.losing > institutions.patience)
        )

    def plan_entry(self, month: int, prospect: Prospect, state: State) -> None:
        """Let those who think of opening at a free site look at it, once a year: a full profit makes them build."""
        institutions, market = self._world.institutions, state.market
        facts, classes = self._world.facts.supply, self._world.facts.classes
        rows = self._askers[month % YEAR]  # with all services of theirs
        free = ~market.sites.runs[rows] & (market.sites.opening[rows] == 0) & ~institutions.reserved[rows]
        if not free.any():
            return
        places = self._places[rows] * free[:, None]
        nobody = np.zeros_like(places)
        come = np.minimum(facts.optimism * prospect.children[rows], room(places, nobody, nobody[:, :BANDS]))
        own = np.minimum(come, places[:, :BANDS])
        mixed = (come - own).sum(axis=1)  # toddlers and older toddlers who share the mixed classes
        seated = np.minimum(mixed, places[:, MIXED])
        share = np.divide(seated, mixed, out=np.zeros_like(mixed), where=mixed > 0)
        come = own + (come - own) * share[:, None]
        taken = np.ceil(np.column_stack([own, seated])).astype(np.int32)
        month_of = self._costs.month(places, taken, rows)
        seats = places * institutions.hours_share[rows, None]
        support = prospect.support
        spread = np.minimum(support.grant[rows], classes.fit_out_yuan) / (classes.fit_out_years * YEAR)  # off the wear
        helped = support.place[rows] * seats.sum(axis=1) + (seats * spread).sum(axis=1) * institutions.pays_rent[rows]
        earned = (come * prospect.fee[rows]).sum(axis=1) + helped
        profit = pooled_among(institutions, earned - (month_of.cash + month_of.unpaid) / 100, rows)
        builds = rows[free & (profit > 0)]
        market.sites.opening[builds] = month + classes.building_months

    def in_sight(self, month: int, since_start: int, state: State) -> NDArray[np.bool_]:
        """Institutions that are being built, or planned to open before one that is begun now would, bool (J,).

        since_start : months since the scenario's start, negative before it
        """
        sites, due = state.market.sites, np.ceil(self._world.institutions.opens_after) - since_start
        planned = self._planned(state) & (due >= 1) & (due <= self._world.facts.classes.building_months)
        return np.asarray(~sites.runs & ((sites.opening > month) | (planned & (since_start >= 0))))

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
        institutions, market = self._world.institutions, state.market
        planned = self._planned(state) & (since_start >= 1) & (np.ceil(institutions.opens_after) == since_start)
        ready = np.flatnonzero(planned | (market.sites.opening == month))
        state.offers.places[ready] = self._places[ready]
        state.offers.fee[ready] = institutions.fee[ready] * self._world.facts.trends.fees(since_start)
        market.sites.runs[ready] = True
        market.sites.opening[ready] = market.accounts.losing[ready] = 0
        market.accounts.arrears[ready] = 0
        market.sites.opened_in[ready] = month
        market.accounts.cash_result[:, ready] = market.accounts.full_result[:, ready] = 0
        market.usual.norm[ready] = np.nan
        market.usual.wedge[ready] = self._usual_wedge(state)[institutions.kind[ready]]
        market.usual.tolerated[ready] = 0.0
        market.sites.inclusive[ready] = institutions.inclusive[ready]  # as the listed fee, whatever was there before
        return ready

    def _usual_wedge(self, state: State) -> NDArray[np.float64]:
        """Mean of the costs beyond those listed, by kind and band, (kinds, 3) [yuan a month]; 0 where none runs."""
        kind, runs, market = self._world.institutions.kind, state.market.sites.runs, state.market
        among = np.arange(len(self._world.institutions.kind_names))[:, None] == np.where(runs, kind, -1)
        total, size = among @ market.usual.wedge, among.sum(axis=1, keepdims=True)
        return np.asarray(np.divide(total, size, out=np.zeros_like(total), where=size > 0))

    def close(self, who: NDArray[np.int64], state: State) -> None:
        """Take institutions off the market; their children and lists are the caller's to see to."""
        market = state.market
        state.offers.places[who] = 0
        market.sites.runs[who] = False
        market.sites.opens_in[who] = market.sites.added_in[who] = 0
        market.accounts.losing[who] = 0
        market.accounts.arrears[who] = 0


def by_turn(address: NDArray[np.uint32], months: int) -> list[NDArray[np.int64]]:
    """Rows of the institutions whose turn it is in each of some months, by their address: with all their services."""
    return [np.flatnonzero(address % np.uint32(months) == month) for month in range(months)]
