"""Voucher applications: who could use one, who knows of it, and what it would be worth to them.

The gain of a relief is (1 − r)·(gain on the present draws) + r·(logsum with − logsum without)/α,
with r the chance that circumstances are drawn afresh (Small and Rosen, Econometrica 1981, for the logsum).
"""

import math
from typing import Any

import numpy as np
from numba import njit

from sim.kernels.choice import net_fee, perceived_fee
from sim.kernels.columns import BAND_OF_PART, CLOSED, NOBODY
from sim.kernels.places import part_of


@njit(cache=True)
def eligible(slices: Any, birth: Any, youngest: int, oldest: int, usable: Any, out: Any) -> int:
    """Rows of children born from `oldest` to `youngest` (ordinals, inclusive) who could use a voucher.

    usable : int32 (28, 2)  by decision day, the birthdays from which and to which the child
        will be billed inside the voucher's validity; first above last for nobody
    out : int32 (n,)  written; returns how many
    """
    n = 0
    for d in range(slices.size - 1):
        part = birth[slices[d] : slices[d + 1]]
        lo = np.searchsorted(part, max(oldest, usable[d, 0]))
        hi = np.searchsorted(part, min(youngest, usable[d, 1]) + 1)
        for i in range(slices[d] + lo, slices[d] + hi):
            out[n] = np.int32(i)
            n += 1
    return n


@njit(cache=True)
def gains(rows: Any, face: int, pool: int, renewal: float, floor: float, ages: Any, scene: Any, out: Any) -> None:
    """What a voucher of `face` fen would be worth to each child [yuan].

    For a family that would enter, the month's gain from relief / H counts over the H months it commits to.

    pool : the pool's row of vouchers; none of these children holds one of it
    floor : gains that cannot exceed it are written as 0 without the logsum [yuan]
    """
    children, candidate, vouchers = scene.children, scene.candidate, scene.vouchers
    size = candidate.shape[0]
    plain, better = np.empty(size), np.empty(size)
    for n in range(rows.size):
        i = rows[n]
        part = part_of(scene.birth[i], ages)
        band = BAND_OF_PART[part]
        enrolled = children.at[i] != NOBODY
        alpha = np.float64(children.alpha[i])
        months = 1.0 if enrolled else scene.tariff.commitment
        now = np.float64(children.alone[i])
        then, relief_most, top = now, 0.0, -1e30
        for k in range(size):
            j = candidate[k, i]
            value = scene.offers.value[part, j]
            plain[k] = better[k] = -1e30
            if value <= CLOSED:
                continue
            without = net_fee(i, band, j, children, vouchers, scene.tariff, True)
            vouchers.face[pool, i] = face
            relief = (without - net_fee(i, band, j, children, vouchers, scene.tariff, True)) / months
            vouchers.face[pool, i] = 0
            fee = perceived_fee(i, band, j, enrolled, children, vouchers, scene.tariff)
            u = np.float64(children.shocked[k, i]) + value - alpha * fee
            sticky = np.float64(scene.stickiness) if children.at[i] == j else 0.0
            u += sticky
            now, then = max(now, u), max(then, u + alpha * relief)
            # the systematic part: taste and distance without this epoch's shock
            plain[k] = np.float64(scene.fixed[k, i]) + value - alpha * fee + sticky
            better[k] = plain[k] + alpha * relief
            relief_most, top = max(relief_most, relief), max(top, better[k])
        present = (then - now) / alpha
        stay = np.float64(scene.outside[i])
        bound = relief_most * min(1.0, size * math.exp(min(0.0, top - stay)))
        out[n] = 0.0
        if months * ((1.0 - renewal) * present + renewal * bound) <= floor:
            continue
        a = b = 1.0
        for k in range(size):
            a += math.exp(plain[k] - stay)
            b += math.exp(better[k] - stay)
        out[n] = months * ((1.0 - renewal) * present + renewal * math.log(b / a) / alpha)
