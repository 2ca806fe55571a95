"""Utilities: the shocks of an epoch, and each child's best alternative, block by block.

U_0 = outside + ε_0 and U_j = taste + κ_band + β_q·quality_j − β_d·distance_ij + σ·[enrolled at j]
− α_i·netfee_ij + ε_ij, with ε Gumbel, addressed by child, epoch and institution (docs/model.md).
"""

import math
from typing import Any

import numpy as np

from sim.compiled import entry, inner
from sim.draws import gumbel, mix, philox
from sim.kernels.columns import (
    ALONE,
    ALPHA,
    AMOUNT,
    AT,
    BAND_OF_PART,
    CEILING,
    CLOSED,
    ENROLLED,
    ENTRY,
    GROUP,
    HELD,
    LEAST,
    MOST,
    NOBODY,
    RATE,
    VOUCHER,
)

OUTSIDE = np.uint32(0xFFFFFFFF)  # the address of staying out among an epoch's alternatives
BLOCK = 256
STAY_OUT = -1
WITHOUT, AS_HELD = -2, -1  # which vouchers `net_fee` counts


@inner
def part_of(birth: int, ages: Any) -> int:
    """Part of a child by its birthday: 0 infant, 1 toddler under 18 months, 2 toddler, 3 older toddler."""
    if birth <= ages.older:
        return 3
    if birth <= ages.mixed:
        return 2
    return 1 if birth <= ages.toddler else 0


@entry
def renew(
    lo: int, hi: int, renewed: Any, when: Any, child_id: Any, institution_id: Any, stream: Any,
    candidate: Any, fixed: Any, outside: Any, draws: Any,
) -> None:  # fmt: skip
    """Draw a new epoch's shocks for those of rows lo..hi whose circumstances change.

    renewed : uint8 (n,)  1 for those
    when : uint32 (n,), or (1,) if it is the same for all: absolute month in which the epoch begins
    draws : float32 (K + 2, n)  of the children; all but alpha written
    """
    rows = np.empty(BLOCK, np.int64)
    blocks, address = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.uint32)
    shocks = np.empty(BLOCK, np.float64)
    size, same = candidate.shape[0], when.size == 1
    begin = lo
    while begin < hi:
        # collected first: what is drawn then runs in loops without a branch
        n = 0
        while begin < hi and n < BLOCK:
            rows[n] = begin
            n += 1 if renewed[begin] else 0
            begin += 1
        for m in range(n):
            i = rows[m]
            blocks[m] = philox(child_id[i], when[0] if same else when[i], stream)[0]
        for m in range(n):
            shocks[m] = gumbel(mix(blocks[m], OUTSIDE))
        for m in range(n):
            draws[ALONE, rows[m]] = np.float32(np.float64(outside[rows[m]]) + shocks[m])
        for k in range(size):
            for m in range(n):
                address[m] = institution_id[candidate[k, rows[m]]]
            for m in range(n):
                shocks[m] = gumbel(mix(blocks[m], address[m]))
            for m in range(n):
                draws[k, rows[m]] = np.float32(np.float64(fixed[k, rows[m]]) + shocks[m])


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


