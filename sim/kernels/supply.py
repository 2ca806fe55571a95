"""Tables of institutions, row by row: what offers are worth and cost, places by group, sums over a year."""

from typing import Any

import numpy as np

from sim.compiled import entry
from sim.kernels.columns import AMOUNT, BAND_OF_PART, CEILING, CLOSED, ENTRY, LEAST, MOST, PARTS, RATE, SLOPES

PLACES, FULL_DAY, FEES = range(3)  # rows of `places_by_group`, in thirds of a place
ROWS = 3
NET, STEP = range(2)  # of a fee in `write_prices`: as posted, and a yuan higher


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


@entry
def write_prices(posted: Any, on: Any, weight: Any, stages: Any, value: Any, prices: Any, bounds: Any) -> None:
    """Write the prices and bounds of a tariff, see `columns.Tariff`.

    posted : float64 (P, 3, J)  fees by what is in force: today, then whatever else in the months to come
    on : bool (P, S)  stages that relieve whoever holds no voucher; weight : float64 (P,)  share of the months to come
    stages : float64 (3, S, G, 3, J), prices : float32 (3, G, 3, J), value : float32 (4, J), bounds : float32 (3, 4)
    """
    groups, bands, institutions = prices.shape[1], prices.shape[2], prices.shape[3]
    nets = np.empty((2, institutions))
    for g in range(groups):
        for band in range(bands):
            today = np.empty((2, institutions))
            entry_fee, slope = np.empty(institutions), np.empty(institutions)
            for p in range(posted.shape[0]):
                for step in range(2):
                    net = nets[step]
                    for j in range(institutions):
                        net[j] = posted[p, band, j] + np.float64(step)
                    for s in range(on.shape[1]):
                        if on[p, s]:
                            rate, amount = stages[RATE, s, g, band], stages[AMOUNT, s, g, band]
                            ceiling = stages[CEILING, s, g, band]
                            for j in range(institutions):
                                net[j] -= min(net[j], min(ceiling[j], amount[j] + rate[j] * net[j]))
                for j in range(institutions):
                    if p == 0:
                        today[NET, j] = entry_fee[j] = nets[NET, j]
                        today[STEP, j] = slope[j] = nets[STEP, j] - nets[NET, j]
                    else:
                        entry_fee[j] += (nets[NET, j] - today[NET, j]) * weight[p]
                        slope[j] += ((nets[STEP, j] - nets[NET, j]) - today[STEP, j]) * weight[p]
            for j in range(institutions):
                prices[ENTRY, g, band, j] = np.float32(entry_fee[j])
                prices[ENTRY + 1, g, band, j] = np.float32(today[NET, j])
                prices[SLOPES, g, band, j] = np.float32(slope[j])
    for part in range(PARTS):
        for kind in range(SLOPES):
            least = np.float32(np.inf)
            for g in range(groups):
                for j in range(institutions):
                    least = min(least, prices[kind, g, BAND_OF_PART[part], j])
            bounds[LEAST + kind, part] = least
        most = np.float32(CLOSED)
        for j in range(institutions):
            most = max(most, value[part, j])
        bounds[MOST, part] = most


@entry
def places_by_group(
    places: Any, hours_share: Any, full_day: Any, site: Any, posted: Any, kind_cell: Any, district_cell: Any,
    thirds: Any, running: Any, served: Any,
) -> None:  # fmt: skip
    """Count full-time places and institutions by group: where several children share a place it counts once.

    A mixed class is one third toddlers, two thirds older (18 to 36 months).
    places : int32 (J, 4); hours_share : float64 (J,); full_day : bool (J,); site : int32 (J,)
    posted : float64 (3, J)  fees [yuan a month]
    thirds : int64 (ROWS, groups)  added to: places, those for full days, and the fees of these, in thirds
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
