"""Owners' expectations: payments per child and place, grants and recognition announced for the coming year."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine import support
from sim.engine.active_instruments import ActiveInstruments
from sim.engine.groups import Grouping
from sim.engine.support import Support
from sim.engine.tariff import in_force, months_on
from sim.policy.instrument import Columns, Instrument, Recognition, Relief
from sim.world.city import World
from sim.world.institutions import BANDS


class Expectations:
    """Expectations of owners under one policy; read-only.

    own_from : place in the chain of the policy's first own instrument
    """

    def __init__(self, world: World, active: ActiveInstruments, own_from: int) -> None:
        self._world, self._active, self._own_from = world, active, own_from
        self._state = active.state

    def announced(self, day: date, first: int) -> Iterator[tuple[int, Instrument, Columns, int]]:
        """Yield announced instruments: place in the chain, instrument, columns, months in force of the next twelve.

        A policy is announced in full when its first instrument begins, including the institutions a later instrument
        would choose.
        first : count months from the `first`th after the day's
        """
        begun = any(i.start is not None and i.start <= day for i in self._active.instruments[self._own_from :])
        budgets = self._state.instruments.left.tolist()
        for q, (instrument, left) in enumerate(zip(self._active.instruments, budgets, strict=True)):
            months = _months_in_force(instrument, day, first)
            if left <= 0 or months == 0 or not (begun or q < self._own_from):
                continue
            assert instrument.start is not None, "the window is filled in before the run"
            columns = self._state.instruments.columns[q]
            if instrument.start > day:
                columns = {name: column.copy() for name, column in columns.items()}
                instrument.begin(self._active.counted(day), self._active.chance(q), columns)
            yield q, instrument, columns, months

    def support(self, day: date) -> Support:
        """Return support expected by owners beside payments per child, over the months in force of the next twelve."""
        months, declared = [0] * len(self._active.instruments), list(self._state.instruments.columns)
        for q, _, columns, holds_for in self.announced(day, 0):  # this month's is still to be paid
            months[q], declared[q] = holds_for, dict(columns)
        return support.support(
            self._active.instruments,
            declared,
            self._active.on(day),
            self._active.offered(day),
            self._state.instruments.left,
            months,
            self._active.places,
            self._begun,
        )

    def _begun(self) -> NDArray[np.float64]:
        """Return full-time places under construction, by class type, (J, 4)."""
        sites, institutions = self._state.market.sites, self._world.institutions
        classes = (sites.opens_in > 0).astype(np.int64) + (sites.added_in > 0)
        seats = classes * institutions.class_seats + (sites.opening > 0)[:, None] * institutions.seats
        return np.asarray(seats * institutions.hours_share[:, None])

    def income_per_child(self, day: date) -> NDArray[np.float64]:
        """Return expected treasury payments for one more child, (J, 3) [yuan a month], averaged over a year.

        Counts the months in force of the next twelve, without the present one, already billed, and the fraction covered
        by the remaining budget at the enrolment of the last month-end.
        """
        offered, total = self._active.offered(day), np.zeros((len(self._world.institutions), BANDS))
        enrolled = self._enrolled(day)
        for q, instrument, columns, in_force_for in self.announced(day, 1):
            income = instrument.child_income(offered, columns)
            if income is None:
                continue
            fen = np.rint(100 * np.broadcast_to(income.yuan, total.T.shape)).T
            paid = min(income.places / max(int(enrolled[fen > 0].sum()), 1), 1.0)  # of children eligible for payment
            months = min(income.months_cap, in_force_for)
            coming = months * paid * float((fen * enrolled).sum()) / 100
            part = support.borne(instrument, self._state.instruments.left[q], coming, in_force_for)
            total += fen * months * part
        return total / (100 * dates.YEAR)

    def _enrolled(self, day: date) -> NDArray[np.int64]:
        """Return children enrolled at the last month-end, (J, 3)."""
        return np.asarray(self._state.market.memory.enrolled[(dates.month_of(day) - 1) % dates.YEAR], np.int64)

    def recognition(self, day: date, stands: bool, asked: NDArray[np.float64]) -> Recognition:
        """Return instruments' payments and demands over a year if every institution were recognised, or if none were.

        Each counts for the months of its window and the fraction covered by its remaining budget, at the enrolment of
        the last month-end.
        asked : (J, 3)  fees in this standing before instruments lower them; each instrument applies to the fees left by
            the ones before it [yuan a month]
        """
        size, children = len(self._world.institutions), self._enrolled(day)
        offered = replace(self._active.offered(day), inclusive=np.full(size, stands), enrolled=children)
        total = Recognition(np.zeros((size, BANDS)), np.zeros((size, BANDS)), np.zeros(size))
        places = self._active.places()
        for q, instrument, columns, months in self.announced(day, 0):
            brings = instrument.recognition(offered, columns, months, asked - total.cut)
            if brings is None:
                continue
            coming = dates.YEAR * float((brings.pay * children).sum() + (brings.place * places).sum())
            part = support.borne(instrument, self._state.instruments.left[q], coming, months)
            total = Recognition(
                total.pay + brings.pay * part, total.cut + brings.cut * part, total.place + brings.place * part
            )
        return total

    def relief_by_standing(self, day: date, grouping: Grouping) -> float:
        """Return the share of the coming year with different relief at recognised institutions than at others.

        0 if no instrument distinguishes them.
        """
        offered, months = self._active.offered(day), []
        inside, outside = (replace(offered, inclusive=np.full(len(offered.kind), stands)) for stands in (True, False))
        for q, instrument, columns, lasting in self.announced(day, 0):
            groups = grouping.seen_by(q)
            both = [instrument.relief(seen, groups, columns) for seen in (inside, outside)]
            if _differ(*both):
                months.append(lasting)
        return max(months, default=0) / dates.YEAR


def _differ(one: Relief | None, other: Relief | None) -> bool:
    """Return True if two reliefs reduce some bill by different amounts."""
    if one is None or other is None:
        return one is not other
    pairs = ((one.rate, other.rate), (one.amount, other.amount), (one.ceiling, other.ceiling))
    return any(not np.array_equal(a, b) for a, b in pairs)


def _months_in_force(instrument: Instrument, day: date, first: int) -> int:
    """Return the months in force of an instrument among twelve, counted from the `first`th after a day's."""
    return sum(in_force(instrument, d) for d in months_on(day, first + dates.YEAR)[first:])
