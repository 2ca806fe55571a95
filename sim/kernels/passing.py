"""Passing over: children whom nothing that a policy moved can have reached need not be weighed again.

On each decision day the baseline notes every child's margin: the utility of what the child has, less that of its best
alternative, seats or no seats. Under a policy, a child that sits where it sits in the baseline, has the same shocks
and price sensitivity, was billed last where it was there, waits for nothing, holds no voucher and need not move up a
class chooses as in the baseline, if prices and values have moved by less than that margin. As what it has is then its
best, whatever seats there are, it is served by nobody and asks nothing of anybody: leaving it out changes no other
child's turn either.

The margin is exact but for rounding, and rounding is kept on the safe side. A utility (s + v) − α·p + σ of float32
numbers is computed to within 2^-22 of the sum of their sizes. `note_margins` takes `SLACK`, more than twenty times
that, of the sizes of both utilities compared and of the largest value and price; an offer whose s lies so far below
that its own rounding is larger lies below the others by still more. `Reach` is rounded up by the same share, so that
the price and value changes themselves, and the sums taken here, are covered too.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import entry, inlined, inner
from sim.kernels.bills import fen
from sim.kernels.choice import (
    BLOCK,
    WITHOUT,
    forgoes,
    has_tried,
    leaves_a_mark,
    net_fee,
    staying_out,
    tied,
    weigh_rows,
)
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
    PARTS,
    SEAT,
    SLOPES,
    STAY_AT,
    WAITS,
    Tariff,
)

SLACK = np.float32(1e-5)  # of the sizes of what is compared, for rounding
LIFT = 1.0  # rise of an offer's value above which its candidates are weighed, rather than the bound of all be raised
MOVED = np.int16(-2)  # in place of an institution: the child did not sit still
TINY = np.float32(1e-45)  # the least above 0
FAR = np.float32(8.0)  # a margin that a bound shows to be larger need not be known better


class Month(NamedTuple):
    """The decision days of a month in the baseline; axis n is the child, whose family has one of them.

    at : int16 (n,)  institution attended as the day begins; sat : int16 (n,)  as it ends
    rests : int16 (n,)  the same institution if the child sits there, or nowhere, all day; MOVED if not
    face : int32 (V, n)  live vouchers held as it begins [fen]; group : int16 (n,)  family group
    alpha : float32 (n,)  price sensitivity; sunk : float32 (n,)  fee that is paid already and not given back [yuan]
    margin : float32 (n,)  utility of what the child has above its best alternative, rounding taken off; -inf if unknown
    last : int16 (n,)  institution at which the child was billed last; (0,) where having been in care changes nothing
    """

    at: NDArray[np.int16]
    sat: NDArray[np.int16]
    rests: NDArray[np.int16]
    face: NDArray[np.int32]
    group: NDArray[np.int16]
    alpha: NDArray[np.float32]
    sunk: NDArray[np.float32]
    margin: NDArray[np.float32]
    last: NDArray[np.int16]


class Reach(NamedTuple):
    """Bounds on how far a policy's prices and values can move a choice away from the baseline's; G its family groups.

    Of every offer open to a part of the children, rounded up:
    lifts : float32 (4·J,)  by how much its value is higher, by part; closed here, it is none of a child's best
    The largest of these and of the falls of its price, at least 0, but for offers whose value is higher by more than
    `LIFT`:
    fall : float32 (2, 4, G)  by kind of price, part and group [yuan]; lift : float32 (4,)
    exposed : uint8 (n,)  children with a candidate that these leave out; (0,) if there is none
    Of the institution a child attends, rounded up:
    sink : float32 (4, J)  by how much its value is lower; inf where one of the two sides is closed to a part
    saves : int64 (B, 3, J)  by how much the bill without vouchers is lower, of the groups that are billed apart [fen]
    moves : whether any is not the same
    prices : float32 (3, ·)  the baseline's; there : int64 (G,)  its family group to which each of the policy's belongs
    changes : whether a child may have been in another of these than it would belong to now
    """

    lifts: NDArray[np.float32]
    fall: NDArray[np.float32]
    lift: NDArray[np.float32]
    exposed: NDArray[np.uint8]
    sink: NDArray[np.float32]
    saves: NDArray[np.int64]
    moves: bool
    prices: NDArray[np.float32]
    there: NDArray[np.int64]
    changes: bool

    @classmethod
    def of(
        cls, billed: int, institutions: int, prices: NDArray[np.float32], there: NDArray[np.int64], changes: bool
    ) -> "Reach":
        """Room for what is found, with nothing moved; billed : groups that are billed apart."""
        return cls(
            lifts=np.empty(PARTS * institutions, np.float32),
            fall=np.zeros((SLOPES, PARTS, len(there)), np.float32),
            lift=np.zeros(PARTS, np.float32),
            exposed=np.zeros(0, np.uint8),
            sink=np.empty((PARTS, institutions), np.float32),
            saves=np.empty((billed, 3, institutions), np.int64),
            moves=False,
            prices=prices,
            there=there,
            changes=changes,
        )

    @classmethod
    def nothing(cls) -> "Reach":
        """Stand where nobody is passed over."""
        return cls.of(0, 0, np.zeros((0, 0), np.float32), np.zeros(0, np.int64), False)


class Sorted(NamedTuple):
    """Rows of a day's slice, in their order, and where those of its four parts begin and end, oldest first.

    weighed : int32 (n,), weighed_at : int64 (5,)  children who are not passed over
    stay : int32 (n,), stay_at : int64 (5,)  those passed over who are enrolled
    """

    weighed: NDArray[np.int32]
    weighed_at: NDArray[np.int64]
    stay: NDArray[np.int32]
    stay_at: NDArray[np.int64]

    @classmethod
    def of(cls, children: int) -> "Sorted":
        """Room for any slice."""
        rows, ends = (np.zeros(children, np.int32) for _ in range(2)), (np.zeros(5, np.int64) for _ in range(2))
        return cls(next(rows), next(ends), next(rows), next(ends))


@inner
def note_margins(edges: Any, inputs: Any, margin: Any) -> None:
    """Write the margins of a day's slice as the day begins; edges : as in `Days`, of the day; margin : of `Month`."""
    epoch, peak, alone, alpha = inputs.children.epoch, inputs.epochs.peak, inputs.epochs.alone, inputs.children.alpha
    shorts, links, counts, bounds = (
        inputs.children.shorts,
        inputs.children.links,
        inputs.children.counts,
        inputs.tariff.bounds,
    )
    marks = leaves_a_mark(inputs.ties)
    tariff, most, dearest = inputs.tariff, np.empty(BLOCK, np.float32), dearest_of(inputs.tariff.prices)
    near, n = np.empty(edges[PARTS] - edges[0] + 1, np.int64), 0
    for p in range(PARTS):
        part, n = PARTS - 1 - p, 0
        highest, cheapest = bounds[MOST, part], bounds[LEAST, part]
        for b in range(edges[p], edges[p + 1], BLOCK):
            size = min(BLOCK, edges[p + 1] - b)
            for m in range(size):
                i = b + m
                e = epoch[i]
                gap = alone[e] - ((peak[e] + highest) - alpha[i] * cheapest)
                sizes = abs(alone[e]) + abs(peak[e]) + abs(highest) + alpha[i] * dearest
                most[m] = gap - SLACK * sizes
            for m in range(size if marks else 0):  # who has been in care is looked at closely
                most[m] = np.float32(0) if has_tried(b + m, shorts) else most[m]
            for m in range(size):
                i = b + m
                margin[i] = most[m]
                near[n] = i
                free = (shorts[AT, i] == NOBODY) & (links[WAITS, i] == NOBODY) & (counts[HELD, i] == 0)
                n += 0 if free & (most[m] > FAR) else 1
        weigh_margins(
            near, n, part, inputs.candidate, epoch, inputs.epochs.shocked, peak, alone, alpha, shorts, links, counts,
            inputs.offers.value, tariff.prices, tariff.posted, tariff.stages, tariff.terms, inputs.vouchers.face,
            tariff.spread, inputs.ties, inputs.site, abs(highest), dearest, margin,
        )  # fmt: skip


