"""Fees paid in advance."""

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.census import born_between
from sim.engine.city import RunningCity
from sim.engine.replication_cache import ages_on
from sim.kernels import prepayment


def unused_fees(city: RunningCity, of: NDArray[Any], day: date) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Children enrolled at some institutions, int32 rows, and what their families have paid in advance [fen].

    of : rows of the institutions
    """
    size, terms = len(city.world.families), city.world.institutions.prepaid_months
    theirs = np.zeros(len(terms), bool)
    theirs[of] = True
    rows, fen = np.empty(size, np.int32), np.empty(size, np.int64)
    n = prepayment.unused(
        theirs,
        city.world.families.slices,
        born_between(day),
        city.row(day),
        ages_on(day),
        terms,
        city.inputs,
        rows,
        fen,
    )
    return rows[:n], fen[:n]


def held_in_advance(city: RunningCity, day: date) -> int | None:
    """Fees that all families have paid ahead and not used [fen]; None where nobody asks more than a month."""
    if not (city.world.institutions.prepaid_months > 1).any():
        return None
    everywhere = np.arange(len(city.world.institutions))
    return int(unused_fees(city, everywhere, day)[1].sum())
