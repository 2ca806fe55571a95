"""Epochs: spells with one set of shocks to a child's choice, ended by renewal; the same under every policy."""

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.kernels import choice
from sim.kernels.columns import Epochs
from sim.kernels.day import Luck
from sim.world.city import World


class EpochTable:
    """Epochs of a replication: each child's first, and later ones beginning on decision days.

    first_month, months : absolute month of the run's beginning, and its length
    edges : rows of a day's eligible children by part, as in `kernels.day.Days`
    table : shocks of all epochs in force, and of later ones shared by policies; sized for all months, but memory is
        used only once written
    begun : children with an epoch beginning on a shared day, int32, and the row of the first of them
    """

    def __init__(
        self, world: World, luck: Luck, first_month: int, months: int, edges: Callable[[date], NDArray[np.int64]]
    ) -> None:
        self._world, self._luck = world, luck
        self._first_month, self._months = first_month, months
        self._renewing, self._since = self._renewals(edges)
        n, born = len(world.families), (world.families.id >> 20).astype(np.uint32)
        self.table = Epochs.of(n + len(self._renewing), world.candidate.shape[1])
        choice.draw_and_begin(
            *self._drawing(np.arange(n, dtype=np.int32), born, world.luck.stream("first shocks")), 0, self.table
        )
        self.begun: dict[date, tuple[NDArray[np.int32], int]] = {}

    def _renewals(self, edges: Callable[[date], NDArray[np.int64]]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return children with renewed circumstances, int32, and the offset of each decision day's among them."""
        families, months = self._world.families, range(self._first_month, self._first_month + self._months)
        days = [[edges(dates.date_in(m, d + 1)) for d in range(dates.DECISION_DAYS)] for m in months]
        begins, ends = (np.array([[int(day[e]) for day in month] for month in days], np.int64) for e in (0, -1))
        rows, counts = np.empty(int((ends - begins).sum()), np.int32), np.zeros_like(begins)
        stream, chance = self._world.luck.stream("renewal"), self._world.facts.families.renewal
        n = choice.find_renewals(families.id, self._first_month, chance, stream, begins, ends, rows, counts)
        return rows[:n].copy(), np.concatenate([[0], np.cumsum(counts)])

    def share(self, month: int) -> None:
        """Give each epoch beginning from an absolute month on a row of its own; policies fork from then on.

        A second call does nothing.
        """
        if self.begun:
            return
        row = len(self._world.families)
        for m in range(month, self._first_month + self._months):
            for d in range(dates.DECISION_DAYS):
                day = dates.date_in(m, d + 1)
                children = self.renewing(day)
                self.begun[day] = children, row
                when = np.array([m], np.uint32)
                choice.draw_and_begin(*self._drawing(children, when, self._luck.shocks), row, self.table)
                row += len(children)

    def renewing(self, day: date) -> NDArray[np.int32]:
        """Return the children with renewed circumstances on a decision day, int32 rows."""
        k = (dates.month_of(day) - self._first_month) * dates.DECISION_DAYS + day.day - 1
        return self._renewing[self._since[k] : self._since[k + 1]]

    def drawn(self, rows: NDArray[np.int32], month: int) -> NDArray[np.float32]:
        """Return epochs of some children beginning in an absolute month, float32 (rows, K + 1), see `draw_epochs`."""
        fresh = np.empty((len(rows), self._world.candidate.shape[1] + 1), np.float32)
        choice.draw_epochs(*self._drawing(rows, np.array([month], np.uint32), self._luck.shocks), fresh)
        return fresh

    def _drawing(
        self, rows: NDArray[np.int32], when: NDArray[np.uint32], stream: NDArray[np.uint32]
    ) -> tuple[NDArray[Any], ...]:
        """Return the kernels' arguments for drawing epochs."""
        world = self._world
        return (
            rows, when, world.families.id, world.institutions.address, world.institutions.own_address, stream,
            world.candidate, world.fixed, world.outside,
        )  # fmt: skip
