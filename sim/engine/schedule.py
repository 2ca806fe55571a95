"""The schedule: one table of the phases of a day, in legal order, and the clock stepping through it.

Time is an integer, day · 32 + phase, so no two kinds of event share an instant. Days count from the scenario's start
and are negative in the burn-in.
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

Due = Callable[[RunningCity, Sequence[date]], Iterable[date]]  # days due, among given days, in their order


class Phase(IntEnum):
    """Order of the phases in a day: the legal order."""

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
    """A phase, its due days, and its action on each.

    in_stretches : call the action once per run of consecutive days without another phase in between, with first and
        last day
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
    """Return a rule for the days of instruments' own events of a phase, "expiry" or "round"."""

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
    """Return the time of a phase of a day."""
    return (day.toordinal() - start.toordinal()) * 32 + phase


def _stretches(phase: Phase, due: Mapping[Phase, Sequence[date]]) -> list[tuple[date, date]]:
    """Return first and last days of each run of a phase's days in one month without another phase in between."""
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
    """Act on the first day of each span, at the phase's time.

    It holds only the days still to come, so it can be rebuilt at any month boundary.
    """
    for span in spans:
        yield env.timeout(instant(span[0], step.phase, city.start) - env.now)
        step.act(city, *span)
