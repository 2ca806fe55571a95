"""Bills: what each enrolled child's family is asked for the coming month, and who owes the rest.

All money here is int64 fen. A claim is the fen difference an instrument makes, in file order, so
posted = net + the family-side claims, exactly.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import entry, inner
from sim.kernels.choice import part_of
from sim.kernels.columns import (
    AMOUNT,
    AT,
    BAND_OF_PART,
    CEILING,
    FIRST_TIER,
    FORGONE,
    GROUP,
    HELD,
    INSTRUMENT,
    MONTHS_AHEAD,
    NOBODY,
    PAID,
    RATE,
    REFUSED,
    STAY_AT,
    STAY_FIRST,
    STAY_LAST,
    STAY_REFUSED,
    STAY_SUBSIDISED,
    VOUCHER,
)

BILLS, POSTED, NET, CLAIMED, SUBSIDISED = range(5)
FLOWS = 5
OWN, CLAIMS, CASES, SHORT = range(4)  # rows of `Payers.accounts`
CHAIN, QUOTA, MONTHS_CAP = range(3)  # rows of `Payers.suppliers`


class Payers(NamedTuple):
    """Payers of bills; the last axis is the instrument in the chain, or the supplier: one that pays institutions.

    left : int64 (instruments,)  budget left [fen]
    accounts : int64 (4, instruments)  1 for the policy's own, 0 for the city's standing ones;
        claims of this month [fen], and how many; what bills would have claimed beyond the budget [fen]
    suppliers : int64 (3, P)  place in the chain; child-months it still pays this month; most it pays per child and year
    income : int64 (P, 3, J)  what a supplier pays per child-month at an offer [fen], 0 for none
    months_paid : uint8 (P, n)  child-months it has paid for a child this year
    redemptions : int64 (2, tiers)  vouchers redeemed this month by tranche, and their fen
    takings : int64 (J,)  what institutions have come to earn this month, from whomever [fen]
    """

    left: NDArray[np.int64]
    accounts: NDArray[np.int64]
    suppliers: NDArray[np.int64]
    income: NDArray[np.int64]
    months_paid: NDArray[np.uint8]
    redemptions: NDArray[np.int64]
    takings: NDArray[np.int64]

    @property
    def own(self) -> NDArray[np.bool_]:
        """Mask of the policy's own instruments, bool (instruments,)."""
        return np.asarray(self.accounts[OWN] == 1)

    @property
    def claimed(self) -> NDArray[np.int64]:
        """Row of `accounts`."""
        return np.asarray(self.accounts[CLAIMS])

    @property
    def cases(self) -> NDArray[np.int64]:
        """Row of `accounts`."""
        return np.asarray(self.accounts[CASES])

    @property
    def short(self) -> NDArray[np.int64]:
        """Row of `accounts`."""
        return np.asarray(self.accounts[SHORT])

    @property
    def supplier(self) -> NDArray[np.int64]:
        """Row of `suppliers`."""
        return np.asarray(self.suppliers[CHAIN])

    @property
    def quota(self) -> NDArray[np.int64]:
        """Row of `suppliers`."""
        return np.asarray(self.suppliers[QUOTA])

    @property
    def months_cap(self) -> NDArray[np.int64]:
        """Row of `suppliers`."""
        return np.asarray(self.suppliers[MONTHS_CAP])

    @property
    def redeemed(self) -> NDArray[np.int64]:
        """Row of `redemptions`."""
        return np.asarray(self.redemptions[0])

    @property
    def redeemed_fen(self) -> NDArray[np.int64]:
        """Row of `redemptions`."""
        return np.asarray(self.redemptions[1])


class Log(NamedTuple):
    """Buffers of one month, emptied by the recorder: claims by child, and stays that ended.

    claim_child : int32; claim_fen : int32  what the policy's own instruments owe on a bill, to whomever
    claim_relief : int32  what all instruments take off it: posted less net fee
    claim_tranche : int8  (-1 where the claim has none)
    stay_child, stay_at, stay_first, stay_last, stay_refused, stay_subsidised : int32
    filled : int64 (2,)  rows used of each
    """

    claim_child: NDArray[np.int32]
    claim_fen: NDArray[np.int32]
    claim_relief: NDArray[np.int32]
    claim_tranche: NDArray[np.int8]
    stay_child: NDArray[np.int32]
    stay_at: NDArray[np.int16]
    stay_first: NDArray[np.int16]
    stay_last: NDArray[np.int16]
    stay_refused: NDArray[np.uint8]
    stay_subsidised: NDArray[np.uint8]
    filled: NDArray[np.int64]


def empty_log(n: int) -> Log:
    """Buffers that hold any month of n children: nobody is billed twice in one, or ends two stays."""
    return Log(
        claim_child=np.empty(n, np.int32),
        claim_fen=np.empty(n, np.int32),
        claim_relief=np.empty(n, np.int32),
        claim_tranche=np.empty(n, np.int8),
        stay_child=np.empty(n, np.int32),
        stay_at=np.empty(n, np.int16),
        stay_first=np.empty(n, np.int16),
        stay_last=np.empty(n, np.int16),
        stay_refused=np.empty(n, np.uint8),
        stay_subsidised=np.empty(n, np.uint8),
        filled=np.zeros(2, np.int64),
    )


@inner
def fen(yuan: float) -> Any:
    """Whole fen of an amount in yuan, half to even."""
    return np.int64(np.rint(yuan * 100.0))


