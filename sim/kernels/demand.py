"""Expected demand: what an institution knows of the families around it when it sets a fee.

Choice probabilities of families who choose afresh: the logit of docs/model.md, without the shocks drawn, without
stickiness and without regard to free seats, but with what having been in care has left behind. Where an institution
has several services they are a nest (McFadden, 1978) whose scale is that of the services' own shocks. Which of them is
taken is exact; of whether any is, only that two shocks together vary a tenth more than one is neglected. One pass over
all children gives every institution its demand and how fast that falls with its fee.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import entry, inner
from sim.kernels.choice import (
    AS_HELD,
    BLOCK,
    OF_SERVICES,
    has_tried,
    leaves_a_mark,
    net_fee,
    recall,
    spread_fee,
    staying_out,
)
from sim.kernels.columns import (
    BAND_OF_PART,
    CLOSED,
    ENTRY,
    GROUP,
    HELD,
    LATER,
    LATER_SLOPES,
    LEAST,
    MONTHS,
    NOBODY,
    PARTS,
    SLOPES,
    STAY_AT,
    Tariff,
)

EXPECTED, SLOPE = range(2)  # rows of `expected`: children, and children lost per yuan of posted fee

_LOWEST = -700.0  # of an exponent: e to this is as good as nothing and still a normal float64
_LOG2_E, _LN2_HIGH, _LN2_LOW = 1.4426950408889634, 6.93147180369123816490e-01, 1.90821492927058770002e-10
_ROUND = 6755399441055744.0  # 1.5 · 2^52: adding it rounds to a whole number
# log odds of enrolling anywhere below which a child is passed over: one in 160,000
_UNLIKELY = np.float32(-12.0)
_NO_PART = 1e-30  # of the best service's odds: as good as nothing, and its power still far from the smallest float
_MANTISSA, _BIAS = np.int64(52), np.int64(1023)


@inner
def exp(x: Any) -> Any:
    """e to the power of x, from -700 to 700, to twelve digits: a Taylor series between powers of two.

    It has no branch, so loops over it run on vectors.
    """
    rounded = x * _LOG2_E + _ROUND  # the whole number is now in the lowest bits
    n = rounded - _ROUND
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    series = 1.0 + r * 0.1
    series = 1.0 + r * (1.0 / 9.0) * series
    series = 1.0 + r * (1.0 / 8.0) * series
    series = 1.0 + r * (1.0 / 7.0) * series
    series = 1.0 + r * (1.0 / 6.0) * series
    series = 1.0 + r * (1.0 / 5.0) * series
    series = 1.0 + r * (1.0 / 4.0) * series
    series = 1.0 + r * (1.0 / 3.0) * series
    series = 1.0 + r * (1.0 / 2.0) * series
    series = 1.0 + r * series
    return series * np.int64((np.float64(rounded).view(np.int64) + _BIAS) << _MANTISSA).view(np.float64)


@inner
def with_vouchers(
    i: int, size: int, band: int, base: int, candidate: Any, posted: Any, stages: Any, terms: Any, face: Any,
    spread: Any, fees: Any, slopes: Any,
) -> None:  # fmt: skip
    """Write the fees that a holder of vouchers weighs on entering, and by how much they rise with the posted fee.

    base : where the prices of its group and band begin
    fees, slopes : float32  written, one for each of `size` candidates [yuan a month; yuan]
    """
    g = base // (3 * posted.shape[1])
    for k in range(size):
        j = np.int64(candidate[i, k])
        at, asked = base + j, posted[band, j]
        net: float = net_fee(i, g, band, j, asked, stages, terms, face, AS_HELD, 0.0)
        more: float = net_fee(i, g, band, j, asked + 1.0, stages, terms, face, AS_HELD, 0.0)
        fees[k] = spread_fee(np.rint(100.0 * net), spread[LATER, at], spread[MONTHS, at])
        slopes[k] = np.float32(((more - net) + spread[LATER_SLOPES, at]) / spread[MONTHS, at])


@inner
def companies(of: Any, out: Any) -> bool:
    """Mark the rows that share a number of `of` with another row; returns whether there are any.

    of : int32 (J,)  site or owner; out : bool (J,)  written
    """
    count, any_of_them = np.zeros(of.size, np.int64), False
    for j in range(of.size):
        count[of[j]] += 1
    for j in range(of.size):
        out[j] = count[of[j]] > 1
        any_of_them |= out[j]
    return any_of_them


@inner
def nest(first: int, end: int, offer: Any, nested: Any, site: Any, odds: Any, within: Any, whole: Any) -> None:
    """Turn the odds of a child's services, each as if alone, into their parts of their institutions' odds.

    first, end : where the child's candidates begin and end; nested : bool (J,)  institutions with several services
    odds : float64  read and written; within : float64  written: part of the service among its institution's
    whole : float64  written: the institution's odds
    """
    for c in range(first, end):
        within[c], whole[c] = 1.0, odds[c]
        if nested[offer[c]]:
            for other in range(first, end):
                if site[offer[other]] == site[offer[c]]:
                    whole[c] = max(whole[c], odds[other])
            relative = odds[c] / whole[c]
            within[c] = relative ** (1.0 / OF_SERVICES) if relative > _NO_PART else 0.0
    for c in range(first, end):
        if nested[offer[c]]:  # the odds stand in `whole` now
            odds[c] = 0.0
            for other in range(first, end):
                if site[offer[other]] == site[offer[c]]:
                    odds[c] += within[other]
    for c in range(first, end):
        if nested[offer[c]]:
            whole[c] *= odds[c] ** OF_SERVICES
            within[c] /= odds[c]
            odds[c] = whole[c] * within[c]


class Weighed(NamedTuple):
    """Terms in and outside the inclusive scheme that some institutions weigh, each against all others as they stand.

    who : bool (J,)  institutions that weigh them, with all their services
    inside, outside : tariffs as if all stood so, at the fees that each would ask
    children : float64 (2, 3, J)  added to: demand inside and outside
    """

    who: NDArray[np.bool_]
    inside: Tariff
    outside: Tariff
    children: NDArray[np.float64]

    @classmethod
    def nothing(cls, tariff: Tariff) -> "Weighed":
        """Nobody weighs anything."""
        institutions = tariff.posted.shape[1]
        return cls(np.zeros(institutions, np.bool_), tariff, tariff, np.zeros((2, 3, institutions)))


class Room(NamedTuple):
    """Room for a block of families and their candidates, K of each.

    rows : int64 (BLOCK,)  families; base : uint64 (BLOCK,)  where the prices of each one's group and band begin
    offer : uint64 (BLOCK·K,)  candidates: a signed index costs a test whether it counts from the end
    odds, fall : float64 (BLOCK·K,)  odds of each, and how fast they fall with its posted fee
    within, whole : float64 (BLOCK·K,)  part of the service among its institution's, and the institution's odds; in use
        where any has several services
    fees, rises : float32 (K,)  of a holder of vouchers
    """

    rows: NDArray[np.int64]
    base: NDArray[np.uint64]
    offer: NDArray[np.uint64]
    odds: NDArray[np.float64]
    fall: NDArray[np.float64]
    within: NDArray[np.float64]
    whole: NDArray[np.float64]
    fees: NDArray[np.float32]
    rises: NDArray[np.float32]


@inner
def room_for(size: int) -> Any:
    """Room for a block of families with `size` candidates each."""
    cells = BLOCK * size
    return Room(
        np.empty(BLOCK, np.int64), np.empty(BLOCK, np.uint64), np.empty(cells, np.uint64), np.empty(cells),
        np.empty(cells), np.ones(cells), np.empty(cells), np.empty(size, np.float32), np.empty(size, np.float32),
    )  # fmt: skip


@inner
def find_odds(n: int, band: int, value: Any, inputs: Any, room: Any) -> None:
    """Write the odds of all candidates of the first n rows of a room, and how fast they fall.

    value : float32 (J,)  of the offers to these children
    """
    candidate, fixed, outside, alpha_of = inputs.candidate, inputs.fixed, inputs.outside, inputs.children.alpha
    shorts, held = inputs.children.shorts, inputs.children.counts[HELD]
    group, habit, learnt = shorts[GROUP], inputs.ties.habit, inputs.ties.learnt
    prices, slopes, posted, stages, terms, spread = (
        inputs.tariff.prices[ENTRY], inputs.tariff.prices[SLOPES], inputs.tariff.posted, inputs.tariff.stages,
        inputs.tariff.terms, inputs.tariff.spread,
    )  # fmt: skip
    rows, offer, odds, fall, size = room.rows, room.offer, room.odds, room.fall, candidate.shape[1]
    for m in range(n):
        i = rows[m]
        at = np.uint64((np.int64(group[i]) * 3 + band) * value.size)
        alpha, alone = alpha_of[i], staying_out(i, outside[i], shorts, habit)
        room.base[m] = at
        c: Any = np.uint64(m * size)
        for k in range(size):
            near = np.uint64(candidate[i, k])
            offer[c] = near
            odds[c] = ((fixed[i, k] + value[near]) - alpha * prices[at + near]) - alone
            fall[c] = alpha * slopes[at + near]
            c += np.uint64(1)
        if held[i] > 0:
            with_vouchers(
                i, size, band, np.int64(at), candidate, posted, stages, terms, inputs.vouchers.face, spread, room.fees,
                room.rises,
            )  # fmt: skip
            for k in range(size):
                c = np.uint64(m * size + k)
                odds[c] = ((fixed[i, k] + value[offer[c]]) - alpha * room.fees[k]) - alone
                fall[c] = alpha * room.rises[k]
        if learnt.size > 0:
            recall(i, shorts[STAY_AT, i], candidate, learnt, inputs.site, odds[m * size :])
    for c in range(n * size):
        odds[c] = exp(max(odds[c], _LOWEST))


@inner
def weigh_terms(
    n: int, band: int, value: Any, runs: Any, totals: Any, weighed: Any, nested: Any, several: bool, inputs: Any,
    room: Any, other: Any,
) -> None:  # fmt: skip
    """Add up the demand that institutions would have on the terms that they weigh.

    totals : float64 (BLOCK,)  odds of all that run, and of staying out, of each of the first n rows, as `room` has them
    other : Room  to work in
    """
    candidate, fixed, outside, alpha_of = inputs.candidate, inputs.fixed, inputs.outside, inputs.children.alpha
    shorts, held, face = inputs.children.shorts, inputs.children.counts[HELD], inputs.vouchers.face
    habit, learnt, site, size = inputs.ties.habit, inputs.ties.learnt, inputs.site, candidate.shape[1]
    offer, odds, whole, within = other.offer, other.odds, other.whole, other.within
    cells, ends, found = np.empty(n * size + 1, np.int64), np.zeros(n + 1, np.int64), 0
    for m in range(n):
        for c in range(m * size, (m + 1) * size):
            cells[found], offer[found] = c, room.offer[c]
            found += 1 if weighed.who[room.offer[c]] else 0
        ends[m + 1] = found
    for stands in range(2):
        tariff, came = (weighed.inside if stands == 0 else weighed.outside), weighed.children[stands, band]
        prices, spread = tariff.prices[ENTRY], tariff.spread
        for m in range(n):
            i, at = room.rows[m], room.base[m]
            alpha, alone = alpha_of[i], staying_out(i, outside[i], shorts, habit)
            last = shorts[STAY_AT, i] if learnt.size > 0 else NOBODY
            for e in range(ends[m], ends[m + 1]):
                j = offer[e]
                fee = prices[at + j]
                if held[i] > 0:
                    g = np.int64(at) // (3 * runs.size)
                    net = net_fee(
                        i, g, band, np.int64(j), tariff.posted[band, j], tariff.stages, tariff.terms, face, AS_HELD, 0.0
                    )
                    fee = spread_fee(np.rint(100.0 * net), spread[LATER, at + j], spread[MONTHS, at + j])
                odds[e] = ((fixed[i, cells[e] - m * size] + value[j]) - alpha * fee) - alone
                odds[e] += learnt[last] if last != NOBODY and site[last] == site[j] else np.float32(0)
        for e in range(found):
            odds[e] = exp(max(odds[e], _LOWEST))
        for m in range(n):
            if several:
                nest(ends[m], ends[m + 1], offer, nested, site, odds, within, whole)
            for e in range(ends[m], ends[m + 1]):
                now = (room.whole[cells[e]] if several else room.odds[cells[e]]) * runs[offer[e]]
                came[offer[e]] += odds[e] / ((totals[m] - now) + (whole[e] if several else odds[e]))


@inner
def share_among_owners(
    first: int, end: int, total: float, runs: Any, chained: Any, owner: Any, owner_rank: Any, site: Any, room: Any,
    cross: Any,
) -> None:  # fmt: skip
    """Add up what a family's candidates, from the first to the end, gain by each other's fees, of the same owner.

    total : odds of all that run, and of staying out; chained : bool (J,)  institutions whose owner has others
    cross : float64 (J, R)  added to, of the band
    """
    offer, odds, fall, within = room.offer, room.odds, room.fall, room.within
    for c in range(first, end):
        if not chained[offer[c]]:
            continue
        for other in range(first, end):
            j, r = offer[c], offer[other]
            if other != c and owner[j] == owner[r]:
                there = odds[other] * runs[r] / total
                gained = odds[c] / total * there
                if site[j] == site[r]:
                    gained += within[c] * (1.0 / OF_SERVICES - 1.0) * there
                cross[j, owner_rank[r]] += fall[c] * gained


@entry
def expect(
    edges: Any, may_open: Any, runs: Any, coming: Any, owner_rank: Any, owner: Any, inputs: Any, weighed: Any,
    expected: Any, cross: Any,
) -> None:  # fmt: skip
    """Add up expected demand by band and institution.

    edges : int64 (days, 5)  rows at which the four parts of each day's slice, oldest first, begin and end
    may_open : float32 (4, J)  value of the offers by part, also of institutions that do not run now
    runs : float64 (J,)  1 for those that run; the others' demand is what one more of them would find
    coming : float64 (J,)  1 for those of the others that are about to open, which one more would find there too
    owner : int32 (J,); owner_rank : int32 (J,)  place among its owner's institutions
    weighed : Weighed  terms on which some of those that run would stand otherwise, and their demand on these
    expected : float64 (2, 3, J)  added to: children, and children lost per yuan of the posted fee
    cross : float64 (3, J, R)  added to: children that the owner's r-th institution gains per yuan of j's fee; with
        R = 0 no owner has two
    """
    lasting, outside, alpha_of = inputs.lasting, inputs.outside, inputs.children.alpha
    shorts, marks, size = inputs.children.shorts, leaves_a_mark(inputs.ties), inputs.candidate.shape[1]
    nested, chained = np.zeros(runs.size, np.bool_), np.zeros(runs.size, np.bool_)
    several = companies(inputs.site, nested)
    companies(owner, chained)
    weighs, totals, room, other_room = weighed.who.any(), np.empty(BLOCK), room_for(size), room_for(size)
    rows, offer, odds, fall, within, whole = room.rows, room.offer, room.odds, room.fall, room.within, room.whole
    for d in range(edges.shape[0]):
        for q in range(PARTS):
            part = PARTS - 1 - q
            band = BAND_OF_PART[part]
            value, came, lost = may_open[part], expected[EXPECTED, band], expected[SLOPE, band]
            highest, cheapest = np.float32(CLOSED), inputs.tariff.bounds[LEAST, part]
            for other in range(runs.size):
                highest = max(highest, value[other])
            begin, end = edges[d, q], edges[d, q + 1]
            while begin < end:
                n, last = 0, min(end, begin + BLOCK)
                for i in range(begin, last):
                    rows[n] = i
                    peak = ((lasting[i] + highest) - alpha_of[i] * cheapest) - outside[i]
                    n += 1 if peak > _UNLIKELY or (marks and has_tried(i, shorts)) else 0
                begin = last
                find_odds(n, band, value, inputs, room)
                for m in range(n):
                    if several:
                        nest(m * size, (m + 1) * size, offer, nested, inputs.site, odds, within, whole)
                    total, about = 1.0, 0.0
                    here, beyond = np.uint64(m * size), np.uint64((m + 1) * size)
                    for c in range(here, beyond):
                        total += odds[c] * runs[offer[c]]
                        about += odds[c] * coming[offer[c]]
                    totals[m] = total
                    for c in range(here, beyond):
                        j = offer[c]
                        alone_odds = whole[c] if several else odds[c]
                        share = odds[c] / (total + (1.0 - runs[j]) * (about + (1.0 - coming[j]) * alone_odds))
                        came[j] += share
                        lost[j] += fall[c] * share * (((1.0 - within[c]) / OF_SERVICES + within[c]) - share)
                    if cross.shape[2] > 0:
                        share_among_owners(
                            m * size, (m + 1) * size, total, runs, chained, owner, owner_rank, inputs.site, room,
                            cross[band],
                        )  # fmt: skip
                if weighs:
                    weigh_terms(
                        n, band, value, runs, totals, weighed, nested, several, inputs, room, other_room
                    )  # fmt: skip
