"""The market: what institutions pay, and how they move fees and classes.

Institutions judge by twelve-month means, because enrolment swings from a trough in September to a peak
in August and no season is a trend. Each reviews every `review_months` months, staggered by its address.
"""

import numpy as np
from numpy.typing import NDArray

from sim.engine.state import YEAR, State
from sim.engine.treasury import INSTITUTIONS, LANDLORDS, STAFF, SUPPLIERS
from sim.kernels.columns import CLOSED, MIXED
from sim.world.city import World
from sim.world.institutions import bands_served


class Market:
    """The rules of one city's institutions; holds nothing that time changes."""

    def __init__(self, world: World) -> None:
        self._world = world
        supply = world.facts.supply
        self._offset = world.institutions.id % np.uint32(supply.review_months)
        self._sizes = np.array(world.facts.classes.sizes)

    def value(self, places: NDArray[np.int32]) -> NDArray[np.float32]:
        """Taste for the band and quality by part and institution, float32 (4, J); CLOSED where none may enrol.

        A mixed class admits toddlers from 18 months, so only their part sees it.
        """
        facts, institutions = self._world.facts.families, self._world.institutions
        per_sd = facts.quality_yuan * facts.sensitivity
        served = bands_served(places)
        parts = np.stack([served[:, 0], places[:, 1] > 0, served[:, 1], served[:, 2]])
        taste = np.array(facts.band_taste)[[0, 1, 1, 2]]
        return np.where(parts, taste[:, None] + per_sd * institutions.quality, CLOSED).astype(np.float32)

    def remember(self, month: int, waiting: NDArray[np.int32], state: State) -> None:
        """Note a month-end: who waits (J, 3) and who sits where."""
        market = state.market
        market.waiting[month % YEAR] = waiting
        market.taken[month % YEAR] = state.offers.taken
        market.months += 1

    def set_norm(self, state: State) -> None:
        """Take the last twelve months' occupancy for the institution's usual one; nobody's is known before a year."""
        if state.market.months >= YEAR:
            state.market.norm[:] = self._occupancy(state)

    def _occupancy(self, state: State) -> NDArray[np.float64]:
        places = state.offers.places.sum(axis=1)
        mean = state.market.taken.sum(axis=2).mean(axis=0)
        return np.asarray(np.divide(mean, places, out=np.full(len(places), np.nan), where=places > 0))

    def review(self, month: int, state: State) -> int:
        """Let those whose month it is reconsider fees and classes; returns how many classes were given up.

        Changed fees hold from the next month; ordered classes open after their building lag.
        """
        due = np.equal(self._offset, month % self._world.facts.supply.review_months)
        if state.market.months < YEAR:
            return 0
        self._steer_fees(due, state)
        self._order_classes(month, due, state)
        return self._close_classes(month, due, state)

    def _steer_fees(self, due: NDArray[np.bool_], state: State) -> None:
        """`utilisation`: a step up when occupancy stands above the usual by more than the dead band, down below it."""
        supply, steers = self._world.facts.supply, self._world.institutions.steers & due
        norm = state.market.norm
        ratio = np.divide(self._occupancy(state), norm, out=np.ones_like(norm), where=norm > 0)
        up = steers & (ratio > 1 + supply.dead_band)
        down = steers & (ratio < 1 - supply.dead_band)
        state.offers.fee[up] *= 1 + supply.fee_step
        state.offers.fee[down] *= 1 - supply.fee_step

    def margins(self, fee: NDArray[np.float64]) -> NDArray[np.float64]:
        """What a further child in a class of each type leaves, (J, 4) [yuan a month]: fee less carer, food, place."""
        costs, classes = self._world.facts.costs, self._world.facts.classes
        carer = costs.carer_wage * (1 + costs.wage_charges) / np.array(classes.per_carer)
        place = costs.utilities_per_place + costs.rent_per_place * self._world.institutions.pays_rent
        by_seat = np.concatenate([fee, fee[:, 1:].mean(axis=1, keepdims=True)], axis=1)
        return np.asarray(by_seat - carer - costs.food_per_child - place[:, None])

    def _order_classes(self, month: int, due: NDArray[np.bool_], state: State) -> None:
        """Begin a class where a year's list and margin earn back its fit-out in time."""
        supply, classes = self._world.facts.supply, self._world.facts.classes
        waiting = state.market.waiting.mean(axis=0)
        filled = np.minimum(waiting, self._sizes[:3])
        earned = filled * self.margins(state.offers.fee)[:, :3] * YEAR * supply.payback_years
        wants = due[:, None] & (earned >= classes.fit_out_yuan * self._sizes[:3]) & (filled > 0)
        wants &= (state.market.opens_in == 0).all(axis=1)[:, None]
        best = np.where(wants, earned, -np.inf).argmax(axis=1)
        who = np.flatnonzero(wants.any(axis=1))
        state.market.opens_in[who, best[who]] = month + classes.building_months

    def _close_classes(self, month: int, due: NDArray[np.bool_], state: State) -> int:
        """Some owners give up a class that stood empty for twelve months; the last class stays."""
        supply, world = self._world.facts.supply, self._world
        peak = np.maximum(state.market.taken.max(axis=0), state.offers.taken)
        idle = (state.offers.places - peak >= self._sizes) & (state.offers.places > 0)
        idle &= month - state.market.opened_in >= YEAR  # a new class has not had its year
        chance = world.luck.uniforms("class closing", world.institutions.id, month)[:, 0]
        gives_up = due & (chance < 1 - (1 - supply.closing_share) ** (supply.review_months / YEAR))
        classes = (state.offers.places // self._sizes).sum(axis=1)
        idle &= (gives_up & (classes > 1))[:, None]
        who = np.flatnonzero(idle.any(axis=1))
        seat = idle[who].argmax(axis=1)
        state.offers.places[who, seat] -= self._sizes[seat].astype(np.int32)
        return len(who)

    def open_classes(self, month: int, state: State) -> NDArray[np.int64]:
        """Open what is built; returns a code institution · 4 + seat type for every new seat."""
        ready = state.market.opens_in == month
        if not ready.any():
            return np.zeros(0, np.int64)
        j, c = np.nonzero(ready)
        state.offers.places[j, c] += self._sizes[c].astype(np.int32)
        state.market.opens_in[ready] = 0
        state.market.opened_in[ready] = month
        return np.repeat(j * (MIXED + 1) + c, self._sizes[c])

    def pay_costs(self, month_row: int, state: State) -> int:
        """Institutions pay staff, landlords and suppliers for the month; returns the total [fen].

        Carers come in whole classes: as many as the classes in use need, besides a head for each institution.
        """
        costs, classes = self._world.facts.costs, self._world.facts.classes
        in_use = -(-state.offers.taken // self._sizes)
        carers = (in_use * -(-self._sizes // np.array(classes.per_carer))).sum()
        running = int((state.offers.places.sum(axis=1) > 0).sum())
        wages = round(100 * (1 + costs.wage_charges) * (carers * costs.carer_wage + running * costs.head_wage))
        places = state.offers.places.sum(axis=1)
        rent = round(100 * costs.rent_per_place * float(places[self._world.institutions.pays_rent].sum()))
        goods = round(
            100
            * (costs.utilities_per_place * float(places.sum()) + costs.food_per_child * float(state.offers.taken.sum()))
        )
        for account, amount in ((STAFF, wages), (LANDLORDS, rent), (SUPPLIERS, goods)):
            state.ledger.transfer(month_row, INSTITUTIONS, account, amount)
        return int(wages + rent + goods)
