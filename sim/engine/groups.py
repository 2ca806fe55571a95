"""Household groups: the children a tariff treats alike, by instruments' criteria and households' horizons.

A group is a household income bracket, a birth order, lots won, an outlook, a horizon and an age. Income and birth order
never change; lots are won on an instrument's first day; the outlook changes at a pool's rounds, the horizon on 1
September, the age on decision days.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.kernels.columns import MOST_GROUPS, Children
from sim.kernels.day import set_digits
from sim.policy.instrument import Columns, Groups, Instrument
from sim.world.families import Families, FamilyFacts

MOST_CELLS = 1_000_000
LONGEST = dates.YEAR  # longest horizon of a household: a school year


def touches_fees(instrument: Instrument) -> bool:
    """Return True if the kind of an instrument may change a fee, a bill, or an allowance forgone by enrolling."""
    kind, asked = type(instrument), (Instrument.relief, Instrument.posted_fee, Instrument.home_care)
    return (kind.relief, kind.posted_fee, kind.home_care) != asked


def ages_told_apart(instruments: Sequence[Instrument]) -> tuple[int, ...]:
    """Return ages above 0 at which a child passes to the next household group, ascending [completed months]."""
    return tuple(sorted({age for i in instruments for age in i.ages_told_apart() if age > 0}))


def horizons(facts: FamilyFacts) -> tuple[int, ...]:
    """Return the horizon of each third of households when weighing entry, ascending, at most a school year [months]."""
    mean = facts.commitment_months
    thirds = (mean * (1 - facts.commitment_spread), mean, mean * (1 + facts.commitment_spread))
    return tuple(min(max(round(months), 1), LONGEST) for months in thirds)


@dataclass(frozen=True)
class Grouping:
    """Household groups of one policy, and the assignment of children to them.

    A group's number counts outlooks first, then horizons, lots won, income brackets, birth orders and ages: groups
    differing in age alone are consecutive, and number modulo `billed` identifies the bill, which depends on neither
    outlook nor horizon. Lots won are a number below 2^lots, with one binary digit per lot. Outlooks are 2^pools numbers
    for households without foresight, then as many for households with it if the policy itself has anything to foresee;
    each has one binary digit per pool with a voucher still to be won. A horizon is a third of the households, then a
    flag for children leaving for kindergarten on the next 1 September.

    limits : float64  upper ends of income brackets, the last inf; orders : int64  birth orders, then 0 for all others
    lots : places in the chain of the instruments by lot
    pools : places in the chain of the voucher pools; looks_ahead : groups differ by foresight
    thirds : horizon of each third of households [months]; a single number if nothing is weighed over time
    ages : completed months, the first 0
    """

    limits: NDArray[np.float64]
    orders: NDArray[np.int64]
    lots: tuple[int, ...]
    pools: tuple[int, ...]
    looks_ahead: bool
    thirds: tuple[int, ...]
    ages: tuple[int, ...]

    @classmethod
    def of(cls, instruments: Sequence[Instrument], own_from: int, thirds: tuple[int, ...]) -> "Grouping":
        """Return the groups needed by some instruments; own_from : place in the chain of the policy's first own."""
        weighed = any(touches_fees(i) for i in instruments)
        return cls(
            limits=np.array([*sorted({x for i in instruments for x in i.incomes_told_apart()}), np.inf]),
            orders=np.array([*sorted({x for i in instruments for x in i.orders_told_apart()}), 0], np.int64),
            lots=tuple(q for q, i in enumerate(instruments) if i.by_lot),
            pools=tuple(q for q, i in enumerate(instruments) if i.tiers() > 0),
            looks_ahead=any(touches_fees(i) for i in instruments[own_from:]),
            thirds=thirds if weighed else (1,),
            ages=(0, *ages_told_apart(instruments)),
        )

    @property
    def outlooks(self) -> int:
        """Number of outlooks."""
        return (1 << len(self.pools)) * (2 if self.looks_ahead else 1)

    @property
    def classes(self) -> int:
        """Number of horizons: for each third of households, children leaving next and others."""
        return 1 if self.thirds == (1,) else 2 * len(self.thirds)

    @property
    def billed(self) -> int:
        """Number of groups with different bills; all others differ from these in expectations only."""
        return (1 << len(self.lots)) * self._lot_step

    @property
    def size(self) -> int:
        """Number of groups."""
        return self.outlooks * self.classes * self.billed

    def holds(self, institutions: int) -> bool:
        """Return True if a tariff has room for these groups: at most 512, and a million cells."""
        return self.size <= MOST_GROUPS and self.size * 3 * institutions <= MOST_CELLS

    @cached_property
    def groups(self) -> Groups:
        """Columns describing each group; for winners of an instrument's lot see `seen_by`."""
        shape = (self.outlooks, self.classes, 1 << len(self.lots), len(self.limits), len(self.orders), len(self.ages))
        outlook, horizon, _, bracket, order, age = (axis.ravel() for axis in np.indices(shape))
        several = self.classes > 1
        return Groups(
            income_to=self.limits[bracket],
            birth_order=self.orders[order],
            from_months=np.array(self.ages, np.int64)[age],
            foresees=(outlook >= 2 ** len(self.pools)) | (not self.looks_ahead),
            may_win=outlook % 2 ** len(self.pools),
            third=horizon // 2 if several else horizon,
            leaves=(horizon % 2 == 1) if several else np.zeros(len(horizon), bool),
            won=np.zeros(len(horizon), bool),
        )

    def seen_by(self, q: int) -> Groups:
        """Return the columns of the billed groups, with winners of the lot of instrument q."""
        if q not in self.lots:
            return self.billed_groups
        won = (self._lots_won >> self.lots.index(q)) % 2 == 1
        return replace(self.billed_groups, won=won[: self.billed])

    @property
    def _lots_won(self) -> NDArray[np.int64]:
        """Return lots won by households of each group, as binary digits, int64 (G,)."""
        return np.asarray(np.arange(self.size) // self._lot_step % (1 << len(self.lots)))

    @cached_property
    def billed_groups(self) -> Groups:
        """Columns of the groups with different bills, the first B of all."""
        return Groups(**{f.name: getattr(self.groups, f.name)[: self.billed] for f in fields(Groups)})

    @cached_property
    def classes_of_groups(self) -> NDArray[np.int64]:
        """Horizon of each group, int64 (G,): twice its third, plus 1 if its children leave next."""
        return (2 * self.groups.third + self.groups.leaves) * (self.classes > 1)

    @property
    def _lot_step(self) -> int:
        return len(self.limits) * len(self.orders) * len(self.ages)

    def youngest(self, families: Families, facts: FamilyFacts, day: date) -> NDArray[np.int16]:
        """Return the group of each child at its youngest, with no lot won and no voucher to win, int16 (n,).

        day : a day of the school year in question
        """
        if self.size == len(self.ages):
            return np.zeros(len(families), np.int16)
        bracket = np.searchsorted(self.limits[:-1], families.income, side="left")
        matches = families.birth_order[:, None] == self.orders[None, :-1]
        order = np.where(matches.any(axis=1), matches.argmax(axis=1), len(self.orders) - 1) if matches.size else 0
        foresees = (families.foresight < facts.foresight) if self.looks_ahead else 0
        third = np.minimum(np.floor(families.patience * len(self.thirds)), len(self.thirds) - 1).astype(np.int64)
        leaves = families.birth <= dates.school_year_cut(dates.next_school_year(day))
        horizon = 2 * third + leaves if self.classes > 1 else 0
        expects = foresees * 2 ** len(self.pools) * self.classes + horizon
        return np.asarray(expects * self.billed + (bracket * len(self.orders) + order) * len(self.ages)).astype(
            np.int16
        )

    def note_winners(self, children: Children, columns: Sequence[Columns], instruments: Sequence[Instrument]) -> None:
        """Update each child's group by the lots won by its household."""
        won = []
        for q in self.lots:
            lot = instruments[q].lot(columns[q])
            assert lot is not None, "who draws a lot knows who has won"
            won.append(lot[1])
        self._move(children, won, self._lot_step)

    def note_who_may_win(
        self, children: Children, columns: Sequence[Columns], instruments: Sequence[Instrument]
    ) -> None:
        """Update each child's group by the pools with vouchers still to be won."""
        able = []
        for q in self.pools:
            may = instruments[q].may_win(columns[q])
            assert may is not None, "who issues vouchers knows who may win them"
            able.append(may)
        self._move(children, able, self.classes * self.billed)

    def _move(self, children: Children, digits: Sequence[NDArray[np.bool_]], step: int) -> None:
        """Set binary digits of each child's group, lowest first, the lowest counting `step`."""
        if digits:
            set_digits(np.stack(digits), step, children.group)

    def there(self, fewer: "Grouping") -> NDArray[np.int64]:
        """Return the group in the baseline's coarser grouping of each group, int64 (G,)."""
        here = self.groups
        bracket = np.searchsorted(fewer.limits, here.income_to, side="left")
        matches = here.birth_order[:, None] == fewer.orders[None, :-1]
        order = np.where(matches.any(axis=1), matches.argmax(axis=1), len(fewer.orders) - 1) if matches.size else 0
        # the baseline's lots and pools come first in the chain; nobody there foresees the policy's own instruments
        won = self._lots_won % (1 << len(fewer.lots))
        outlook = here.may_win % 2 ** len(fewer.pools)
        horizon = 2 * here.third + here.leaves if fewer.classes > 1 else 0
        age = np.searchsorted(np.array(fewer.ages), here.from_months, side="right") - 1
        expects = outlook * fewer.classes + horizon
        billed = (won * len(fewer.limits) + bracket) * len(fewer.orders) + order
        return np.asarray(expects * fewer.billed + billed * len(fewer.ages) + age)


def ages_passed(families: Families, first: date, last: date, ages: tuple[int, ...]) -> tuple[slice, NDArray[np.int16]]:
    """Return the rows of a stretch of decision days of one month, and the number of ages each child has reached.

    Returns the rows, and int16 (rows,); ages : completed months, ascending.
    """
    rows = slice(int(families.slices[first.day - 1]), int(families.slices[last.day]))
    out = np.zeros(rows.stop - rows.start, np.int16)
    for ordinal in range(first.toordinal(), last.toordinal() + 1 if ages else 0):
        day = date.fromordinal(ordinal)
        low, high = (int(edge) for edge in families.slices[day.day - 1 : day.day + 1])
        for age in ages:
            out[low - rows.start : high - rows.start] += families.birth[low:high] <= dates.months_before(day, age)
    return rows, out
