"""The first of a month: completed classes and institutions open, new fees hold and follow the trend, quotas renew."""

from datetime import date

import numpy as np

from sim import dates
from sim.engine.city import RunningCity
from sim.engine.replication_cache import ages_on
from sim.kernels import places
from sim.kernels.columns import NOBODY


def open_month(city: RunningCity, day: date) -> None:
    """Open completed capacity, pay its grants, write the tariff, and offer new seats to waiting children."""
    state, market, month = city.state, city.cache.market, dates.month_of(day)
    if day.month == 1:
        state.instruments.months_paid[:] = 0
    city.payments.renew_quotas(day)
    city.cache.trends.move_fees(month, state)
    before = state.offers.places.copy()
    seats, owners = market.classes.open(month, state)
    opened = int(((state.offers.places - before) // city.world.institutions.class_seats).sum())
    fee, free = market.positions.entry_fee(month, state), ~state.market.sites.runs
    state.offers.fee[free] = fee[free]  # fees named in surveys, and fees of entrants on opening
    entrants = market.turnover.opening(month, month - dates.month_of(city.start), state)
    city.payments.pay_grants(state.offers.places - before, owners, day)
    state.chronicle.count(city.row(day), "openings", opened)
    state.chronicle.count(city.row(day), "institutions_opened", city.world.institutions.how_many(entrants))
    city.write_tariff(day)
    if len(seats):
        none, today = np.zeros(0, np.int32), day.toordinal()
        places.remove_children(none, NOBODY, seats, today, ages_on(day), city.inputs)
