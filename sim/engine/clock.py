"""Time as an integer, day · 32 + phase, so that no two kinds of event share an instant.

Days count from the scenario's start and are negative in the burn-in.
"""

from collections.abc import Callable, Generator, Iterable
from datetime import date
from enum import IntEnum
from typing import Any

import simpy


class Phase(IntEnum):
    """The order of a day, which is the order of law."""

    SCHOOL_YEAR = 0  # 1 September: those who turned three leave for kindergarten
    EXPIRY = 4  # vouchers whose validity has passed are void
    MONTH_START = 8  # new classes open, reviewed fees hold, the tariff is written
    SPEAK = 10  # instruments begin and end
    ROUND = 12  # vouchers are drawn
    DECISION = 16  # the families whose day it is decide and are billed
    MARKET = 20  # institutions review fees and classes
    MONTH_END = 24  # lagged claims are paid, accounts are closed, heads are counted


def instant(day: date, phase: Phase, start: date) -> int:
    """The time of a phase of a day."""
    return (day.toordinal() - start.toordinal()) * 32 + phase


def keep(
    env: simpy.Environment, days: Iterable[date], phase: Phase, start: date, act: Callable[[date], None]
) -> Generator[simpy.Event, Any, None]:
    """A calendar: wake on each of the days in a phase and act.

    It holds nothing but the days still to come, so any month boundary can rebuild it.
    """
    for day in days:
        yield env.timeout(instant(day, phase, start) - env.now)
        act(day)
