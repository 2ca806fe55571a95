"""Exit of institutions, and its consequences: displaced children, prepaid fees, unpaid wages, waiting lists."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.census import find_seated
from sim.engine.city import RunningCity
from sim.engine.costs import Rows
from sim.engine.phases.prepaid import unused_fees
from sim.engine.recorder import ROW
from sim.engine.replication_cache import ages_on
from sim.engine.state import State
from sim.engine.treasury import FAMILIES, INSTITUTIONS, PREPAID, STAFF
from sim.kernels import places
from sim.kernels.columns import CLIMBS, NOBODY, WAITS, WAITS_SINCE
from sim.world.institutions import BANDS


def close(city: RunningCity, who: Rows, day: date) -> None:
    """Close institutions: their children choose again the same day, with less trust in institutions nearby."""
    state, world, row = city.state, city.world, city.row(day)
    market, count, today = city.cache.market, state.chronicle.count, day.toordinal()
    displaced, prepaid = unused_fees(city, who, find_seated(city.cache, state, day))
    cells = city.cache.groups.cells[displaced]
    settle_accounts(who, displaced, prepaid, city.active.escrow(day), cells, row, state)
    count(row, "institutions_closed", world.institutions.how_many(who))
    state.market.shaken[world.institutions.within(world.facts.families.trust_km, who)] = 1.0
    market.turnover.close(who, state)
    dissolve_lists(who, today, city.month.lists, state)
    city.write_tariff(day)
    # turns on other institutions' waiting lists are kept
    none = np.zeros(0, np.int64)
    count(row, "exits", places.remove_children(displaced, NOBODY, none, today, ages_on(day), city.inputs))
    turn = world.luck.uniforms("displaced", world.families.id[displaced], dates.month_of(day))[:, 0]
    places.serve(displaced[np.argsort(turn)], today, ages_on(day), city.inputs)


def settle_accounts(
    institutions: Rows,
    displaced: NDArray[np.int32],
    prepaid: Rows,
    held: NDArray[np.float64],
    cells: NDArray[np.int16],
    row: int,
    state: State,
) -> None:
    """Refund prepaid fees to the extent of the escrow; write off the rest, and wages owed.

    displaced : children enrolled there; prepaid : int64  each household's unused prepaid fees [fen]
    held : (J,)  share of prepaid fees in escrow; cells : int16 (displaced, C)  groups of each child
    row : relative month
    """
    back = np.rint(prepaid * held[state.children.at[displaced]]).astype(np.int64)
    refunded, lost = int(back.sum()), int((prepaid - back).sum())
    unpaid = int(state.market.accounts.arrears[institutions].sum())
    state.ledger.transfer(row, PREPAID, FAMILIES, refunded)
    state.ledger.transfer(row, PREPAID, INSTITUTIONS, lost)
    state.ledger.transfer(row, STAFF, INSTITUTIONS, unpaid)
    for name, amount in (
        ("displaced_children", len(displaced)), ("prepaid_refunded_fen", refunded), ("unpaid_wages_fen", unpaid),
    ):  # fmt: skip
        state.chronicle.count(row, name, amount)
    by_group = state.chronicle.sums.totals[ROW["prepaid_lost_fen"], row]
    by_group[0] += lost
    np.add.at(by_group, cells, (prepaid - back)[:, None])


def dissolve_lists(institutions: Rows, today: int, lists: NDArray[np.int64], state: State) -> None:
    """Empty the waiting lists of these institutions.

    today : ordinal day; lists : int64 (places.LISTS, 3)  counts of endings of entries, added to
    """
    links, ends = state.children.links, state.offers.ends
    offers = (institutions[:, None] * BANDS + np.arange(BANDS)).ravel()
    for first in (WAITS, CLIMBS):
        rows = _members(first, offers, state)
        if first == WAITS:
            band, days = links[WAITS, rows] % BANDS, today - links[WAITS_SINCE, rows]
            np.add.at(lists[places.DISSOLVED], band, 1)
            np.add.at(lists[places.DISSOLVED + places.DAYS_TAKEN_UP - places.TAKEN_UP], band, days)
        links[first : first + 3, rows] = NOBODY
    ends[:, offers] = NOBODY


def _members(first: int, offers: Rows, state: State) -> Rows:
    """Return children on the lists of some offers, int64 rows, by walking the lists: few children are on any.

    first : WAITS or CLIMBS, the first row of `links` of these lists
    """
    heads, after = state.offers.ends[2 * (first // 3)], state.children.links[first + 2]
    rows = []
    for offer in offers:
        row = int(heads[offer])
        while row != NOBODY:
            rows.append(row)
            row = int(after[row])
    return np.array(rows, np.int64)
