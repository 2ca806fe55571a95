"""Passing over: children whom nothing that a policy moved can have reached need not be weighed again.

On each decision day the baseline notes every child's margin: the utility of what the child has, less that of its best
alternative, seats or no seats. Under a policy, a child that sits where it sits in the baseline, has the same shocks
and price sensitivity, waits for nothing, holds no voucher and need not move up a class chooses as in the baseline, if
prices and values have moved by less than that margin. As what it has is then its best, whatever seats there are, it is
served by nobody and asks nothing of anybody: leaving it out changes no other child's turn either.

The margin is exact but for rounding, and rounding is kept on the safe side. A utility (s + v) − α·p + σ of float32
numbers is computed to within 2^-22 of the sum of their sizes. `note_margins` takes `SLACK`, more than twenty times
that, of the sizes of both utilities compared and of the largest value and price; an offer whose s lies so far below
that its own rounding is larger lies below the others by still more. `Reach` is rounded up by the same share, so that
the price and value changes themselves, and the sums taken here, are covered too.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import entry, inner
from sim.kernels.bills import fen
from sim.kernels.choice import BLOCK, WITHOUT, appraise, net_fee
from sim.kernels.columns import (
    AT,
    BAND_OF_PART,
    CLOSED,
    ENROLLED,
    ENTRY,
    GROUP,
    HELD,
    LEAST,
    MOST,
    NOBODY,
    SEAT,
    SLOPES,
    WAITS,
    Tariff,
)

SLACK = np.float32(1e-5)  # of the sizes of what is compared, for rounding
LIFT = 1.0  # rise of an offer's value above which its candidates are weighed, rather than the bound of all be raised
FAR = np.float32(8.0)  # a margin that a bound shows to be larger need not be known better


class Month(NamedTuple):
    """The decision days of a month in the baseline; axis n is the child, whose family has one of them.

    at : int16 (n,)  institution attended as the day begins; sat : int16 (n,)  as it ends
    face : int32 (V, n)  live vouchers held as it begins [fen]; alpha : float32 (n,)  price sensitivity
    margin : float32 (n,)  utility of what the child has above its best alternative, rounding taken off; -inf if unknown
    """

    at: NDArray[np.int16]
    sat: NDArray[np.int16]
    face: NDArray[np.int32]
    alpha: NDArray[np.float32]
    margin: NDArray[np.float32]


class Reach(NamedTuple):
    """By how much a policy's prices and values can move a choice away from the baseline's; G its family groups.

    fall : float32 (2, G, 4)  by how much an open offer's price can be lower, by kind of price, group and part [yuan]
    lift : float32 (4,)  by how much an open offer's value can be higher, by part
    rise : float32 (G·3·J,)  by how much the price of the enrolled is higher [yuan]
    sink : float32 (4, J)  by how much the value of an offer is lower; inf where one of the two sides is closed to a part
    exposed : uint8 (n,)  children with a candidate that these bounds leave out: its value is higher by more than a little
    saves : int64 (G, 3, J)  by how much the bill without vouchers is lower [fen]; moves : whether any is not the same
    """

    fall: NDArray[np.float32]
    lift: NDArray[np.float32]
    rise: NDArray[np.float32]
    sink: NDArray[np.float32]
    exposed: NDArray[np.uint8]
    saves: NDArray[np.int64]
    moves: bool


@inner
def note_margins(edges: Any, scene: Any, margin: Any) -> None:
    """Write the margins of a day's slice as the day begins; edges : as in `Days`, of the day."""
    epoch, peak, alone, alpha = scene.children.epoch, scene.epochs.peak, scene.epochs.alone, scene.children.alpha
    shorts, links, counts, bounds = (
        scene.children.shorts,
        scene.children.links,
        scene.children.counts,
        scene.tariff.bounds,
    )
    near, most = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.float32)
    worth, dearest = np.empty(scene.candidate.shape[1], np.float32), dearest_of(scene.tariff.prices)
    for p in range(edges.size - 1):
        part = edges.size - 2 - p
        highest, cheapest = bounds[MOST, part], bounds[LEAST, part]
        for b in range(edges[p], edges[p + 1], BLOCK):
            size = min(BLOCK, edges[p + 1] - b)
            for m in range(size):
                i = b + m
                e = epoch[i]
                gap = alone[e] - ((peak[e] + highest) - alpha[i] * cheapest)
                sizes = abs(alone[e]) + abs(peak[e]) + abs(highest) + alpha[i] * dearest
                most[m] = gap - SLACK * sizes
            n = 0
            for m in range(size):
                i = b + m
                margin[i] = most[m]
                near[n] = i
                free = (shorts[AT, i] == NOBODY) & (links[WAITS, i] == NOBODY) & (counts[HELD, i] == 0)
                n += 0 if free & (most[m] > FAR) else 1
            for r in range(n):
                i = near[r]
                known = links[WAITS, i] == NOBODY and counts[HELD, i] == 0
                margin[i] = margin_of(i, part, dearest, scene, worth) if known else np.float32(-np.inf)


