"""Fees paid in advance: what families have paid and not yet used, and what becomes of it when an institution closes."""

from typing import Any

import numpy as np

from sim.compiled import entry
from sim.kernels.census import AGES, BAND_OF_AGE, Seated
from sim.kernels.columns import AMOUNT, AT, ENROLLED, FORGONE, GROUP, STAY_AT, STAY_FIRST, STAY_LAST, VOUCHER


@entry
def unused(of: Any, seated: Seated, month_row: int, prepaid_months: Any, inputs: Any, rows: Any, fen: Any) -> int:
    """List the children enrolled at some institutions, and what each one's family has paid for months after this one.

    Families pay `prepaid_months` fees on the first bill of a stay and whenever these are used up; they are valued at
    today's net fee. One that has not been billed where it sits has paid nothing there. Returns how many there are.

    of : bool (J,)  the institutions; seated : all children who are enrolled
    month_row : relative month, as in the bills; prepaid_months : int64 (J,)
    rows : int32 (seated,), fen : int64 (seated,)  written
    """
    shorts, prices = inputs.children.shorts, inputs.tariff.prices[ENROLLED]
    stages, terms = inputs.tariff.stages, inputs.tariff.terms
    found, begin = 0, 0
    for a in range(seated.ends.size):
        band = BAND_OF_AGE[a % AGES]
        for m in range(begin, seated.ends[a]):
            i = np.uint64(seated.rows[m])
            j = np.uint64(shorts[AT, i])
            if not of[j]:
                continue
            term, left = np.int32(prepaid_months[j]), np.int32(0)
            if term > 1 and shorts[STAY_AT, i] == shorts[AT, i] and shorts[STAY_LAST, i] == month_row:
                left = term - 1 - np.int32(month_row - shorts[STAY_FIRST, i]) % term
            fee = np.float64(prices[(np.int64(shorts[GROUP, i]) * 3 + band) * prepaid_months.size + np.int64(j)])
            for s in range(terms.shape[1]):
                fee += stages[AMOUNT, s, shorts[GROUP, i], band, j] if terms[VOUCHER, s] == FORGONE else 0.0
            rows[found] = seated.rows[m]
            fen[found] = left * np.int64(np.rint(100.0 * fee))
            found += 1
        begin = seated.ends[a]
    return found
