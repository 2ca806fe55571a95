"""A decision day: the families whose day it is look again, choose, are seated and billed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels.bills import Log, Payers, bill
from sim.kernels.columns import Ages, Scene
from sim.kernels.places import reseat


class Luck(NamedTuple):
    """What the day's chance is made of; never depends on policy.

    child_id : uint32 (n,)
    shocks, order : uint32 (4,)  streams
    """

    child_id: NDArray[np.uint32]
    shocks: NDArray[np.uint32]
    order: NDArray[np.uint32]


def decide(
    edges: NDArray[np.int64],
    today: int,
    month: tuple[int, int],
    luck: Luck,
    ages: Ages,
    scene: Scene,
    payers: Payers,
    log: Log,
    flows: NDArray[np.int64],
    room: NDArray[np.int32],
) -> None:
    """One day's slice, after new epochs are drawn.

    edges : int64 (5,)  rows at which its four parts, oldest first, begin and end
    today : ordinal day; month : absolute and relative
    flows : int64 (FLOWS, groups)  added to; room : int32 (n,)  to work in
    """
    when, row = month
    reseat(edges, room, today, when, luck.child_id, luck.order, ages, scene)
    bill(int(edges[0]), int(edges[4]), row, ages, scene, payers, log, flows)