@entry
def screen(
    lo: int, hi: int, part: int, draws: Any, shorts: Any, candidate: Any, value: Any, prices: Any, bounds: Any,
    best: Any,
) -> None:  # fmt: skip
    """Best alternative at the entrants' fee of rows lo..hi, who share a part; capacity plays no part.

    Most families would not enter even at the city's best and cheapest institution: a bound that is read in
    order, and holds exactly because rounding is monotone, passes them over.

    bounds : of the tariff
    best : int8 (n,)  written at lo..hi: the candidate's rank, or -1 to stay out
    """
    peak = np.empty(BLOCK, np.float32)
    rows = np.empty(BLOCK, np.int64)
    institutions, band = value.shape[1], BAND_OF_PART[part]
    highest, cheapest = bounds[MOST, part], bounds[LEAST, part]
    for b in range(lo, hi, BLOCK):
        m = min(BLOCK, hi - b)
        for i in range(m):
            peak[i] = np.float32(-np.inf)
        for k in range(candidate.shape[0]):
            for i in range(m):
                peak[i] = max(peak[i], draws[k, b + i])
        for i in range(m):
            peak[i] = ((peak[i] + highest) - draws[ALPHA, b + i] * cheapest) - draws[ALONE, b + i]
        n = 0
        for i in range(m):
            rows[n] = b + i
            n += 1 if peak[i] >= np.float32(0) else 0
        for i in range(b, b + m):
            best[i] = np.int8(STAY_OUT)
        for r in range(n):
            i = rows[r]
            base = (np.int64(shorts[GROUP, i]) * 3 + band) * institutions
            top, alpha = draws[ALONE, i], draws[ALPHA, i]
            for k in range(candidate.shape[0]):
                j = candidate[k, i]
                worth = (draws[k, i] + value[part, j]) - alpha * prices[ENTRY, base + j]
                if worth > top:
                    top, best[i] = worth, np.int8(k)


@inner
def net_fee(
    i: int, g: int, band: int, j: int, net: float, stages: Any, terms: Any, face: Any, counted: int, extra: float
) -> float:
    """What child i of group g would pay at an offer, before rounding [yuan a month], stage by stage.

    net : the posted fee; face : of the vouchers
    counted : WITHOUT vouchers, AS_HELD, or the row of a pool of whose vouchers the child would hold one of `extra` fen
    """
    for s in range(terms.shape[1]):
        worth, v = stages[AMOUNT, s, g, band, j], terms[VOUCHER, s]
        if v >= 0:
            fen = extra if v == counted else np.float64(face[v, i])
            worth = worth * fen / 100.0 if counted != WITHOUT else 0.0
        net -= min(net, stages[CEILING, s, g, band, j], worth + stages[RATE, s, g, band, j] * net)
    return net


@inner
def weigh(
    i: int, part: int, candidate: Any, draws: Any, shorts: Any, counts: Any, value: Any, prices: Any, posted: Any,
    stages: Any, terms: Any, face: Any, commitment: float, stickiness: Any, worth: Any,
) -> None:  # fmt: skip
    """Utilities of child i's candidates as things stand; `part` is its part of the slice.

    The columns come one by one: taking them out of their tuples costs more than the work itself, so callers
    do that once for all children.
    worth : float32 (K,)  written
    """
    band = BAND_OF_PART[part]
    own, g = shorts[AT, i], shorts[GROUP, i]
    enrolled = own != NOBODY
    kind, alpha, months = (ENROLLED if enrolled else ENTRY), draws[ALPHA, i], (1.0 if enrolled else commitment)
    base = (np.int64(g) * 3 + band) * posted.shape[1]
    kept = part  # a child that has outgrown all that its institution offers keeps its seat, valued as when it sat down
    while enrolled and kept > 0 and value[kept, own] <= CLOSED:
        kept -= 1
    for k in range(candidate.shape[0]):
        j = candidate[k, i]
        worth[k] = (draws[k, i] + value[kept if j == own else part, j]) - alpha * prices[kind, base + j]
    if counts[HELD, i] > 0:  # a voucher counts whole if enrolled, spread over the commitment if entering
        for k in range(candidate.shape[0]):
            j = candidate[k, i]
            relief = 0.0
            for counted in range(WITHOUT, AS_HELD + 1):
                relief = net_fee(i, g, band, j, posted[band, j], stages, terms, face, counted, 0.0) - relief
            fee = np.float32(np.float64(prices[kind, base + j]) + relief / months)
            worth[k] = (draws[k, i] + value[kept if j == own else part, j]) - alpha * fee
    if enrolled:
        for k in range(candidate.shape[0]):
            if candidate[k, i] == own:
                worth[k] = worth[k] + stickiness