@inner
def margin_of(i: int, part: int, dearest: Any, scene: Any, worth: Any) -> Any:
    """Margin of a child that holds no voucher; dearest : the highest price; worth : float32 (K,)  to work in."""
    candidate, tariff, value = scene.candidate, scene.tariff, scene.offers.value
    e, own, alpha = np.int64(scene.children.epoch[i]), scene.children.shorts[AT, i], scene.children.alpha[i]
    appraise(
        i, e, part, own, scene.children.shorts[GROUP, i], False, candidate, scene.epochs.shocked, alpha, value,
        tariff.prices, tariff.posted, tariff.stages, tariff.terms, scene.vouchers.face, tariff.commitment,
        scene.stickiness, scene.site, worth,
    )  # fmt: skip
    alone = scene.epochs.alone[e]
    has, other = (alone, np.float32(-np.inf)) if own == NOBODY else (np.float32(-np.inf), alone)
    for k in range(candidate.shape[1]):
        if own != NOBODY and candidate[i, k] == own:
            has = max(has, worth[k])
        else:
            other = max(other, worth[k])
    sizes = abs(has) + abs(other) + abs(alone) + abs(scene.epochs.peak[e]) + scene.stickiness
    sizes += abs(tariff.bounds[MOST, part]) + alpha * dearest
    return (has - other) - SLACK * sizes


@inner
def dearest_of(prices: Any) -> Any:
    """The highest price anyone faces, entering or enrolled."""
    highest = np.float32(0)
    for offer in range(prices.shape[1]):
        highest = max(highest, prices[ENTRY, offer], prices[ENROLLED, offer])
    return highest


@inner
def pass_over(edges: Any, month: Any, reach: Any, scene: Any, passed: Any) -> int:
    """Mark those of a day's slice who need not be weighed; returns how many are left.

    edges : as in `Days`, of the day; passed : uint8 (n,)  written in the slice
    """
    alpha, shorts, links, counts = (
        scene.children.alpha,
        scene.children.shorts,
        scene.children.links,
        scene.children.counts,
    )
    at_there, sat_there, alpha_there, margin = month.at, month.sat, month.alpha, month.margin
    fall, lift, rise, sink, exposed = reach.fall, reach.lift, reach.rise, reach.sink, reach.exposed
    inside, left = np.empty(BLOCK, np.int64), 0
    institutions = sink.shape[1]
    for p in range(edges.size - 1):
        part = edges.size - 2 - p
        band = BAND_OF_PART[part]
        for b in range(edges[p], edges[p + 1], BLOCK):
            size = min(BLOCK, edges[p + 1] - b)
            for m in range(size):
                i = b + m
                bound = alpha[i] * fall[ENTRY, shorts[GROUP, i], part] + lift[part]
                alike = (at_there[i] == NOBODY) & (alpha[i] == alpha_there[i]) & (links[WAITS, i] == NOBODY)
                alike &= (counts[HELD, i] == 0) & (exposed[i] == 0) & (shorts[AT, i] == NOBODY)
                passed[i] = 1 if alike & (margin[i] > bound) else 0
            n = 0
            for m in range(size):
                inside[n] = b + m
                n += 1 if shorts[AT, b + m] != NOBODY else 0
            for r in range(n):
                i = inside[r]
                j, g = np.int64(shorts[AT, i]), np.int64(shorts[GROUP, i])
                alike = at_there[i] == j and sat_there[i] == j and alpha[i] == alpha_there[i]
                alike &= links[WAITS, i] == NOBODY and counts[HELD, i] == 0 and exposed[i] == 0
                bound = alpha[i] * (rise[(g * 3 + band) * institutions + j] + fall[ENROLLED, g, part])
                bound += sink[part, j] + lift[part]
                passed[i] = 1 if alike and shorts[SEAT, i] >= band and margin[i] > bound else 0
            for m in range(size):
                left += 1 - np.int64(passed[b + m])
    return left


