"""Tables of institutions, row by row: what offers are worth and cost, places by group, sums over a year."""

from typing import Any

import numpy as np

from sim.compiled import entry, inner
from sim.kernels.choice import spread_fee
from sim.kernels.columns import (
    AMOUNT,
    BAND_OF_PART,
    CEILING,
    CLOSED,
    ENTRY,
    LATER,
    LATER_SLOPES,
    LEAST,
    MONTHS,
    MOST,
    PARTS,
    RATE,
    SLOPES,
)

PLACES, FULL_DAY, FEES, INCLUSIVE = range(4)  # rows of `places_by_group`, in thirds of a place
ROWS = 4


@entry
def value_offers(
    places: Any, own: Any, shaken: Any, appeal: Any, taste: Any, sensitivity: float, trust: Any, out: Any
) -> None:
    """Write what an offer is worth by part and institution before its fee; CLOSED where nobody may enrol.

    places : int32 (J, 4); own : float64 (J,)  worth of the institution [yuan a month]
    shaken : float32 (J,)  how far trust is shaken; trust : float32  what is lost when it is shaken through
    appeal : float64 (J, 3)  what instruments add [yuan a month]; taste : float64 (3,)  for the band
    out : float32 (4, J)  written; a mixed class admits toddlers from 18 months, so only their part sees it
    """
    for j in range(own.size):
        mixed = places[j, 3] > 0
        worth = sensitivity * (own[j] - np.float64(trust * shaken[j]))
        for part in range(PARTS):
            band = BAND_OF_PART[part]
            admits = places[j, band] > 0 or (part >= PARTS // 2 and mixed)
            more = sensitivity * appeal[j, band]
            out[part, j] = np.float32(taste[band] + worth + more) if admits else CLOSED


@inner
def net_of_month(
    p: int,
    g: int,
    row: int,
    band: int,
    posted: Any,
    patterns: Any,
    stages: Any,
    expects: Any,
    once: Any,
    nets: Any,
    steps: Any,
) -> None:
    """Write what a group is billed at each offer in a month of a pattern, and by how much more if asked a yuan more.

    Of a round of vouchers to come the relief counts by its odds, less the cost of applying, where that is above 0.
    g : the group; row : of `stages`, the groups that are billed alike
    nets, steps : float64 (P, J)  row p written [yuan a month]; the other arguments as in `write_prices`
    """
    institutions = nets.shape[1]
    net, more = nets[p], steps[p]
    for j in range(institutions):
        net[j] = posted[patterns[p, 0], band, j]
        more[j] = net[j] + 1.0
    for s in range(patterns.shape[1] - 1):
        mode = patterns[p, 1 + s]
        rate, amount, ceiling = stages[RATE, s, row, band], stages[AMOUNT, s, row, band], stages[CEILING, s, row, band]
        if mode == 1:
            for j in range(institutions):
                net[j] -= min(net[j], min(ceiling[j], amount[j] + rate[j] * net[j]))
                more[j] -= min(more[j], min(ceiling[j], amount[j] + rate[j] * more[j]))
        odds, cost = expects[1, s, g, band], expects[2, s, g, band]
        if mode >= 2 and odds > 0.0:
            yet = (1.0 - odds) ** np.float64(mode - 2) if once[s] else 1.0  # chance to have won none so far
            face = expects[0, s, g, band]
            for j in range(institutions):
                won = min(net[j], min(ceiling[j], amount[j] * face + rate[j] * net[j]))
                net[j] -= yet * max(0.0, odds * won - cost)
                won = min(more[j], min(ceiling[j], amount[j] * face + rate[j] * more[j]))
                more[j] -= yet * max(0.0, odds * won - cost)
    for j in range(institutions):
        more[j] -= net[j]


@entry
def write_prices(
    posted: Any, patterns: Any, later: Any, weight: Any, horizon: Any, outlooks: Any, foresees: Any, stages: Any,
    expects: Any, once: Any, value: Any, prices: Any, spread: Any, bounds: Any,
) -> None:  # fmt: skip
    """Write the prices, what they are spread over, and the bounds of a tariff, see `columns.Tariff`.

    Fees are reckoned bill by bill, in whole fen, so that what is the same to a family is the same to the bit however
    its instruments are written down.

    posted : float64 (F, 3, J)  fees asked by what may be in force
    patterns : int16 (P, 1 + S)  of what may be in force in a month, today's first: row of `posted`, then by stage 0
        where it relieves nobody without a voucher, 1 where it relieves everybody, and 2 + n where a round of vouchers
        comes before the bill, after n others
    later : int16 (2, M, 2)  for families that do not look ahead and for those that do, by month after this one: the
        pattern, and another, of weights float64 (2, M, 2)
    horizon : int64 (C, J)  months over which an entrant weighs what it pays, by horizon of its group
    outlooks : int64 (O,)  of each outlook the first that expects the same; foresees : bool (O,)
    stages : float64 (3, S, B, 3, J)  a group counts outlooks, then horizons, then B; expects : float64 (3, S, G, 3)
        face of a voucher of coming rounds, its odds, and the cost of applying [yuan]; once : bool (S,)  whether one
        voucher is all that a family may win
    value : float32 (4, J), prices : float32 (3, G, 3, J), spread : float64 (3, G, 3, J), bounds : float32 (3, 4)
    """
    bands, institutions, classes, kinds = 3, prices.shape[3], horizon.shape[0], patterns.shape[0]
    billed, months = stages.shape[2], later.shape[1]
    nets, steps = np.empty((kinds, institutions)), np.empty((kinds, institutions))
    whole = np.empty((kinds, institutions))
    # of what comes after this month, month by month, up to each of the months that follow
    tails, tail_steps = np.zeros((months + 1, institutions)), np.zeros((months + 1, institutions))
    longest = 1
    for c in range(classes):
        for j in range(institutions):
            longest = max(longest, horizon[c, j])
    for o in range(outlooks.size):
        first, size = o * classes * billed, classes * billed
        if outlooks[o] != o:
            same = outlooks[o] * classes * billed
            prices[:, first : first + size] = prices[:, same : same + size]
            spread[:, first : first + size] = spread[:, same : same + size]
            continue
        ahead, share = later[1 if foresees[o] else 0], weight[1 if foresees[o] else 0]
        for b in range(billed):
            for band in range(bands):
                for p in range(kinds):
                    net_of_month(p, first + b, b, band, posted, patterns, stages, expects, once, nets, steps)
                    for j in range(institutions):
                        whole[p, j] = np.rint(100.0 * nets[p, j])
                for h in range(longest - 1):
                    before, before_step, tail, tail_step = tails[h], tail_steps[h], tails[h + 1], tail_steps[h + 1]
                    for j in range(institutions):
                        tail[j], tail_step[j] = before[j], before_step[j]
                    for which in range(2):
                        p, part = ahead[h, which], share[h, which]
                        for j in range(institutions if part > 0.0 else 0):
                            tail[j] += part * whole[p, j]
                            tail_step[j] += part * steps[p, j]
                for c in range(classes):
                    row = first + c * billed + b
                    for j in range(institutions):
                        until = np.uint64(horizon[c, j] - 1)
                        spread[MONTHS, row, band, j] = np.float64(horizon[c, j])
                        spread[LATER, row, band, j] = tails[until, np.uint64(j)]
                        spread[LATER_SLOPES, row, band, j] = tail_steps[until, np.uint64(j)]
                    for j in range(institutions):
                        months_of, later_fen = spread[MONTHS, row, band, j], spread[LATER, row, band, j]
                        prices[ENTRY, row, band, j] = spread_fee(whole[0, j], later_fen, months_of)
                        prices[ENTRY + 1, row, band, j] = spread_fee(whole[0, j], 0.0, 1.0)
                        prices[SLOPES, row, band, j] = np.float32(
                            (steps[0, j] + spread[LATER_SLOPES, row, band, j]) / months_of
                        )
    for part in range(PARTS):
        for kind in range(SLOPES):
            least = np.float32(np.inf)
            for g in range(prices.shape[1]):
                for j in range(institutions):
                    least = min(least, prices[kind, g, BAND_OF_PART[part], j])
            bounds[LEAST + kind, part] = least
        most = np.float32(CLOSED)
        for j in range(institutions):
            most = max(most, value[part, j])
        bounds[MOST, part] = most


@entry
def part_entrants(
    posted: Any, patterns: Any, later: Any, weight: Any, foresees: Any, stages: Any, expects: Any, new: Any, once: Any,
    waits: Any, spread: Any, bare: Any, prices: Any, bounds: Any,
) -> None:  # fmt: skip
    """Write what entrants weigh where those not enrolled at a round have odds of their own.

    A round that comes before the first bill is drawn while they are at home. From the next one on they are enrolled:
    what they would be billed more for it than as new, in the month after this one, comes on top of the monthly fee.

    new : float64 (3, S, G, 3)  `expects` of families not enrolled at the round; waits : float64 (G,)  share that counts
    bare, prices : float32 (3, G, 3, J)  as `write_prices` has left them; of entrants written, bare without what is on
        top; bounds : float32 (3, 4)  lowered
    The other arguments as in `write_prices`.
    """
    groups, bands, institutions = prices.shape[1], prices.shape[2], prices.shape[3]
    kinds = patterns.shape[0]
    nets, steps = np.empty((kinds, institutions)), np.empty((kinds, institutions))
    nets_new, steps_new = np.empty((kinds, institutions)), np.empty((kinds, institutions))
    more, more_step = np.empty(institutions), np.empty(institutions)
    for g in range(groups):
        ahead, share = later[1 if foresees[g] else 0, 0], weight[1 if foresees[g] else 0, 0]
        row = g % stages.shape[2]  # of those that are billed alike
        for band in range(bands):
            alike = True
            for s in range(patterns.shape[1] - 1):
                alike &= expects[1, s, g, band] == new[1, s, g, band]
            if alike:
                continue
            more[:], more_step[:] = 0.0, 0.0
            for which in range(2):
                p, part = ahead[which], share[which] * waits[g]
                if part > 0.0:
                    net_of_month(p, g, row, band, posted, patterns, stages, expects, once, nets, steps)
                    net_of_month(p, g, row, band, posted, patterns, stages, new, once, nets_new, steps_new)
                    for j in range(institutions):
                        rise = np.rint(100.0 * nets[p, j]) - np.rint(100.0 * nets_new[p, j])
                        more[j] += part * max(0.0, rise)
                        more_step[j] += part * (steps[p, j] - steps_new[p, j]) if rise > 0.0 else 0.0
            net_of_month(0, g, row, band, posted, patterns, stages, new, once, nets_new, steps_new)
            least = np.float32(np.inf)
            for j in range(institutions):
                months, now = spread[MONTHS, g, band, j], np.rint(100.0 * nets_new[0, j])
                tail, slope = spread[LATER, g, band, j], steps_new[0, j] + spread[LATER_SLOPES, g, band, j]
                bare[ENTRY, g, band, j] = spread_fee(now, tail, months)
                prices[ENTRY, g, band, j] = spread_fee(now, tail + months * more[j], months)
                prices[SLOPES, g, band, j] = np.float32(slope / months + more_step[j])
                least = min(least, bare[ENTRY, g, band, j])
            for q in range(PARTS):
                if BAND_OF_PART[q] == band:
                    bounds[LEAST, q] = min(bounds[LEAST, q], least)


@entry
def places_by_group(
    places: Any, hours_share: Any, full_day: Any, inclusive: Any, site: Any, posted: Any, kind_cell: Any,
    district_cell: Any, thirds: Any, running: Any, served: Any,
) -> None:  # fmt: skip
    """Count full-time places and institutions by group: where several children share a place it counts once.

    A mixed class is one third toddlers, two thirds older (18 to 36 months).
    places : int32 (J, 4); hours_share : float64 (J,); full_day, inclusive : bool (J,); site : int32 (J,)
    posted : float64 (3, J)  fees [yuan a month]
    thirds : int64 (ROWS, groups)  added to: places, those for full days and the fees of these, those of inclusive
        institutions, in thirds
    running : int64 (groups,)  added to: institutions; served : bool (3, J)  written: whether any class admits the band
    """
    seats, at_site = np.empty(4, np.int64), np.zeros(site.size, np.int64)
    counts = np.empty(ROWS, np.int64)
    for j in range(site.size):
        for c in range(4):
            seats[c] = np.int64(np.rint(places[j, c] * hours_share[j]))
            at_site[site[j]] += seats[c]
        for band in range(3):
            counts[PLACES] = 3 * seats[band] + band * seats[3]
            counts[FULL_DAY] = counts[PLACES] if full_day[j] else 0
            counts[FEES] = counts[FULL_DAY] * np.int64(np.rint(100.0 * posted[band, j]))
            counts[INCLUSIVE] = counts[PLACES] if inclusive[j] else 0
            for row in range(ROWS):
                for cell in (0, 1 + band, np.int64(kind_cell[j]), np.int64(district_cell[j])):
                    thirds[row, cell] += counts[row]
            served[band, j] = places[j, band] > 0 or (band > 0 and places[j, 3] > 0)
    for j in range(site.size):
        if full_day[j] and at_site[site[j]] > 0:
            for cell in (0, np.int64(kind_cell[j]), np.int64(district_cell[j])):
                running[cell] += 1


@entry
def sums_by_band(table: Any, out: Any) -> None:
    """Add up a table's rows one after another; table : (months, J, 3); out : (3,)  added to."""
    for month in range(table.shape[0]):
        for j in range(table.shape[1]):
            for band in range(3):
                out[band] += table[month, j, band]
