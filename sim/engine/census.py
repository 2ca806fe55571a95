"""The month's end: children, places, institutions and posted fees are counted, by group."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.recorder import ROW
from sim.engine.replication_cache import ReplicationCache, ages_on
from sim.engine.state import State
from sim.kernels import census
from sim.world.institutions import BANDS, bands_served


class CountError(ArithmeticError):
    """Children and seats do not agree: a fault of the program, not of the scenario."""


def count_heads(
    cache: ReplicationCache, state: State, seated: census.Seated, day: date
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Children by group, int64 (HEADS, groups); those enrolled and waiting by institution and band, each (J, 3).

    seated : the children enrolled on the day
    Raises CountError where children and taken seats disagree, or more are taken than there are.
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
    """List the children enrolled on a day; they stand in the cache's room to work in until families choose again."""
    ends = np.empty(dates.DECISION_DAYS * census.AGES, np.int64)
    n = census.find_seated(cache.rows_by_age(day), state.children.at, cache.room, ends)
    return census.Seated(cache.room[:n], ends)


def note_supply(cache: ReplicationCache, state: State, posted: NDArray[np.float64], row: int) -> None:
    """Note places, institutions and posted fees by group; posted : (3, J) [yuan a month]."""
    groups, chronicle, institutions = cache.groups, state.chronicle, cache.world.institutions
    # in full-time places: where several children share one it counts once
    seats = np.rint(state.offers.places * institutions.hours_share[:, None]).astype(np.int64)
    by_band = _thirds(seats)
    full_day = by_band * institutions.full_day[:, None]
    fen = np.rint(100 * posted).astype(np.int64)
    for name, by_offer in (
        ("place_thirds", by_band),
        ("full_day_place_thirds", full_day),
        ("fee_place_thirds_fen", full_day * fen.T),
    ):
        cells = chronicle.sums.totals[ROW[name], row]
        cells[0] = by_offer.sum()
        cells[1 : 1 + BANDS] = by_offer.sum(axis=0)
        for cell in (groups.kind_cell, groups.district_cell):
            cells += np.bincount(cell, by_offer.sum(axis=1), len(groups.names)).astype(np.int64)
    running = (institutions.full_day & (institutions.pooled(seats.sum(axis=1)) > 0)).astype(np.int64)
    cells = chronicle.sums.totals[ROW["institutions"], row]
    cells[0] = running.sum()
    for cell in (groups.kind_cell, groups.district_cell):
        cells += np.bincount(cell, running, len(groups.names)).astype(np.int64)
    chronicle.offers.fee[row] = posted
    chronicle.offers.open[row] = bands_served(state.offers.places).T


def _thirds(seats: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places by band, in thirds, (J, 3): a mixed class is one third toddlers, two thirds older (18 to 36 months)."""
    by_band = seats[:, :BANDS] * 3
    by_band[:, 1] += seats[:, 3]
    by_band[:, 2] += 2 * seats[:, 3]
    return by_band
