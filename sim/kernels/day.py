"""Decision days in a row: families look again, choose, are seated and billed, and gain on what the baseline offered.

Nothing else happens between the days of a stretch, so one call carries out all of them.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import entry, inner
from sim.dates import DECISION_DAYS, MIXED
from sim.kernels.bills import Log, Payers, bill
from sim.kernels.choice import BLOCK, begin_epochs, forgoes
from sim.kernels.columns import (
    AT,
    BAND_OF_PART,
    GROUP,
    MOST_GROUPS,
    NOBODY,
    PARTS,
    PLACES,
    STAY_AT,
    TAKEN,
    Ages,
    ChoiceInputs,
)
from sim.kernels.passing import MOVED, Month, Reach, Sorted, note_margins, pass_over
from sim.kernels.places import run_day_choices
from sim.kernels.welfare import Faced, add_gains, add_savings


class Luck(NamedTuple):
    """Chance of the daily loop; never depends on policy.

    child_id : uint32 (n,)
    shocks, order : uint32 (4,)  streams
    """

    child_id: NDArray[np.uint32]
    shocks: NDArray[np.uint32]
    order: NDArray[np.uint32]


class Days(NamedTuple):
    """A stretch of decision days in one month; the same under every policy that is paid the same cash.

    when : int64 (2,)  the month, absolute and relative
    today : int64 (D,)  ordinals
    edges : int64 (D, 5)  rows at which each slice's four parts, oldest first, begin and end
    ages : int64 (D, 3)  as in `Ages`
    fresh : int32 (F,)  children whose epochs begin, day by day; fresh_at : int64 (D + 1,)  where each day's begin
    epoch : int64 (D,)  row of `Epochs` of each day's first; NOBODY where epochs are written over the children's own
    drawn : float32 (F, K + 1)  those epochs as `choice.draw_epochs` writes them; (0, K + 1) where policies share them
    aged : int64 (D, A, 3)  first row, end, and place in `alpha` of the price sensitivities that change with an age
    alpha : float32  these sensitivities
    grown : int64 (D, E, 2)  first row and end of those who have come to each age at which family groups part
    """

    when: NDArray[np.int64]
    today: NDArray[np.int64]
    edges: NDArray[np.int64]
    ages: NDArray[np.int64]
    fresh: NDArray[np.int32]
    fresh_at: NDArray[np.int64]
    epoch: NDArray[np.int64]
    drawn: NDArray[np.float32]
    aged: NDArray[np.int64]
    alpha: NDArray[np.float32]
    grown: NDArray[np.int64]


class Mode(NamedTuple):
    """Parts of the day that are carried out beside choices and bills.

    notes : the baseline's month is written; passes : children whom nothing can have moved are passed over
    cash : the policy's own cash moves price sensitivities; gains : what families gain is counted
    """

    notes: bool
    passes: bool
    cash: bool
    gains: bool


class Work(NamedTuple):
    """Room to work in, and what is told of the last day.

    rows : int32 (n,); at : int16 (n,), face : int32 (V, n), sunk : float32 (n,), free : bool (4, J)  as the day begins;
        where children are passed over, at and face of those weighed
    last : int16 (n,)  institution billed at last as the day begins; (0,) where having been in care changes nothing
    left : the day's children, sorted by whether they must be weighed
    before : int64 (4, instruments)  the payers' accounts before the day's bills
    weighed : int64 (1,)  children not passed over, added up
    """

    rows: NDArray[np.int32]
    at: NDArray[np.int16]
    face: NDArray[np.int32]
    sunk: NDArray[np.float32]
    free: NDArray[np.bool_]
    last: NDArray[np.int16]
    left: Sorted
    before: NDArray[np.int64]
    weighed: NDArray[np.int64]


@inner
def begin_day(d: int, days: Any, inputs: Any) -> None:
    """Put new sensitivities, family groups and epochs in force."""
    alpha, epoch, shorts = inputs.children.alpha, inputs.children.epoch, inputs.children.shorts
    ages = days.grown.shape[1] + 1
    for a in range(1, ages):  # groups that differ by age follow one another
        for i in range(days.grown[d, a - 1, 0], days.grown[d, a - 1, 1]):
            shorts[GROUP, i] += np.int16(a - shorts[GROUP, i] % ages)
    for a in range(days.aged.shape[1]):
        first, end, at = days.aged[d, a, 0], days.aged[d, a, 1], days.aged[d, a, 2]
        for i in range(first, end):
            alpha[i] = days.alpha[at + i - first]
    first, end = days.fresh_at[d], days.fresh_at[d + 1]
    if days.epoch[d] == NOBODY:
        begin_epochs(days.fresh[first:end], days.drawn[first:end], inputs.epochs)
        return
    for m in range(first, end):
        epoch[days.fresh[m]] = np.int32(days.epoch[d] + m - first)


@inner
def note_start(lo: int, hi: int, inputs: Any, at: Any, face: Any) -> None:
    """Note where a slice's children sit and which vouchers they hold, as the day begins."""
    children_at, faces = inputs.children.shorts[AT], inputs.vouchers.face
    at[lo:hi] = children_at[lo:hi]
    for v in range(faces.shape[0]):
        face[v, lo:hi] = faces[v, lo:hi]


