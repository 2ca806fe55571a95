"""Utilities: the shocks of an epoch, and each child's best alternative, block by block.

U_0 = outside + ε_0 and U_j = taste + κ_band + β_q·quality_j − β_d·distance_ij + σ·[enrolled at j]
− α_i·netfee_ij + ε_ij, with ε Gumbel, addressed by child, epoch and institution (docs/model.md).
"""

import math
from typing import Any

import numpy as np

from sim.compiled import entry, inner
from sim.draws import gumbel, mix, philox
from sim.kernels.columns import BAND_OF_PART, NOBODY

OUTSIDE = np.uint32(0xFFFFFFFF)  # the address of staying out among an epoch's alternatives
BLOCK = 256
STAY_OUT = -1


@inner
def part_of(birth: int, ages: Any) -> int:
    """Part of a child by its birthday: 0 infant, 1 toddler under 18 months, 2 toddler, 3 older toddler."""
    if birth <= ages.older:
        return 3
    if birth <= ages.mixed:
        return 2
    return 1 if birth <= ages.toddler else 0


@inner
def draw_shocks(
    i: int, when: Any, child_id: Any, candidate: Any, fixed: Any, outside: Any, institution_id: Any, stream: Any, shocked: Any, alone: Any
) -> None:
    """Draw child i's shocks for the epoch that begins in month `when` (absolute month number)."""
    block = philox(child_id[i], np.uint32(when), stream)[0]
    alone[i] = np.float32(np.float64(outside[i]) + gumbel(mix(block, OUTSIDE)))
    for k in range(candidate.shape[0]):
        shock = gumbel(mix(block, institution_id[candidate[k, i]]))
        shocked[k, i] = np.float32(np.float64(fixed[k, i]) + shock)


@entry
def first_shocks(
    when: Any, child_id: Any, candidate: Any, fixed: Any, outside: Any, institution_id: Any, stream: Any, shocked: Any, alone: Any
) -> None:
    """Draw every child's first epoch, addressed by `when` (uint32 (n,), its month of birth)."""
    for i in range(child_id.size):
        draw_shocks(i, when[i], child_id, candidate, fixed, outside, institution_id, stream, shocked, alone)


