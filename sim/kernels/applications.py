"""Voucher applications: who could use one, who knows of it, and what it would be worth to them.

The gain of a relief is (1 − r)·(gain on the present draws) + r·(logsum with − logsum without)/α,
with r the chance that circumstances are drawn afresh (Small and Rosen, Econometrica 1981, for the logsum).
"""

import math
from typing import Any

import numpy as np

from sim.compiled import entry, inlined, inner, prefetch
from sim.kernels.census import born_by
from sim.kernels.choice import (
    AHEAD,
    AS_HELD,
    BLOCK,
    WITHOUT,
    has_tried,
    leaves_a_mark,
    net_fee,
    part_of,
    recall,
    staying_out,
    tied,
)
from sim.kernels.columns import AT, BAND_OF_PART, CLOSED, ENROLLED, ENTRY, GROUP, HELD, MONTHS, MOST, NOBODY, STAY_AT

SLACK = 1.0 + 1e-9  # of a bound, for the rounding of what it bounds
HAIR = 1e-6  # the same in yuan
SIXTH = 1.0 / 6.0


@entry
def eligible(slices: Any, birth: Any, youngest: int, oldest: int, usable: Any, out: Any) -> int:
    """Rows of children born from `oldest` to `youngest` (ordinals, inclusive) who could use a voucher.

    usable : int32 (28, 2)  by decision day, the birthdays from which and to which the child
        will be billed while the voucher is good; first above last for nobody
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
def learn(
    rows: Any, luck: Any, at: Any, if_enrolled: float, if_not: float, held: Any, barred: Any, knows: Any, out: Any
) -> Any:
    """Mark the families of `rows` that know of a pool, and list those of them that may apply.

    Each knows once the share that knows has passed its draw, for good.

    luck : float64 (n,)  one draw of each child; at : int16 (n,)  where it sits
    if_enrolled, if_not : shares that know, of the enrolled and of the others
    held : int32 (n,)  face of the pool's live voucher, with which none applies for another
    barred : bool (n,)  children who may not apply; (0,) for nobody
    knows : bool (n,)  of all children, read and written; out : int32 (rows.size,)  written
    Returns how many know, and how many of these may apply.
    """
    aware, n = 0, 0
    for m in range(rows.size):
        i = np.uint64(rows[m])
        known = knows[i] | (luck[i] < (if_enrolled if at[i] != NOBODY else if_not))
        knows[i], out[n] = known, rows[m]
        aware += 1 if known else 0
        n += 1 if known & (held[i] == 0) & ((barred.size == 0) or not barred[i]) else 0
    return aware, n


@entry
def meet_redeemers(at: Any, candidate: Any, site: Any, runs: Any, taken: Any, out: Any) -> None:
    """Write with which chance the institution that each family meets in a month is one that has redeemed a voucher.

    The institution that its child attends; who is at home asks at one of those that it considers, any of them.

    at : int16 (n,)  where each child sits; candidate : int16 (n, K); site : int32 (J,)
    runs : bool (J,)  offers that take children now: at others nobody is met
    taken : int32 (J,)  vouchers redeemed at each service of an institution
    out : float64 (n,)  written
    """
    redeems = np.zeros(taken.size, np.bool_)
    for j in range(taken.size):
        redeems[site[j]] |= taken[j] > 0
    for j in range(taken.size):
        redeems[j] = redeems[site[j]]
    for i in range(at.size):
        if at[i] != NOBODY:
            out[i] = 1.0 if redeems[at[i]] else 0.0
            continue
        met, found = 0, 0
        for k in range(candidate.shape[1]):
            j, once = candidate[i, k], runs[candidate[i, k]]
            for other in range(k):  # an institution of several services stands there several times
                once &= not (runs[candidate[i, other]] and site[candidate[i, other]] == site[j])
            met += 1 if once else 0
            found += 1 if once and redeems[j] else 0
        out[i] = found / met if met > 0 else 0.0


@entry
def hear(rows: Any, luck: Any, at: Any, if_enrolled: float, if_not: float, untold: Any, knows: Any) -> None:
    """Mark the families of `rows` that know of a pool with what institutions have told them; the rest as in `learn`.

    untold : float64 (n,)  part of those like the child who would not know whom no institution has told
    """
    for m in range(rows.size):
        i = np.uint64(rows[m])
        share = if_enrolled if at[i] != NOBODY else if_not
        knows[i] |= luck[i] < share + (1.0 - share) * (1.0 - untold[i])


@entry
def count_children(rows: Any, birth: Any, ages: Any, cells: Any, out: Any) -> None:
    """Add children to the groups they are counted in; those too young to enrol are with the infants.

    out : int64 (groups,)  added to; group 0 is all, 1 to 3 the bands
    """
    for m in range(rows.size):
        i = np.uint64(rows[m])
        out[0] += 1
        out[1 + BAND_OF_PART[part_of(birth[i], ages)]] += 1
        for c in range(cells.shape[1]):
            out[cells[i, c]] += 1


@inner
def within_reach(
    rows: Any, first: int, size: int, yuan: float, renewal: float, floor: float, ages: Any, birth: Any, lasting: Any,
    outside: Any, epoch: Any, peak: Any, stays_out: Any, alpha_of: Any, shorts: Any, bounds: Any, commitment: Any,
    ties: Any, candidates: int, near: Any,
) -> int:  # fmt: skip
    """Write those of rows[first : first + size] to whom the voucher could be worth more than the floor.

    It is not if even the whole face value, everywhere, at the best and cheapest institution of the city, is too
    little. At most a block of rows, in short loops that run on vectors.

    near : int64 (2, BLOCK)  written: the rows, and their places in `rows`; returns how many
    """
    best, months, at, group = np.empty(BLOCK, np.float64), np.empty(BLOCK, np.float64), shorts[AT], shorts[GROUP]
    for m in range(size):
        i = np.uint32(rows[first + m])
        part, enrolled = part_of(birth[i], ages), at[i] != NOBODY
        months[m] = 1.0 if enrolled else commitment[group[i]]
        fee = np.float64(bounds[ENROLLED if enrolled else ENTRY, part]) - yuan / months[m]
        best[m] = np.float64(bounds[MOST, part]) - np.float64(alpha_of[i]) * fee
        best[m] += tied(i, at[i], alpha_of[i], ties) if enrolled else 0.0
    for m in range(size if leaves_a_mark(ties) else 0):
        i = np.uint32(rows[first + m])
        best[m] += left_behind(shorts[STAY_AT, i], ties.habit, ties.learnt) if has_tried(i, shorts) else 0.0
    n = 0
    for m in range(size):
        i = np.uint32(rows[first + m])
        alpha, alone, stay = np.float64(alpha_of[i]), np.float64(stays_out[epoch[i]]), np.float64(outside[i])
        most = _at_most(
            peak[epoch[i]] + best[m] - alone, lasting[i] + best[m] - stay, yuan / months[m], months[m], renewal, alpha,
            candidates,
        )  # fmt: skip
        near[0, n], near[1, n] = rows[first + m], first + m
        n += 1 if most > floor else 0
    return n


@inlined
def left_behind(last: int, habit: Any, learnt: Any) -> float:
    """The most by which care anywhere can have come to be worth more to a child billed at institution `last`."""
    return np.float64(habit) + (max(np.float64(learnt[last]), 0.0) if learnt.size > 0 else 0.0)


@inner
def look_around(
    near: Any, found: int, yuan: float, ages: Any, birth: Any, candidate: Any, fixed: Any, epoch: Any, shocked: Any,
    alpha_of: Any, shorts: Any, values: Any, prices: Any, spread: Any, ties: Any, site: Any, present: Any,
    later: Any, choice: Any,
) -> None:  # fmt: skip
    """Write the best of each child's own candidates, were the whole face value taken off their prices.

    near : as `within_reach` writes it, of which `found` count
    present, later : float64 (BLOCK,)  written: the highest utility with the present shocks, and without any
    choice : int64 (BLOCK,)  written: the candidate that is best at present
    """
    size, institutions = candidate.shape[1], values.shape[1]
    worth, lasting, learnt = np.empty(size), np.empty(size), ties.learnt
    for r in range(found):
        i, ahead = np.uint64(near[0, r]), near[0, min(r + AHEAD, found - 1)]
        prefetch(candidate, ahead)
        prefetch(fixed, ahead)
        prefetch(shocked, epoch[ahead])
        part, own = part_of(birth[i], ages), shorts[AT, i]
        kind = ENROLLED if own != NOBODY else ENTRY
        base = np.uint64((np.int64(shorts[GROUP, i]) * 3 + BAND_OF_PART[part]) * institutions)
        e, alpha = np.uint64(epoch[i]), np.float64(alpha_of[i])
        for k in range(size):
            j = np.uint64(candidate[i, k])
            months = spread[MONTHS, base + j] if own == NOBODY else 1.0
            lasting[k] = np.float64(values[part, j]) - alpha * (np.float64(prices[kind, base + j]) - yuan / months)
        if own != NOBODY:
            home, hold = site[np.uint64(own)], np.float64(tied(i, own, alpha_of[i], ties))
            for k in range(size):
                lasting[k] += hold if site[np.uint64(candidate[i, k])] == home else 0.0
        if learnt.size > 0:
            recall(i, shorts[STAY_AT, i], candidate, learnt, site, lasting)
        for k in range(size):
            worth[k] = lasting[k] + shocked[e, k]
        for k in range(size):
            lasting[k] = lasting[k] + fixed[i, k]
        top, best, stays = -1e30, 0, -1e30
        for k in range(size):
            best = k if worth[k] > top else best
            top, stays = max(top, worth[k]), max(stays, lasting[k])
        present[r], later[r], choice[r] = top, stays, best


@entry
def gains(
    rows: Any, face: int, pool: int, renewal: float, floor: float, exact: bool, ages: Any, inputs: Any, least: Any,
    most: Any,
) -> None:  # fmt: skip
    """Write the worth of a voucher of `face` fen to each child, at least and at most [yuan].

    For a family that would enter, the month's gain from relief / H counts over the H months it commits to; where these
    are not the same at all institutions, over the fewest.

    Who weighs a voucher weighs it at the bare prices: with one in hand there is nothing to wait for.

    pool : the pool's row of vouchers; none of these children holds one of it
    floor : gains that do not exceed it may be written as 0 [yuan]
    exact : every gain that exceeds the floor is worked out, with no look beforehand at which may; if not, of gains
        that certainly exceed the floor only bounds are written: what it gains at present at its first candidate alone,
        and the whole face value everywhere
    least, most : float64 (rows.size,)  written; equal where the gain was worked out
    """
    birth, candidate, fixed, outside = inputs.birth, inputs.candidate, inputs.fixed, inputs.outside
    lasting, epoch, alpha_of = inputs.lasting, inputs.children.epoch, inputs.children.alpha
    shocked, peak, stays_out = inputs.epochs.shocked, inputs.epochs.peak, inputs.epochs.alone
    shorts, counts = inputs.children.shorts, inputs.children.counts
    values, faces = inputs.offers.value, inputs.vouchers.face
    commitment, spread = inputs.tariff.commitment, inputs.tariff.spread
    bounds, site = inputs.tariff.bounds, inputs.site
    prices, posted, stages, terms = (
        inputs.tariff.bare,
        inputs.tariff.posted,
        inputs.tariff.stages,
        inputs.tariff.terms,
    )
    ties, yuan, size = inputs.ties, face / 100.0, candidate.shape[1]
    habit, learnt = ties.habit, ties.learnt
    plain, better, near = np.empty(size), np.empty(size), np.empty((2, BLOCK), np.int64)
    present, later, choice = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK, np.int64)
    surely = SLACK * floor + HAIR
    first, found, done = 0, 0, 0
    least[:], most[:] = 0.0, 0.0
    while True:
        if done == found:  # the next block of rows
            if first >= rows.size:
                break
            if exact:  # who is asked exactly has been found to be within reach, by its own candidates, too
                found, done = min(BLOCK, rows.size - first), 0
                for m in range(found):
                    near[0, m], near[1, m] = rows[first + m], first + m
                first += BLOCK
                continue
            found = within_reach(
                rows, first, min(BLOCK, rows.size - first), yuan, renewal, floor, ages, birth, lasting, outside,
                epoch, peak, stays_out, alpha_of, shorts, bounds, commitment, ties, size, near,
            )  # fmt: skip
            look_around(
                near, found, yuan, ages, birth, candidate, fixed, epoch, shocked, alpha_of, shorts, values, prices,
                spread, ties, site, present, later, choice,
            )  # fmt: skip
            first, done = first + BLOCK, 0
            continue
        i, n, r = near[0, done], near[1, done], done
        done += 1
        enrolled = shorts[AT, i] != NOBODY
        e, months = np.int64(epoch[i]), (1.0 if enrolled else commitment[shorts[GROUP, i]])
        alpha, alone = np.float64(alpha_of[i]), np.float64(staying_out(i, stays_out[e], shorts, habit))
        stay, above = np.float64(staying_out(i, outside[i], shorts, habit)), 0.0
        if not exact:
            above = _at_most(present[r] - alone, later[r] - stay, yuan / months, months, renewal, alpha, size)
            if above <= floor:
                continue
        part = part_of(birth[i], ages)
        band, g, own = BAND_OF_PART[part], shorts[GROUP, i], shorts[AT, i]
        # is what it gains now at the first of them enough? No relief is negative, so all else only adds to it
        j = candidate[i, choice[r]]
        kind, base = (ENROLLED if enrolled else ENTRY), (np.int64(g) * 3 + band) * posted.shape[1]
        if not exact and counts[HELD, i] == 0 and values[part, j] > CLOSED:
            none = net_fee(i, g, band, j, posted[band, j], stages, terms, faces, WITHOUT, 0.0)
            more = net_fee(i, g, band, j, posted[band, j], stages, terms, faces, pool, np.float64(face))
            over, alike = 1.0, True
            if not enrolled:  # where months differ, another may be the first without the voucher
                over = spread[MONTHS, base + j]
                for k in range(size):
                    alike &= spread[MONTHS, base + candidate[i, k]] == over
            before = present[r] - alpha * yuan / over
            after = before + alpha * (none - more) / over
            sure = months * (1.0 - renewal) * (max(alone, after) - max(alone, before)) / alpha
            if alike and sure > surely:
                least[n], most[n] = (sure - HAIR) / SLACK, above
                continue

        now, then, relief_most, top = alone, alone, 0.0, -1e30
        hold = np.float64(tied(i, own, alpha_of[i], ties)) if enrolled else 0.0
        last = shorts[STAY_AT, i] if learnt.size > 0 else NOBODY
        for k in range(size):
            j = candidate[i, k]
            plain[k] = better[k] = -1e30
            if values[part, j] <= CLOSED:
                continue
            full = posted[band, j]
            none = net_fee(i, g, band, j, full, stages, terms, faces, WITHOUT, 0.0)
            held = none
            if counts[HELD, i] > 0:
                held = net_fee(i, g, band, j, full, stages, terms, faces, AS_HELD, 0.0)
            more = net_fee(i, g, band, j, full, stages, terms, faces, pool, np.float64(face))
            over = 1.0 if enrolled else spread[MONTHS, base + j]
            relief = (held - more) / over
            fee = np.float64(prices[kind, base + j]) - (none - held) / over
            u = np.float64(values[part, j]) - alpha * fee
            u += hold if own != NOBODY and site[own] == site[j] else 0.0
            u += np.float64(learnt[last]) if last != NOBODY and site[last] == site[j] else 0.0
            now = max(now, shocked[e, k] + u)
            then = max(then, shocked[e, k] + u + alpha * relief)
            # the systematic part: taste and distance without this epoch's shock
            plain[k] = np.float64(fixed[i, k]) + u
            better[k] = plain[k] + alpha * relief
            relief_most, top = max(relief_most, relief), max(top, better[k])
        gain = (then - now) / alpha
        bound = relief_most * min(1.0, size * math.exp(min(0.0, top - stay)))
        if months * ((1.0 - renewal) * gain + renewal * bound) <= floor:
            continue
        peak_value = max(stay, top)
        a = b = math.exp(stay - peak_value)
        for k in range(size):
            a += math.exp(plain[k] - peak_value)
            b += math.exp(better[k] - peak_value)
        least[n] = most[n] = months * ((1.0 - renewal) * gain + renewal * math.log(b / a) / alpha)


@inner
def _at_most(
    present: float, lasting: float, relief: float, months: float, renewal: float, alpha: float, size: int
) -> float:
    """The most that relief can gain: from the highest it lifts any offer above staying out, with shock and without.

    Instead of e^(−8z) stands (1 + z + z²/2 + z³/6)^−8, which is no less: no exponential runs on vectors.
    """
    now = min(relief, max(0.0, present / alpha))
    z = 0.125 * min(64.0, max(0.0, -lasting))
    above = 1.0 / (1.0 + z * (1.0 + z * (0.5 + z * SIXTH)))
    above *= above
    above *= above
    above *= above
    return (
        SLACK * months * ((1.0 - renewal) * now + renewal * relief * min(1.0, size * above if lasting < 0.0 else 1.0))
    )
