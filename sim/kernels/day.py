"""A decision day: the families whose day it is look again, choose, are seated and billed."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import entry
from sim.kernels.bills import bill
from sim.kernels.choice import movers, renew, screen
from sim.kernels.columns import BAND_OF_PART
from sim.kernels.places import in_drawn_order, outgrow, serve


class Luck(NamedTuple):
    """What the day's chance is made of; never depends on policy.

    child_id : uint32 (n,); institution_id : uint32 (J,)
    shocks, order : uint32 (4,)  streams
    """

    child_id: NDArray[np.uint32]
    institution_id: NDArray[np.uint32]
    shocks: NDArray[np.uint32]
    order: NDArray[np.uint32]


@entry
def decide(
    edges: Any, today: int, when: int, row: int, renewed: Any, luck: Any, ages: Any, scene: Any, payers: Any, log: Any, flows: Any, best: Any, rows: Any
) -> None:
    """One day's slice.

    edges : int64 (5,)  rows at which its four parts, oldest first, begin and end
    today : ordinal day; when : absolute month; row : relative month
    renewed : uint8 (n,)  1 where circumstances are drawn afresh this month
    best : int8 (n,), rows : int32 (n,)  room to work in
    """
    children, offers, tariff, candidate = scene.children, scene.offers, scene.tariff, scene.candidate
    lo, hi = edges[0], edges[4]
    renew(
        lo, hi, when, renewed, luck.child_id, candidate, scene.fixed, scene.outside, luck.institution_id,
        luck.shocks, children.shocked, children.alone,
    )  # fmt: skip
    outgrow(lo, hi, ages, scene)
    n = tariff.posted.shape[1]
    for p in range(4):
        part = 3 - p
        screen(
            edges[p], edges[p + 1], BAND_OF_PART[part] * n, 3 * n, children.shocked, children.alone, children.alpha,
            children.group, candidate, offers.value[part], tariff.entry, best,
        )  # fmt: skip
    wanting = rows[: movers(lo, hi, ages, best, scene, rows)]
    serve(in_drawn_order(wanting, luck.child_id, when, luck.order), today, ages, scene)
    bill(lo, hi, row, ages, scene, payers, log, flows)
