"""Voucher applications: who could use one, who knows of it, and what it would be worth to them.

The gain of a relief is (1 − r)·(gain on the present draws) + r·(logsum with − logsum without)/α,
with r the chance that circumstances are drawn afresh (Small and Rosen, Econometrica 1981, for the logsum).
"""

import math
from typing import Any

import numpy as np

from sim.compiled import entry, inner
from sim.kernels.choice import net_fee, part_of
from sim.kernels.columns import BAND_OF_PART, CLOSED, NOBODY


@entry
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


@inner
def _too_little(
    i: int, part: int, base: int, own: int, relief: float, months: float, floor: float, renewal: float, alpha: float, stickiness: float,
    candidate: Any, shocked: Any, fixed: Any, alone: Any, outside: Any, value: Any, fee: Any,
) -> bool:  # fmt: skip
    """Whether even the whole face value (`relief` a month, held to apply everywhere) cannot gain more than `floor`."""
    present, lasting = -1e30, -1e30
    for k in range(candidate.shape[0]):
        j = candidate[k, i]
        u = np.float64(value[part, j]) - alpha * (np.float64(fee[base + j]) - relief) + (stickiness if own == j else 0.0)
        present = max(present, u + shocked[k, i])
        lasting = max(lasting, u + fixed[k, i])
    now = min(relief, max(0.0, (present - np.float64(alone[i])) / alpha))
    later = relief * min(1.0, candidate.shape[0] * math.exp(min(0.0, lasting - np.float64(outside[i]))))
    return months * ((1.0 - renewal) * now + renewal * later) <= floor


@entry
def gains(rows: Any, face: int, pool: int, renewal: float, floor: float, ages: Any, scene: Any, out: Any) -> None:
    """What a voucher of `face` fen would be worth to each child [yuan].

    For a family that would enter, the month's gain from relief / H counts over the H months it commits to.

    pool : the pool's row of vouchers; none of these children holds one of it
    floor : gains that cannot exceed it are written as 0 without the logsum [yuan]
    """
    children, candidate, tariff, offers = scene.children, scene.candidate, scene.tariff, scene.offers
    faces, birth, stay_values, fixed = scene.vouchers.face, scene.birth, scene.outside, scene.fixed
    shocked, alone, alphas, group, at = children.shocked, children.alone, children.alpha, children.group, children.at
    entry, enrolled, posted, rate, amount = tariff.entry, tariff.enrolled, tariff.posted, tariff.rate, tariff.amount
    ceiling, voucher, commitment, values = tariff.ceiling, tariff.voucher, tariff.commitment, offers.value
    stickiness = np.float64(scene.stickiness)
    size = candidate.shape[0]
    plain, better = np.empty(size), np.empty(size)
    for n in range(rows.size):
        i = rows[n]
        part = part_of(birth[i], ages)
        band, g, own = BAND_OF_PART[part], group[i], at[i]
        alpha = np.float64(alphas[i])
        months = 1.0 if own != NOBODY else commitment
        base = (np.int64(g) * 3 + band) * posted.shape[1]
        if _too_little(
            i, part, base, own, face / 100.0 / months, months, floor, renewal, alpha, stickiness, candidate, shocked,
            fixed, alone, stay_values, values, enrolled if own != NOBODY else entry,
        ):  # fmt: skip
            out[n] = 0.0
            continue
        now = np.float64(alone[i])
        then, relief_most, top = now, 0.0, -1e30
        for k in range(size):
            j = candidate[k, i]
            plain[k] = better[k] = -1e30
            if values[part, j] <= CLOSED:
                continue
            full = posted[band, j]
            none = net_fee(i, g, band, j, full, rate, amount, ceiling, voucher, faces, False)
            held = net_fee(i, g, band, j, full, rate, amount, ceiling, voucher, faces, True)
            faces[pool, i] = face
            more = net_fee(i, g, band, j, full, rate, amount, ceiling, voucher, faces, True)
            faces[pool, i] = 0
            relief = (held - more) / months
            fee = np.float64(enrolled[base + j] if own != NOBODY else entry[base + j]) - (none - held) / months
            u = values[part, j] - alpha * fee + (stickiness if own == j else 0.0)
            now = max(now, shocked[k, i] + u)
            then = max(then, shocked[k, i] + u + alpha * relief)
            # the systematic part: taste and distance without this epoch's shock
            plain[k] = np.float64(fixed[k, i]) + u
            better[k] = plain[k] + alpha * relief
            relief_most, top = max(relief_most, relief), max(top, better[k])
        present = (then - now) / alpha
        stay = np.float64(stay_values[i])
        bound = relief_most * min(1.0, size * math.exp(min(0.0, top - stay)))
        out[n] = 0.0
        if months * ((1.0 - renewal) * present + renewal * bound) <= floor:
            continue
        a = b = 1.0
        for k in range(size):
            a += math.exp(plain[k] - stay)
            b += math.exp(better[k] - stay)
        out[n] = months * ((1.0 - renewal) * present + renewal * math.log(b / a) / alpha)
