"""A policy's instruments beside the city's state: what they see of it, and what they make others face."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine import support
from sim.engine.census import find_seated
from sim.engine.market import Asked
from sim.engine.replication_cache import ReplicationCache
from sim.engine.state import State
from sim.engine.support import Support
from sim.engine.tariff import in_force, months_on, posted_fees
from sim.kernels import census
from sim.kernels.columns import NOBODY
from sim.policy.instrument import Cash, Columns, Instrument, Offered, Recognition
from sim.policy.menu import kind_of
from sim.world.institutions import BANDS


class ActiveInstruments:
    """The instruments of a simulation, the standing ones first; asks them, and moves nothing but by `begin`.

    instruments : windows filled in; state : where their columns and what is left of their budgets stand
    """

    def __init__(self, cache: ReplicationCache, state: State, instruments: tuple[Instrument, ...]) -> None:
        self._cache, self._world, self.state, self.instruments = cache, cache.world, state, instruments
        self._seen: tuple[tuple[bytes, ...], Offered] | None = None  # what the last answer of `offered` went by

    # -- what instruments see ------------------------------------------------------------------------

    @cached_property
    def _standing(self) -> Offered:
        """Of institutions as instruments see them, what no month changes."""
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
        """Institutions as instruments see them on a day; the children enrolled are not counted.

        It is asked for many times a month and seldom anything has changed: then the same is returned again.
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
        """Institutions with the children enrolled: a count of all children, so only for hooks that read it."""
        offered = self.offered(day)
        if not any(i.asks_who_is_enrolled for i in self.instruments):
            return offered
        enrolled = np.zeros((len(offered.kind), BANDS), np.int64)
        census.by_offer(find_seated(self._cache, self.state, day), self.state.children.at, enrolled)
        return replace(offered, enrolled=enrolled)

    def on(self, day: date) -> list[bool]:
        """Return, per instrument, whether it is in force on a day with money left."""
        budgets = self.state.instruments.left.tolist()
        return [in_force(i, day) and left > 0 for i, left in zip(self.instruments, budgets, strict=True)]

    def running(self, day: date) -> Iterator[tuple[int, Instrument, Columns]]:
        """Yield the instruments in force on a day with money left: place in the chain, instrument, columns."""
        for q, on in enumerate(self.on(day)):
            if on:
                yield q, self.instruments[q], self.state.instruments.columns[q]

    # -- what they say -------------------------------------------------------------------------------

    def begin(self, q: int, offered: Offered) -> None:
        """Let an instrument choose institutions by their draws."""
        self.instruments[q].begin(offered, self._chance(q), self.state.instruments.columns[q])

    def _chance(self, q: int) -> NDArray[np.float64]:
        """An instrument's draw of each institution, for selections, float64 (J,)."""
        stream = f"{kind_of(self.instruments[q])} selection"
        return self._world.luck.uniforms(stream, self._world.institutions.address)[:, 0]

    def cash(self, day: date) -> tuple[Cash, ...]:
        """The cash payments in force on a day."""
        return tuple(cash for i in self.instruments if in_force(i, day) for cash in i.cash())

    def told(self, day: date) -> float:
        """Share of those who do not know of a pool whom campaigns in force tell in a month."""
        untold = 1.0
        for _, instrument, _ in self.running(day):
            untold *= 1 - instrument.reach()
        return 1 - untold

    def appeal(self, day: date, offered: Offered) -> NDArray[np.float64]:
        """Worth to families that instruments add to institutions, by band, (J, 3) [yuan a month]."""
        worth = np.zeros((len(offered.kind), BANDS))
        for _, instrument, columns in self.running(day):
            more = instrument.appeal(offered, columns)
            worth += 0.0 if more is None else more
        return worth

    def asked(self, day: date) -> Asked:
        """Return the function from fees institutions would ask to posted fees, by the instruments in force on a day."""
        return partial(posted_fees, self.instruments, self.state.instruments.columns, self.on(day), self.offered(day))

    def escrow(self, day: date) -> NDArray[np.float64]:
        """Share of prepaid fees that is held for families by institution, (J,)."""
        held, offered = np.zeros(len(self._world.institutions)), self.offered(day)
        for instrument in self.instruments:
            if in_force(instrument, day):
                held = np.maximum(held, instrument.escrow(offered))
        return held

    # -- what owners count on ------------------------------------------------------------------------

    def places(self) -> NDArray[np.float64]:
        """Full-time places by institution, (J,)."""
        return np.asarray(self.state.offers.places.sum(axis=1) * self._world.institutions.hours_share)

    def support(self, day: date) -> Support:
        """Support that owners count on beside the payments per child."""
        return support.support(
            self.instruments,
            self.state.instruments.columns,
            self.on(day),
            self.offered(day),
            self.state.instruments.left,
            [_months_in_force(instrument, day, 0) for instrument in self.instruments],  # this month's is yet to be paid
            self.places,
            self._begun,
        )

    def _begun(self) -> NDArray[np.float64]:
        """Full-time places that are being built, by class type, (J, 4)."""
        sites, institutions = self.state.market.sites, self._world.institutions
        classes = (sites.opens_in > 0).astype(np.int64) + (sites.added_in > 0)
        seats = classes * institutions.class_seats + (sites.opening > 0)[:, None] * institutions.seats
        return np.asarray(seats * institutions.hours_share[:, None])

    def income_per_child(self, day: date) -> NDArray[np.float64]:
        """Treasury payments to an institution for one more child, (J, 3) [yuan a month], over a year.

        As far as what is left of a budget bears the months to come of the next twelve, this one's bills being made
        out, with the children who were enrolled at the last month's end.
        """
        offered, total = self.offered(day), np.zeros((len(self._world.institutions), BANDS))
        enrolled = self.state.market.memory.enrolled[(dates.month_of(day) - 1) % dates.YEAR]
        for q, instrument, columns in self.running(day):
            income = instrument.child_income(offered, columns)
            if income is None:
                continue
            fen = np.rint(100 * np.broadcast_to(income.yuan, total.T.shape)).T
            paid = min(income.places / max(int(enrolled[fen > 0].sum()), 1), 1.0)  # of those it would pay for
            in_force_for = _months_in_force(instrument, day, 1)
            months = min(income.months_cap, in_force_for)
            coming = months * paid * float((fen * enrolled).sum()) / 100
            part = support.borne(instrument, self.state.instruments.left[q], coming, in_force_for)
            total += fen * min(income.months_cap / dates.YEAR, 1.0) / 100 * part
        return total

    def recognition(self, day: date, offered: Offered, stands: bool, guided: NDArray[np.float64]) -> Recognition:
        """Payments and demands of instruments over a year if every institution were in the scheme, or none.

        What is in force today ends with its window, and holds as far as what is left of its budget bears it; nobody
        foresees what has not begun.
        guided : (J, 3)  fees that they would ask in the scheme before instruments lower them; each instrument finds
            them as those before it leave them [yuan a month]
        """
        size = len(offered.kind)
        offered = replace(offered, inclusive=np.full(size, stands))
        total = Recognition(np.zeros((size, BANDS)), np.zeros((size, BANDS)), np.zeros(size))
        children, places = np.maximum(offered.enrolled, 0), self.places()
        for q, instrument, columns in self.running(day):
            months = _months_in_force(instrument, day, 0)
            brings = instrument.recognition(offered, columns, months, guided - total.cut)
            if brings is None:
                continue
            coming = dates.YEAR * float((brings.pay * children).sum() + (brings.place * places).sum())
            part = support.borne(instrument, self.state.instruments.left[q], coming, months)
            total = Recognition(
                total.pay + brings.pay * part, total.cut + brings.cut * part, total.place + brings.place * part
            )
        return total


def _months_in_force(instrument: Instrument, day: date, first: int) -> int:
    """In how many of twelve months an instrument is in force, counted from the `first`th after a day's on."""
    return sum(in_force(instrument, d) for d in months_on(day, first + dates.YEAR)[first:])
