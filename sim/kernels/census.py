"""Counts at a month's end: who there is, who is enrolled, who waits, by group."""

from typing import Any

from sim.compiled import entry, inner
from sim.kernels.choice import part_of
from sim.kernels.columns import BAND_OF_PART, NOBODY

CHILDREN = 1  # rows of `population`
ENROLLED, ENROLLED_UNDER_36, WAITING = range(3)  # rows of `count_enrolled`


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
def count_enrolled(
    ages: Any, under_36: int, birth: Any, cells: Any, kind_cell: Any, at: Any, on_list: Any, out: Any
) -> None:
    """Children enrolled and waiting, by group.

    under_36 : children born after this day are under 36 months
    at, on_list : of the children, who sit or wait
    out : int64 (3, groups)  added to
    """
    for i in range(birth.size):
        j, waits = at[i], on_list[i]
        if j == NOBODY and waits == NOBODY:
            continue
        band = 1 + BAND_OF_PART[part_of(birth[i], ages)]
        if waits != NOBODY and j == NOBODY:
            out[WAITING, 0] += 1
            out[WAITING, band] += 1
            for c in range(cells.shape[1]):
                out[WAITING, cells[i, c]] += 1
        if j == NOBODY:
            continue
        young = 1 if birth[i] > under_36 else 0
        add(0, young, out)
        add(band, young, out)
        add(kind_cell[j], young, out)
        for c in range(cells.shape[1]):
            add(cells[i, c], young, out)


@entry
def count_by_offer(ages: Any, birth: Any, at: Any, out: Any) -> None:
    """Children enrolled by institution and band; out : int64 (J, 3), added to."""
    for i in range(birth.size):
        if at[i] != NOBODY:
            out[at[i], BAND_OF_PART[part_of(birth[i], ages)]] += 1


@inner
def add(cell: int, young: int, out: Any) -> None:
    """Count one enrolled child in a group."""
    out[ENROLLED, cell] += 1
    out[ENROLLED_UNDER_36, cell] += young
