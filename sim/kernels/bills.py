"""Bills: what each enrolled child's family is asked for the coming month, and who owes the rest.

All money here is int64 fen. A claim is the fen difference an instrument makes, in file order, so
posted = net + the family-side claims, exactly.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import inner
from sim.kernels.columns import BAND_OF_PART, NOBODY
from sim.kernels.choice import part_of

BILLS, POSTED, NET, CLAIMED, SUBSIDISED = range(5)
FLOWS = 5


class Payers(NamedTuple):
    """Who pays; axis 0 is the instrument in the chain, or the supplier: one that pays institutions.

    own : bool (instruments,)  the policy's own, not the city's standing ones
    left : int64 (instruments,)  budget left [fen]
    supplier : int16 (P,)  place in the chain of each supplier
    income : int64 (P, 3, J)  what a supplier pays per child-month at an offer [fen], 0 for none
    quota : int64 (P,)  child-months it still pays this month
    months_paid : uint8 (P, n)  child-months it has paid for a child this year; months_cap : int64 (P,)
    claimed, cases : int64 (instruments,)  claims of this month [fen], and how many
    redeemed, redeemed_fen : int64 (tiers,)  vouchers redeemed this month by tranche
    """

    own: NDArray[np.bool_]
    left: NDArray[np.int64]
    supplier: NDArray[np.int16]
    income: NDArray[np.int64]
    quota: NDArray[np.int64]
    months_paid: NDArray[np.uint8]
    months_cap: NDArray[np.int64]
    claimed: NDArray[np.int64]
    cases: NDArray[np.int64]
    redeemed: NDArray[np.int64]
    redeemed_fen: NDArray[np.int64]


class Log(NamedTuple):
    """Buffers of one month, emptied by the recorder: claims by child, and stays that ended.

    claim_child : int32; claim_fen : int32; claim_tranche : int8  (-1 where the claim has none)
    stay_child, stay_at, stay_first, stay_last, stay_refused, stay_subsidised : int32
    filled : int64 (2,)  rows used of each
    """

    claim_child: NDArray[np.int32]
    claim_fen: NDArray[np.int32]
    claim_tranche: NDArray[np.int8]
    stay_child: NDArray[np.int32]
    stay_at: NDArray[np.int16]
    stay_first: NDArray[np.int16]
    stay_last: NDArray[np.int16]
    stay_refused: NDArray[np.uint8]
    stay_subsidised: NDArray[np.uint8]
    filled: NDArray[np.int64]


@inner
def fen(yuan: float) -> int:
    """Whole fen of an amount in yuan, half to even."""
    return np.int64(np.rint(yuan * 100.0))


@inner
def end_stay(i: int, children: Any, log: Any) -> None:
    """Write child i's finished run of bills to the log."""
    n = log.filled[1]
    log.stay_child[n] = i
    log.stay_at[n] = children.stay_at[i]
    log.stay_first[n] = children.stay_first[i]
    log.stay_last[n] = children.stay_last[i]
    log.stay_refused[n] = children.refused[i]
    log.stay_subsidised[n] = children.stay_subsidised[i]
    log.filled[1] = n + 1


@inner
def continue_stay(i: int, month: int, children: Any, log: Any) -> None:
    """Extend child i's run of bills to this month, or begin a new one.

    The months a child was refused before its run begins stay in `refused` until the run ends.
    """
    here = children.at[i]
    if children.stay_last[i] == month - 1 and children.stay_at[i] == here:
        children.stay_last[i] = np.int16(month)
        return
    if children.stay_last[i] >= 0:
        end_stay(i, children, log)
        children.refused[i] = np.uint8(0)
    children.stay_at[i] = here
    children.stay_first[i] = children.stay_last[i] = np.int16(month)
    children.stay_subsidised[i] = np.uint8(0)


@inner
def pay(q: int, claim: int, payers: Any) -> int:
    """Book a claim on instrument q; returns the part that counts as the policy's own [fen]."""
    payers.left[q] -= claim
    payers.claimed[q] += claim
    payers.cases[q] += 1
    return np.int64(claim if payers.own[q] else 0)


@inner
def count(cell: int, posted: int, owed: int, own: int, flows: Any) -> None:
    """Add one bill to a group's totals."""
    flows[BILLS, cell] += 1
    flows[POSTED, cell] += posted
    flows[NET, cell] += owed
    flows[CLAIMED, cell] += own
    flows[SUBSIDISED, cell] += 1 if own > 0 else 0


@inner
def bill(lo: int, hi: int, month: int, ages: Any, scene: Any, payers: Any, log: Any, flows: Any) -> None:
    """Bill the enrolled of rows lo..hi.

    month : relative month
    flows : int64 (FLOWS, groups)  this month's totals; group 0 is all, 1 to 3 the bands
    """
    children, vouchers, tariff = scene.children, scene.vouchers, scene.tariff
    at, stages = children.at, tariff.voucher.size
    for i in range(lo, hi):
        j = at[i]
        if j == NOBODY:
            continue
        continue_stay(i, month, children, log)
        band = BAND_OF_PART[part_of(scene.birth[i], ages)]
        g = children.group[i]
        net = tariff.posted[band, j]
        posted_fen = fen(net)
        owed = posted_fen
        own, tranche = np.int64(0), np.int8(-1)
        for s in range(stages):
            v = tariff.voucher[s]
            amount = tariff.amount[s, g, band, j]
            if v >= 0:
                if vouchers.face[v, i] == 0:
                    continue
                amount = amount * vouchers.face[v, i] / 100.0
            net -= min(net, tariff.ceiling[s, g, band, j], amount + tariff.rate[s, g, band, j] * net)
            q = tariff.instrument[s]
            claim = min(owed - fen(net), payers.left[q])
            if claim <= 0:
                continue
            owed -= claim
            own += pay(q, claim, payers)
            if v >= 0:
                tranche = np.int8(tariff.first_tier[s] + vouchers.tranche[v, i])
                payers.redeemed[tranche] += 1
                payers.redeemed_fen[tranche] += claim
                vouchers.face[v, i] = 0
                children.held[i] -= np.uint8(1)
        for p in range(payers.supplier.size):
            q = payers.supplier[p]
            claim = min(payers.income[p, band, j], payers.left[q])
            if claim > 0 and payers.quota[p] > 0 and payers.months_paid[p, i] < payers.months_cap[p]:
                payers.quota[p] -= 1
                payers.months_paid[p, i] += np.uint8(1)
                own += pay(q, claim, payers)
        if own > 0:
            n = log.filled[0]
            log.claim_child[n], log.claim_fen[n], log.claim_tranche[n] = i, own, tranche
            log.filled[0] = n + 1
            children.stay_subsidised[i] += np.uint8(1)
        count(0, posted_fen, owed, own, flows)
        count(1 + band, posted_fen, owed, own, flows)
        count(scene.kind_cell[j], posted_fen, owed, own, flows)
        for c in range(scene.cells.shape[1]):
            count(scene.cells[i, c], posted_fen, owed, own, flows)
