"""A policy's record paired with the baseline of the same luck: what differs between them child by child.

The same child has the same luck, band and decision day in both worlds, so that its bills can be laid side by side.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.recorder import Record
from sim.kernels import pairing

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """Differences between a record and its baseline.

    billed, claims : the record's own bills and claims
    fees : int64 (PARTS, months)  posted fees that differ [fen], rows of `kernels.pairing`
    added : int64 (ADDED_PARTS, months, groups of the record)  child-months more than in the baseline, in the parts of
        `kernels.pairing`
    heads : int64 (2, months, groups)  new and lost children, rows of `kernels.pairing`
    crowded_out : int64 (months, groups)  child-months billed in the baseline only
    anyway : bool (claims,)  claims of the record for children who are billed in the baseline in the same month too
    relief, relief_before : int64 (2, months)  what instruments take off the record's bills and the baseline's [fen];
        row 0 of those billed in that world only, row 1 of those billed in both
    """

    billed: pairing.Billed
    claims: pairing.Claims
    fees: Ints
    added: Ints
    heads: Ints
    crowded_out: Ints
    anyway: NDArray[np.bool_]
    relief: Ints
    relief_before: Ints


def pair(record: Record, baseline: Record) -> Pairs:
    """Lay a record's bills and claims beside those of the baseline of the same luck."""
    months, groups = record.months(), len(record.groups)
    here, there = _billed(record), _billed(baseline)
    fees = np.zeros((pairing.PARTS, months), np.int64)
    added = np.zeros((pairing.ADDED_PARTS, months, groups), np.int64)
    heads, crowded_out = np.zeros((2, months, groups), np.int64), np.zeros((months, groups), np.int64)
    older = _calendar(record.first, months)[1]
    stands = np.asarray(baseline.offer_open.any(axis=1))
    pairing.pair_bills(here, there, older, _moved(here, there), stands, fees, added, heads, crowded_out)
    claims, claims_before = _claims(record), _claims(baseline)
    anyway, relief = _pair_claims(claims, there, months)
    _, relief_before = _pair_claims(claims_before, here, months)
    return Pairs(here, claims, fees, added, heads, crowded_out, anyway, relief, relief_before)


def _billed(record: Record) -> pairing.Billed:
    """A record's stays, and the posted fees that hold on each decision day of its window."""
    days, _ = _calendar(record.first, record.months())
    version = np.searchsorted(record.bill_from, days, side="right") - 1
    columns = (*(record.stays[name] for name in ("child", "at", "first", "last")), record.stay_birth, record.stay_day)
    stays = np.empty((len(record.stay_day), len(columns)), np.int32)
    for n, column in enumerate(columns):
        stays[:, n] = column
    return pairing.Billed(stays, record.stay_cells, record.former, version, record.bill_fees)


def _moved(here: pairing.Billed, there: pairing.Billed) -> NDArray[np.bool_]:
    """Institutions whose posted fees differ between two worlds on some decision day, bool (J,)."""
    moved = np.zeros(here.fees.shape[2], np.bool_)
    for one, other in set(zip(here.version.tolist(), there.version.tolist(), strict=True)):
        moved |= (here.fees[one] != there.fees[other]).any(axis=0)
    return moved


def _claims(record: Record) -> pairing.Claims:
    return pairing.Claims(
        record.claim_child, record.claim_month, record.claim_fen, record.claim_relief, record.claim_tranche
    )


def _pair_claims(claims: pairing.Claims, other: pairing.Billed, months: int) -> tuple[NDArray[np.bool_], Ints]:
    """Mark the claims for children who are billed in the other world too, and sum their relief as in `Pairs`."""
    anyway, relief = np.zeros(len(claims.child), np.bool_), np.zeros((2, months), np.int64)
    pairing.pair_claims(claims, other.stays, anyway, relief)
    return anyway, relief


@cache  # every arm asks for the same months
def _calendar(first: int, months: int) -> tuple[Ints, Ints]:
    """Decision days of some months as ordinals, and the last birthdays of the two older bands on each."""
    days = [dates.date_in(first + m, d + 1) for m in range(months) for d in range(dates.DECISION_DAYS)]
    older: Any = [[dates.months_before(d, age) for d in days] for age in dates.BAND_FROM_MONTHS[1:]]
    return np.array([d.toordinal() for d in days], np.int64), np.array(older, np.int64)
