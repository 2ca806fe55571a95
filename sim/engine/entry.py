"""Entry: a potential entrant at a free site compares its expected profit with the usual profit there.

Without a change entry equals exit: a stationary industry (Hopenhayn, Econometrica 60, 1992, section 4).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from sim.dates import MIXED, YEAR
from sim.engine.costs import CostRules, Rows, pooled_among, room
from sim.engine.state import State
from sim.engine.support import Support
from sim.world.city import World
from sim.world.institutions import BANDS

MOST_ODDS = 0.9  # no free site is certain to be taken, however few there are
NO_SITE_FREE = 0.5  # for sites vacated later, of a kind and standing without a free site at the start


@dataclass(frozen=True)
class Prospect:
    """Prospects of an entrant by institution and band, (J, 3): children, revenue and unlisted cost per child; support.

    earns : fee and treasury payments [yuan a month]; unlisted : unlisted costs [yuan a month]
    """

    children: NDArray[np.float64]
    earns: NDArray[np.float64]
    unlisted: NDArray[np.float64]
    support: Support


class EntryRules:
    """Rules of entry at one city's free sites; holds nothing that time changes."""

    def __init__(self, world: World, costs: CostRules) -> None:
        self._world, self._costs = world, costs
        self._askers = world.institutions.by_turn(YEAR)
        self._lag = world.facts.classes.building_months

    def profit(self, rows: Rows, prospect: Prospect) -> NDArray[np.float64]:
        """Return the full profit of one more institution at some sites, with all services, (rows,) [yuan a month].

        rows : sites with all services
        """
        institutions, classes = self._world.institutions, self._world.facts.classes
        places = institutions.seats[rows]
        nobody = np.zeros_like(places)
        come = np.minimum(prospect.children[rows], room(places, nobody, nobody[:, :BANDS]))
        own = np.minimum(come, places[:, :BANDS])
        mixed = (come - own).sum(axis=1)  # toddlers and older toddlers sharing the mixed classes
        seated = np.minimum(mixed, places[:, MIXED])
        share = np.divide(seated, mixed, out=np.zeros_like(mixed), where=mixed > 0)
        come = own + (come - own) * share[:, None]
        taken = np.column_stack([own, seated])
        month = self._costs.month(places, taken, rows, (come * prospect.unlisted[rows]).sum(axis=1), expected=True)
        seats = places * institutions.hours_share[rows, None]
        support = prospect.support
        spread = np.minimum(support.grant[rows], classes.fit_out_yuan) / (classes.fit_out_years * YEAR)  # off the wear
        helped = support.place[rows] * seats.sum(axis=1) + (seats * spread).sum(axis=1) * institutions.pays_rent[rows]
        earned = (come * prospect.earns[rows]).sum(axis=1) + helped
        return pooled_among(institutions, earned - (month.cash + month.unpaid) / 100, rows)

    def set_odds(self, month: int, prospect: Prospect, closing: NDArray[np.float64], state: State) -> None:
        """Set usual profits to today's, and entry odds at every site so that expected entry equals expected exit.

        Odds are by kind and standing; at least `least_entry` of a kind's running institutions enter in a year. Entry of
        groups without a free site is moved to the kind's others, or to any. Entrants with a decision within the last
        building lag are placed under construction.
        closing : (J,)  probability of exit within a year
        """
        institutions, market = self._world.institutions, state.market
        full_day, kinds, lag = institutions.full_day, len(institutions.kind_names), self._lag
        free = ~market.sites.runs & (market.sites.opening == 0) & ~institutions.reserved & full_day
        runs = market.sites.runs & full_day
        group = institutions.kind + kinds * market.sites.inclusive  # a free site has its listed standing
        sites, running, close = (
            np.bincount(group, weights, 2 * kinds).astype(float) for weights in (free, runs, closing * runs)
        )
        opens = np.maximum(close, self._world.facts.supply.least_entry * running)
        opens = _where_there_are_sites(opens, sites, kinds)
        looked_at = np.maximum(sites - opens * lag / YEAR, opens / MOST_ODDS)  # the others are under construction
        odds = np.divide(opens, looked_at, out=np.full(2 * kinds, NO_SITE_FREE), where=sites > 0)
        market.usual.odds[:] = odds[group]
        market.usual.prospect[:] = self.profit(np.arange(len(group)), prospect)
        for before in range(lag - 1, -1, -1):
            rows = self._free(month - before, state)
            self._begin(month - before, rows, market.usual.odds[rows], state)

    def plan(self, month: int, prospect: Prospect, state: State) -> None:
        """Let potential entrants consider each free site once a year; a decision against entry is final.

        Required profits differ between potential entrants: a logistic distribution of spread `entry_spread`.
        """
        rows, usual = self._free(month, state), state.market.usual
        if len(rows):
            more = (self.profit(rows, prospect) - usual.prospect[rows]) / self._world.facts.supply.entry_spread
            self._begin(month, rows, expit(logit(usual.odds[rows]) + more), state)  # odds of 0 stay 0

    def _free(self, month: int, state: State) -> Rows:
        """Return the free sites under consideration in a month, with all their services."""
        rows, sites = self._askers[month % YEAR], state.market.sites
        free = ~sites.runs[rows] & (sites.opening[rows] == 0) & ~self._world.institutions.reserved[rows]
        return np.asarray(rows[free])

    def _begin(self, month: int, rows: Rows, chance: NDArray[np.float64], state: State) -> None:
        """Begin construction at sites with a draw below their chance of entry."""
        luck = self._world.luck.uniforms("entry", self._world.institutions.address[rows], month)[:, 0]
        state.market.sites.opening[rows[luck < chance]] = month + self._lag


def _where_there_are_sites(opens: NDArray[np.float64], sites: NDArray[np.float64], kinds: int) -> NDArray[np.float64]:
    """Return yearly entry by kind and standing, (2 · kinds,), moved from groups without a free site to others.

    It goes to the kind's other standing, or else to all groups with sites, in proportion to these.
    """
    opens, other = opens.copy(), np.roll(np.arange(2 * kinds), kinds)
    lacks = (sites == 0) & (sites[other] > 0)
    opens[other[lacks]] += opens[lacks]
    opens[lacks] = 0.0
    nowhere = sites == 0
    if sites.any():
        opens = np.where(nowhere, 0.0, opens + opens[nowhere].sum() * sites / sites.sum())
    return opens
