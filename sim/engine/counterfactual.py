"""The counterfactual: what every family faced under the baseline, kept so that policies can be valued against it."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim.dates import MIXED, month_of
from sim.kernels.columns import BAND_OF_PART, PARTS, Offers, Scene
from sim.kernels.welfare import Faced, add_gains


class Counterfactual:
    """What families faced on the decision days of the baseline, from an absolute month on."""

    def __init__(self, since: int) -> None:
        self._since = since
        self._days: dict[date, Faced] = {}
        self._months: dict[int, tuple[NDArray[np.int16], NDArray[np.int32]]] = {}

    def counts(self, day: date) -> bool:
        """Whether a day is one on which gains are counted."""
        return month_of(day) >= self._since

    def note(self, day: date, edges: NDArray[np.int64], scene: Scene) -> None:
        """Keep what a day's families face in the baseline, as the day begins; edges : as in `kernels.day`."""
        children, vouchers = scene.children, scene.vouchers
        # a day has only its own children, so a month has room for all its days
        at, face = self._months.setdefault(month_of(day), (np.empty_like(children.at), np.empty_like(vouchers.face)))
        rows = slice(int(edges[0]), int(edges[-1]))
        at[rows], face[:, rows] = children.at[rows], vouchers.face[:, rows]
        self._days[day] = Faced(scene.tariff, scene.offers.value.copy(), _free(scene.offers), children.group, at, face)

    def add_gains(self, day: date, edges: NDArray[np.int64], scene: Scene, out: NDArray[np.int64]) -> None:
        """Add what a day's families gain by facing what they face now; out : int64 (groups,)  added to [fen]."""
        children, offers = scene.children, scene.offers
        here = Faced(scene.tariff, offers.value, _free(offers), children.group, children.at, scene.vouchers.face)
        add_gains(edges, here, self._days[day], scene, out)


def _free(offers: Offers) -> NDArray[np.bool_]:
    """Whether a child of each part would find a seat, bool (4, J), as `kernels.places.free_seat` finds one."""
    free = (offers.taken < offers.places).T
    out = free[list(BAND_OF_PART)]
    out[PARTS // 2 :] |= free[MIXED]
    return np.ascontiguousarray(out)
