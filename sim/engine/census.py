"""Month-end census: children, places, institutions and posted fees, by group."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.recorder import ROW
from sim.engine.replication_cache import ReplicationCache, ages_on
from sim.engine.state import State
from sim.kernels import census, supply
from sim.world.institutions import BANDS

_PLACES = {
    "place_thirds": supply.PLACES,
    "full_day_place_thirds": supply.FULL_DAY,
    "fee_place_thirds_fen": supply.FEES,
    "inclusive_place_thirds": supply.INCLUSIVE,
}


class CountError(ArithmeticError):
    """Children and seats do not agree: a fault of the program, not of the scenario."""


def count_heads(
    cache: ReplicationCache, state: State, seated: census.Seated, day: date
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Count children by group, int64 (HEADS, groups), and the enrolled and waiting by offer, each (J, 3).

    seated : the children enrolled on the day
    Raises CountError if children and taken seats disagree, or taken seats exceed capacity.
    """
    groups, world = cache.groups, cache.world
    counted, size = np.zeros((census.HEADS, len(groups.names)), np.int64), len(world.institutions)
    enrolled, waiting = np.zeros((size, BANDS), np.int64), np.zeros((size, BANDS), np.int32)
    children = state.children
    census.heads(
        seated, ages_on(day), world.families.birth, groups.kin, groups.cells_of, groups.kind_cell, cache.full_time,
        children.at, state.offers.ends[0], children.waits_after, counted, enrolled, waiting,
    )  # fmt: skip
    if counted[census.ENROLLED, 0] != state.offers.taken.sum() or (state.offers.taken > state.offers.places).any():
        raise CountError(f"{day}: {counted[census.ENROLLED, 0]} children on {state.offers.taken.sum()} seats")
    return counted, enrolled, waiting


def find_seated(cache: ReplicationCache, state: State, day: date) -> census.Seated:
    """List the children enrolled on a day, in the cache's work space; valid until households choose again."""
    ends = np.empty(dates.DECISION_DAYS * census.AGES, np.int64)
    n = census.find_seated(cache.rows_by_age(day), state.children.at, cache.room, ends)
    return census.Seated(cache.room[:n], ends)


def note_supply(cache: ReplicationCache, state: State, posted: NDArray[np.float64], row: int) -> None:
    """Record places, institutions and posted fees by group; posted : (3, J) [yuan a month]."""
    groups, sums, institutions = cache.groups, state.chronicle.sums, cache.world.institutions
    thirds = np.zeros((supply.ROWS, len(groups.names)), np.int64)
    supply.places_by_group(
        state.offers.places, institutions.hours_share, institutions.full_day, state.market.sites.inclusive,
        institutions.site, posted, groups.kind_cell, groups.district_cell, thirds,
        sums.totals[ROW["institutions"], row], state.chronicle.offers.open[row],
    )  # fmt: skip
    for name, which in _PLACES.items():
        sums.totals[ROW[name], row] = thirds[which]
    state.chronicle.offers.fee[row] = posted
