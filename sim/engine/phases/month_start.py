"""The first of a month: new classes and institutions open, reviewed fees hold and follow the trend, quotas are new."""

from datetime import date

import numpy as np

from sim import dates
from sim.engine.city import RunningCity
from sim.engine.replication_cache import ages_on
from sim.kernels import places
from sim.kernels.columns import NOBODY


def open_month(city: RunningCity, day: date) -> None:
    """Open what is ready, pay the grants for it, write the tariff, and offer new seats to those who wait for one."""
    state, market, month = city.state, city.cache.market, dates.month_of(day)
    if day.month == 1:
        state.instruments.months_paid[:] = 0
    city.payments.renew_quotas(day)
    city.cache.trends.move_fees(month, state)
    before = state.offers.places.copy()
    seats, owners = market.classes.open(month, state)
    opened = int(((state.offers.places - before) // city.world.institutions.class_seats).sum())
    fee, free = market.positions.entry_fee(month, state), ~state.market.sites.runs
    state.offers.fee[free] = fee[free]  # of which families are asked, and at which who has built opens
    entrants = market.turnover.opening(month, month - dates.month_of(city.start), state)
    city.payments.pay_grants(state.offers.places - before, owners, day)
    state.chronicle.count(city.row(day), "openings", opened)
    state.chronicle.count(city.row(day), "institutions_opened", city.world.institutions.how_many(entrants))
    city.write_tariff(day)
    if len(seats):
        none, today = np.zeros(0, np.int32), day.toordinal()
        places.remove_children(none, NOBODY, seats, today, ages_on(day), city.inputs)
