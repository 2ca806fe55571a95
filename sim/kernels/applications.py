"""Voucher applications: who could use one, who knows of it, and what it would be worth to them.

The gain of a relief is (1 − r)·(gain on the present draws) + r·(logsum with − logsum without)/α,
with r the chance that circumstances are drawn afresh (Small and Rosen, Econometrica 1981, for the logsum).
"""

import math
from typing import Any

import numpy as np

from sim.compiled import entry, inner
from sim.kernels.choice import AS_HELD, WITHOUT, net_fee, part_of
from sim.kernels.columns import ALONE, ALPHA, AT, BAND_OF_PART, CLOSED, ENROLLED, ENTRY, GROUP, HELD, MOST, NOBODY

SLACK = 1.0 + 1e-9  # of a bound, for the rounding of what it bounds


@inner
def born_by(birth: Any, lo: int, hi: int, day: int) -> int:
    """First of rows lo..hi, sorted by birth, born after a day."""
    while lo < hi:
        middle = (lo + hi) // 2
        if birth[middle] <= day:
            lo = middle + 1
        else:
            hi = middle
    return lo


@entry
def eligible(slices: Any, birth: Any, youngest: int, oldest: int, usable: Any, out: Any) -> int:
    """Rows of children born from `oldest` to `youngest` (ordinals, inclusive) who could use a voucher.

    usable : int32 (28, 2)  by decision day, the birthdays from which and to which the child
        will be billed inside the voucher's validity; first above last for nobody
    out : int32 (n,)  written; returns how many
    """
    n = 0
    for d in range(slices.size - 1):
        lo = born_by(birth, slices[d], slices[d + 1], max(oldest, usable[d, 0]) - 1)
        hi = born_by(birth, slices[d], slices[d + 1], min(youngest, usable[d, 1]))
        for i in range(lo, hi):
            out[n] = np.int32(i)
            n += 1
    return n


@entry
def gains(rows: Any, face: int, pool: int, renewal: float, floor: float, ages: Any, scene: Any, out: Any) -> None:
    """What a voucher of `face` fen would be worth to each child [yuan].

    For a family that would enter, the month's gain from relief / H counts over the H months it commits to.

    pool : the pool's row of vouchers; none of these children holds one of it
    floor : gains that cannot exceed it are written as 0 [yuan]
    """
    birth, candidate, fixed, outside = scene.birth, scene.candidate, scene.fixed, scene.outside
    draws, shorts, counts = scene.children.draws, scene.children.shorts, scene.children.counts
    values, faces, commitment = scene.offers.value, scene.vouchers.face, scene.tariff.commitment
    bounds = scene.tariff.bounds
    prices, posted, stages, terms = scene.tariff.prices, scene.tariff.posted, scene.tariff.stages, scene.tariff.terms
    stickiness, yuan, size = np.float64(scene.stickiness), face / 100.0, candidate.shape[0]
    plain, better = np.empty(size), np.empty(size)
    for n in range(rows.size):
        out[n] = 0.0
        i = np.int64(rows[n])
        part = part_of(birth[i], ages)
        band, g, own = BAND_OF_PART[part], shorts[GROUP, i], shorts[AT, i]
        alpha, alone, stay = np.float64(draws[ALPHA, i]), np.float64(draws[ALONE, i]), np.float64(outside[i])
        kind, months = (ENROLLED if own != NOBODY else ENTRY), (1.0 if own != NOBODY else commitment)
        base = (np.int64(g) * 3 + band) * posted.shape[1]
        relief = yuan / months

        # even the whole face value, everywhere, at the best and cheapest institution of the city: too little?
        peak, lasting = np.float32(-np.inf), np.float32(-np.inf)
        for k in range(size):
            peak, lasting = max(peak, draws[k, i]), max(lasting, fixed[k, i])
        u = (
            np.float64(bounds[MOST, part])
            - alpha * (np.float64(bounds[kind, part]) - relief)
            + (stickiness if own != NOBODY else 0.0)
        )
        if _at_most(peak + u - alone, lasting + u - stay, relief, months, renewal, alpha, size) <= floor:
            continue
        # and at the child's own candidates?
        present, later = -1e30, -1e30
        for k in range(size):
            j = candidate[k, i]
            u = np.float64(values[part, j]) - alpha * (np.float64(prices[kind, base + j]) - relief)
            u += stickiness if own == j else 0.0
            present, later = max(present, u + draws[k, i]), max(later, u + fixed[k, i])
        if _at_most(present - alone, later - stay, relief, months, renewal, alpha, size) <= floor:
            continue

        now, then, relief_most, top = alone, alone, 0.0, -1e30
        for k in range(size):
            j = candidate[k, i]
            plain[k] = better[k] = -1e30
            if values[part, j] <= CLOSED:
                continue
            full = posted[band, j]
            none = net_fee(i, g, band, j, full, stages, terms, faces, WITHOUT, 0.0)
            held = none
            if counts[HELD, i] > 0:
                held = net_fee(i, g, band, j, full, stages, terms, faces, AS_HELD, 0.0)
            more = net_fee(i, g, band, j, full, stages, terms, faces, pool, np.float64(face))
            relief = (held - more) / months
            fee = np.float64(prices[kind, base + j]) - (none - held) / months
            u = np.float64(values[part, j]) - alpha * fee + (stickiness if own == j else 0.0)
            now = max(now, draws[k, i] + u)
            then = max(then, draws[k, i] + u + alpha * relief)
            # the systematic part: taste and distance without this epoch's shock
            plain[k] = np.float64(fixed[k, i]) + u
            better[k] = plain[k] + alpha * relief
            relief_most, top = max(relief_most, relief), max(top, better[k])
        present = (then - now) / alpha
        bound = relief_most * min(1.0, size * math.exp(min(0.0, top - stay)))
        if months * ((1.0 - renewal) * present + renewal * bound) <= floor:
            continue
        peak_value = max(stay, top)
        a = b = math.exp(stay - peak_value)
        for k in range(size):
            a += math.exp(plain[k] - peak_value)
            b += math.exp(better[k] - peak_value)
        out[n] = months * ((1.0 - renewal) * present + renewal * math.log(b / a) / alpha)


@inner
def _at_most(
    present: float, lasting: float, relief: float, months: float, renewal: float, alpha: float, size: int
) -> float:
    """The most that relief can gain: from the highest it lifts any offer above staying out, with shock and without."""
    now = min(relief, max(0.0, present / alpha))
    later = relief * min(1.0, size * math.exp(lasting)) if lasting < 0.0 else relief
    return SLACK * months * ((1.0 - renewal) * now + renewal * later)
