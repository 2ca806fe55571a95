"""Values shared by all policies of a replication, computed once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.births import Births
from sim.engine.epochs import EpochTable
from sim.engine.market import Market
from sim.engine.recorder import GroupIndex
from sim.engine.trends import Trends
from sim.kernels import census
from sim.kernels.columns import NOBODY, Ages
from sim.kernels.day import Days
from sim.kernels.day import Luck as DayLuck
from sim.kernels.passing import mark_exposed
from sim.policy.instrument import Cash
from sim.world.city import World
from sim.world.families import Families
from sim.world.institutions import BANDS, PARTS_OF_A_PLACE

MOST_EXPOSED = 64  # answers kept: half a megabyte each in a city of 300,000 children


@dataclass
class ReplicationCache:
    """Values shared by every policy of a replication: epochs, groups, trends, and counts unaffected by policy."""

    world: World
    first_month: int
    months: int
    trends: Trends
    _edges: dict[date, NDArray[np.int64]] = field(default_factory=dict)
    _rows_by_age: dict[date, NDArray[np.int64]] = field(default_factory=dict)

    @cached_property
    def groups(self) -> GroupIndex:
        """Groups of the records."""
        return GroupIndex.of(self.world)

    @cached_property
    def market(self) -> Market:
        """Rules of the institutions."""
        return Market(self.world, self.trends)

    @cached_property
    def room(self) -> NDArray[np.int32]:
        """Work space for rows of children, int32 (n,)."""
        return np.empty(len(self.world.families), np.int32)

    @cached_property
    def luck(self) -> DayLuck:
        """Random streams of the daily loop."""
        stream = self.world.luck.stream
        return DayLuck(self.world.families.id, stream("shocks"), stream("order"))

    @cached_property
    def full_time(self) -> NDArray[np.int64]:
        """Part of a place used by a child, by institution, int64 (J,) [sixtieths]."""
        return np.rint(PARTS_OF_A_PLACE * self.world.institutions.hours_share).astype(np.int64)

    @cached_property
    def drawn(self) -> dict[str, NDArray[np.float64]]:
        """Draws of all children kept by voucher pools, by stream, float64 (n,)."""
        return {}

    @cached_property
    def eligible(self) -> dict[tuple[date, int, int, int], NDArray[np.int32]]:
        """Children eligible for a voucher, by day and the pool's terms: ages in months and days of validity."""
        return {}

    def edges(self, day: date) -> NDArray[np.int64]:
        """Return begin and end rows of the four parts of a day's eligible children, oldest first, int64 (5,)."""
        if day not in self._edges:
            families, ages = self.world.families, ages_on(day)
            first, last = families.slices[day.day - 1], families.slices[day.day]
            infant = dates.months_before(day, dates.BAND_FROM_MONTHS[0])
            cuts = np.array([dates.school_year_cut(day), ages.older, ages.mixed, ages.toddler, infant])
            self._edges[day] = first + np.searchsorted(families.birth[first:last], cuts, side="right")
        return self._edges[day]

    def rows_by_age(self, day: date) -> NDArray[np.int64]:
        """Return the rows at which each age class of enrollable children begins, int64 (28, AGES + 1)."""
        if day not in self._rows_by_age:
            self._rows_by_age[day] = _rows_by_age(self.world, day)
        return self._rows_by_age[day]

    @cached_property
    def _crossings(self) -> dict[tuple[date, int], tuple[int, int]]:
        return {}

    def crossing(self, day: date, age: int) -> tuple[int, int]:
        """Return the rows that have passed an age since the previous decision day: first, and one after the last."""
        if (day, age) not in self._crossings:
            lo, hi = (int(edge) for edge in self.world.families.slices[day.day - 1 : day.day + 1])
            before = date.fromordinal(dates.months_before(day, 1))
            ends = [dates.months_before(before, age), dates.months_before(day, age)]
            a, b = np.searchsorted(self.world.families.birth[lo:hi], ends, side="right")
            self._crossings[day, age] = lo + int(a), lo + int(b)
        return self._crossings[day, age]

    @cached_property
    def lasting(self) -> NDArray[np.float32]:
        """Value of each child's best candidate by taste and distance alone, float32 (n,) [units of the shock]."""
        out = np.full(len(self.world.fixed), -np.inf, np.float32)
        for column in self.world.fixed.T:  # NumPy's own maximum of many short rows takes three times as long
            np.maximum(out, column, out=out)
        return out

    @cached_property
    def epochs(self) -> EpochTable:
        """Shocks of the children's epochs."""
        return EpochTable(self.world, self.luck, self.first_month, self.months, self.edges)

    def exposed_to(self, institutions: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Mark children with a candidate among some institutions, uint8 (n,); kept, because policies ask again."""
        key = institutions.tobytes()
        if key not in self._exposed:
            if len(self._exposed) == MOST_EXPOSED:
                del self._exposed[next(iter(self._exposed))]
            out = np.zeros(len(self.world.families), np.uint8)
            mark_exposed(self.world.candidate, institutions, out)
            self._exposed[key] = out
        return self._exposed[key]

    @cached_property
    def _exposed(self) -> dict[bytes, NDArray[np.uint8]]:
        return {}

    # -- stretches of decision days -------------------------------------------------------------------

    def days(
        self, first: date, last: date, paid: tuple[Cash, ...], ages: Sequence[int], parting: tuple[int, ...]
    ) -> Days:
        """Lay out a stretch of decision days of one month for the daily loop; kept if shared by policies.

        paid : cash payments in force; ages : ages in months at the bounds of any cash payment
        parting : ages in months at which a child moves to another household group
        """
        key = (first, last, paid, tuple(ages), parting)
        if key in self._days:
            return self._days[key]
        found = self._stretch(*key)
        if first in self.epochs.begun:
            self._days[key] = found
        return found

    @cached_property
    def _days(self) -> dict[tuple[date, date, tuple[Cash, ...], tuple[int, ...], tuple[int, ...]], Days]:
        return {}

    def _stretch(
        self, first: date, last: date, paid: tuple[Cash, ...], ages: Sequence[int], parting: tuple[int, ...]
    ) -> Days:
        days = days_from(first, last)
        aged = np.zeros((len(days), len(ages), 3), np.int64)
        alphas, at = [np.zeros(0, np.float32)], 0
        for d, day in enumerate(days):
            for a, age in enumerate(ages):
                begin, end = self.crossing(day, age)
                aged[d, a] = begin, end, at
                alphas.append(self.sensitivity(slice(begin, end), day, paid))
                at += end - begin
        grown = [[self.crossing(day, age) for age in parting] for day in days]
        begun = self.epochs.begun
        shared = first in begun
        fresh = [begun[day][0] if shared else self.epochs.renewing(day) for day in days]
        rows, month = np.concatenate(fresh), dates.month_of(first)
        drawn = np.zeros((0, self.world.candidate.shape[1] + 1), np.float32)
        if not shared:
            drawn = self.epochs.drawn(rows, month)
        return Days(
            when=np.array([month, month - self.first_month]),
            today=np.array([day.toordinal() for day in days]),
            edges=np.stack([self.edges(day) for day in days]),
            ages=np.array([ages_on(day) for day in days], np.int64),
            fresh=rows,
            fresh_at=np.cumsum([0, *(len(r) for r in fresh)]),
            epoch=np.array([begun[day][1] if shared else NOBODY for day in days]),
            drawn=drawn,
            aged=aged,
            alpha=np.concatenate(alphas),
            grown=np.array(grown, np.int64).reshape(len(days), len(parting), 2),
        )

    def sensitivity(self, rows: slice, age_on: date, paid: tuple[Cash, ...]) -> NDArray[np.float32]:
        """Return price sensitivity of rows; only cash paid, by age on a day, moves income."""
        return sensitivity_of(self.world.families, self.world.facts.families.income_power, rows, age_on, paid)

    @cached_property
    def _population(self) -> dict[tuple[int, Cash | None], NDArray[np.int64]]:
        return {}

    def population(self, day: date, cash: Cash | None = None) -> NDArray[np.int64]:
        """Return children under 36 months by group, bands by their own children; or recipients of a cash payment."""
        key = (day.toordinal(), cash)
        if key not in self._population:
            self._population[key] = self._count(day, cash)
        return self._population[key]

    def _count(self, day: date, cash: Cash | None) -> NDArray[np.int64]:
        born, ages, infant = self._births(cash), ages_on(day), dates.months_before(day, dates.BAND_FROM_MONTHS[0])
        if cash is not None:
            oldest, youngest = dates.months_before(day, cash.to_months), dates.months_before(day, cash.from_months)
            return born.between(oldest, youngest, ages, infant)
        out = born.between(dates.months_before(day, 36), day.toordinal(), ages, infant)
        in_care = born.between(dates.school_year_cut(day), day.toordinal(), ages, infant)
        out[1 : 1 + BANDS] = in_care[1 : 1 + BANDS]
        return out

    @cached_property
    def _born(self) -> dict[tuple[float, ...] | None, Births]:
        return {}

    def _births(self, cash: Cash | None) -> Births:
        """Return births of the children a cash payment reaches at some age; of all if None."""
        key = None if cash is None else (cash.income_from, cash.income_to, *cash.birth_orders)
        if key not in self._born:
            self._born[key] = Births.paid(self.world.families, self.groups, cash)
        return self._born[key]


def _rows_by_age(world: World, day: date) -> NDArray[np.int64]:
    """Return the rows, as in `rows_by_age`; others are in kindergarten, or have had no decision day to enter."""
    ages, youngest = ages_on(day), dates.months_before(day, dates.BAND_FROM_MONTHS[0])
    three = dates.months_before(day, dates.KINDERGARTEN_MONTHS)
    born = np.array([dates.school_year_cut(day), three, ages.older, ages.toddler, youngest])
    out = np.empty((dates.DECISION_DAYS, census.AGES + 1), np.int64)
    census.by_age(world.families.slices, born, world.families.birth, out)
    return out


def sensitivity_of(
    families: Families, income_power: float, rows: slice, age_on: date, paid: tuple[Cash, ...]
) -> NDArray[np.float32]:
    """Return price sensitivity of some households, float32 (rows,), given the cash paid by age on a day."""
    income = families.income[rows].copy()
    birth, order = families.birth[rows], families.birth_order[rows]
    for cash in paid:
        reached = (birth > dates.months_before(age_on, cash.to_months)) & (
            birth <= dates.months_before(age_on, cash.from_months)
        )
        if cash.birth_orders:
            reached &= np.isin(order, cash.birth_orders)
        reached &= (families.income[rows] >= cash.income_from) & (families.income[rows] < cash.income_to)
        income += cash.yuan_per_month * reached
    relative = income / families.median_income
    return (families.sensitivity[rows] / relative**income_power).astype(np.float32)


def days_from(first: date, last: date) -> list[date]:
    """Return the days from one to another, both included."""
    return [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]


@cache  # every policy asks for the same days
def ages_on(day: date) -> Ages:
    """Return the birthdays separating a day's children by age."""
    return Ages(
        toddler=dates.months_before(day, dates.BAND_FROM_MONTHS[1]),
        mixed=dates.months_before(day, dates.MIXED_FROM_MONTHS),
        older=dates.months_before(day, dates.BAND_FROM_MONTHS[2]),
    )