@inner
def log_stay(i: int, shorts: Any, counts: Any, log: Any) -> None:
    """Write child i's finished run of bills to the log."""
    n = log.filled[1]
    log.stay_child[n] = i
    log.stay_at[n] = shorts[STAY_AT, i]
    log.stay_first[n] = shorts[STAY_FIRST, i]
    log.stay_last[n] = shorts[STAY_LAST, i]
    log.stay_refused[n] = counts[STAY_REFUSED, i]
    log.stay_subsidised[n] = counts[STAY_SUBSIDISED, i]
    log.filled[1] = n + 1


@inner
def pay(q: int, claim: int, accounts: Any, left: Any) -> Any:
    """Book a claim on instrument q; returns the part that counts as the policy's own [fen]."""
    left[q] -= claim
    accounts[CLAIMS, q] += claim
    accounts[CASES, q] += 1
    return claim * accounts[OWN, q]


@entry
def bill(lo: int, hi: int, month: int, ages: Any, inputs: Any, payers: Any, log: Any, flows: Any) -> None:
    """Bill the enrolled of rows lo..hi.

    month : relative month
    flows : int64 (FLOWS, groups)  this month's totals; group 0 is all, 1 to 3 the bands
    """
    birth, cells, kind_cell = inputs.birth, inputs.cells, inputs.kind_cell
    shorts, counts, links = inputs.children.shorts, inputs.children.counts, inputs.children.links
    months_at_once = inputs.prepaid.months
    face, tranche_of, taken = inputs.vouchers.face, inputs.vouchers.tranche, inputs.vouchers.taken
    posted, stages, terms = inputs.tariff.posted, inputs.tariff.stages, inputs.tariff.terms
    left, accounts, suppliers, income = payers.left, payers.accounts, payers.suppliers, payers.income
    months_paid, redemptions, takings = payers.months_paid, payers.redemptions, payers.takings
    claim_child, claim_fen, claim_relief, claim_tranche = (
        log.claim_child,
        log.claim_fen,
        log.claim_relief,
        log.claim_tranche,
    )
    filled = log.filled
    groups = np.empty(cells.shape[1] + 3, np.int64)
    enrolled, n = np.empty(hi - lo, np.int64), 0
    for i in range(lo, hi):  # one in ten: found without a branch
        enrolled[n] = i
        n += 1 if shorts[AT, i] != NOBODY else 0
    for i in enrolled[:n]:
        j = np.int64(shorts[AT, i])
        if shorts[STAY_LAST, i] != month - 1 or shorts[STAY_AT, i] != j:  # a new run of bills begins
            if shorts[STAY_LAST, i] >= 0:
                log_stay(i, shorts, counts, log)
            shorts[STAY_AT, i] = np.int16(j)
            shorts[STAY_FIRST, i] = np.int16(month)
            counts[STAY_SUBSIDISED, i] = np.uint8(0)
            counts[STAY_REFUSED, i], counts[REFUSED, i] = counts[REFUSED, i], np.uint8(0)
        shorts[STAY_LAST, i] = np.int16(month)
        band = BAND_OF_PART[part_of(birth[i], ages)]
        g = np.uint32(shorts[GROUP, i]) % np.uint32(stages.shape[2])  # groups that are billed alike have one row
        net = posted[band, j]
        posted_fen = fen(net)
        owed = posted_fen
        takings[j] += posted_fen
        own, tranche = np.int64(0), np.int8(-1)
        for s in range(terms.shape[1]):
            v = terms[VOUCHER, s]
            if v == FORGONE:
                continue
            amount = stages[AMOUNT, s, g, band, j]
            if v >= 0:
                if face[v, i] == 0:
                    continue
                amount = amount * face[v, i] / 100.0
            net -= min(net, stages[CEILING, s, g, band, j], amount + stages[RATE, s, g, band, j] * net)
            q = terms[INSTRUMENT, s]
            claim = owed - fen(net)
            if claim > left[q]:  # the last of a budget: what it cannot pay is the family's, and the next stage's, again
                accounts[SHORT, q] += claim - left[q]
                claim = left[q]
                net = (owed - claim) / 100.0
            if claim <= 0:
                continue
            owed -= claim
            own += pay(q, claim, accounts, left)
            if v >= 0:
                tranche = np.int8(terms[FIRST_TIER, s] + tranche_of[v, i])
                redemptions[0, tranche] += 1
                redemptions[1, tranche] += claim
                taken[v, j] += np.int32(1)
                face[v, i] = 0
                counts[HELD, i] -= np.uint8(1)
        for p in range(suppliers.shape[1]):
            q = suppliers[CHAIN, p]
            claim = min(income[p, band, j], left[q])
            if claim > 0 and suppliers[QUOTA, p] > 0 and months_paid[p, i] < suppliers[MONTHS_CAP, p]:
                suppliers[QUOTA, p] -= 1
                months_paid[p, i] += np.uint8(1)
                own += pay(q, claim, accounts, left)
                takings[j] += claim
        if own > 0 or owed < posted_fen:
            c = filled[0]
            claim_child[c], claim_fen[c], claim_relief[c], claim_tranche[c] = i, own, posted_fen - owed, tranche
            filled[0] = c + 1
        counts[STAY_SUBSIDISED, i] += np.uint8(1 if own > 0 else 0)
        before = np.int64(counts[MONTHS_AHEAD, i])
        counts[MONTHS_AHEAD, i] = np.uint8((before if before > 0 else months_at_once[j]) - 1)
        links[PAID, i] = np.int32(owed)
        groups[0], groups[1], groups[2] = 0, 1 + band, kind_cell[j]
        for c in range(cells.shape[1]):
            groups[3 + c] = cells[i, c]
        for cell in groups:
            flows[BILLS, cell] += 1
            flows[POSTED, cell] += posted_fen
            flows[NET, cell] += owed
        for cell in groups if own > 0 else groups[:0]:
            flows[CLAIMED, cell] += own
            flows[SUBSIDISED, cell] += 1
