"""Utilities: the shocks of an epoch, and each child's best alternative, block by block.

U_0 = outside + ε_0 and U_j = taste + κ_band + β_q·quality_j − β_d·distance_ij + σ·[enrolled at j]
− α_i·netfee_ij + ε_ij, with ε Gumbel, addressed by child, epoch and institution (docs/model.md).
"""

import math
from typing import Any

import numpy as np
from numba import njit

from sim.draws import gumbel, mix, philox
from sim.kernels.columns import BAND_OF_PART

OUTSIDE = np.uint32(0xFFFFFFFF)  # the address of staying out among an epoch's alternatives
BLOCK = 256
STAY_OUT = -1


@njit(cache=True)
def draw_shocks(
    i: int, when: Any, child_id: Any, candidate: Any, fixed: Any, outside: Any, institution_id: Any, stream: Any, shocked: Any, alone: Any
) -> None:
    """Draw child i's shocks for the epoch that begins in month `when` (absolute month number)."""
    block = philox(child_id[i], np.uint32(when), stream)[0]
    alone[i] = np.float32(np.float64(outside[i]) + gumbel(mix(block, OUTSIDE)))
    for k in range(candidate.shape[0]):
        shock = gumbel(mix(block, institution_id[candidate[k, i]]))
        shocked[k, i] = np.float32(np.float64(fixed[k, i]) + shock)


@njit(cache=True)
def first_shocks(
    when: Any, child_id: Any, candidate: Any, fixed: Any, outside: Any, institution_id: Any, stream: Any, shocked: Any, alone: Any
) -> None:
    """Draw every child's first epoch, addressed by `when` (uint32 (n,), its month of birth)."""
    for i in range(child_id.size):
        draw_shocks(i, when[i], child_id, candidate, fixed, outside, institution_id, stream, shocked, alone)


@njit(cache=True)
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


@njit(cache=True)
def renew(
    lo: int, hi: int, when: Any, renewed: Any, child_id: Any, candidate: Any, fixed: Any, outside: Any, institution_id: Any, stream: Any, shocked: Any, alone: Any
) -> None:
    """Draw new shocks for those of rows lo..hi whose circumstances change this month.

    renewed : uint8 (n,)  this month's row of `fill_renewals`
    """
    for i in range(lo, hi):
        if renewed[i]:
            draw_shocks(i, when, child_id, candidate, fixed, outside, institution_id, stream, shocked, alone)


@njit(cache=True)
def screen(lo: int, hi: int, offset: int, width: int, children: Any, candidate: Any, value: Any, entry: Any, best: Any) -> None:
    """Best alternative at the entrants' fee of rows lo..hi, who share a part; capacity plays no part.

    offset : where the band begins in a group's part of `entry`; width : length of a group's part
    value : float32 (J,)  of this part
    best : int8 (n,)  written at lo..hi: the candidate's rank, or -1 to stay out
    """
    top = np.empty(BLOCK, np.float32)
    worth = np.empty(BLOCK, np.float32)
    price = np.empty(BLOCK, np.float32)
    where = np.empty(BLOCK, np.int32)
    base = np.empty(BLOCK, np.int32)
    rank = np.empty(BLOCK, np.int8)
    shocked, alone, alpha, group = children.shocked, children.alone, children.alpha, children.group
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
                price[i] = entry[base[i] + where[i]]
            for i in range(n):
                worth[i] = (shocked[k, b + i] + worth[i]) - alpha[b + i] * price[i]
            for i in range(n):
                better = worth[i] > top[i]
                rank[i] = np.int8(k) if better else rank[i]
                top[i] = worth[i] if better else top[i]
        for i in range(n):
            best[b + i] = rank[i]


@njit(cache=True)
def net_fee(i: int, band: int, j: int, children: Any, vouchers: Any, tariff: Any, with_vouchers: bool) -> float:
    """What child i would pay at an offer, before rounding [yuan a month], stage by stage."""
    net = tariff.posted[band, j]
    g = children.group[i]
    for s in range(tariff.voucher.size):
        v = tariff.voucher[s]
        amount = tariff.amount[s, g, band, j]
        if v >= 0:
            amount = amount * vouchers.face[v, i] / 100.0 if with_vouchers else 0.0
        relief = min(net, tariff.ceiling[s, g, band, j], amount + tariff.rate[s, g, band, j] * net)
        net -= relief
    return net


@njit(cache=True)
def perceived_fee(i: int, band: int, j: int, enrolled: bool, children: Any, vouchers: Any, tariff: Any) -> Any:
    """The fee child i weighs: vouchers whole if enrolled, spread over the commitment if entering, float32."""
    n = tariff.posted.shape[1]
    at = (np.int64(children.group[i]) * 3 + band) * n + j
    fee = tariff.enrolled[at] if enrolled else tariff.entry[at]
    if children.held[i] == 0:
        return fee
    relief = net_fee(i, band, j, children, vouchers, tariff, False) - net_fee(i, band, j, children, vouchers, tariff, True)
    weight = 1.0 if enrolled else 1.0 / tariff.commitment
    return np.float32(np.float64(fee) - relief * weight)


@njit(cache=True)
def utility(i: int, k: int, part: int, scene: Any) -> Any:
    """Utility of child i's k-th candidate as things stand, float32; `part` is its part of the slice."""
    children = scene.children
    j = scene.candidate[k, i]
    fee = perceived_fee(i, BAND_OF_PART[part], j, children.at[i] >= 0, children, scene.vouchers, scene.tariff)
    u = (children.shocked[k, i] + scene.offers.value[part, j]) - children.alpha[i] * fee
    if children.at[i] == j:
        u += scene.stickiness
    return u
