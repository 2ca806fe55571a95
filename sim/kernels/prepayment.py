"""Fees paid in advance: what families have paid and not yet used, and what becomes of it when an institution closes."""

from typing import Any

import numpy as np

from sim.compiled import entry
from sim.kernels.census import rows_born
from sim.kernels.choice import BLOCK, part_of
from sim.kernels.columns import AT, BAND_OF_PART, ENROLLED, GROUP, NOBODY, STAY_AT, STAY_FIRST, STAY_LAST


@entry
def unused(
    of: Any, slices: Any, born: Any, month_row: int, ages: Any, prepaid_months: Any, inputs: Any, rows: Any, fen: Any
) -> int:
    """List the children enrolled at some institutions, and what each one's family has paid for months after this one.

    Families pay `prepaid_months` fees on the first bill of a stay and whenever these are used up; they are valued at
    today's net fee. One that has not been billed where it sits has paid nothing there. Returns how many there are.

    of : bool (J,)  the institutions
    slices, born : rows of each decision day, and birthdays of whoever may be enrolled, as in `census.heads`
    month_row : relative month, as in the bills; prepaid_months : int64 (J,)
    rows : int32 (n,), fen : int64 (n,)  written
    """
    shorts, birth = inputs.children.shorts, inputs.birth
    at, group = shorts[AT], shorts[GROUP]
    prices, institutions = inputs.tariff.prices[ENROLLED], prepaid_months.size
    found, near = 0, np.empty(BLOCK, np.int64)
    for d in range(slices.size - 1):
        begin, end = rows_born(birth, slices[d], slices[d + 1], born)
        while begin < end:
            n, last = 0, min(end, begin + BLOCK)
            for i in range(begin, last):  # few of all children: found without a branch
                near[n] = i
                n += 1 if at[i] != NOBODY else 0
            begin = last
            for m in range(n):
                i = near[m]
                j = np.int64(at[i])
                if not of[j]:
                    continue
                term = prepaid_months[j]
                left = 0
                if shorts[STAY_AT, i] == j and shorts[STAY_LAST, i] == month_row:
                    left = term - 1 - (month_row - np.int64(shorts[STAY_FIRST, i])) % term
                band = BAND_OF_PART[part_of(birth[i], ages)]
                fee = prices[(np.int64(group[i]) * 3 + band) * institutions + j]
                rows[found] = i
                fen[found] = left * np.int64(np.rint(100.0 * np.float64(fee)))
                found += 1
    return found
