"""The schedule: one table of what happens on a day, in the order of law, and the clock that walks through it.

Time is an integer, day · 32 + phase, so that no two kinds of event share an instant. Days count from the scenario's
start and are negative in the burn-in.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from typing import Any

import simpy

from sim import dates
from sim.engine.city import RunningCity
from sim.engine.phases import decisions, market, month_end, month_start, school_year, vouchers, windows

Due = Callable[[RunningCity, Sequence[date]], Iterable[date]]  # which of some days, in their order


class Phase(IntEnum):
    """The order of a day, which is the order of law."""

    SCHOOL_YEAR = 0
    EXPIRY = 4
    MONTH_START = 8
    WINDOWS = 10
    ROUND = 12
    DECISION = 16
    MARKET = 20
    MONTH_END = 24


@dataclass(frozen=True)
class Step:
    """A phase, the days on which it is due, and what it does on each.

    in_stretches : it is called once for days in a row between which nothing else is due, with the first and the last
    """

    phase: Phase
    due: Due
    act: Callable[..., None]
    in_stretches: bool = False


def _on_first_of_september(_: RunningCity, days: Sequence[date]) -> Iterable[date]:
    return [d for d in days if (d.month, d.day) == (9, 1)]


def _on_the_first(_: RunningCity, days: Sequence[date]) -> Iterable[date]:
    return [d for d in days if d.day == 1]


def _on_decision_days(_: RunningCity, days: Sequence[date]) -> Iterable[date]:
    return [d for d in days if d.day <= dates.DECISION_DAYS]


def _on_the_last(_: RunningCity, days: Sequence[date]) -> Iterable[date]:
    return [d for d in days if (d + timedelta(days=1)).day == 1]


def _when_windows_turn(city: RunningCity, days: Sequence[date]) -> Iterable[date]:
    turns = {day for i in city.instruments for day in (i.start, windows.day_after(i.until))}
    return [d for d in days if d in turns]


def _when_scheduled(phase: str) -> Due:
    """Days of the instruments' own events of a phase, "expiry" or "round"."""

    def due(city: RunningCity, days: Sequence[date]) -> Iterable[date]:
        events = {event.day for i in city.instruments for event in i.scheduled() if event.phase == phase}
        return [d for d in days if d in events]

    return due


SCHEDULE = (
    Step(Phase.SCHOOL_YEAR, _on_first_of_september, school_year.leave_for_kindergarten),
    Step(Phase.EXPIRY, _when_scheduled("expiry"), vouchers.expire),
    Step(Phase.MONTH_START, _on_the_first, month_start.open_month),
    Step(Phase.WINDOWS, _when_windows_turn, windows.open_and_close_windows),
    Step(Phase.ROUND, _when_scheduled("round"), vouchers.draw_rounds),
    Step(Phase.DECISION, _on_decision_days, decisions.decide_and_bill, in_stretches=True),
    Step(Phase.MARKET, _on_the_last, market.review),
    Step(Phase.MONTH_END, _on_the_last, month_end.close_month),
)


def run_to(city: RunningCity, month: int) -> None:
    """Run a city to the beginning of an absolute month."""
    if month <= city.state.month:
        return
    first, last = dates.date_in(city.state.month), dates.date_in(month) - timedelta(days=1)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    due = {step.phase: list(step.due(city, days)) for step in SCHEDULE}
    env = simpy.Environment(initial_time=instant(first, Phase.SCHOOL_YEAR, city.start) - 1)
    for step in SCHEDULE:
        spans: Iterable[tuple[date, ...]] = [(day,) for day in due[step.phase]]
        if step.in_stretches:
            spans = _stretches(step.phase, due)
        env.process(_calendar(env, city, step, spans))
    env.run()


def instant(day: date, phase: Phase, start: date) -> int:
    """The time of a phase of a day."""
    return (day.toordinal() - start.toordinal()) * 32 + phase


def _stretches(phase: Phase, due: Mapping[Phase, Sequence[date]]) -> list[tuple[date, date]]:
    """First and last days of a phase in a row, in one month, between which no other phase is due."""
    before = {day for other, days in due.items() if other < phase for day in days}
    after = {day for other, days in due.items() if other > phase for day in days}
    out: list[tuple[date, date]] = []
    for day in due[phase]:
        eve = day - timedelta(days=1)
        goes_on = out and out[-1][1] == eve and eve.month == day.month and day not in before and eve not in after
        out[-1:] = [(out[-1][0], day)] if goes_on else [*out[-1:], (day, day)]
    return out


def _calendar(
    env: simpy.Environment, city: RunningCity, step: Step, spans: Iterable[tuple[date, ...]]
) -> Generator[simpy.Event, Any, None]:
    """A calendar: wake on the first day of each span in a phase and act.

    It holds nothing but the days still to come, so any month boundary can rebuild it.
    """
    for span in spans:
        yield env.timeout(instant(span[0], step.phase, city.start) - env.now)
        step.act(city, *span)
