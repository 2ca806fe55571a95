"""Cumulative births by group: the number of children of given ages on a day is a difference."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim.engine.recorder import GroupIndex
from sim.kernels import census
from sim.kernels.columns import Ages
from sim.policy.instrument import Cash
from sim.world.families import Families
from sim.world.institutions import BANDS


@dataclass(frozen=True)
class Births:
    """Cumulative births, by group.

    first : ordinal of the day before the first birth; by : int64 (days, groups)  children born by it and the days after
        it
    """

    first: int
    by: NDArray[np.int64]

    @classmethod
    def paid(cls, families: Families, groups: GroupIndex, cash: Cash | None) -> "Births":
        """Count the children a cash payment reaches at some age; all if None."""
        birth, cells = families.birth, groups.cells
        if cash is not None:
            chosen = (families.income >= cash.income_from) & (families.income < cash.income_to)
            if cash.birth_orders:
                chosen &= np.isin(families.birth_order, cash.birth_orders)
            if not chosen.all():
                birth, cells = birth[chosen], cells[chosen]
        return cls.of(birth, cells, len(groups.names))

    @classmethod
    def of(cls, birth: NDArray[np.int32], cells: NDArray[np.int16], groups: int) -> "Births":
        """Count children by their birthdays and groups."""
        first = int(birth.min(initial=date.max.toordinal())) - 1
        by = np.zeros((max(int(birth.max(initial=0)) - first, 0) + 1, groups), np.int64)
        census.births(birth, cells, first, by)
        return cls(first, np.cumsum(by, axis=0))

    def between(self, after: int, by: int, ages: Ages, infant: int) -> NDArray[np.int64]:
        """Count children born after one day and by another, by group, int64 (groups,).

        infant : last birthday of children old enough for an infant class; younger ones are in no band
        """
        by = max(by, after)
        out = self._by(by) - self._by(after)
        ends = [min(max(end, after), by) for end in (infant, ages.toddler, ages.older)]
        older = [int(self._by(end)[0] - self._by(after)[0]) for end in ends]
        out[1 : 1 + BANDS] = older[0] - older[1], older[1] - older[2], older[2]
        return out

    def _by(self, day: int) -> NDArray[np.int64]:
        """Return children born by a day, by group, int64 (groups,)."""
        return np.asarray(self.by[min(max(day - self.first, 0), len(self.by) - 1)])