@inner
def note_sunk(lo: int, hi: int, inputs: Any, sunk: Any) -> None:
    """Note what a slice's families would forgo by leaving where their children sit, of fees that are paid [yuan]."""
    at = inputs.children.shorts[AT]
    for i in range(lo, hi):
        sunk[i] = forgoes(i, at[i], inputs.ties) if at[i] != NOBODY else np.float32(0)


@inner
def note_last(lo: int, hi: int, inputs: Any, last: Any) -> None:
    """Note where a slice's children were billed last; last : int16 (n,)  written, (0,) where that changes nothing."""
    if last.size > 0:
        last[lo:hi] = inputs.children.shorts[STAY_AT, lo:hi]


@inner
def note_some(rows: Any, n: int, inputs: Any, at: Any, face: Any) -> None:
    """Note where the first n rows sit and which vouchers they hold."""
    children_at, faces = inputs.children.shorts[AT], inputs.vouchers.face
    for m in range(n):
        at[rows[m]] = children_at[rows[m]]
    for v in range(faces.shape[0]):
        for m in range(n):
            face[v, rows[m]] = faces[v, rows[m]]


@inner
def note_sunk_of(rows: Any, n: int, inputs: Any, sunk: Any) -> None:
    """The same as `note_sunk` of the first n rows."""
    at = inputs.children.shorts[AT]
    for m in range(n):
        i = np.int64(rows[m])
        sunk[i] = forgoes(i, at[i], inputs.ties) if at[i] != NOBODY else np.float32(0)


