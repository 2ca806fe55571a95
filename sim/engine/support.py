"""Support of the treasury beside its payments per child: per place, and once for a new place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.dates import YEAR
from sim.policy.instrument import Columns, Instrument, Offered
from sim.world.institutions import SEATS


@dataclass(frozen=True)
class Support:
    """Support that owners count on when they order a class or open [yuan].

    place : float64 (J,)  a month, per full-time place; grant : float64 (J, 4)  once, per place that opens
    """

    place: NDArray[np.float64]
    grant: NDArray[np.float64]

    @classmethod
    def none(cls, institutions: int) -> "Support":
        """No support for anyone."""
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
    """The sum over the instruments: grants of those that are `on`, and what each pays a month over the year to come.

    Nobody counts on a grant whose budget is spoken for by what is being built, nor on more a month than is borne for
    the months to come.
    left : int64 (instruments,)  budgets [fen]; months : of the coming twelve, this one among them, that each pays for,
        0 of what nobody knows of
    places : (J,), begun : (J, 4)  full-time places, and those being built; counted where somebody pays for them
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
    """Fraction of an instrument's payments to come that the rest of its budget bears; 1 where it has no budget.

    left : [fen]; coming : what it would pay in the months to come, of the next twelve, at today's numbers [yuan]
    months : how many these are; in each of them running it costs its part of the budget too
    """
    if instrument.budget_yuan is None or coming <= 0:
        return 1.0
    return min(left / (100 * (coming + months * instrument.running_yuan_per_month)), 1.0)


def in_order(amounts: NDArray[np.int64], left: int) -> NDArray[np.int64]:
    """Payments of some claims [fen] from the rest of a budget: in their order, the last one in part."""
    return np.diff(np.minimum(np.cumsum(amounts), left), prepend=0)