@inner
def weigh_margins(
    rows: Any, n: int, part: int, candidate: Any, epoch: Any, shocked: Any, peak: Any, alone: Any, alpha: Any,
    shorts: Any, links: Any, counts: Any, value: Any, prices: Any, posted: Any, stages: Any, terms: Any, face: Any,
    spread: Any, ties: Any, site: Any, highest: Any, dearest: Any, margin: Any,
) -> None:  # fmt: skip
    """Write the margins of the first n rows, children of one part; -inf for those who wait or hold a voucher.

    highest, dearest : size of the highest value of an offer to them, and the highest price
    """
    worths = np.empty((n, candidate.shape[1]), np.float32)
    weigh_rows(
        rows, 0, n, part, candidate, epoch, shocked, alone, alpha, shorts, counts, value, prices, posted, stages, terms,
        face, spread, ties, site, worths,
    )  # fmt: skip
    habit, learnt, taught = ties.habit, ties.learnt, np.float32(0)
    for j in range(learnt.size):
        taught = max(taught, abs(learnt[j]))
    for r in range(n):
        i = np.uint64(rows[r])
        e, own = np.uint64(epoch[i]), shorts[AT, i]
        out = staying_out(i, alone[e], shorts, habit)
        has, other = np.float32(-np.inf), out
        if own == NOBODY:
            has, other = out, np.float32(-np.inf)
        for k in range(candidate.shape[1]):
            is_own = (own != NOBODY) & (candidate[i, k] == own)
            has = max(has, worths[r, k]) if is_own else has
            other = other if is_own else max(other, worths[r, k])
        hold = tied(i, own, alpha[i], ties) if own != NOBODY else np.float32(0)
        sizes = abs(has) + abs(other) + abs(alone[e]) + abs(peak[e]) + hold + highest + alpha[i] * dearest + taught
        margin[i] = (has - other) - SLACK * sizes
        if links[WAITS, i] != NOBODY or counts[HELD, i] > 0:
            margin[i] = np.float32(-np.inf)


