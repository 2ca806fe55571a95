"""A decision day: the families whose day it is look again, choose, are seated and billed."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels.bills import Log, Payers, bill
from sim.kernels.choice import screen
from sim.kernels.columns import Ages, Scene
from sim.kernels.places import place

_NO_ROWS, _NO_SEATS = np.zeros(0, np.int32), np.zeros(0, np.int64)


class Luck(NamedTuple):
    """What the day's chance is made of; never depends on policy.

    child_id : uint32 (n,); institution_id : uint32 (J,)
    shocks, order : uint32 (4,)  streams
    """

    child_id: NDArray[np.uint32]
    institution_id: NDArray[np.uint32]
    shocks: NDArray[np.uint32]
    order: NDArray[np.uint32]


class Room(NamedTuple):
    """Room to work in: best : int8 (n,); rows : int32 (n,)."""

    best: NDArray[np.int8]
    rows: NDArray[np.int32]


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
    room: Room,
) -> None:
    """One day's slice, after new epochs are drawn.

    edges : int64 (5,)  rows at which its four parts, oldest first, begin and end
    today : ordinal day; month : absolute and relative
    flows : int64 (FLOWS, groups)  added to
    """
    children, (when, row) = scene.children, month
    lo, hi = int(edges[0]), int(edges[4])
    for p in range(4):
        screen(
            int(edges[p]), int(edges[p + 1]), 3 - p, children.draws, children.shorts, scene.candidate,
            scene.offers.value, scene.tariff.prices, scene.tariff.bounds, room.best,
        )  # fmt: skip
    place(
        _NO_ROWS, _NO_SEATS, lo, hi, room.best, room.rows, -1, today, when, luck.child_id, luck.order, ages, scene,
    )  # fmt: skip
    bill(lo, hi, row, ages, scene, payers, log, flows)
