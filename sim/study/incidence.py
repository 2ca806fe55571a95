"""Where the money went: an identity that holds for every policy, month by month and to the fen.

What the treasury pays more than in the baseline is what families pay less, staff are paid more, other costs take more
institutions keep more and programmes spend themselves. What families pay less is told apart bill by bill,
because the same child has the same luck, band and decision day in both worlds.
"""

from dataclasses import dataclass, fields
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.recorder import CITY_TOTALS, ROW, Record

Fen = NDArray[np.int64]


class IncidenceError(ArithmeticError):
    """The parts of what a policy cost do not add up to it: a fault of the program, not of the scenario."""


@dataclass(frozen=True)
class Incidence:
    """What came to whom by a policy, above the baseline of the same luck; int64 (months,) [fen].

    Each part is what its side gains, so that parts add up; a side that loses has a part below 0.

    always_takers : relief on the bills of those billed in both worlds, at the fees they meet under the policy
    fee_rise : of the same, fees of the institutions they attend above those of the same in the baseline, where these
        are open, taken as a loss
    other_offers : of the same, what else their fees rose by because they attend another institution, taken as a loss
    new_users : what those pay who are billed under the policy only, taken as a loss
    crowded_out : what those would have paid who are billed in the baseline only
    cash : paid to families whatever they do
    lost_fees : paid in advance to institutions that closed, taken as a loss
    staff : wages paid; other_costs : rent, utilities, food, building; administration : what programmes spend themselves
    profit : of institutions in cash, with prepaid fees that
        closing ones keep and wages they do not pay
    """

    always_takers: Fen
    fee_rise: Fen
    other_offers: Fen
    new_users: Fen
    crowded_out: Fen
    cash: Fen
    lost_fees: Fen
    staff: Fen
    other_costs: Fen
    administration: Fen
    profit: Fen

    @property
    def families(self) -> Fen:
        """The families' parts together: by how much their payments fall."""
        return (
            self.always_takers
            + self.fee_rise
            + self.other_offers
            + self.new_users
            + self.crowded_out
            + self.cash
            + self.lost_fees
        )

    @property
    def outlay(self) -> Fen:
        """All parts together: what the policy's and the standing instruments come to owe more than in the baseline."""
        return self.families + self.staff + self.other_costs + self.administration + self.profit

    def named(self) -> dict[str, Fen]:
        """Every part and both sums by name."""
        parts: dict[str, Fen] = {f.name: getattr(self, f.name) for f in fields(self)}
        return {"outlay": self.outlay, "families": self.families} | parts


@dataclass(frozen=True)
class Bills:
    """The bills of a counted window by child and month, one row each.

    key : int64, child · months + month, ascending; month : int64, relative
    slot : int64, month · 28 + decision day − 1; band, at : int64, the offer
    posted, relief : int64 [fen], the posted fee and what instruments take off it
    """

    key: NDArray[np.int64]
    month: NDArray[np.int64]
    slot: NDArray[np.int64]
    band: NDArray[np.int64]
    at: NDArray[np.int64]
    posted: Fen
    relief: Fen


def bills_of(record: Record) -> Bills:
    """Make out the bills again: from stays, birthdays, decision days and the fees that were posted on these."""
    stays, months = record.stays, record.months()
    first, last = np.maximum(stays["first"].astype(np.int64), 0), stays["last"].astype(np.int64)
    length = last - first + 1
    stay = np.repeat(np.arange(len(length)), length)
    month = np.arange(len(stay)) + (first - np.cumsum(length) + length)[stay]
    _, toddler, older = _calendar(record.first, months)
    slot = month * dates.DECISION_DAYS + record.stay_day[stay] - 1
    born = record.stay_birth[stay]
    band = (born <= toddler[slot]).astype(np.int64) + (born <= older[slot])
    at = stays["at"].astype(np.int64)[stay]
    key = stays["child"].astype(np.int64)[stay] * months + month
    relief = np.zeros(len(key), np.int64)
    claimed = record.claim_child.astype(np.int64) * months + record.claim_month
    relief[np.searchsorted(key, claimed)] = record.claim_relief
    return Bills(key, month, slot, band, at, posted_fees(record, slot, band, at), relief)


