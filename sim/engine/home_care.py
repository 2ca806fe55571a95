"""Cash for care at home: children with a claim this month, and sums forgone by the enrolled."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.active_instruments import ActiveInstruments
from sim.engine.replication_cache import ReplicationCache, ages_on
from sim.engine.support import in_order
from sim.kernels.columns import STAY_AT, STAY_LAST
from sim.policy.instrument import HomeCare, Instrument

NOT_DUE = -1


class HomeCareClaims:
    """Allowances for care at home due since the month began, by instrument.

    A claim is settled on the household's decision day, after its bill: it is forgone if the child is billed that month
    at an institution ending it, and otherwise paid at the month's end. So the columns here are reset monthly and belong
    to no checkpoint.

    due : int8 (n,) by place in the chain  NOT_DUE, or the column of the child's band; 0 below the infant band
    forgone : int64 (groups,)  sums forgone by enrolled children [fen]
    """

    def __init__(self, cache: ReplicationCache, active: ActiveInstruments) -> None:
        self._cache, self._active = cache, active
        n = len(cache.world.families)
        self.due = {
            q: np.full(n, NOT_DUE, np.int8)
            for q, instrument in enumerate(active.instruments)
            if type(instrument).home_care is not Instrument.home_care
        }
        self.forgone = np.zeros(len(cache.groups.names), np.int64)
        self._fen = dict.fromkeys(self.due, 0)

    def note(self, first: date, done: int, row: int) -> None:
        """Record claims due and sums forgone for the children of some days.

        first, done : the first of the days, all billed, and their number
        row : the month, relative, as in the bills
        """
        if not self.due:
            return
        offered = self._active.offered(first)
        for q, instrument, _ in self._active.running(first):
            care = instrument.home_care(offered) if q in self.due else None
            if care is None:
                continue
            for ordinal in range(first.toordinal(), first.toordinal() + done):
                self._note_day(q, care, date.fromordinal(ordinal), row)

    def _note_day(self, q: int, care: HomeCare, day: date, row: int) -> None:
        """Record the same for one instrument and day."""
        families, shorts = self._cache.world.families, self._active.state.children.shorts
        low, high = (int(edge) for edge in families.slices[day.day - 1 : day.day + 1])
        ages = [dates.months_before(day, care.to_months), dates.months_before(day, care.from_months)]
        begin, end = low + np.searchsorted(families.birth[low:high], ages, side="right")
        rows = np.arange(begin, end)
        if care.birth_orders:
            rows = rows[np.isin(families.birth_order[rows], care.birth_orders)]
        inside = (shorts[STAY_LAST, rows] == row) & care.ends[shorts[STAY_AT, rows]]
        columns = band_columns(families.birth[rows], day)
        self._fen[q] = care.fen
        self.due[q][rows] = np.where(inside, NOT_DUE, columns)
        sums = np.full(int(inside.sum()), care.fen, np.int64)
        self.forgone += by_group(self._cache, rows[inside], columns[inside], sums)

    def claims(self, q: int, left: int) -> tuple[NDArray[np.int64], int]:
        """Return an instrument's payments of a month, in order of decision days, from its remaining budget [fen].

        Returns payments by group, int64 (groups,), and the number of children paid.
        """
        rows = np.flatnonzero(self.due[q] != NOT_DUE)
        paid = in_order(np.full(len(rows), self._fen[q], np.int64), left)
        return by_group(self._cache, rows, self.due[q][rows], paid), int((paid > 0).sum())

    def clear(self) -> None:
        """Begin a new month."""
        self.forgone[:] = 0
        for due in self.due.values():
            due[:] = NOT_DUE


def band_columns(birth: NDArray[np.int32], day: date) -> NDArray[np.int8]:
    """Return the band's column among the groups by age on a day, int8; 0 below the infant band."""
    ages, infant = ages_on(day), dates.months_before(day, dates.BAND_FROM_MONTHS[0])
    return sum(((birth <= cut).astype(np.int8) for cut in (infant, ages.toddler, ages.older)), np.zeros(1, np.int8))


def by_group(
    cache: ReplicationCache, rows: NDArray[np.int64], columns: NDArray[np.int8], fen: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Sum children's amounts by group, int64 (groups,); columns : of their bands."""
    out = np.zeros(len(cache.groups.names), np.int64)
    out[0] = fen.sum()
    np.add.at(out, columns[columns > 0], fen[columns > 0])
    for cells in cache.groups.cells[rows].T:
        np.add.at(out, cells, fen)
    return out
