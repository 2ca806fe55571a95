"""The market: institutions' offers, and their adjustment of fees and classes.

Institutions judge by twelve-month means: enrolment swings from a trough in September to a peak in August, and the
season must not be read as a trend. Each reviews every `review_months` months, staggered by its address.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sim.dates import YEAR
from sim.engine.classes import TERM_ENDS, ClassRules
from sim.engine.costs import CostRules, Costs, Rows
from sim.engine.entry import EntryRules, Prospect
from sim.engine.fees import MOST, FeeError, Owners, best_response, steer
from sim.engine.positions import Positions
from sim.engine.state import State
from sim.engine.support import Support
from sim.engine.trends import Trends
from sim.engine.turnover import Turnover
from sim.kernels import supply
from sim.world.city import World

Asked = Callable[[NDArray[np.float64]], NDArray[np.float64]]


class Market:
    """Market rules of one city's institutions; holds nothing that time changes."""

    def __init__(self, world: World, trends: Trends | None = None) -> None:
        self.world, self._trends = world, trends or Trends(world)
        families, institutions = world.facts.families, world.institutions
        self._taste = np.array(families.band_taste, np.float64)
        quality, seen = families.quality_yuan * institutions.quality, families.quality_seen
        self._worth = seen * quality + institutions.appeal  # expecting 0, the mean, of unseen quality [yuan]
        learnt = (families.sensitivity * ((1.0 - seen) * quality)).astype(np.float32)
        self.learnt = learnt if learnt.any() else learnt[:0]  # as in `Ties`
        self._all = np.arange(len(world.institutions))
        self._reviewers = institutions.by_turn(world.facts.supply.review_months)
        self.askers = institutions.by_turn(YEAR)
        self.costs = CostRules(world)
        self.positions = Positions(world, self._trends, self.costs)
        self.classes = ClassRules(world, self.costs)
        self.turnover, self._entry = Turnover(world), EntryRules(world, self.costs)
        self.owners = Owners(world.institutions)
        self.asks_demand = bool(world.institutions.responds.any()) or not world.institutions.stands.all()

    def value(self, state: State, appeal: NDArray[np.float64], if_open: bool = False) -> NDArray[np.float32]:
        """Return taste for band and quality by part and institution, float32 (4, J); CLOSED if it admits none.

        A mixed class admits toddlers from 18 months, so it counts for their part only. A closure nearby lowers trust.
        appeal : (J, 3)  worth added by instruments, by band [yuan a month]
        if_open : value vacant sites as if an institution ran there
        """
        facts, places, out = self.world.facts.families, state.offers.places, np.empty_like(state.offers.value)
        if if_open:
            places = self.positions.places_if_open(state)
        supply.value_offers(
            places, self._worth, state.market.shaken, appeal, self._taste, facts.sensitivity,
            np.float32(facts.trust_yuan), out,
        )  # fmt: skip
        return out

    def store_month_end(
        self, month: int, waiting: NDArray[np.int32], enrolled: NDArray[np.int64], state: State
    ) -> None:
        """Record a month-end: the waiting and the enrolled, each (J, 3), and seats taken."""
        market = state.market
        market.memory.waiting[month % YEAR] = waiting
        market.memory.enrolled[month % YEAR] = enrolled
        market.memory.taken[month % YEAR] = state.offers.taken
        market.shaken *= np.float32(1 - self.world.facts.families.trust_recovery)
        market.memory.months += 1

    def store_demand_survey(
        self,
        month: int,
        part: int,
        expected: NDArray[np.float64],
        cross: NDArray[np.float64],
        weighed: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
        state: State,
    ) -> None:
        """Record this month's survey of expected demand, covering one part of the households.

        expected : (2, 3, J), cross : (3, J, R)  as written by `kernels.demand`
        weighed : children inside and outside the inclusive scheme, and the fees asked about, each (2, 3, J); None if
            not asked
        """
        market = state.market
        market.memory.expected[part], market.memory.cross[part] = expected, cross
        market.other_terms.told[part] = weighed is not None
        if weighed is not None:
            market.other_terms.children[part], market.other_terms.fee[part] = weighed
        market.memory.heard_in = month
        market.memory.fresh[month % YEAR] = self.positions.heard(state) * market.sites.runs[:, None]

    def _among(self, rows: Rows) -> Rows:
        """Return institutions relevant to reviewing some: all, if an owner has several, because its others count."""
        return self._all if self.owners.size > 1 else rows

    def set_baseline_norms(
        self, month: int, asked: Asked, income: NDArray[np.float64], support: Support, state: State
    ) -> None:
        """Set the norms from the last twelve months.

        Norms are an institution's occupancy, its waiting list, the seasons, the profit of an entrant at each site and,
        with `infer_costs`, unlisted costs of institutions setting their own fees: the costs at which each posted fee,
        before the scheme's discount, is the best response (Nevo, Econometrica 2001, section 4).
        asked : posted fees from own fees, as limited by instruments, both (J, 3)
        income : (J, 3)  payments of the treasury per child [yuan a month]
        """
        market = state.market
        market.usual.norm[:] = self._occupancy(state)
        by_month = market.memory.fresh.sum(axis=1)
        mean = by_month.mean(axis=0)
        market.usual.season[:] = np.divide(by_month, mean, out=np.ones_like(by_month), where=by_month > 0)
        responds = self.world.institutions.responds
        if responds.any():
            outlook, posted = self.positions.outlook(state, self._all), asked(state.offers.fee)
            at = self.positions.position(posted, income, state, self._all, if_open=True)
            if self.world.facts.supply.infer_costs:
                free = self.positions.undiscounted(posted, state)
                wedge = free - at.cost - self.owners.margins(outlook)
                market.usual.wedge[:] = np.where(np.isfinite(wedge) & responds[:, None], wedge, 0.0)
                self.turnover.restate_accounts(state)
            market.usual.tolerated[:] = np.maximum(at.scale * outlook.demand - at.room, 0)
        waiting = market.memory.waiting.mean(axis=0)
        market.usual.waiting[:] = np.where(market.sites.runs[:, None], waiting, market.usual.tolerated)
        self.turnover.draw_losses(state)
        prospect = self._prospect(month, asked, income, support, state)
        self._entry.set_odds(month, prospect, self.turnover.closing(state), state)

    def month_costs(self, month: int, enrolled: NDArray[np.int64], state: State) -> Costs:
        """Return a month's costs for the accounts; enrolled : (J, 3)."""
        unlisted = (enrolled * self.positions.unlisted(month, state)).sum(axis=1)
        return self.costs.month(state.offers.places, state.offers.taken, unlisted=unlisted)

    @staticmethod
    def _occupancy(state: State) -> NDArray[np.float64]:
        places = state.offers.places.sum(axis=1)
        mean = state.market.memory.taken.sum(axis=2).mean(axis=0)
        return np.asarray(np.divide(mean, places, out=np.full(len(places), np.nan), where=places > 0))

    def review(self, month: int, asked: Asked, income: NDArray[np.float64], support: Support, state: State) -> int:
        """Review fees and classes of the institutions due; return the number of classes given up.

        New fees hold from the next month; ordered classes open after the building lag.
        asked : posted fees from own fees, as limited by instruments, both (J, 3)
        income : (J, 3)  payments of the treasury per child [yuan a month]
        """
        if not state.market.usual.known:
            return 0
        due = self._reviewers[month % self.world.facts.supply.review_months]
        due = due[state.market.sites.runs[due]]
        self._set_fees(due, asked, income, state)
        margin = asked(state.offers.fee) + income - self.positions.child_cost(state)
        self.classes.order(month, due, margin, support, state)
        return self.classes.close(month, state) if month % YEAR in TERM_ENDS else 0

    def _set_fees(self, due: Rows, asked: Asked, income: NDArray[np.float64], state: State) -> None:
        """Set fees by each institution's rule; guided fees are not the institution's to move.

        Raises FeeError if a fee exceeds the countable range.
        """
        facts, institutions, fee = self.world.facts.supply, self.world.institutions, state.offers.fee
        free = due[~state.market.sites.inclusive[due]]
        steers, responds = free[institutions.steers[free]], free[institutions.responds[free]]
        if len(steers):
            fee[steers] = steer(facts, fee, self._occupancy(state), state.market.usual.norm)[steers]
        if not len(responds):
            return
        rows, before = self._among(responds), asked(fee)
        posted, own = before[rows], fee[rows]
        at = self.positions.position(posted, income[rows], state, rows)
        best, gain = best_response(facts, self.owners, at, self.positions.outlook(state, rows))
        wanted = before.copy()
        wanted[rows] = best
        as_best = asked(wanted)[rows] == best
        # if an instrument holds a fee down, a higher best fee changes nothing; a lower one is posted as such beneath a
        # limit, and lowers the own fee by the same amount before a cut
        gains = marked(responds, len(fee))[rows] & (gain > facts.menu_cost)
        moves = gains[:, None] & ~((posted < own) & (best > posted))
        fee[rows] = np.where(moves, np.where(as_best, best, own + (best - posted)), own)
        if (fee > MOST).any():
            raise FeeError(
                f"fees: found {fee.max():.3g} yuan a month, expected at most {MOST:,}: where families mind no "
                "yuan of a fee no fee is the best; a ceiling of the relief, or a smaller fee_limit, holds it"
            )

    def plan_entry(self, month: int, asked: Asked, income: NDArray[np.float64], support: Support, state: State) -> None:
        """Let potential entrants consider free sites.

        asked : posted fees from own fees, as limited by instruments, both (J, 3)
        income : (J, 3)  payments of the treasury per child [yuan a month]
        """
        if state.market.usual.known:
            self._entry.plan(month, self._prospect(month, asked, income, support, state), state)

    def _prospect(
        self, month: int, asked: Asked, income: NDArray[np.float64], support: Support, state: State
    ) -> Prospect:
        """Return prospects of entrants; expected children are scaled by the citywide ratio of actual to expected."""
        come, season = self.positions.come_of_expected(state), self.positions.season(state)
        children, fee = self.positions.heard(state) * come / season, asked(self.positions.entry_fee(month, state))
        return Prospect(children, fee + income, self.positions.unlisted(month, state), support)


def marked(rows: Rows, institutions: int) -> NDArray[np.bool_]:
    """Mark some of all institutions, bool (J,)."""
    out = np.zeros(institutions, bool)
    out[rows] = True
    return out
