"""Treasury support beside payments per child: per place, and once per new place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.dates import YEAR
from sim.policy.instrument import Columns, Instrument, Offered
from sim.world.institutions import SEATS


@dataclass(frozen=True)
class Support:
    """Support expected by owners ordering a class or entering [yuan].

    place : float64 (J,)  a month, per full-time place; grant : float64 (J, 4)  once, per place opened
    """

    place: NDArray[np.float64]
    grant: NDArray[np.float64]

    @classmethod
    def none(cls, institutions: int) -> "Support":
        """Return zero support."""
        return cls(np.zeros(institutions), np.zeros((institutions, SEATS)))


def support(
    instruments: Sequence[Instrument],
    declared: Sequence[Columns],
    on: Sequence[bool],
    offered: Offered,
    left: NDArray[np.int64],
    months: Sequence[int],
    places: Callable[[], NDArray[np.float64]],
    begun: Callable[[], NDArray[np.float64]],
) -> Support:
    """Return the sum over instruments: grants of those `on`, and mean monthly payments over the coming year.

    Owners expect no grant from a budget committed to places under construction, and only the fraction of monthly
    payments covered by the remaining budget.
    left : int64 (instruments,)  budgets [fen]; months : of the coming twelve, this one included, months of payment by
        each, 0 if unannounced
    places : (J,), begun : (J, 4)  full-time places, existing and under construction; counted only if an instrument pays
        for them
    """
    total = Support.none(len(offered.kind))
    for instrument, columns, holds, budget, time in zip(instruments, declared, on, left, months, strict=True):
        monthly = instrument.place_income(offered, columns) if time > 0 else None
        if monthly is not None:
            part = borne(instrument, budget, time * float((monthly * places()).sum()), time)
            monthly = monthly * (part * time / YEAR)
        once = instrument.grant(offered, columns) if holds else None
        if once is not None and 100 * float((once * begun()).sum()) >= budget:
            once = None
        if monthly is not None:
            total.place[:] += monthly
        if once is not None:
            total.grant[:] += once
    return total


def borne(instrument: Instrument, left: int, coming: float, months: int) -> float:
    """Return the fraction of an instrument's coming payments covered by its remaining budget; 1 if unlimited.

    left : [fen]; coming : payments in its coming months, at today's numbers [yuan]
    months : number of these months, within the next twelve; each also bears the running cost
    """
    if instrument.budget_yuan is None or coming <= 0:
        return 1.0
    return min(left / (100 * (coming + months * instrument.running_yuan_per_month)), 1.0)


def in_order(amounts: NDArray[np.int64], left: int) -> NDArray[np.int64]:
    """Pay claims [fen] from a remaining budget: in order, the last one in part."""
    return np.diff(np.minimum(np.cumsum(amounts), left), prepend=0)
