"""Expected demand: what an institution knows of the families around it when it sets a fee.

Choice probabilities of families who choose afresh: the logit of docs/model.md, without the shocks drawn, without
stickiness and without regard to free seats, but with what having been in care has left behind. Where an institution
has several services they are a nest (McFadden, 1978) whose scale is that of the services' own shocks. Which of them is
taken is exact; of whether any is, only that two shocks together vary a tenth more than one is neglected. One pass over
all children gives every institution its demand and how fast that falls with its fee.
"""

from typing import Any

import numpy as np

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
    PARTS,
    SLOPES,
    STAY_AT,
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


@entry
def expect(
    edges: Any, may_open: Any, runs: Any, owner_rank: Any, owner: Any, inputs: Any, expected: Any, cross: Any
) -> None:
    """Add up expected demand by band and institution.

    edges : int64 (days, 5)  rows at which the four parts of each day's slice, oldest first, begin and end
    may_open : float32 (4, J)  value of the offers by part, also of institutions that do not run now
    runs : float64 (J,)  1 for those that run; the others' demand is what one of them alone would find
    owner : int32 (J,); owner_rank : int32 (J,)  place among its owner's institutions
    expected : float64 (2, 3, J)  added to: children, and children lost per yuan of the posted fee
    cross : float64 (3, J, R)  added to: children that the owner's r-th institution gains per yuan of j's fee; with
        R = 0 no owner has two
    """
    candidate, fixed, lasting, outside = inputs.candidate, inputs.fixed, inputs.lasting, inputs.outside
    alpha_of = inputs.children.alpha
    shorts, held = inputs.children.shorts, inputs.children.counts[HELD]
    group, habit, learnt, marks = shorts[GROUP], inputs.ties.habit, inputs.ties.learnt, leaves_a_mark(inputs.ties)
    prices, slopes, posted = inputs.tariff.prices[ENTRY], inputs.tariff.prices[SLOPES], inputs.tariff.posted
    stages, terms, spread, face = (
        inputs.tariff.stages,
        inputs.tariff.terms,
        inputs.tariff.spread,
        inputs.vouchers.face,
    )
    size, institutions = candidate.shape[1], may_open.shape[1]
    nested, chained = np.zeros(institutions, np.bool_), np.zeros(institutions, np.bool_)
    several = companies(inputs.site, nested)
    companies(owner, chained)
    rows = np.empty(BLOCK, np.int64)
    odds, fall = np.empty(BLOCK * size), np.empty(BLOCK * size)
    fees, rises = np.empty(size, np.float32), np.empty(size, np.float32)
    offer = np.empty(BLOCK * size, np.uint64)  # a signed index costs a test whether it counts from the end
    within, whole = np.ones(BLOCK * size), np.empty(BLOCK * size)
    for d in range(edges.shape[0]):
        for q in range(PARTS):
            part = PARTS - 1 - q
            band = BAND_OF_PART[part]
            value, came, lost = may_open[part], expected[EXPECTED, band], expected[SLOPE, band]
            highest, cheapest = np.float32(CLOSED), inputs.tariff.bounds[LEAST, part]
            for other in range(institutions):
                highest = max(highest, value[other])
            begin, end = edges[d, q], edges[d, q + 1]
            while begin < end:
                n, last = 0, min(end, begin + BLOCK)
                for i in range(begin, last):
                    rows[n] = i
                    peak = ((lasting[i] + highest) - alpha_of[i] * cheapest) - outside[i]
                    n += 1 if peak > _UNLIKELY or (marks and has_tried(i, shorts)) else 0
                begin = last
                for m in range(n):
                    i = rows[m]
                    at = np.uint64((np.int64(group[i]) * 3 + band) * institutions)
                    alpha, alone = alpha_of[i], staying_out(i, outside[i], shorts, habit)
                    c: Any = np.uint64(m * size)
                    for k in range(size):
                        near = np.uint64(candidate[i, k])
                        offer[c] = near
                        odds[c] = ((fixed[i, k] + value[near]) - alpha * prices[at + near]) - alone
                        fall[c] = alpha * slopes[at + near]
                        c += np.uint64(1)
                    if held[i] > 0:
                        with_vouchers(
                            i, size, band, np.int64(at), candidate, posted, stages, terms, face, spread, fees, rises
                        )  # fmt: skip
                        for k in range(size):
                            c = np.uint64(m * size + k)
                            odds[c] = ((fixed[i, k] + value[offer[c]]) - alpha * fees[k]) - alone
                            fall[c] = alpha * rises[k]
                    if learnt.size > 0:
                        recall(i, shorts[STAY_AT, i], candidate, learnt, inputs.site, odds[m * size :])
                for c in range(n * size):
                    odds[c] = exp(max(odds[c], _LOWEST))
                for m in range(n):
                    i = rows[m]
                    if several:
                        nest(m * size, (m + 1) * size, offer, nested, inputs.site, odds, within, whole)
                    total = 1.0
                    here, beyond = np.uint64(m * size), np.uint64((m + 1) * size)
                    for c in range(here, beyond):
                        total += odds[c] * runs[offer[c]]
                    for c in range(here, beyond):
                        j = offer[c]
                        alone_odds = whole[c] if several else odds[c]
                        share = odds[c] / (total + (1.0 - runs[j]) * alone_odds)
                        came[j] += share
                        lost[j] += fall[c] * share * (((1.0 - within[c]) / OF_SERVICES + within[c]) - share)
                    if cross.shape[2] == 0:
                        continue
                    for c in range(m * size, (m + 1) * size):
                        if not chained[offer[c]]:
                            continue
                        for other in range(m * size, (m + 1) * size):
                            j, r = offer[c], offer[other]
                            if other != c and owner[j] == owner[r]:
                                there = odds[other] * runs[r] / total
                                gained = odds[c] / total * there
                                if inputs.site[j] == inputs.site[r]:
                                    gained += within[c] * (1.0 / OF_SERVICES - 1.0) * there
                                cross[band, j, owner_rank[r]] += fall[c] * gained
