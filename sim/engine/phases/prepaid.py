"""Prepaid fees."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.city import RunningCity
from sim.kernels import prepayment
from sim.kernels.census import Seated


def unused_fees(city: RunningCity, of: NDArray[Any], seated: Seated) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return children enrolled at some institutions, int32 rows, and their households' unused prepaid fees [fen].

    of : rows of the institutions; seated : all children enrolled
    """
    theirs = np.zeros(len(city.world.institutions), bool)
    theirs[of] = True
    rows, fen = np.empty(len(seated.rows), np.int32), np.empty(len(seated.rows), np.int64)
    n = prepayment.unused(theirs, seated, city.inputs, rows, fen)
    return rows[:n], fen[:n]


def held_in_advance(city: RunningCity, seated: Seated) -> int | None:
    """Return all households' unused prepaid fees [fen]; None if every institution bills month by month."""
    ahead = np.flatnonzero(city.world.institutions.prepaid_months > 1)
    return int(unused_fees(city, ahead, seated)[1].sum()) if len(ahead) else None
