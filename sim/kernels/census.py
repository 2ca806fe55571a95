"""Counts at a month's end: who there is, who is enrolled, who waits, by group."""

from typing import Any

import numpy as np

from sim.compiled import entry, inner
from sim.kernels.choice import BLOCK, part_of
from sim.kernels.columns import BAND_OF_PART, NOBODY

CHILDREN = 1  # rows of `population`
ENROLLED, ENROLLED_UNDER_36, WAITING, FULL_TIME = range(4)  # rows of `heads`
HEADS = 4


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


@entry
def heads(
    ages: Any, under_36: int, birth: Any, cells: Any, kind_cell: Any, full_time: Any, at: Any, on_list: Any, out: Any,
    enrolled: Any, waiting: Any,
) -> None:  # fmt: skip
    """Count the children enrolled and waiting, by group and by offer.

    under_36 : children born after this day are under 36 months
    full_time : int64 (J,)  part of a place that a child takes [sixtieths]
    at, on_list : of the children, who sit or wait
    out : int64 (HEADS, groups)  added to: the waiting in it are those who are not enrolled
    enrolled : int64 (J, 3), waiting : int32 (J, 3)  added to
    """
    found = np.empty(BLOCK, np.int64)
    for first in range(0, birth.size, BLOCK):
        n = 0
        for i in range(first, min(first + BLOCK, birth.size)):  # few of all children: found without a branch
            found[n] = i
            n += 1 if (at[i] != NOBODY) | (on_list[i] != NOBODY) else 0
        for m in range(n):
            i = found[m]
            j, offer = at[i], on_list[i]
            band = BAND_OF_PART[part_of(birth[i], ages)]
            if offer != NOBODY:
                waiting[offer // 3, offer % 3] += 1
            if j == NOBODY:
                out[WAITING, 0] += 1
                out[WAITING, 1 + band] += 1
                for c in range(cells.shape[1]):
                    out[WAITING, cells[i, c]] += 1
                continue
            enrolled[j, band] += 1
            young = 1 if birth[i] > under_36 else 0
            part = full_time[j]
            add(0, young, part, out)
            add(1 + band, young, part, out)
            add(kind_cell[j], young, part, out)
            for c in range(cells.shape[1]):
                add(cells[i, c], young, part, out)


@entry
def by_offer(ages: Any, birth: Any, at: Any, out: Any) -> None:
    """Children enrolled by institution and band; out : int64 (J, 3), added to."""
    for i in range(birth.size):
        if at[i] != NOBODY:
            out[at[i], BAND_OF_PART[part_of(birth[i], ages)]] += 1


@inner
def add(cell: int, young: int, part: int, out: Any) -> None:
    """Count one enrolled child in a group, who takes a part of a place."""
    out[ENROLLED, cell] += 1
    out[ENROLLED_UNDER_36, cell] += young
    out[FULL_TIME, cell] += part