@lru_cache(maxsize=1)  # every arm of a replication is paired with the same one
def _bills_of_baseline(baseline: Record) -> Bills:
    return bills_of(baseline)


@cache  # every arm asks for the same months
def _calendar(first: int, months: int) -> tuple[NDArray[np.int64], ...]:
    """The decision days of some months as ordinals, and the last birthdays of the two older bands on each."""
    days = [dates.date_in(first + m, d + 1) for m in range(months) for d in range(dates.DECISION_DAYS)]
    toddler, older = (np.array([dates.months_before(d, age) for d in days]) for age in dates.BAND_FROM_MONTHS[1:])
    return np.array([d.toordinal() for d in days]), toddler, older


def posted_fees(record: Record, slot: NDArray[Any], band: NDArray[Any], at: NDArray[Any]) -> Fen:
    """The posted fees of some offers on some decision days [fen]; `slot`, `band`, `at` as in `Bills`."""
    days, _, _ = _calendar(record.first, record.months())
    version = np.searchsorted(record.bill_from, days, side="right") - 1
    return np.asarray(record.bill_fees[version[slot], band, at])


def incidence(record: Record, baseline: Record) -> Incidence:
    """Where the money went that a policy cost more than the baseline of the same luck.

    Raises IncidenceError if the parts do not add up to it, to the fen, in every month.
    """
    here, there = bills_of(record), _bills_of_baseline(baseline)
    months = record.months()
    place = np.searchsorted(there.key, here.key)
    both = np.append(there.key, -1)[place] == here.key
    always, new, before = np.flatnonzero(both), np.flatnonzero(~both), place[both]
    gone = np.ones(len(there.key), bool)
    gone[before] = False

    def monthly(month: NDArray[np.int64], amount: Fen) -> Fen:
        """Sum of the amounts by month."""
        out = np.zeros(months, np.int64)
        np.add.at(out, month, amount)
        return out

    def change(*names: str) -> Fen:
        """By how much the city's totals of some names, taken together, differ by month."""
        rows = [CITY_TOTALS.index(name) for name in names]
        return np.asarray(record.city[rows].sum(axis=0) - baseline.city[rows].sum(axis=0))

    def change_of_all(name: str) -> Fen:
        return np.asarray(record.totals[ROW[name], :, 0] - baseline.totals[ROW[name], :, 0])

    month, band, at = here.month[always], here.band[always], here.at[always]
    dearer = here.posted[always] - there.posted[before]
    same_offer = here.posted[always] - posted_fees(baseline, here.slot[always], band, at)
    stands = (at == there.at[before]) | np.asarray(baseline.offer_open.any(axis=1))[month, at]
    rise = np.where(stands, same_offer, 0)
    unpaid, lost = change("unpaid_wages_fen"), change_of_all("prepaid_lost_fen")
    found = Incidence(
        always_takers=monthly(month, here.relief[always] - there.relief[before]),
        fee_rise=-monthly(month, rise),
        other_offers=-monthly(month, dearer - rise),
        new_users=-monthly(here.month[new], here.posted[new] - here.relief[new]),
        crowded_out=monthly(there.month[gone], there.posted[gone] - there.relief[gone]),
        cash=change_of_all("cash_fen"),
        lost_fees=-lost,
        staff=change("staff_fen") - unpaid,
        other_costs=change("rent_fen", "goods_fen"),
        administration=change("administration_fen"),
        profit=change("profit_fen") + lost + unpaid,
    )
    _check(found, record, baseline)
    return found


def _check(found: Incidence, record: Record, baseline: Record) -> None:
    """The families' parts against the sum of bills, and all against the claims."""
    owed = record.claims.sum(axis=1) - baseline.claims.sum(axis=1)
    net = (record.totals[ROW["net_fen"], :, 0] - baseline.totals[ROW["net_fen"], :, 0]).astype(np.int64)
    for what, parts, whole in (
        ("families", found.families, found.cash + found.lost_fees - net),
        ("all sides", found.outlay, owed),
    ):
        off = np.flatnonzero(parts != whole)
        if len(off):
            month = dates.date_in(record.first + int(off[0]))
            raise IncidenceError(f"{month:%B %Y}: {what} come to {parts[off[0]]} fen, and should to {whole[off[0]]}")
