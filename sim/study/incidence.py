"""Where the money went: an identity that holds for every policy, month by month and to the fen.

What the treasury pays more than in the baseline is what families pay less, staff are paid more, other costs take more
institutions keep more and programmes spend themselves. What families pay less is told apart bill by bill,
because the same child has the same luck, band and decision day in both worlds.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.recorder import CITY_TOTALS, ROW, Record
from sim.kernels.pairing import FEE_RISE, GONE, NEW, OTHER_OFFERS
from sim.study.pairs import Pairs, pair

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
    lost_fees : paid in advance to institutions that closed, or that the child left early, taken as a loss
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


def incidence(record: Record, baseline: Record, pairs: Pairs | None = None) -> Incidence:
    """Where the money went that a policy cost more than the baseline of the same luck.

    pairs : of the two, where they have been paired already
    Raises IncidenceError if the parts do not add up to it, to the fen, in every month.
    """
    pairs = pairs or pair(record, baseline)

    def change(*names: str) -> Fen:
        """By how much the city's totals of some names, taken together, differ by month."""
        rows = [CITY_TOTALS.index(name) for name in names]
        return np.asarray(record.city[rows].sum(axis=0) - baseline.city[rows].sum(axis=0))

    def change_of_all(name: str) -> Fen:
        return np.asarray(record.totals[ROW[name], :, 0] - baseline.totals[ROW[name], :, 0])

    unpaid, lost = change("unpaid_wages_fen"), change_of_all("prepaid_lost_fen")
    (alone, both), (alone_before, both_before) = pairs.relief, pairs.relief_before
    found = Incidence(
        always_takers=both - both_before,
        fee_rise=-pairs.fees[FEE_RISE],
        other_offers=-pairs.fees[OTHER_OFFERS],
        new_users=alone - pairs.fees[NEW],
        crowded_out=pairs.fees[GONE] - alone_before,
        cash=change_of_all("cash_fen"),
        lost_fees=-lost - change_of_all("forfeited_fen"),
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
