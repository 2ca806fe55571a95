"""The last day of a month: surveys of demand, exit, the inclusive scheme, entry, fees and classes."""

from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine import scheme
from sim.engine.city import RunningCity
from sim.engine.phases.closure import close
from sim.engine.state import SURVEYS
from sim.engine.tariff import in_force
from sim.kernels import demand
from sim.world.institutions import BANDS


def review(city: RunningCity, day: date) -> None:
    """Survey households; plan entry, close, weigh the scheme, and review fees and classes.

    Before the scenario's start only the survey takes place: no entry, exit or review.
    """
    market, state, month, row = city.cache.market, city.state, dates.month_of(day), city.row(day)
    if market.asks_demand:
        survey(city, day, month % SURVEYS)
    posted, income = city.inputs.tariff.posted.T, city.expects.income_per_child(day)
    if month >= dates.month_of(city.start):
        market.plan_entry(month, city.active.asked(day), income, city.expects.support(day), state)
        failing = market.turnover.failing(state)
        if len(failing):
            close(city, failing, day)  # before fees move: fees reviewed today hold from tomorrow
        _weigh_scheme(city, day, posted)
    asked, support = city.active.asked(day), city.expects.support(day)
    given_up = market.review(month, asked, income, support, state)
    state.chronicle.count(row, "closures", given_up)


def take_usual(city: RunningCity, day: date) -> None:
    """Set the norms from the past year, at the last month-end before the start or the twelfth month-end.

    Called with the month's accounts closed and its census taken.
    """
    market, state, month = city.cache.market, city.state, dates.month_of(day)
    seen = state.market.memory.months >= dates.YEAR
    if state.market.usual.known or not seen or month < dates.month_of(city.start) - 1:
        return
    income, support = city.expects.income_per_child(day), city.expects.support(day)
    market.set_baseline_norms(month, city.active.asked(day), income, support, state)
    lasts = city.expects.relief_by_standing(day, city.grouping)
    scheme.draw_standing(market, city.inputs.tariff.posted.T, _recognise(city, day), lasts, state)


def survey(city: RunningCity, day: date, part: int) -> None:
    """Survey demand of one part, a quarter, of the decision days.

    The survey describes next month's terms, with the fees set today. For institutions weighing the scheme before this
    part is surveyed again, it also asks for demand inside and outside, if relief differs between the two.
    """
    market, state, month = city.cache.market, city.state, dates.month_of(day)
    days = [d for d in range(1, dates.DECISION_DAYS + 1) if d % SURVEYS == part]
    edges = np.array([city.cache.edges(dates.date_in(month, d)) for d in days])
    expected = np.zeros((2, BANDS, len(city.world.institutions)))
    cross = np.zeros(state.market.memory.cross.shape[1:])
    following = dates.date_in(month + 1)
    tariff = city.tariff_on(day, following, coming=True)
    who, weighed, fees = scheme.soon(market, month, state), demand.Weighed.nothing(tariff), None
    if who.any() and city.expects.relief_by_standing(day, city.grouping) > 0:
        asked = scheme.terms(market, tariff.posted.T, _recognise(city, day), state)
        fees = asked.inside, asked.outside
        inside, outside = (
            city.tariff_on(day, following, True, replace(city.active.offered(following), inclusive=stands), fee)
            for stands, fee in zip((np.ones_like(who), np.zeros_like(who)), fees, strict=True)
        )
        weighed = demand.Weighed(who, inside, outside, np.zeros((2, *expected.shape[1:])))
    coming = market.turnover.in_sight(month, month - dates.month_of(city.start), state)
    demand.expect(
        edges, market.value(state, city.appeal, if_open=True), state.market.sites.runs.astype(np.float64),
        coming.astype(np.float64), market.owners.rank, market.owners.owner, city.inputs._replace(tariff=tariff),
        weighed, expected, cross,
    )  # fmt: skip
    heard = None if fees is None else (weighed.children, np.stack(fees).transpose(0, 2, 1))
    market.store_demand_survey(month, part, expected, cross, heard, state)


def _recognise(city: RunningCity, day: date) -> scheme.Recognise:
    """Return the function giving instruments' payments and demands by standing."""
    return partial(city.expects.recognition, day)


def _weigh_scheme(city: RunningCity, day: date, posted: NDArray[np.float64]) -> None:
    """Let owners weigh the inclusive scheme; if any moved, instruments paying institutions choose recipients again."""
    lasts = city.expects.relief_by_standing(day, city.grouping)
    if scheme.weigh(city.cache.market, dates.month_of(day), posted, _recognise(city, day), lasts, city.state):
        offered = replace(city.active.counted(day), inclusive=city.state.market.sites.inclusive)
        for q, instrument in enumerate(city.instruments):
            if instrument.pays_institutions and in_force(instrument, day):
                city.active.begin(q, offered)