@inner
def dearest_of(prices: Any) -> Any:
    """The highest price anyone faces, entering or enrolled."""
    highest = np.float32(0)
    for offer in range(prices.shape[1]):
        highest = max(highest, prices[ENTRY, offer], prices[ENROLLED, offer])
    return highest


@inner
def pass_over(edges: Any, cash: bool, month: Any, reach: Any, inputs: Any, out: Any) -> None:
    """Sort a day's slice into those who must be weighed and those who need not be.

    edges : as in `Days`, of the day; cash : whether the policy's own cash moves price sensitivities
    out : Sorted  written
    """
    alpha, shorts, links, counts = (
        inputs.children.alpha,
        inputs.children.shorts,
        inputs.children.links,
        inputs.children.counts,
    )
    rests, alpha_there, margin, exposed = month.rests, month.alpha, month.margin, reach.exposed
    vouchers, institutions, there, changes = (
        inputs.vouchers.face.shape[0],
        reach.sink.shape[1],
        reach.there,
        reach.changes,
    )
    here, base, falls = inputs.tariff.prices[ENROLLED], reach.prices[ENROLLED], reach.fall.reshape(-1)
    last_there = month.last
    alike, seated = np.empty(BLOCK, np.int8), np.empty(BLOCK, np.int64)
    found = np.empty(edges[PARTS] - edges[0] + 1, np.int64)
    weighed, stay = 0, 0
    out.weighed_at[0] = out.stay_at[0] = 0
    for p in range(PARTS):
        part = PARTS - 1 - p
        band, n = BAND_OF_PART[part], 0
        entry, enrolled = np.uint64(part * there.size), np.uint64((PARTS + part) * there.size)
        lift = reach.lift[part]
        for b in range(edges[p], edges[p + 1], BLOCK):
            # in steps that run on vectors, first by the largest change of all offers
            end = min(b + BLOCK, edges[p + 1])
            at, waits, held = shorts[AT, b:end], links[WAITS, b:end], counts[HELD, b:end]
            seat, there_at, above, price = shorts[SEAT, b:end], rests[b:end], margin[b:end], alpha[b:end]
            group = shorts[GROUP, b:end]
            for m in range(at.size):
                kind = entry if at[m] == NOBODY else enrolled
                most = price[m] * falls[kind + np.uint64(group[m])] + lift
                alike[m] = np.int8((above[m] > most) & (above[m] > np.float32(0)))
            for m in range(at.size):  # a child at home has no seat to have outgrown; NOBODY has all bits
                alike[m] &= np.int8((at[m] == there_at[m]) & ((at[m] == NOBODY) | (seat[m] >= band)))
            for m in range(at.size):
                alike[m] &= np.int8(waits[m] == NOBODY)
            for m in range(at.size if vouchers > 0 else 0):
                alike[m] &= np.int8(held[m] == 0)
            for m in range(at.size if exposed.size > 0 else 0):
                alike[m] &= np.int8(exposed[b + m] == 0)
            for m in range(at.size if cash else 0):
                alike[m] &= np.int8(price[m] == alpha_there[b + m])
            for m in range(at.size if last_there.size > 0 else 0):
                alike[m] &= np.int8(shorts[STAY_AT, b + m] == last_there[b + m])
            for m in range(at.size if changes else 0):
                alike[m] &= np.int8(there[group[m]] == month.group[b + m])
            seats = 0
            for m in range(at.size):
                seated[seats] = m
                seats += 1 if (at[m] != NOBODY) & (alike[m] == 1) else 0
            for r in range(seats):  # and by how much what each has can be worth less
                m = seated[r]
                i, j, g = b + m, np.int64(at[m]), np.int64(group[m])
                own = price[m] * price_above(
                    here[(g * 3 + band) * institutions + j], base[(there[g] * 3 + band) * institutions + j]
                )
                own += reach.sink[part, j]
                # tied more than there it may be to other services of the same institution, too: that is no margin
                own += price[m] * max(month.sunk[i] - forgoes(i, j, inputs.ties), np.float32(0))
                still = above[m] > (price[m] * falls[enrolled + np.uint64(g)] + lift) + own
                alike[m] = np.int8(still)
                out.stay[stay] = np.int32(i)
                stay += 1 if still else 0
            for m in range(at.size):
                found[n] = b + m
                n += 1 - alike[m]
        ends = look_closer(
            found, n, part, weighed, stay, alpha, shorts, links, counts, inputs.candidate, rests, alpha_there, margin,
            inputs.offers.value, inputs.tariff.prices, reach.prices, reach.lifts, reach.sink, there, changes,
            month.group, month.sunk, last_there, inputs.ties, out.weighed, out.stay,
        )  # fmt: skip
        weighed, stay = ends
        out.weighed_at[p + 1], out.stay_at[p + 1] = weighed, stay


