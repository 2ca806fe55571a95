"""A record laid by hand: stays and totals that stand still."""

import numpy as np

from sim import dates
from sim.engine.recorder import CITY_TOTALS, ROW, TOTALS, Record

GROUPS = ("all", "band=infant", "band=toddler", "band=older_toddler", *(f"quintile={q}" for q in range(1, 6)))
MAY = dates.month_of(dates.date(2026, 5, 1))


def record(months: int = 6, stays: tuple[tuple[int, int, int, int], ...] = (), **totals: list[float]) -> Record:
    """A record that holds stays (child, institution, first, last) and totals that stand still."""
    columns = np.array(stays, np.int64).reshape(-1, 4).T
    empty = np.zeros(0, np.int64)
    values = np.zeros((len(TOTALS), months, len(GROUPS)), np.int64)
    for name, row in totals.items():
        values[ROW[name]] = row
    return Record(
        first=MAY,
        groups=GROUPS,
        kind_cell=np.zeros(0, np.int16),
        totals=values,
        city=np.zeros((len(CITY_TOTALS), months), np.int64),
        tranche=np.zeros((0, months, 0), np.int64),
        claims=np.zeros((months, 0), np.int64),
        turned_away=np.zeros((months, 0), np.int64),
        budgets=np.zeros((4, 0), np.int64),
        fee=np.zeros((months, 3, 1)),
        offer_enrolled=np.zeros((months, 3, 1), np.int32),
        offer_open=np.ones((months, 3, 1), bool),
        own=np.zeros(0, bool),
        instrument_kinds=(),
        instrument_tiers=np.zeros(0, np.int64),
        lots=np.zeros(0, np.int64),
        lot_entries=np.zeros((0, 3), np.int32),
        children=10,
        stays=dict(zip(("child", "at", "first", "last"), columns, strict=True)),
        stay_cells=np.zeros((columns.shape[1], 3), np.int16),
        stay_birth=np.zeros(columns.shape[1], np.int32),
        stay_day=np.ones(columns.shape[1], np.int8),
        former=empty.astype(np.int32),
        bill_from=np.zeros(1, np.int32),
        bill_fees=np.zeros((1, 3, 1), np.int64),
        claim_child=empty.astype(np.int32),
        claim_month=empty.astype(np.int16),
        claim_fen=empty.astype(np.int32),
        claim_relief=empty.astype(np.int32),
        claim_tranche=empty.astype(np.int8),
        concentration=np.zeros(2),
        unaided=np.zeros(2, np.int64),
    )