@inner
def note_free(seats: Any, free: Any) -> None:
    """Note which offers have a seat; free : bool (4, J)  written: for a child of each part, as `places.free_seat`."""
    for part in range(free.shape[0]):
        band = BAND_OF_PART[part]
        for j in range(free.shape[1]):
            found = seats[TAKEN, j, band] < seats[PLACES, j, band]
            free[part, j] = found or (part >= PARTS // 2 and seats[TAKEN, j, MIXED] < seats[PLACES, j, MIXED])


@inner
def note_end(lo: int, hi: int, at: Any, month: Any) -> None:
    """Note where a slice's children sit as the day ends, and whether they sat there all day."""
    for i in range(lo, hi):
        month.sat[i] = at[i]
    for i in range(lo, hi):
        month.rests[i] = at[i] if month.at[i] == at[i] else MOVED


@entry
def run_days(
    days: Days, mode: Mode, luck: Luck, inputs: ChoiceInputs, payers: Payers, log: Log, flows: Any, month: Month,
    there: Faced, frees: Any, reach: Reach, work: Work, gains: Any,
) -> Any:  # fmt: skip
    """Carry out the days of a stretch, until one on which the last of a budget is spent.

    flows : int64 (FLOWS, groups), gains : int64 (groups,)  added to
    month : the baseline's, written by the baseline and read by policies
    there : what the baseline's families face; its `free` is set day by day from frees : bool (D, 4, J)
    reach : by how much what the policy moved can move a choice
    Returns how many days were carried out, and whether the last of them spent a budget; its gains are then not counted.
    """
    left = payers.left.copy()
    for d in range(days.today.size):
        edges, today = days.edges[d], days.today[d]
        ages = Ages(days.ages[d, 0], days.ages[d, 1], days.ages[d, 2])
        lo, hi = edges[0], edges[4]
        begin_day(d, days, inputs)
        if mode.notes:
            note_start(lo, hi, inputs, month.at, month.face)
            note_free(inputs.offers.seats, frees[d])
            note_margins(edges, inputs, month.margin)
            month.alpha[lo:hi] = inputs.children.alpha[lo:hi]
            month.group[lo:hi] = inputs.children.shorts[GROUP, lo:hi]
            note_sunk(lo, hi, inputs, month.sunk)
            note_last(lo, hi, inputs, month.last)
        elif mode.gains:
            note_free(inputs.offers.seats, work.free)
        if mode.passes:
            pass_over(edges, mode.cash, month, reach, inputs, work.left)
            work.weighed[0] += work.left.weighed_at[4]
        if mode.gains and mode.passes:  # the others sit and hold the same all day
            note_some(work.left.weighed, work.left.weighed_at[4], inputs, work.at, work.face)
            # paid fees are others for everybody when the day's bills are paid; nobody at home has paid any
            note_sunk_of(work.left.weighed, work.left.weighed_at[4], inputs, work.sunk)
            note_sunk_of(work.left.stay, work.left.stay_at[4], inputs, work.sunk)
        elif mode.gains:
            note_start(lo, hi, inputs, work.at, work.face)
            note_sunk(lo, hi, inputs, work.sunk)
        if mode.gains:
            note_last(lo, hi, inputs, work.last)
        run_day_choices(
            edges, work.rows, today, days.when[0], luck.child_id, luck.order, ages, inputs, mode.passes, work.left
        )
        work.before[:] = payers.accounts
        bill(lo, hi, days.when[1], ages, inputs, payers, log, flows)
        if mode.notes:
            note_end(lo, hi, inputs.children.shorts[AT], month)
        for q in range(left.size):
            if left[q] > 0 and payers.left[q] <= 0:
                return d + 1, True
        if mode.gains:
            here = Faced(
                inputs.tariff, inputs.offers.value, work.free, inputs.children.shorts[GROUP], work.at, work.face,
                inputs.children.shorts[AT], work.sunk, work.last,
            )  # fmt: skip
            base = Faced(
                there.tariff, there.value, frees[d], there.group, there.at, there.face, there.sat, there.sunk,
                there.last,
            )  # fmt: skip
            add_gains(edges, ages, here, base, inputs, mode.passes, work.left, gains)
            if mode.passes and reach.moves:
                add_savings(work.left, inputs, reach.saves, gains)
    return days.today.size, False


@entry
def set_digits(digits: Any, step: int, group: Any) -> None:
    """Set binary digits in the numbers of the children's family groups.

    digits : bool (digits, n)  the lowest first, of which one counts `step`; group : int16 (n,)  read and written
    """
    before = np.empty(MOST_GROUPS, np.int16)  # by table, for groups are few
    for g in range(MOST_GROUPS):
        before[g] = np.int16((g // step) % (1 << digits.shape[0]))
    now = np.empty(BLOCK, np.int16)
    for first in range(0, group.size, BLOCK):
        size = min(BLOCK, group.size - first)
        now[:size] = 0
        for d in range(digits.shape[0]):
            for m in range(size):
                now[m] |= np.int16(np.int16(digits[d, first + m]) << np.int16(d))
        for m in range(size):
            group[first + m] += np.int16((now[m] - before[np.uint64(group[first + m])]) * np.int16(step))


def nothing_beside(inputs: ChoiceInputs, work: Work) -> tuple[Month, NDArray[np.bool_], Faced, Reach]:
    """Arguments of `run_days` where nothing is noted of the baseline, or read of it."""
    i16, f32 = np.zeros(0, np.int16), np.zeros(0, np.float32)
    month = Month(i16, i16, i16, np.zeros((0, 0), np.int32), i16, f32, f32, f32, i16)
    there = Faced(inputs.tariff, inputs.offers.value, work.free, inputs.children.group, i16, month.face, i16, f32, i16)
    return month, np.zeros((DECISION_DAYS, *work.free.shape), np.bool_), there, Reach.nothing()