@entry
def mark_exposed(candidate: Any, beyond: Any, out: Any) -> None:
    """Mark the children with a candidate among some institutions; beyond : bool (J,); out : uint8 (n,)  written."""
    for i in range(candidate.shape[0]):
        found = np.uint8(0)
        for k in range(candidate.shape[1]):
            found |= np.uint8(beyond[candidate[i, k]])
        out[i] = found


@entry
def plain_bills(tariff: Any, out: Any) -> None:
    """Write the bills of a tariff without vouchers; out : int64 (G, 3, J)  written [fen]."""
    posted, stages, terms, nothing = tariff.posted, tariff.stages, tariff.terms, np.zeros((1, 1), np.int32)
    for g in range(out.shape[0]):
        for band in range(out.shape[1]):
            for j in range(out.shape[2]):
                out[g, band, j] = fen(net_fee(0, g, band, j, posted[band, j], stages, terms, nothing, WITHOUT, 0.0))


def reach_of(
    here: Tariff, value: NDArray[np.float32], there: Tariff, value_there: NDArray[np.float32],
    group_there: NDArray[np.int64], candidate: NDArray[np.int16],
) -> Reach:  # fmt: skip
    """Find by how much a policy's prices and values moved from the baseline's.

    here, value : float32 (4, J)  the policy's; there, value_there : the baseline's
    group_there : int64 (G,)  the baseline's family group to which each of the policy's belongs
    candidate : int16 (n, K)
    """
    up, j = 1.0 + float(SLACK), value.shape[1]
    prices = here.prices[:SLOPES].reshape(SLOPES, -1, 3, j).astype(np.float64)
    rise = prices - there.prices[:SLOPES].reshape(SLOPES, -1, 3, j)[:, group_there]
    open_here, open_there = value > CLOSED, value_there > CLOSED
    lift = np.where(open_here, value.astype(np.float64) - value_there, 0.0)
    beyond = (lift > LIFT).any(axis=0)
    counted = open_here & ~beyond
    falls = np.where(counted, -rise[:, :, list(BAND_OF_PART)], 0.0).max(axis=3, initial=0.0)
    sink = np.where(open_here & open_there, -lift, np.inf)
    own = rise[ENROLLED] + np.abs(rise[ENROLLED]) * float(SLACK)
    exposed = np.zeros(len(candidate), np.uint8)
    if beyond.any():
        mark_exposed(candidate, beyond, exposed)
    bills, bills_there = (np.zeros((t.prices.shape[1] // (3 * j), 3, j), np.int64) for t in (here, there))
    plain_bills(here, bills)
    plain_bills(there, bills_there)
    saves = bills_there[group_there] - bills
    return Reach(
        fall=_above(falls * up),
        lift=_above(np.where(counted, lift, 0.0).max(axis=1, initial=0.0) * up),
        rise=_above(own).reshape(-1),
        sink=_above(sink + np.where(np.isinf(sink), 0.0, np.abs(sink)) * float(SLACK)),
        exposed=exposed,
        saves=saves,
        moves=bool(saves.any()),
    )


def _above(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """The same in float32, none lower."""
    return np.ascontiguousarray(np.nextafter(values.astype(np.float32), np.float32(np.inf)))
