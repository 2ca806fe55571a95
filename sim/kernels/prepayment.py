"""Fees paid in advance: what families have paid and not yet used, and what becomes of it when a child leaves early."""

from typing import Any

import numpy as np

from sim.compiled import entry, inner
from sim.kernels.census import Seated
from sim.kernels.columns import AT, BAND_OF_PART, MONTHS_AHEAD, PAID


@inner
def give_up(i: int, part: int, j: int, to: int, links: Any, counts: Any, cells: Any, site: Any, prepaid: Any) -> None:
    """Child i, of a part, leaves institution j for another or NOBODY: book what its family has paid ahead and loses.

    Between services of one institution what is paid is carried over.
    """
    if to >= 0 and site[to] == site[j]:
        return
    if counts[MONTHS_AHEAD, i] > 0:
        kept = np.rint(np.float64(prepaid.kept[j]) * links[PAID, i])
        amount = np.int64(counts[MONTHS_AHEAD, i]) * np.int64(kept)
        prepaid.forfeited[j] += amount
        prepaid.lost[0] += amount
        prepaid.lost[1 + BAND_OF_PART[part]] += amount
        for c in range(cells.shape[1]):
            prepaid.lost[cells[i, c]] += amount
    counts[MONTHS_AHEAD, i] = np.uint8(0)


@entry
def unused(of: Any, seated: Seated, inputs: Any, rows: Any, fen: Any) -> int:
    """List the children enrolled at some institutions, and what each one's family has paid for months after this one.

    Families pay as many fees as an institution asks for at once on the first bill of a stay, and whenever these are
    used up; each is valued at the net fee of the last bill. Returns how many there are.

    of : bool (J,)  the institutions; seated : all children who are enrolled
    rows : int32 (seated,), fen : int64 (seated,)  written
    """
    at, links, counts = inputs.children.shorts[AT], inputs.children.links, inputs.children.counts
    found = 0
    for m in range(seated.rows.size):
        i = np.uint64(seated.rows[m])
        if of[at[i]]:
            rows[found] = seated.rows[m]
            fen[found] = np.int64(counts[MONTHS_AHEAD, i]) * np.int64(links[PAID, i])
            found += 1
    return found
