"""The counterfactual: what every family faced under the baseline, kept so that policies can be valued against it."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim.dates import MIXED, month_of
from sim.kernels.columns import BAND_OF_PART, CLOSED, PARTS, Offers, Scene
from sim.kernels.welfare import Faced, add_gains


class Counterfactual:
    """What families faced on the decision days of the baseline, from an absolute month on."""

    def __init__(self, since: int) -> None:
        self._since = since
        self._days: dict[date, Faced] = {}
        self._months: dict[int, tuple[NDArray[np.int16], NDArray[np.int32], NDArray[np.int16]]] = {}

    def counts(self, day: date) -> bool:
        """Whether a day is one on which gains are counted."""
        return month_of(day) >= self._since

    def note(self, day: date, edges: NDArray[np.int64], faced: Faced) -> None:
        """Keep what a day's families faced in the baseline; edges : as in `kernels.day`."""
        # a day has only its own children, so a month has room for all its days
        fresh = np.empty_like(faced.at), np.empty_like(faced.face), np.empty_like(faced.at)
        at, face, sat = self._months.setdefault(month_of(day), fresh)
        rows = slice(int(edges[0]), int(edges[-1]))
        at[rows], face[:, rows], sat[rows] = faced.at[rows], faced.face[:, rows], faced.sat[rows]
        self._days[day] = faced._replace(value=faced.value.copy(), at=at, face=face, sat=sat)

    def gains(self, day: date, edges: NDArray[np.int64], faced: Faced, scene: Scene, groups: int) -> NDArray[np.int64]:
        """What a day's families gain by what they faced, int64 (groups,) [fen].

        Fees, vouchers and seats are valued, not what care is thought of: on both sides an offer that is open is worth
        what it is under the policy, before its fee.
        """
        there, out = self._days[day], np.zeros(groups, np.int64)
        shared = np.where(faced.value > CLOSED, faced.value, there.value)
        there = there._replace(value=np.where(there.value > CLOSED, shared, CLOSED).astype(np.float32))
        add_gains(edges, faced, there, scene, out)
        return out


def faced_by(scene: Scene, edges: NDArray[np.int64]) -> Faced:
    """Note what a day's families face as it begins; other rows than the day's are not filled."""
    rows, children, offers = slice(int(edges[0]), int(edges[-1])), scene.children, scene.offers
    at, face = np.empty_like(children.at), np.empty_like(scene.vouchers.face)
    at[rows] = children.at[rows]
    face[:, rows] = scene.vouchers.face[:, rows]
    return Faced(scene.tariff, offers.value, _free(offers), children.group, at, face, children.at)


def _free(offers: Offers) -> NDArray[np.bool_]:
    """Whether a child of each part would find a seat, bool (4, J), as `kernels.places.free_seat` finds one."""
    free = (offers.taken < offers.places).T
    out = free[list(BAND_OF_PART)]
    out[PARTS // 2 :] |= free[MIXED]
    return np.ascontiguousarray(out)
