"""Counts at a month's end: children born, enrolled and waiting, by group, and vouchers in hand."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import entry, inner
from sim.kernels.choice import part_of
from sim.kernels.columns import BAND_OF_PART, NOBODY

ENROLLED, ENROLLED_UNDER_36, WAITING, FULL_TIME = range(4)  # rows of `heads`
HEADS = 4
EIGHT = 8  # bytes of a word
# ages in which the enrolled are listed, the oldest first: they part where the bands do, and at 36 months
AGES, OLDEST = 4, 0
BAND_OF_AGE = (2, 2, 1, 0)


class Seated(NamedTuple):
    """Children who sit somewhere.

    rows : int32  by decision day, and by birth within one
    ends : int64 (28 AGES,)  where in `rows` each age of each decision day ends
    """

    rows: NDArray[np.int32]
    ends: NDArray[np.int64]


@entry
def births(birth: Any, cells: Any, first: int, out: Any) -> None:
    """Count the children born on each day, by group.

    first : day of the first row; out : int64 (days, groups)  added to: group 0 is all
    """
    for i in range(birth.size):
        day = np.int64(birth[i]) - first
        out[day, 0] += 1
        for c in range(cells.shape[1]):
            out[day, cells[i, c]] += 1


@inner
def born_by(birth: Any, lo: int, hi: int, day: int) -> int:
    """First of rows lo..hi, sorted by birth, born after a day."""
    while lo < hi:
        middle = (lo + hi) // 2
        if birth[middle] <= day:
            lo = middle + 1
        else:
            hi = middle
    return lo


@entry
def by_age(slices: Any, born: Any, birth: Any, out: Any) -> None:
    """Find where the children of each age begin among those of each decision day.

    slices : int64 (29,)  rows at which the children of each decision day begin and end, sorted by birth within one
    born : int64 (AGES + 1,)  birthdays at which the ages meet, from the oldest on: an age's first one, exclusive
    out : int64 (28, AGES + 1)  written: first row of each age, and the end of the last
    """
    for d in range(out.shape[0]):
        begin = slices[d]
        for age in range(out.shape[1]):
            begin = born_by(birth, begin, slices[d + 1], born[age])
            out[d, age] = begin


@entry
def find_seated(rows_by_age: Any, at: Any, rows: Any, ends: Any) -> Any:
    """List the children who sit somewhere; returns how many there are.

    rows_by_age : int64 (28, AGES + 1), from `by_age`; at : int16 (n,)  where a child sits
    rows : int32 (n,), ends : int64 (28 AGES,)  written, as in `Seated`
    """
    n, one = np.uint64(0), np.uint64(1)  # a signed index costs a test whether it counts from the end
    for d in range(rows_by_age.shape[0]):
        for age in range(AGES):
            for i in range(np.uint64(rows_by_age[d, age]), np.uint64(rows_by_age[d, age + 1])):
                rows[n] = np.int32(i)  # few of all children: found without a branch
                n += one if at[i] != NOBODY else np.uint64(0)
            ends[d * AGES + age] = np.int64(n)
    return np.int64(n)


@entry
def heads(
    seated: Seated, ages: Any, birth: Any, kin: Any, cells_of: Any, kind_cell: Any, full_time: Any, at: Any, first: Any,
    after: Any, out: Any, enrolled: Any, waiting: Any,
) -> None:  # fmt: skip
    """Count the children enrolled and waiting, by group and by offer.

    kin : int16 (n,)  children of one number are in the same groups; cells_of : int16 (kin, C)  which these are
    full_time : int64 (J,)  part of a place that a child takes [sixtieths]
    first : int32 (3 J,)  head of each waiting list; after : int32 (n,)  whoever comes next on a child's
    out : int64 (HEADS, groups)  added to: the waiting in it are those who are not enrolled
    enrolled : int64 (J, 3), waiting : int32 (J, 3)  added to
    """
    by_cell = np.zeros((out.shape[1], 3), np.int64)  # a group's three counts side by side
    by_kin = np.zeros((cells_of.shape[0], 3), np.int64)
    new, young = np.zeros(enrolled.shape, np.int64), np.zeros(enrolled.shape, np.int64)
    begin = 0
    for a in range(seated.ends.size):
        band, under = BAND_OF_AGE[a % AGES], (0 if a % AGES == OLDEST else 1)
        for m in range(begin, seated.ends[a]):
            i = np.uint64(seated.rows[m])
            j = np.uint64(at[i])
            new[j, band] += 1
            young[j, band] += under
            add(np.uint64(kin[i]), 1, under, full_time[j], by_kin)
        begin = seated.ends[a]
    for k in range(cells_of.shape[0]):
        for c in range(cells_of.shape[1]):
            add(np.uint64(cells_of[k, c]), by_kin[k, 0], by_kin[k, 1], by_kin[k, 2], by_cell)
    for offer in range(first.size):  # the lists are walked, because few of all children are on them
        child = np.int64(first[offer])
        while child != NOBODY:
            waiting[offer // 3, offer % 3] += 1
            if at[child] == NOBODY:
                out[WAITING, 0] += 1
                out[WAITING, 1 + BAND_OF_PART[part_of(birth[child], ages)]] += 1
                for c in range(cells_of.shape[1]):
                    out[WAITING, cells_of[kin[child], c]] += 1
            child = np.int64(after[child])
    for house in range(enrolled.shape[0]):
        for band in range(enrolled.shape[1]):
            children, under = new[house, band], young[house, band]
            enrolled[house, band] += children
            for cell in (0, 1 + band, np.int64(kind_cell[house])):
                add(np.uint64(cell), children, under, full_time[house] * children, by_cell)
    for cell in range(out.shape[1]):
        out[ENROLLED, cell] += by_cell[cell, 0]
        out[ENROLLED_UNDER_36, cell] += by_cell[cell, 1]
        out[FULL_TIME, cell] += by_cell[cell, 2]


@entry
def by_offer(seated: Seated, at: Any, out: Any) -> None:
    """Children enrolled by institution and band; at : int16 (n,)  where a child sits; out : int64 (J, 3), added to."""
    begin = 0
    for a in range(seated.ends.size):
        for m in range(begin, seated.ends[a]):
            out[np.uint64(at[np.uint64(seated.rows[m])]), BAND_OF_AGE[a % AGES]] += 1
        begin = seated.ends[a]


@entry
def live(held: Any, face: Any, tranche: Any, first_tier: Any, out: Any) -> None:
    """Count the live vouchers in hand by tranche of all pools; few children hold one, so eight are looked at at once.

    held : uint8 (n,)  live vouchers of each child; face, tranche : (V, n)  as in `columns.Vouchers`
    first_tier : int64 (V,)  voucher tranches of the pools before each; out : int64 (tranches,)  added to
    """
    whole = held.size // EIGHT * EIGHT
    words = held[:whole].view(np.int64)
    for w in range(words.size):
        if words[w] != 0:
            for i in range(w * EIGHT, (w + 1) * EIGHT):
                live_of(i, face, tranche, first_tier, out)
    for i in range(whole, held.size):
        live_of(i, face, tranche, first_tier, out)


@inner
def live_of(i: int, face: Any, tranche: Any, first_tier: Any, out: Any) -> None:
    """Count one child's live vouchers."""
    for v in range(face.shape[0]):
        if face[v, i] > 0:
            out[first_tier[v] + tranche[v, i]] += 1


@inner
def add(cell: Any, children: int, young: int, part: int, by_cell: Any) -> None:
    """Count enrolled children in a group: how many, those of them under 36 months, and the places they take."""
    by_cell[cell, 0] += children
    by_cell[cell, 1] += young
    by_cell[cell, 2] += part
