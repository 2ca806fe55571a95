"""Counts at a month's end: children there are, enrolled and waiting, by group, and vouchers in hand."""

from typing import Any

import numpy as np

from sim.compiled import entry, inner
from sim.kernels.choice import BLOCK, part_of
from sim.kernels.columns import BAND_OF_PART, NOBODY

CHILDREN = 1  # rows of `population`
ENROLLED, ENROLLED_UNDER_36, WAITING, FULL_TIME = range(4)  # rows of `heads`
HEADS = 4
EIGHT = 8  # bytes of a word


@entry
def population(birth: Any, cells: Any, born_after: int, born_by: int, ages: Any, infant: int, out: Any) -> None:
    """Children born after one day and by another, by group.

    infant : last birthday of those old enough for an infant class; the younger are in no band
    out : int64 (groups,)  added to: group 0 is all, 1 to 3 the bands
    """
    for i in range(birth.size):
        if born_after < birth[i] <= born_by:
            out[0] += 1
            if birth[i] <= infant:
                out[1 + BAND_OF_PART[part_of(birth[i], ages)]] += 1
            for c in range(cells.shape[1]):
                out[cells[i, c]] += 1


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


@inner
def rows_born(birth: Any, lo: int, hi: int, born: Any) -> Any:
    """First and end of rows lo..hi, sorted by birth, born between two days, the first exclusive."""
    return born_by(birth, lo, hi, born[0]), born_by(birth, lo, hi, born[1])


@entry
def heads(
    slices: Any, born: Any, ages: Any, under_36: int, birth: Any, cells: Any, kind_cell: Any, full_time: Any, at: Any,
    on_list: Any, out: Any, enrolled: Any, waiting: Any,
) -> None:  # fmt: skip
    """Count the children enrolled and waiting, by group and by offer.

    slices : int64 (29,)  rows at which the children of each decision day begin and end, sorted by birth within one
    born : the birthdays, exclusive and inclusive, between which whoever is enrolled or waits is born
    under_36 : children born after this day are under 36 months
    full_time : int64 (J,)  part of a place that a child takes [sixtieths]
    at, on_list : of the children, who sit or wait
    out : int64 (HEADS, groups)  added to: the waiting in it are those who are not enrolled
    enrolled : int64 (J, 3), waiting : int32 (J, 3)  added to
    """
    seated, listed = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    by_cell = np.zeros((out.shape[1], 3), np.int64)  # a group's three counts side by side
    new, young = np.zeros(enrolled.shape, np.int64), np.zeros(enrolled.shape, np.int64)
    for d in range(slices.size - 1):
        begin, end = rows_born(birth, slices[d], slices[d + 1], born)
        while begin < end:
            n, waits, last = 0, 0, min(end, begin + BLOCK)
            for i in range(begin, last):  # few of all children: found without a branch
                seated[n] = listed[waits] = i
                n += 1 if at[i] != NOBODY else 0
                waits += 1 if on_list[i] != NOBODY else 0
            begin = last
            for m in range(n):
                i = seated[m]
                j, band = at[i], BAND_OF_PART[part_of(birth[i], ages)]
                under, part = (1 if birth[i] > under_36 else 0), full_time[j]
                new[j, band] += 1
                young[j, band] += under
                for c in range(cells.shape[1]):
                    add(cells[i, c], 1, under, part, by_cell)
            for m in range(waits):
                i = listed[m]
                offer = on_list[i]
                waiting[offer // 3, offer % 3] += 1
                if at[i] == NOBODY:
                    out[WAITING, 0] += 1
                    out[WAITING, 1 + BAND_OF_PART[part_of(birth[i], ages)]] += 1
                    for c in range(cells.shape[1]):
                        out[WAITING, cells[i, c]] += 1
    for j in range(enrolled.shape[0]):
        for band in range(enrolled.shape[1]):
            enrolled[j, band] += new[j, band]
            for cell in (0, 1 + band, np.int64(kind_cell[j])):
                add(cell, new[j, band], young[j, band], full_time[j] * new[j, band], by_cell)
    for cell in range(out.shape[1]):
        out[ENROLLED, cell] += by_cell[cell, 0]
        out[ENROLLED_UNDER_36, cell] += by_cell[cell, 1]
        out[FULL_TIME, cell] += by_cell[cell, 2]


@entry
def by_offer(slices: Any, born: Any, ages: Any, birth: Any, at: Any, out: Any) -> None:
    """Children enrolled by institution and band; out : int64 (J, 3), added to; the rest as in `heads`."""
    for d in range(slices.size - 1):
        begin, end = rows_born(birth, slices[d], slices[d + 1], born)
        for i in range(begin, end):
            if at[i] != NOBODY:
                out[at[i], BAND_OF_PART[part_of(birth[i], ages)]] += 1


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
def add(cell: int, children: int, young: int, part: int, by_cell: Any) -> None:
    """Count enrolled children in a group: how many, those of them under 36 months, and the places they take."""
    by_cell[cell, 0] += children
    by_cell[cell, 1] += young
    by_cell[cell, 2] += part