@inlined
def price_above(price: Any, other: Any) -> Any:
    """By how much a price is higher than another, rounded up."""
    return above(np.float64(price) - np.float64(other))


@inner
def look_closer(
    found: Any, n: int, part: int, weighed: int, stay: int, alpha: Any, shorts: Any, links: Any, counts: Any,
    candidate: Any, rests: Any, alpha_there: Any, margin: Any, value: Any, prices: Any, prices_there: Any, lifts: Any,
    sink: Any, there: Any, changes: bool, group_there: Any, sunk_there: Any, last_there: Any, ties: Any, to_weigh: Any,
    to_stay: Any,
) -> Any:  # fmt: skip
    """Pass over those who are as in the baseline and none of whose own candidates can have come to be its best.

    found : int64  rows, of which n count; weighed, stay : how many stand in `to_weigh` and `to_stay` so far
    Returns how many stand there now.
    """
    band, institutions = BAND_OF_PART[part], sink.shape[1]
    values = np.uint64(part * institutions)
    for r in range(n):
        i = found[r]
        at = np.int64(shorts[AT, i])
        inside = at != NOBODY
        alike = (at == rests[i]) & (alpha[i] == alpha_there[i]) & (margin[i] > np.float32(0))
        alike &= (links[WAITS, i] == NOBODY) & (counts[HELD, i] == 0) & ((not inside) | (shorts[SEAT, i] >= band))
        alike &= (not changes) or there[shorts[GROUP, i]] == group_there[i]
        alike &= last_there.size == 0 or shorts[STAY_AT, i] == last_there[i]
        if alike:  # not by the largest change of all offers: by those of its own candidates
            g, kind = np.int64(shorts[GROUP, i]), (ENROLLED if inside else ENTRY)
            here, base = np.uint64((g * 3 + band) * institutions), np.uint64((there[g] * 3 + band) * institutions)
            own = np.float32(0)
            if inside:
                own = alpha[i] * price_above(
                    prices[kind, here + np.uint64(at)], prices_there[kind, base + np.uint64(at)]
                )
                own += sink[part, at] + alpha[i] * max(sunk_there[i] - forgoes(i, at, ties), np.float32(0))
            most = np.float32(0)
            for k in range(candidate.shape[1]):
                j = np.uint64(candidate[i, k])
                fall = price_above(prices_there[kind, base + j], prices[kind, here + j])
                more = alpha[i] * fall + lifts[values + j]
                most = max(most, more if (j != np.uint64(at)) & (value[part, j] > CLOSED) else np.float32(0))
            alike = margin[i] > most + own
        to_weigh[weighed] = to_stay[stay] = i
        weighed += 0 if alike else 1
        stay += 1 if alike & inside else 0
    return weighed, stay


