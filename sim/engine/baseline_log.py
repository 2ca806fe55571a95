"""The baseline's log: terms and choices of every household on its decision days, read when policies run."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim.dates import DECISION_DAYS, month_of
from sim.engine.groups import Grouping
from sim.engine.state import State
from sim.kernels.columns import CLOSED, PARTS, ChoiceInputs, Tariff
from sim.kernels.passing import Month
from sim.kernels.welfare import Faced


@dataclass(frozen=True, eq=False)
class Terms:
    """Prices and values of a stretch of days in the baseline; value : float32 (4, J). Compared by identity."""

    tariff: Tariff
    value: NDArray[np.float32]


@dataclass
class BaselineLog:
    """The baseline's notes for its policies, month by month.

    gains_from : absolute month from which households' gains are counted
    kept_from : absolute month from which policies may fork
    grouping : household groups under the standing instruments
    """

    gains_from: int
    kept_from: int
    grouping: Grouping = field(default_factory=lambda: Grouping.of((), 0, (1,)))
    _months: dict[int, Month] = field(default_factory=dict)
    _free: dict[int, NDArray[np.bool_]] = field(default_factory=dict)
    _terms: dict[date, Terms] = field(default_factory=dict)

    def keeps(self, day: date) -> bool:
        """Return True if the baseline is noted on a day."""
        return month_of(day) >= min(self.gains_from, self.kept_from)

    def counts_gains(self, day: date) -> bool:
        """Return True if gains are counted on a day."""
        return month_of(day) >= self.gains_from

    def begin(self, day: date, state: State, marked: bool) -> tuple[Month, NDArray[np.bool_]]:
        """Allocate a month's notes, and the free seats of each of its decision days, bool (28, 4, J).

        marked : past care affects choices
        """
        month, children, faces = month_of(day), state.children, state.vouchers.face
        if month not in self._months:
            n, institutions = len(children.at), state.offers.value.shape[1]
            self._months[month] = Month(
                at=np.empty(n, np.int16),
                sat=np.empty(n, np.int16),
                rests=np.empty(n, np.int16),
                face=np.empty_like(faces),
                group=np.zeros(n, np.int16),
                alpha=np.empty(n, np.float32),
                sunk=np.zeros(n, np.float32),
                margin=np.full(n, -np.inf, np.float32),
                last=np.empty(n if marked else 0, np.int16),
            )
            self._free[month] = np.zeros((DECISION_DAYS, PARTS, institutions), np.bool_)
        return self._months[month], self._free[month]

    def note(self, days: list[date], inputs: ChoiceInputs) -> None:
        """Record prices and values at the decisions of some days."""
        terms = Terms(inputs.tariff, inputs.offers.value.copy())
        self._terms.update(dict.fromkeys(days, terms))

    def on(self, day: date) -> tuple[Month, NDArray[np.bool_], Terms]:
        """Return a month's notes, its free seats, bool (28, 4, J), and a day's terms; KeyError if there are none."""
        return self._months[month_of(day)], self._free[month_of(day)], self._terms[day]

    def last_alike(self, day: date, until: date) -> date:
        """Return the last day, up to `until`, with the same terms in the baseline as on a day."""
        last = day
        while last < until:
            following = date.fromordinal(last.toordinal() + 1)
            if self._terms[following] is not self._terms[day]:
                break
            last = following
        return last

    def faced(self, day: date, value: NDArray[np.float32]) -> Faced:
        """Return the terms of the baseline's households, for comparison with a policy's; `free` is the day's.

        Gains cover fees, vouchers and seats, not the perceived worth of care: an open offer has its worth under the
        policy on both sides, before its fee.
        value : float32 (4, J)  under the policy
        """
        month, free, terms = self.on(day)
        shared = np.where(value > CLOSED, value, terms.value)
        shared = np.where(terms.value > CLOSED, shared, CLOSED).astype(np.float32)
        return Faced(
            terms.tariff, shared, free[day.day - 1], month.group, month.at, month.face, month.sat, month.sunk,
            month.last,
        )  # fmt: skip
