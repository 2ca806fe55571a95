"""Epochs: the shocks under which children choose until their circumstances change; the same under every policy."""

from collections.abc import Callable
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.kernels import choice
from sim.kernels.columns import Epochs
from sim.kernels.day import Luck
from sim.world.city import World


class EpochTable:
    """A replication's epochs: the first of every child, and those that begin on decision days.

    first_month, months : absolute month in which the run begins, and its length
    edges : rows of a day's eligible children by part, as in `kernels.day.Days`
    table : shocks of all epochs in force, and of those to come that policies share
    begun : children whose epochs begin on a shared day, int32, and the row of the first of them
    """

    def __init__(
        self, world: World, luck: Luck, first_month: int, months: int, edges: Callable[[date], NDArray[np.int64]]
    ) -> None:
        self._world, self._luck, self._edges = world, luck, edges
        self._first_month, self._months = first_month, months
        self._renewals = self._draw_renewals()
        self.table = self._first_epochs()
        self.begun: dict[date, tuple[NDArray[np.int32], int]] = {}

    def _draw_renewals(self) -> NDArray[np.uint8]:
        """Months in which each child's circumstances are drawn afresh, uint8 (months, n)."""
        families = self._world.families
        out = np.zeros((self._months, len(families)), np.uint8)
        stream = self._world.luck.stream("renewal")
        choice.fill_renewals(
            families.id, self._first_month, self._months, self._world.facts.families.renewal, stream, out
        )
        return out

    def _first_epochs(self) -> Epochs:
        """Every child's own row, drawn as of the month in which the child was born into the city."""
        n, born = len(self._world.families), (self._world.families.id >> 20).astype(np.uint32)
        everyone, epochs = np.arange(n, dtype=np.int32), Epochs.of(n, self._world.candidate.shape[1])
        choice.begin_epochs(everyone, self._draw(everyone, born, self._world.luck.stream("first shocks")), epochs)
        return epochs

    def share(self, month: int) -> None:
        """Give every epoch that begins from an absolute month on a row of its own: policies fork from then on.

        Called a second time it does nothing.
        """
        if self.begun:
            return
        n, last = len(self._world.families), self._first_month + self._months
        days = [dates.date_in(m, d + 1) for m in range(month, last) for d in range(dates.DECISION_DAYS)]
        rows = [self.renewing(day) for day in days]
        first = n + np.cumsum([0, *(len(r) for r in rows)])
        longer = Epochs.of(int(first[-1]), self._world.candidate.shape[1])
        for old, new in zip(self.table, longer, strict=True):
            new[:n] = old
        for day, children, row in zip(days, rows, first.tolist(), strict=False):
            self.begun[day] = children, row
            to = np.arange(row, row + len(children), dtype=np.int32)
            choice.begin_epochs(to, self.drawn(children, dates.month_of(day)), longer)
        self.table = longer

    def renewing(self, day: date) -> NDArray[np.int32]:
        """Children whose circumstances change on a decision day, int32 rows."""
        edges, row = self._edges(day), dates.month_of(day) - self._first_month
        lo, hi = int(edges[0]), int(edges[-1])
        return (lo + np.flatnonzero(self._renewals[row, lo:hi])).astype(np.int32)

    def drawn(self, rows: NDArray[np.int32], month: int) -> NDArray[np.float32]:
        """Epochs of some children that begin in an absolute month, float32 (rows, K + 1), as `draw_epochs` writes."""
        return self._draw(rows, np.array([month], np.uint32), self._luck.shocks)

    def _draw(
        self, rows: NDArray[np.int32], when: NDArray[np.uint32], stream: NDArray[np.uint32]
    ) -> NDArray[np.float32]:
        world = self._world
        fresh = np.empty((len(rows), world.candidate.shape[1] + 1), np.float32)
        choice.draw_epochs(
            rows, when, world.families.id, world.institutions.address, world.institutions.own_address, stream,
            world.candidate, world.fixed, world.outside, fresh,
        )  # fmt: skip
        return fresh