@entry
def mark_exposed(candidate: Any, beyond: Any, out: Any) -> None:
    """Mark the children with a candidate among some institutions; beyond : bool (J,); out : uint8 (n,)  written."""
    for i in range(candidate.shape[0]):
        found = np.uint8(0)
        for k in range(candidate.shape[1]):
            found |= np.uint8(beyond[candidate[i, k]])
        out[i] = found


@inner
def above(value: float) -> Any:
    """The same in float32, higher by `SLACK` of its size and then by as little as can be."""
    slack = 0.0 if abs(value) == np.inf else abs(value) * np.float64(SLACK)
    higher = np.float32(value + slack)
    bits = np.float32(higher).view(np.int32)
    following = bits + np.int32(1) if higher > 0 else bits - np.int32(1)
    if higher == 0 or higher == np.inf:
        return TINY if higher == 0 else higher
    return np.int32(following).view(np.float32)


@entry
def compare(here: Tariff, value: Any, there: Tariff, value_there: Any, beyond: Any, reach: Reach) -> bool:
    """Write by how much prices, values and bills of a policy differ from the baseline's, as `Reach` says.

    beyond : bool (J,)  written: whose value is higher by more than `LIFT`
    Returns whether any bill without vouchers differs.
    """
    institutions, moves, none = beyond.size, False, np.zeros((1, 1), np.int32)
    prices, base, group_there = here.prices, there.prices, reach.there
    for part in range(PARTS):
        for j in range(institutions):
            new, old = value[part, j], value_there[part, j]
            lift = np.float64(new) - np.float64(old) if new > CLOSED else 0.0
            beyond[j] |= lift > LIFT
            reach.lifts[part * institutions + j] = above(lift)
            both = new > CLOSED and old > CLOSED
            reach.sink[part, j] = above(np.float64(old) - np.float64(new)) if both else np.float32(np.inf)
    for g in range(reach.saves.shape[0]):
        for band in range(3):
            for j in range(institutions):
                bill = fen(net_fee(0, g, band, j, here.posted[band, j], here.stages, here.terms, none, WITHOUT, 0.0))
                bill_there = fen(
                    net_fee(
                        0, group_there[g], band, j, there.posted[band, j], there.stages, there.terms, none, WITHOUT, 0.0
                    )
                )
                reach.saves[g, band, j] = bill_there - bill
                moves |= bill_there != bill
    counts = np.empty((PARTS, institutions))  # 0 of the offers whose falls the bound of all leaves out
    for part in range(PARTS):
        for j in range(institutions):
            open_to_all = value[part, j] > CLOSED and not beyond[j]
            counts[part, j] = 1.0 if open_to_all else 0.0
            if not beyond[j]:
                reach.lift[part] = max(reach.lift[part], reach.lifts[part * institutions + j])
    for kind in range(SLOPES):
        for g in range(group_there.size):
            for part in range(PARTS):
                at, at_there = (g * 3 + BAND_OF_PART[part]) * institutions, group_there[g] * 3 + BAND_OF_PART[part]
                at_there *= institutions
                new_prices, old_prices = (
                    prices[kind, at : at + institutions],
                    base[kind, at_there : at_there + institutions],
                )
                most = 0.0
                for j in range(institutions):
                    most = max(most, counts[part, j] * (np.float64(old_prices[j]) - np.float64(new_prices[j])))
                reach.fall[kind, part, g] = above(most) if most > 0.0 else np.float32(0)
    return moves


def reach_of(
    here: Tariff, value: NDArray[np.float32], there: Tariff, value_there: NDArray[np.float32],
    group_there: NDArray[np.int64], changes: bool, exposed_to: Callable[[NDArray[np.bool_]], NDArray[np.uint8]],
) -> Reach:  # fmt: skip
    """Find by how much a policy's prices and values moved from the baseline's.

    here, value : float32 (4, J)  the policy's; there, value_there : the baseline's
    group_there : int64 (G,)  the baseline's family group to which each of the policy's belongs
    changes : whether a child may belong to another there than here
    exposed_to : children with a candidate among some institutions, bool (J,), see `mark_exposed`
    """
    reach = Reach.of(here.stages.shape[2], value.shape[1], there.prices, group_there, changes)
    beyond = np.zeros(value.shape[1], np.bool_)
    moves = compare(here, value, there, value_there, beyond, reach)
    exposed = exposed_to(beyond) if beyond.any() else reach.exposed
    return reach._replace(exposed=exposed, moves=moves)
