"""Fees paid in advance: what families have paid and not yet used, and what becomes of it when an institution closes."""

import numpy as np
from numpy.typing import NDArray

from sim.kernels.columns import Children, Tariff


def unused(
    rows: NDArray[np.int64], band: NDArray[np.int64], month_row: int, children: Children, tariff: Tariff,
    prepaid_months: NDArray[np.int64],
) -> NDArray[np.int64]:  # fmt: skip
    """What children's families have paid for months after this one, int64 (len(rows),) [fen].

    Families pay `prepaid_months` fees on the first bill of a stay and whenever these are used up; they are valued at
    today's net fee. One that has not been billed where it sits has paid nothing there.

    rows, band : children who are enrolled, and their bands; month_row : relative month, as in the bills
    prepaid_months : int64 (J,)
    """
    at = children.at[rows].astype(np.int64)
    term = prepaid_months[at]
    billed = (children.stay_at[rows] == at) & (children.stay_last[rows] == month_row)
    left = term - 1 - (month_row - children.stay_first[rows].astype(np.int64)) % term
    institutions = tariff.posted.shape[1]
    fee = tariff.enrolled[(children.group[rows].astype(np.int64) * 3 + band) * institutions + at]
    return np.asarray(np.where(billed, left, 0) * np.rint(100 * fee.astype(np.float64)).astype(np.int64))
