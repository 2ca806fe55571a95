"""The last day of a month: institutions hear of families, review, give up or are planned."""

from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.city import RunningCity
from sim.engine.phases.closure import close
from sim.engine.scheme import guided_fee
from sim.engine.state import SURVEYS
from sim.engine.tariff import in_force
from sim.kernels import demand
from sim.world.institutions import BANDS


def review(city: RunningCity, day: date) -> None:
    """Survey families, let owners close, join the scheme, plan, and set fees and classes.

    What institutions usually fill is known from the last month before the start on; before it none comes or goes.
    """
    market, state, month, row = city.cache.market, city.state, dates.month_of(day), city.row(day)
    if market.asks_demand:
        survey(city, day, month % SURVEYS)
    posted, income = city.inputs.tariff.posted.T, city.expects.income_per_child(day)
    if month >= dates.month_of(city.start) - 1 and np.isnan(state.market.usual.norm).all():
        market.set_baseline_norms(posted, income, state)
    if month >= dates.month_of(city.start):
        market.plan_entry(month, city.active.asked(day), city.expects.support(day), state)
        failing = market.turnover.failing(state)
        if len(failing):
            close(city, failing, day)  # before fees move: those reviewed today hold from tomorrow
        _weigh_scheme(city, day, posted)
    asked, support = city.active.asked(day), city.expects.support(day)
    given_up = market.review(month, asked, income, support, state)
    state.chronicle.count(row, "closures", given_up)


def survey(city: RunningCity, day: date, part: int) -> None:
    """Let institutions hear what to expect of the families of one part, a quarter, of the decision days.

    They ask what families will face from the next month on, when fees that are set today hold.
    """
    market, state, month = city.cache.market, city.state, dates.month_of(day)
    days = [d for d in range(1, dates.DECISION_DAYS + 1) if d % SURVEYS == part]
    edges = np.array([city.cache.edges(dates.date_in(month, d)) for d in days])
    expected = np.zeros((2, BANDS, len(city.world.institutions)))
    cross = np.zeros(state.market.memory.cross.shape[1:])
    inputs = city.inputs._replace(tariff=city.tariff_on(day, dates.date_in(month + 1), coming=True))
    demand.expect(
        edges, market.value(state, city.appeal, if_open=True), state.market.sites.runs.astype(np.float64),
        market.owners.rank, market.owners.owner, inputs, expected, cross,
    )  # fmt: skip
    market.store_demand_survey(month, part, expected, cross, state)


def _weigh_scheme(city: RunningCity, day: date, posted: NDArray[np.float64]) -> None:
    """Owners weigh the inclusive scheme; where any moved, those who pay institutions choose again whom they pay."""
    offered = city.active.counted(day)
    guided = guided_fee(city.world.facts.supply, posted)
    inside, outside = (city.expects.recognition(day, offered, stands, guided) for stands in (True, False))
    if city.cache.market.choose_scheme(dates.month_of(day), posted, inside, outside, city.state):
        inclusive = city.state.market.sites.inclusive
        for q, instrument in enumerate(city.instruments):
            if instrument.pays_institutions and in_force(instrument, day):
                city.active.begin(q, replace(offered, inclusive=inclusive))