@entry
def fill_renewals(child_id: Any, first_month: int, months: int, chance: float, stream: Any, out: Any) -> None:
    """Mark the months in which a child's circumstances are drawn afresh.

    One block serves four months (32 bits each), addressed by child and quarter of the absolute month.
    out : uint8 (months, n)  written: 1 where a new epoch begins
    """
    threshold = np.uint64(math.floor(chance * 4294967296.0))
    low = np.uint64(0xFFFFFFFF)
    word = np.uint64(32)
    for quad in range(first_month // 4, (first_month + months - 1) // 4 + 1):
        for i in range(child_id.size):
            a, b = philox(child_id[i], np.uint32(quad), stream)
            for part in range(4):
                m = quad * 4 + part - first_month
                if 0 <= m < months:
                    pair = a if part < 2 else b
                    draw = (pair >> word) if part % 2 == 0 else (pair & low)
                    out[m, i] = np.uint8(1) if draw < threshold else np.uint8(0)


@inner
def renew(
    lo: int, hi: int, when: Any, renewed: Any, child_id: Any, candidate: Any, fixed: Any, outside: Any, institution_id: Any, stream: Any, shocked: Any, alone: Any
) -> None:
    """Draw new shocks for those of rows lo..hi whose circumstances change this month.

    renewed : uint8 (n,)  this month's row of `fill_renewals`
    """
    for i in range(lo, hi):
        if renewed[i]:
            draw_shocks(i, when, child_id, candidate, fixed, outside, institution_id, stream, shocked, alone)


@inner
def screen(
    lo: int, hi: int, offset: int, width: int, shocked: Any, alone: Any, alpha: Any, group: Any, candidate: Any, value: Any, fee: Any, best: Any
) -> None:
    """Best alternative at the entrants' fee of rows lo..hi, who share a part; capacity plays no part.

    fee : the tariff's `entry`; offset : where the band begins in a group's part of it; width : length of a group's part
    value : float32 (J,)  of this part
    best : int8 (n,)  written at lo..hi: the candidate's rank, or -1 to stay out
    """
    top = np.empty(BLOCK, np.float32)
    worth = np.empty(BLOCK, np.float32)
    price = np.empty(BLOCK, np.float32)
    where = np.empty(BLOCK, np.int32)
    base = np.empty(BLOCK, np.int32)
    rank = np.empty(BLOCK, np.int8)
    for b in range(lo, hi, BLOCK):
        n = min(BLOCK, hi - b)
        for i in range(n):
            top[i] = alone[b + i]
            rank[i] = np.int8(STAY_OUT)
        for i in range(n):
            base[i] = np.int32(group[b + i]) * np.int32(width) + np.int32(offset)
        for k in range(candidate.shape[0]):
            # gathers stand in loops of their own: without `restrict` a fused loop does not vectorise
            for i in range(n):
                where[i] = np.int32(candidate[k, b + i])
            for i in range(n):
                worth[i] = value[where[i]]
            for i in range(n):
                price[i] = fee[base[i] + where[i]]
            for i in range(n):
                worth[i] = (shocked[k, b + i] + worth[i]) - alpha[b + i] * price[i]
            for i in range(n):
                better = worth[i] > top[i]
                rank[i] = np.int8(k) if better else rank[i]
                top[i] = worth[i] if better else top[i]
        for i in range(n):
            best[b + i] = rank[i]


@inner
def net_fee(i: int, g: int, band: int, j: int, posted: float, rate: Any, amount: Any, ceiling: Any, voucher: Any, face: Any, with_vouchers: bool) -> float:
    """What child i of group g would pay at an offer, before rounding [yuan a month], stage by stage.

    rate, amount, ceiling, voucher : of the tariff; face : of the vouchers
    """
    net = posted
    for s in range(voucher.size):
        worth = amount[s, g, band, j]
        if voucher[s] >= 0:
            worth = worth * face[voucher[s], i] / 100.0 if with_vouchers else 0.0
        net -= min(net, ceiling[s, g, band, j], worth + rate[s, g, band, j] * net)
    return net


@inner
def weigh(
    i: int, part: int, candidate: Any, shocked: Any, alpha: Any, group: Any, held: Any, at: Any, value: Any, entry: Any, enrolled: Any,
    posted: Any, rate: Any, amount: Any, ceiling: Any, voucher: Any, face: Any, commitment: float, stickiness: Any, worth: Any,
) -> None:  # fmt: skip
    """Utilities of child i's candidates as things stand; `part` is its part of the slice.

    The columns come one by one: taking them out of their tuples costs more than the work itself, so callers
    do that once for all children.
    worth : float32 (K,)  written
    """
    band = BAND_OF_PART[part]
    own, g = at[i], group[i]
    base = (np.int64(g) * 3 + band) * posted.shape[1]
    for k in range(candidate.shape[0]):
        j = candidate[k, i]
        fee = enrolled[base + j] if own >= 0 else entry[base + j]
        if held[i] > 0:  # a voucher counts whole if enrolled, spread over the commitment if entering
            without = net_fee(i, g, band, j, posted[band, j], rate, amount, ceiling, voucher, face, False)
            relief = without - net_fee(i, g, band, j, posted[band, j], rate, amount, ceiling, voucher, face, True)
            fee = np.float32(np.float64(fee) - relief / (1.0 if own >= 0 else commitment))
        u = (shocked[k, i] + value[part, j]) - alpha[i] * fee
        worth[k] = u + stickiness if own == j else u


@inner
def weigh_one(i: int, part: int, scene: Any, worth: Any) -> None:
    """`weigh` for a single child, from the scene."""
    children, tariff = scene.children, scene.tariff
    weigh(
        i, part, scene.candidate, children.shocked, children.alpha, children.group, children.held, children.at, scene.offers.value,
        tariff.entry, tariff.enrolled, tariff.posted, tariff.rate, tariff.amount, tariff.ceiling, tariff.voucher, scene.vouchers.face,
        tariff.commitment, scene.stickiness, worth,
    )  # fmt: skip


@inner
def movers(lo: int, hi: int, ages: Any, best: Any, scene: Any, out: Any) -> int:
    """Those of rows lo..hi who may want to change something; returns how many were written to `out`.

    `best` holds for those not enrolled and without a voucher; the others are looked at one by one.
    """
    children, tariff = scene.children, scene.tariff
    candidate, birth, stickiness, value, face = scene.candidate, scene.birth, scene.stickiness, scene.offers.value, scene.vouchers.face
    shocked, alone, alpha, group, held = children.shocked, children.alone, children.alpha, children.group, children.held
    at, waits = children.at, children.waits
    entry, enrolled, posted, rate, amount = tariff.entry, tariff.enrolled, tariff.posted, tariff.rate, tariff.amount
    ceiling, voucher, commitment = tariff.ceiling, tariff.voucher, tariff.commitment
    worth = np.empty(candidate.shape[0], np.float32)
    n = 0
    for i in range(lo, hi):
        wants = waits[i] != NOBODY
        if at[i] == NOBODY and held[i] == 0:
            wants = wants or best[i] >= 0
        else:
            weigh(
                i, part_of(birth[i], ages), candidate, shocked, alpha, group, held, at, value, entry, enrolled,
                posted, rate, amount, ceiling, voucher, face, commitment, stickiness, worth,
            )  # fmt: skip
            top, own = alone[i], np.int16(NOBODY)
            for k in range(candidate.shape[0]):
                if worth[k] > top:
                    top, own = worth[k], candidate[k, i]
            wants = wants or own != at[i]
        if wants:
            out[n] = np.int32(i)
            n += 1
    return n
