"""Classes: owners add one if a year's waiting list pays for it, and give up one after a year empty."""

import numpy as np
from numpy.typing import NDArray

from sim.dates import MIXED, YEAR
from sim.engine.costs import CostRules
from sim.engine.state import State
from sim.engine.support import Support
from sim.world.city import World
from sim.world.institutions import BANDS

TERM_ENDS = (0, 7)  # January and August, counted from 0
SURE = 2.0  # in square roots of a list's length: a Poisson number has one as its standard deviation


class ClassRules:
    """Rules for opening and closing classes of one city's institutions; holds nothing that time changes."""

    def __init__(self, world: World, costs: CostRules) -> None:
        self._world, self._costs = world, costs
        self._sizes = world.institutions.class_seats.astype(np.int64)

    def order(
        self, month: int, due: NDArray[np.int64], margin: NDArray[np.float64], support: Support, state: State
    ) -> None:
        """Order a class if the excess of a year's waiting list over its norm earns back the fit-out in time.

        A long-standing list without a new class reveals a reason of the owner's: a lease, a lack of rooms. The excess
        must be beyond chance: more than `SURE` times the square root of the usual length.
        due : rows of the institutions under review
        margin : (J, 3)  fee and treasury payments per further child, less its marginal cost [yuan a month]
        """
        world, sites = self._world, state.market.sites
        supply, classes = world.facts.supply, world.facts.classes
        rows = due[~world.institutions.single[due]]
        usual = state.market.usual.waiting[rows]
        longer = state.market.memory.waiting.take(rows, axis=1).mean(axis=0) - usual
        filled = np.where(longer > SURE * np.sqrt(usual), np.clip(longer, 0.0, self._sizes[rows, :BANDS]), 0.0)
        each = np.maximum(classes.fit_out_yuan - support.grant[rows, :BANDS], 0.0)
        fit_out = each * world.institutions.class_places[rows, :BANDS]
        place = support.place[rows] * world.institutions.hours_share[rows] - self._costs.place[rows]
        monthly = filled * margin[rows] + self._sizes[rows, :BANDS] * place[:, None]
        earned = monthly * YEAR * supply.payback_years
        wants = (earned >= fit_out) & (filled > 0)
        building = np.maximum(sites.opens_in[rows], sites.added_in[rows])
        wants &= (building == 0).all(axis=1)[:, None]
        best = np.where(wants, earned, -np.inf).argmax(axis=1)
        who = np.flatnonzero(wants.any(axis=1))
        sites.opens_in[rows[who], best[who]] = month + classes.building_months

    def close(self, month: int, state: State) -> int:
        """At a term's end, a share of owners give up a class empty for twelve months; the last class stays."""
        supply, world = self._world.facts.supply, self._world
        peak = np.maximum(state.market.memory.taken.max(axis=0), state.offers.taken)
        idle = (state.offers.places - peak >= self._sizes) & (state.offers.places > 0)
        idle &= month - state.market.sites.opened_in >= YEAR  # a new class has not had its year
        chance = world.luck.uniforms("class closing", world.institutions.id, month)[:, 0]
        gives_up = chance < 1 - (1 - supply.closing_share) ** (1 / len(TERM_ENDS))
        classes = (state.offers.places // self._sizes).sum(axis=1)
        idle &= (gives_up & (classes > 1))[:, None]
        who = np.flatnonzero(idle.any(axis=1))
        seat = idle[who].argmax(axis=1)
        state.offers.places[who, seat] -= self._sizes[who, seat].astype(np.int32)
        return len(who)

    def open(self, month: int, state: State) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Open completed classes of owners and of policies.

        Returns a code institution · 4 + seat type for every new seat, and the seats of owners' own classes, (J, 4).
        """
        market = state.market
        own, added = market.sites.opens_in == month, market.sites.added_in == month
        seats = (own.astype(np.int64) + added) * self._sizes
        state.offers.places[:] += seats.astype(np.int32)
        market.sites.opens_in[own] = market.sites.added_in[added] = 0
        market.sites.opened_in[own | added] = month
        j, c = np.nonzero(seats)
        return np.repeat(j * (MIXED + 1) + c, seats[j, c]), own * self._sizes
