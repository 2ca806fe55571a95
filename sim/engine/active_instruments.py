"""A policy's instruments in a running city: their view of its state, and the terms they set."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from sim.engine.census import find_seated
from sim.engine.market import Asked
from sim.engine.replication_cache import ReplicationCache
from sim.engine.state import State
from sim.engine.tariff import in_force, posted_fees
from sim.kernels import census
from sim.kernels.columns import NOBODY
from sim.policy.instrument import Cash, Columns, Instrument, Offered
from sim.policy.menu import kind_of
from sim.world.institutions import BANDS


class ActiveInstruments:
    """Instruments of a simulation, standing ones first; queries only, except `begin`.

    instruments : windows filled in; state : holds their columns and remaining budgets
    """

    def __init__(self, cache: ReplicationCache, state: State, instruments: tuple[Instrument, ...]) -> None:
        self._cache, self._world, self.state, self.instruments = cache, cache.world, state, instruments
        self._seen: tuple[tuple[bytes, ...], Offered] | None = None  # key and answer of the last `offered`

    # -- state as seen by instruments ------------------------------------------------------------------

    @cached_property
    def _standing(self) -> Offered:
        """View of institutions for instruments, with fields constant over time filled in."""
        world = self._world
        institutions, costs, size = world.institutions, world.facts.costs, len(world.institutions)
        nowhere = np.zeros(size, bool)
        return Offered(
            kind=institutions.kind,
            kind_names=institutions.kind_names,
            registered=institutions.registered,
            inclusive=nowhere,
            enrolled=np.full((size, BANDS), NOBODY, np.int64),
            id=institutions.id,
            district=institutions.district,
            district_names=tuple(d.name for d in world.facts.district),
            runs=nowhere,
            reserved=institutions.reserved,
            vacant=nowhere,
            may_build=nowhere,
            building=nowhere,
            first_row=institutions.full_day,
            utilities=np.full(size, costs.utilities_per_place),
            rent=np.where(institutions.pays_rent, costs.rent_per_place, 0.0),
            quality_yuan=world.facts.families.quality_yuan,
        )

    def offered(self, day: date) -> Offered:
        """Return institutions as instruments see them on a day, without the count of children enrolled.

        Called many times a month, mostly without a change in between: the last answer is then returned again.
        """
        institutions, sites = self._world.institutions, self.state.market.sites
        registered = institutions.registered
        for instrument, columns, on in zip(self.instruments, self.state.instruments.columns, self.on(day), strict=True):
            more = instrument.registers(columns) if on else None
            registered = registered if more is None else registered | more
        told_by = (registered, sites.runs, sites.opening, sites.added_in, sites.opens_in)
        key = tuple(column.tobytes() for column in told_by)
        if self._seen is None or self._seen[0] != key:
            found = replace(
                self._standing,
                registered=registered,
                inclusive=sites.inclusive,
                runs=sites.runs,
                vacant=institutions.reserved & ~sites.runs & (sites.opening == 0),
                may_build=sites.runs & ~institutions.single & (sites.added_in == 0).all(axis=1),
                building=sites.opens_in.any(axis=1).astype(bool),
            )
            self._seen = key, found
        return self._seen[1]

    def counted(self, day: date) -> Offered:
        """Return institutions with the children enrolled: a count of all children, so only for hooks reading it."""
        offered = self.offered(day)
        if not any(i.asks_who_is_enrolled for i in self.instruments):
            return offered
        enrolled = np.zeros((len(offered.kind), BANDS), np.int64)
        census.by_offer(find_seated(self._cache, self.state, day), self.state.children.at, enrolled)
        return replace(offered, enrolled=enrolled)

    def on(self, day: date) -> list[bool]:
        """Return, per instrument, True if it is in force on a day with budget left."""
        budgets = self.state.instruments.left.tolist()
        return [in_force(i, day) and left > 0 for i, left in zip(self.instruments, budgets, strict=True)]

    def running(self, day: date) -> Iterator[tuple[int, Instrument, Columns]]:
        """Yield the instruments in force on a day with budget left: place in the chain, instrument, columns."""
        for q, on in enumerate(self.on(day)):
            if on:
                yield q, self.instruments[q], self.state.instruments.columns[q]

    def places(self) -> NDArray[np.float64]:
        """Return full-time places by institution, (J,)."""
        return np.asarray(self.state.offers.places.sum(axis=1) * self._world.institutions.hours_share)

    # -- terms set by instruments ----------------------------------------------------------------------

    def begin(self, q: int, offered: Offered) -> None:
        """Let an instrument choose institutions by their draws."""
        self.instruments[q].begin(offered, self.chance(q), self.state.instruments.columns[q])

    def chance(self, q: int) -> NDArray[np.float64]:
        """Return an instrument's draw of each institution, for selections, float64 (J,)."""
        stream = f"{kind_of(self.instruments[q])} selection"
        return self._world.luck.uniforms(stream, self._world.institutions.address)[:, 0]

    def cash(self, day: date) -> tuple[Cash, ...]:
        """Return the cash payments in force on a day."""
        return tuple(cash for i in self.instruments if in_force(i, day) for cash in i.cash())

    def told(self, day: date) -> float:
        """Return the share of uninformed households informed of a pool in a month by campaigns in force."""
        untold = 1.0
        for _, instrument, _ in self.running(day):
            untold *= 1 - instrument.reach()
        return 1 - untold

    def appeal(self, day: date, offered: Offered) -> NDArray[np.float64]:
        """Return worth to households added to institutions by instruments, by band, (J, 3) [yuan a month]."""
        worth = np.zeros((len(offered.kind), BANDS))
        for _, instrument, columns in self.running(day):
            more = instrument.appeal(offered, columns)
            worth += 0.0 if more is None else more
        return worth

    def asked(self, day: date) -> Asked:
        """Return the function from own fees to posted fees, by the instruments in force on a day."""
        return partial(posted_fees, self.instruments, self.state.instruments.columns, self.on(day), self.offered(day))

    def escrow(self, day: date) -> NDArray[np.float64]:
        """Return the share of prepaid fees held in escrow by institution, (J,)."""
        held, offered = np.zeros(len(self._world.institutions)), self.offered(day)
        for instrument in self.instruments:
            if in_force(instrument, day):
                held = np.maximum(held, instrument.escrow(offered))
        return held
